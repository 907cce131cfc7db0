"""Random networks, each layer's size beside PyTorch's on the meta device.

`python -m benchmarks.models.check_random 1000000` tries the seeds up to there, and goes on where it
was stopped (`build/check_random.json`). A network is up to eight layers, of signals or images:
convolutions and transposed convolutions with any stride, padding, dilation and groups, pools,
adaptive pools, resizing, chains that are put beside each other, Flatten and Linear. A layer that
does not fit must be refused by both. Needs PyTorch.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

import fencepost as fp
from fencepost.layers import Layer

KEPT = Path("build/check_random.json")
# Larger arrays are left, for networks of a few pixels have all cases.
_MOST = 1 << 20
_EVERY = 500  # networks between two notes of how far it is

Shape = tuple[int, ...]
#: A layer of fencepost's, and the same in PyTorch.
Pair = tuple[Layer, Callable[[torch.Tensor], torch.Tensor]]


def _each(draw: random.Random, axes: int, low: int, high: int) -> int | Shape:
    """Draw an integer for all axes, or one for each."""
    if draw.random() < 0.6:
        return draw.randint(low, high)
    return tuple(draw.randint(low, high) for _ in range(axes))


def _empty(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def _convolution(draw: random.Random, shape: Shape) -> Pair:
    axes = len(shape) - 1
    groups = draw.choice([1, 1, 1, 2, 3, shape[0]])
    out = groups * draw.randint(1, 3)
    kernel = _each(draw, axes, 1, 7)
    options: dict[str, Any] = {"stride": _each(draw, axes, 1, 4), "dilation": 1}
    if draw.random() < 0.4:
        options["dilation"] = _each(draw, axes, 1, 4)
    pairs = tuple((draw.randint(0, 3), draw.randint(0, 3)) for _ in range(axes))
    layer = getattr(fp, f"Conv{axes}d")(
        out, kernel, padding=pairs, groups=groups, remainder="crop", **options
    )
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * axes
    function = getattr(F, f"conv{axes}d")

    def run(x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x, [zeros for pair in reversed(pairs) for zeros in pair])
        # A weight has the channels that the layer would be made for.
        weight = _empty(out, max(1, shape[0] // groups), *sizes)
        return function(x, weight, groups=groups, **options)  # type: ignore[no-any-return]

    return layer, run


def _transposed(draw: random.Random, shape: Shape) -> Pair:
    axes = len(shape) - 1
    groups = draw.choice([g for g in (1, 2, 3, shape[0]) if shape[0] % g == 0])
    out, kernel = groups * draw.randint(1, 3), _each(draw, axes, 1, 5)
    stride = _each(draw, axes, 1, 4)
    smallest = min(stride) if isinstance(stride, tuple) else stride
    options: dict[str, Any] = {
        "stride": stride,
        "padding": _each(draw, axes, 0, 3),
        "output_padding": draw.randint(0, smallest - 1),
        "groups": groups,
        "dilation": _each(draw, axes, 1, 3),
    }
    layer = getattr(fp, f"ConvTranspose{axes}d")(out, kernel, **options)
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * axes
    function = getattr(F, f"conv_transpose{axes}d")
    return layer, lambda x: function(x, _empty(shape[0], out // groups, *sizes), **options)


def _pool(draw: random.Random, shape: Shape) -> Pair:
    axes, kind = len(shape) - 1, draw.choice(["Max", "Avg"])
    kernel = _each(draw, axes, 1, 6)
    half = (min(kernel) if isinstance(kernel, tuple) else kernel) // 2
    options: dict[str, Any] = {"padding": draw.randint(0, half)}
    if draw.random() < 0.6:
        options["stride"] = _each(draw, axes, 1, 5)
    layer = getattr(fp, f"{kind}Pool{axes}d")(kernel, remainder="crop", **options)
    function = getattr(F, f"{kind.lower()}_pool{axes}d")
    return layer, lambda x: function(x, kernel, **options)


def _adaptive(draw: random.Random, shape: Shape) -> Pair:
    axes = len(shape) - 1
    size = _each(draw, axes, 1, 9)
    function = getattr(F, f"adaptive_avg_pool{axes}d")
    return getattr(fp, f"AdaptiveAvgPool{axes}d")(size), lambda x: function(x, size)


def _resized(draw: random.Random, shape: Shape) -> Pair:
    axes = len(shape) - 1
    if draw.random() < 0.5:
        size = _each(draw, axes, 1, 12)
        return fp.Upsample(size), lambda x: F.interpolate(x, size)  # type: ignore[arg-type]
    factor = draw.randint(1, 3)
    return fp.Upsample(scale_factor=factor), lambda x: F.interpolate(x, scale_factor=factor)


def _beside(draw: random.Random, shape: Shape) -> Pair:
    chains = [[_windowed(draw, shape)] for _ in range(2)]
    layer = fp.Concat(*([one for one, _ in chain] for chain in chains))
    return layer, lambda x: torch.cat([run(x) for ((_, run),) in chains], 1)


def _flat(draw: random.Random, shape: Shape) -> Pair:
    return fp.Flatten(), lambda x: x.flatten(1)


def _linear(draw: random.Random, shape: Shape) -> Pair:
    out = draw.randint(1, 20)
    return fp.Linear(out), lambda x: F.linear(x, _empty(out, shape[-1]))


def _windowed(draw: random.Random, shape: Shape) -> Pair:
    return draw.choice([_convolution, _convolution, _pool, _transposed])(draw, shape)


_MAKERS = (
    *(_convolution,) * 6,
    *(_pool,) * 4,
    *(_transposed, _transposed, _adaptive, _resized, _beside, _beside, _flat),
)


def compare(seed: int, counts: Counter[str]) -> str:
    """Size the network of a seed, layer by layer; return what differs, nothing as a rule."""
    draw = random.Random(seed)
    axes = draw.choice([1, 2, 2])
    shape: Shape = (draw.randint(1, 8), *(draw.randint(1, 40) for _ in range(axes)))
    x, layers = _empty(1, *shape), []
    for _ in range(draw.randint(1, 8)):
        layer, run = (_linear if len(shape) == 1 else draw.choice(_MAKERS))(draw, shape)
        layers.append(layer)
        sized: Shape | None
        try:
            sized = layer.output_shape(shape)
        except fp.SizeError:
            sized = None
        try:
            x = run(x)
            ran: Shape | None = tuple(x.shape)[1:] if x.numel() else None
        except (RuntimeError, ValueError):
            ran = None
        counts["layers"] += 1
        if sized != ran:
            return f"seed {seed}, {layers} of {shape}: {sized}, PyTorch {ran}"
        if sized is None:
            counts["refused"] += 1
            break
        if x.numel() > _MOST:
            break
        shape = sized
    counts["networks"] += 1
    return ""


def main() -> None:
    """Go on from where an earlier call stopped."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.models.check_random", description=__doc__
    )
    parser.add_argument("seeds", type=int, help="networks to try, those tried before among them")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    if KEPT.exists():
        counts.update(json.loads(KEPT.read_text(encoding="utf-8")))
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + given.seconds
    used = time.process_time()
    for seed in range(counts["next"], given.seeds):
        different = compare(seed, counts)
        if different:
            counts["different"] += 1
            print(different, flush=True)
        counts["next"] = seed + 1
        stopping = time.monotonic() > end
        if seed % _EVERY == 0 or seed + 1 == given.seeds or stopping:
            counts["processor seconds"] += round(time.process_time() - used)
            used += round(time.process_time() - used)
            KEPT.write_text(json.dumps(counts), encoding="utf-8")
        if stopping:
            break
    print(", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
