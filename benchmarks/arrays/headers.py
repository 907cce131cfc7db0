"""C headers beside the engine on the same instruction set: `python -m benchmarks.arrays.headers`.

Each network is exported in float32 and in 8 bits, compiled by gcc and clang (those that are
installed) with the flags of `FLAGS`, and timed beside `network(image)`, in one process, one image
on one thread. The engine is held to SSE2, for that is what plain x86-64 gives a compiler:

    FENCEPOST_ISA=baseline python -m benchmarks.arrays.headers

Words that follow choose networks by parts of their names. Times are microseconds; in brackets, how
many times that of the engine. Outputs are compared before they are timed: in float32 with the
network's, in 8 bits with each other's.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import fencepost as fp
from fencepost import _engine
from fencepost.network import Network
from fencepost.text import format_table

from .. import harness
from ..machine import machine

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
FLAGS = ["-std=c99", "-O3", "-fPIC", "-shared"]
ROUNDS, BLOCK_SECONDS = 5, 0.03


def depthwise(shape: tuple[int, int, int]) -> Network:
    """Make five convolutions, two of them depthwise."""
    layers: list[fp.layers.Layer] = []
    for out, kernel, stride, groups in (
        *((16, 3, 2, 1), (16, 3, 1, 16), (32, 1, 1, 1), (32, 3, 2, 32), (64, 1, 1, 1)),
    ):
        options = {"padding": kernel // 2, "stride": stride, "remainder": "crop"}
        layers += [fp.Conv2d(out, kernel, groups=groups, **options), fp.ReLU()]
    return Network(shape, [*layers, fp.GlobalAvgPool(), fp.Linear(10)])


NETWORKS: dict[str, Callable[[], Network]] = {
    "LeNet-5": fp.models.lenet5,
    "LeNet-5 of 1998": fp.models.lenet5_1998,
    "small_cnn, 28 × 28": lambda: fp.models.small_cnn((1, 28, 28), 10),
    "small_cnn, signal of 6 × 128": lambda: fp.models.small_cnn((6, 128), 6),
    "depthwise, 48 × 48 × 3": lambda: depthwise((3, 48, 48)),
    "mobilenet, 32 × 32 × 3": lambda: fp.models.mobilenet((3, 32, 32), 10),
    "resnet9, 32 × 32 × 3": lambda: fp.models.resnet9((3, 32, 32), 10),
}


def compiled(header: Path, compiler: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the header's function of one image, in a library of its own."""
    library = header.with_name(f"{header.stem}-{compiler}.so")
    source = header.with_name(f"{header.stem}.c")
    source.write_text(
        f'#include "{header.name}"\nvoid run(const float *pixels, float *outputs);\n'
        f"void run(const float *pixels, float *outputs) {{ model_logits(pixels, outputs); }}\n"
    )
    command = [compiler, *FLAGS, str(source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True, cwd=header.parent)
    function = ctypes.CDLL(str(library)).run
    outputs = np.zeros(10_000, np.float32)

    def run(image: np.ndarray) -> np.ndarray:
        function(image.ctypes.data_as(ctypes.c_void_p), outputs.ctypes.data_as(ctypes.c_void_p))
        return outputs

    return run


def row(name: str, make: Callable[[], Network], folder: Path) -> Iterator[str]:
    """Time one network in all its forms; yield the cells of its line."""
    net = make()
    net.normalization = (0.1, 1.2)
    images = np.random.default_rng(0).standard_normal((16, *net.input_shape)).astype(np.float32)
    image = images[:1]
    candidates: dict[str, Callable[[], object]] = {"engine": lambda: net(image)}
    expected = net(image)
    for bits, options in (("float32", {}), ("8 bits", {"int8": images})):
        place = folder / bits
        place.mkdir(exist_ok=True)
        net.export(place / "model.h", verify=False, **options)
        results = {} if options else {"engine": expected[0]}
        for compiler in COMPILERS:
            run = compiled(place / "model.h", compiler)
            results[compiler] = run(image)[: expected.size].copy()
            candidates[f"{bits}, {compiler}"] = lambda run=run: run(image)
        harness.assert_agree(results, absolute=1e-4 * float(np.abs(expected).max()))
    seconds = harness.seconds_per_call(candidates)
    engine = seconds.pop("engine")
    yield name
    yield f"{1e6 * engine:,.1f}"
    for value in seconds.values():
        yield f"{1e6 * value:,.1f} ({value / engine:.2f})"


def main() -> None:
    """Print the table."""
    fp.set_num_threads(1)
    harness.ROUNDS, harness.BLOCK_SECONDS = ROUNDS, BLOCK_SECONDS
    wanted = sys.argv[1:]
    print(*machine(), "", f"engine: {_engine.level}", "", sep="\n")
    rows = [("network", "engine", *(f"{b}, {c}" for b in ("float32", "8 bits") for c in COMPILERS))]
    for name, make in NETWORKS.items():
        if not wanted or any(word in name for word in wanted):
            with tempfile.TemporaryDirectory() as folder:
                rows.append(tuple(row(name, make, Path(folder))))
    print(format_table(rows, "<" + ">" * (len(rows[0]) - 1)))


if __name__ == "__main__":
    main()
