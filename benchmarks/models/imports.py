"""Models of torchvision and timm, with random weights, as networks.

`python -m benchmarks.models.imports`: each is read three times, from the module and from its ONNX
export by each of PyTorch's exporters, and compared with the module on random images. It needs
torch, torchvision, timm, onnx, onnxscript and onnxruntime, in an environment of their own. `python
-m benchmarks.models.imports --random 200` sends so many random networks to ONNX and PyTorch and
back instead.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fencepost as fp
from fencepost.interchange.exports import relative_difference
from fencepost.text import format_table

SHAPE = (3, 224, 224)
TORCHVISION = [
    *("alexnet", "vgg16", "vgg16_bn", "resnet18", "resnet50", "mobilenet_v2"),
    *("mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_1", "densenet121", "googlenet"),
    *("efficientnet_b0", "convnext_tiny"),
]
TIMM = [
    *("resnet18", "resnet50", "mobilenetv2_100", "mobilenetv3_small_100", "densenet121"),
    *("efficientnet_b0", "vgg16", "convnext_atto"),
]


def lenet5() -> Any:
    """Make LeNet-5 as PyTorch's tutorials write it."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84),
        nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def models() -> Iterator[tuple[str, tuple[int, ...], Callable[[], Any]]]:
    """Name each model, with the shape of its input and what makes it."""
    import timm
    import torchvision

    yield "LeNet-5", (1, 32, 32), lenet5
    for name in TORCHVISION:
        options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
        make = getattr(torchvision.models, name)
        yield (
            f"torchvision {name}",
            SHAPE,
            lambda make=make, options=options: make(weights=None, **options),
        )
    for name in TIMM:
        yield f"timm {name}", SHAPE, lambda name=name: timm.create_model(name)


def disturbed(module: Any) -> Any:
    """Give norms statistics that are not those they begin with, and return the module."""
    import torch

    with torch.no_grad():
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return module.eval()


def exported(module: Any, shape: tuple[int, ...], path: Path, *, dynamo: bool) -> None:
    """Write an ONNX file, without a word."""
    import torch

    options = {"verbose": False} if dynamo else {}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, *shape),), path, dynamo=dynamo, **options)


def attempt(make: Callable[[], fp.Network], images: Any, expected: Any) -> str:
    """Make a network, and say how far it is from the model, or why there is none."""
    started = time.perf_counter()
    try:
        net = make()
    except fp.FencepostError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.startswith("    ")]
        return f"no: {lines[0] if lines else str(error)[:90]}" + (
            f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        )
    seconds = time.perf_counter() - started
    return f"{relative_difference(net(images), expected):.0e}, {seconds:.1f} s"


def rows(wanted: list[str]) -> Iterator[tuple[str, ...]]:
    """Try each model in three ways."""
    import torch

    for name, shape, make in models():
        if wanted and not any(word in name for word in wanted):
            continue
        images = np.random.default_rng(0).standard_normal((2, *shape), np.float32)
        torch.manual_seed(0)
        module = disturbed(make())
        with torch.no_grad():
            expected = module(torch.from_numpy(images)).numpy()
        result = [name, attempt(lambda m=module, s=shape: fp.from_torch(m, s), images, expected)]
        with tempfile.TemporaryDirectory() as folder:
            for dynamo in (False, True):
                path = Path(folder) / f"{dynamo}.onnx"
                exported(module, shape, path, dynamo=dynamo)
                result.append(attempt(lambda p=path: fp.from_onnx(p), images, expected))
        print(*result, sep=" | ", flush=True)
        yield tuple(result)


def random_trips(count: int) -> None:
    """Send random networks to ONNX and PyTorch and back, and print the largest differences."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from round_trips import trips

    largest: dict[str, float] = {}
    for seed in range(count):
        for way, difference in trips(seed).items():
            largest[way] = max(largest.get(way, 0.0), difference)
    print(f"{count} networks: weights and sizes are equal.")
    table = [("way", "difference"), *((way, f"{d:.0e}") for way, d in largest.items())]
    print(format_table(table, "<<"))


def main() -> None:
    """Print the table; arguments are parts of the names of models, or --random and a number."""
    if sys.argv[1:2] == ["--random"]:
        return random_trips(int(sys.argv[2]))
    head = ("model", "from the module", "from torch.onnx", "from torch.onnx, dynamo")
    print(format_table([head, *rows(sys.argv[1:])], "<<<<"))
    return None


if __name__ == "__main__":
    main()
