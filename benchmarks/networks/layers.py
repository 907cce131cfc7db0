"""The five networks layer by layer: shares of the time, and of the limit that each could reach.

    python -m benchmarks.networks.layers            predicting a batch, and one image
    python -m benchmarks.networks.layers training   a step of training
    python -m benchmarks.networks.layers VGG        of networks whose name contains this

The limit of a pass is the longer of two times: its multiply-adds at the rate at which this
processor starts them, where Winograd's algorithm needs a quarter of the direct sum's and
Strassen's seven eighths, and its values, read and written once, at the speed at which a block of
them is copied in the second-level cache. A layer breaks the rule, and is marked, if it takes more
than a tenth of the time while its limit is less than a tenth of the sum of the limits, and it is
less than 80 % of it. Times are the least of five, each a median.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import fencepost as fp
from fencepost import _engine
from fencepost.graph import SizedLayer

from ..harness import THREADS
from .real_networks import DEFINITIONS, Definition, in_fencepost

RULE, NEAR = 0.1, 0.8
PRODUCTS = {  # fewer
    "Winograd 4 x 4 of few tiles": 4,
    "Winograd 4 x 4": 4,
    "Winograd 2 x 2": 2.25,
    "depthwise, then 1 x 1 by Strassen": 8 / 7,
}
REPEATS = 5
BLOCK = 64 * 1024  # floats, of which a copy takes half of a second-level cache


@dataclass(frozen=True)
class Line:
    """A pass of a network: seconds that it takes, and those of its limits."""

    layers: str
    method: str
    seconds: float
    arithmetic: float
    memory: float

    @property
    def limit(self) -> float:
        """Return the seconds that it cannot go below by this method."""
        return max(self.arithmetic, self.memory)


def bytes_per_second() -> float:
    """Return how fast a thread copies in its second-level cache, reading and writing counted."""
    values, copies = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        np.copyto(copies, values)
        times.append(time.perf_counter() - start)
    return 2 * values.nbytes / min(times)


def _inner(row: SizedLayer) -> Iterator[SizedLayer]:
    """Yield the layers that have none within."""
    if not row.inner:
        yield row
    for inner in row.inner:
        yield from _inner(inner)


def lines(definition: Definition, count: int, training: bool) -> list[Line]:
    """Return the layers of a network, those of a pass together, for a batch of so many images."""
    network = in_fencepost(definition)
    images = np.random.default_rng(0).integers(0, 256, (count, *definition.input_shape), np.uint8)
    explanations = [network.explain(images, training=training) for _ in range(REPEATS)]
    seconds = np.min([[p.measured for p in e.passes] for e in explanations], axis=0)
    timed = zip(explanations[0].passes, seconds, strict=True)
    multiplied = THREADS * _engine.levels()[_engine.level].multiply_adds_per_second()
    moved = THREADS * bytes_per_second()
    places = [row.place for row in network.rows]
    result = []
    for layers, group in itertools.groupby(timed, lambda pair: pair[0].layers):
        passes, spent = zip(*group, strict=True)
        first, _, last = layers.partition(" to ")
        rows = network.rows[places.index(first) : places.index(last or first) + 1]
        own = [inner for row in rows for inner in _inner(row)]
        chosen = next((p for p in passes if p.method), passes[0])
        methods = (chosen.method, chosen.input_gradient, chosen.weight_gradient)
        products = sum(row.multiply_adds for row in own) * sum(
            1 / PRODUCTS.get(method, 1) for method in methods if method
        )
        values = np.prod(rows[0].input_shape) + np.prod(rows[-1].output_shape)
        moves = 3 if training else 1
        result.append(
            Line(
                layers,
                chosen.method,
                sum(spent),
                count * products / multiplied,
                moves * count * 4 * float(values) / moved,
            )
        )
    return result


def table(definition: Definition, count: int, training: bool) -> Iterator[str]:
    """Yield the lines of a table, with a mark at what breaks the rule."""
    passes = lines(definition, count, training)
    total, limits = sum(p.seconds for p in passes), sum(p.limit for p in passes)
    what = "a step of training, batch" if training else "images at once:"
    yield f"{definition.name}, {what} {count}: {limits / total:.0%} of the limit"
    yield ""
    yield "| layers | method | µs an image | of the time | of the limits' sum | limit reached |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for p in passes:
        breaks = p.seconds > RULE * total and p.limit < RULE * limits
        mark = " **!**" if breaks and p.limit < NEAR * p.seconds else ""
        bound = "arithmetic" if p.arithmetic > p.memory else "memory"
        yield (
            f"| {p.layers} | {p.method or '–'} | {p.seconds / count * 1e6:.2f} "
            f"| {p.seconds / total:.1%}{mark} | {p.limit / limits:.1%} "
            f"| {p.limit / p.seconds:.0%} {bound} |"
        )
    yield ""


def main() -> None:
    """Print the tables of the networks that are named, or of all."""
    names = [name for name in sys.argv[1:] if name != "training"]
    training = "training" in sys.argv
    fp.set_num_threads(THREADS)
    for definition in DEFINITIONS:
        if names and not any(name in definition.name for name in names):
            continue
        for count in (definition.batch,) if training else (definition.batch, 1):
            print(*table(definition, count, training), sep="\n", flush=True)


if __name__ == "__main__":
    main()
