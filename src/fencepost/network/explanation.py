"""How the engine predicts a network: pass by pass, by which method, and in what time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import integer
from ..graph import SizedLayer
from ..layers import Shape
from ..layers.base import engine_shape
from ..text import format_table
from . import inputs, sizes
from .vectors import Float32

if TYPE_CHECKING:
    from .._engine import NetworkPlan

_REPEATS = 5


class Explainable(Protocol):
    """What is asked of a network here."""

    input_shape: Shape
    rows: tuple[SizedLayer, ...]
    parameter_vector: Float32
    state_vector: Float32

    @property
    def engine_plan(self) -> NetworkPlan: ...
    @property
    def engine_normalization(self) -> tuple[Float32, Float32]: ...


@dataclass(frozen=True)
class Pass:
    """Layers that are computed together.

    `lanes` is the axis that lies in the processor's lanes, `others` says why the other methods of
    the engine's table were not taken, `images` how many images go through side by side. Times are
    seconds for all images.
    """

    layers: str
    lanes: str
    method: str
    others: str
    images: int
    expected: float
    measured: float | None


@dataclass(frozen=True)
class Explanation:
    """How `count` images are predicted; printing it shows a table.

    `memory` is the bytes that a prediction takes beside the network and the images: of values, of
    what operations need meanwhile, and, kept until the next, `packed_weights`.
    """

    count: int
    passes: tuple[Pass, ...]
    memory: int
    packed_weights: int

    def __str__(self) -> str:
        """Return a line for each pass, times in microseconds for an image, and the memory."""

        def microseconds(seconds: float | None) -> str:
            return "–" if seconds is None else f"{seconds / self.count * 1e6:.1f}"

        rows: list[tuple[str, ...]] = [
            ("layers", "lanes", "method", "side by side", "expected µs", "measured µs")
        ]
        for p in self.passes:
            times = microseconds(p.expected), microseconds(p.measured)
            rows.append((p.layers, p.lanes, p.method or "–", str(p.images), *times))
        memory = f"memory: {self.memory / 1e6:.1f} MB"
        if self.packed_weights:
            memory += f", of which packed weights {self.packed_weights / 1e6:.1f} MB"
        return f"{format_table(rows, '<<<>>>')}\n{memory}"


def explain(self: Explainable, images: ArrayLike | None = None, *, count: int = 1) -> Explanation:
    """Describe how the engine predicts: lanes, method, expected and measured time of each pass.

    Parameters
    ----------
    images : array, shape (N, *input_shape), optional
        Predicted several times, to show the measured time beside the expected one.
    count : int
        Number of images to assume if none are given.

    Raises
    ------
    DataError
        If images do not suit the network, or there are none of them.
    ArgumentError
        If `count` is not positive.

    Notes
    -----
    With images in the lanes a block of them passes all layers at once, and passes are not measured.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((3, 64, 64), [fp.Conv2d(64, 3, padding=1), fp.ReLU(), fp.Conv2d(64, 3)])
    >>> for p in net.explain().passes:
    ...     print(p.layers, p.lanes, p.method, sep=", ")
    0 to 1, channels, direct sums
    2, channels, Winograd 4 x 4
    """
    batch = None
    if images is not None:
        batch = inputs.as_checked_batch(images, self.input_shape)
        batch = batch.reshape(-1, *engine_shape(self.input_shape))
    count = integer("count", count, 1) if batch is None else len(batch)
    _, last = sizes.engine_steps(self.rows)
    plan = self.engine_plan
    reports = plan.explain(count)
    seconds: list[float | None] = [None] * len(reports)
    if batch is not None:
        arguments = (self.parameter_vector, self.state_vector, batch, *self.engine_normalization)
        runs = [plan.measure(*arguments) for _ in range(_REPEATS)]
        if runs[0]:
            seconds = [float(median) for median in np.median(runs, axis=0)]
    passes = []
    for (first, end, lanes, method, others, together, expected), measured in zip(
        reports, seconds, strict=True
    ):
        begin, stop = (next(i for i, step in enumerate(last) if k <= step) for k in (first, end))
        layers = self.rows[begin].place
        if stop > begin:
            layers += f" to {self.rows[stop].place}"
        passes.append(Pass(layers, lanes, method, others, together, expected, measured))
    values, packed = plan.bytes(count)
    return Explanation(count, tuple(passes), values + packed, packed)
