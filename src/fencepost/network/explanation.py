"""How the engine predicts and trains a network: pass by pass, by which method, in what time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, integer
from ..graph import SizedLayer
from ..layers import Shape
from ..layers.base import engine_shape
from ..text import format_table
from ..threads import get_num_threads
from . import inputs, sizes
from .vectors import Float32, Weights

if TYPE_CHECKING:
    from .._engine import NetworkPlan

_REPEATS = 6
_SECONDS = 0.05  # at least; threads that slept are awake by the half of it
_BATCH = 64  # of `fit`, where nothing is said
_KEPT = 4  # arrays of parameters: Adam's two, the first, and the last good for `fit` to return to


class Explainable(Protocol):
    """What is asked of a network here."""

    input_shape: Shape
    rows: tuple[SizedLayer, ...]
    engine_weights: Weights

    @property
    def engine_plan(self) -> NetworkPlan: ...
    @property
    def engine_normalization(self) -> tuple[Float32, Float32]: ...


@dataclass(frozen=True)
class Pass:
    """Layers that are computed together.

    `lanes` is the axis that lies in the processor's lanes, `method` how the layers are computed,
    `others` why the other methods of the engine's table were not taken, `images` how many images go
    through side by side. Times are seconds for all images. In training, `input_gradient` and
    `weight_gradient` are the methods of the two gradients, where they are needed.
    """

    layers: str
    lanes: str
    method: str
    others: str
    images: int
    expected: float
    measured: float | None
    input_gradient: str = ""
    weight_gradient: str = ""


@dataclass(frozen=True)
class Explanation:
    """How `count` images are predicted or trained on; printing it shows a table.

    `memory` is the bytes that this takes beside the network and the images: of values, of what
    operations need meanwhile, and, kept until the next time, `packed_weights`. In training it
    includes the gradients, the two values that Adam keeps of each parameter, and the copy of the
    parameters that `fit` keeps. `axis` says why images lie in the processor's lanes, or do not.
    """

    count: int
    passes: tuple[Pass, ...]
    memory: int
    packed_weights: int
    axis: str = ""
    training: bool = False

    def __str__(self) -> str:
        """Return a line for each pass, times in microseconds for an image, the sum, the memory."""

        def microseconds(seconds: float | None) -> str:
            return "–" if seconds is None else f"{seconds / self.count * 1e6:.1f}"

        methods = ("method", "input gradient", "weight gradient")[: 3 if self.training else 1]
        rows: list[tuple[str, ...]] = [
            ("layers", "lanes", *methods, "side by side", "expected µs", "measured µs")
        ]
        for p in self.passes:
            named = (p.method, p.input_gradient, p.weight_gradient)[: len(methods)]
            times = microseconds(p.expected), microseconds(p.measured)
            rows.append(
                (p.layers, p.lanes, *(name or "–" for name in named), str(p.images), *times)
            )
        measured = [p.measured for p in self.passes if p.measured is not None]
        total = microseconds(sum(measured) if measured else None)
        expected = microseconds(sum(p.expected for p in self.passes))
        rows.append(("all", "", *("" for _ in methods), "", expected, total))
        memory = f"memory: {self.memory / 1e6:.1f} MB"
        if self.packed_weights:
            memory += f", of which packed weights {self.packed_weights / 1e6:.1f} MB"
        lines = [format_table(rows, "<<" + "<" * len(methods) + ">>>")]
        if self.axis:
            lines.append(self.axis)
        return "\n".join([*lines, memory])

    def reasons(self) -> str:
        """Return, for each pass where there was a choice, why the other methods were not taken.

        Examples
        --------
        >>> import fencepost as fp
        >>> net = fp.Network((16, 32, 32), [fp.Conv2d(32, 3, stride=2, remainder="crop")])
        >>> print(net.explain().reasons())
        0: direct sums
           inputs in lanes, products of rows: the kernel does not cover the input
           depthwise, then 1 x 1: no 1 x 1 layer behind it is its only reader
           depthwise sums: a channel does not read itself alone
           pixels in lanes, direct sums: the stride is not 1
           Winograd 4 x 4: stride or dilation is not 1
           sums over taps: slower
        """
        lines = []
        for p in self.passes:
            if p.others:
                lines.append(f"{p.layers}: {p.method}")
                lines += [f"   {reason}" for reason in p.others.split("; ")]
        return "\n".join(lines)


def explain(
    self: Explainable,
    images: ArrayLike | None = None,
    *,
    count: int | None = None,
    training: bool = False,
) -> Explanation:
    """Describe how the engine predicts: lanes, method, expected and measured time of each pass.

    Parameters
    ----------
    images : array, shape (N, *input_shape), optional
        Computed several times, to show the measured time beside the expected one.
    count : int, optional
        Number of images to assume if none are given: 1 by default, or 64 in training, which is the
        default batch size of `fit`.
    training : bool
        Whether to describe a step of training with a batch of these images instead: forward pass
        and gradients. The network is not changed.

    Raises
    ------
    DataError
        If images do not suit the network, or there are none of them.
    ArgumentError
        If `count` is not positive.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((3, 64, 64), [fp.Conv2d(64, 3, padding=1), fp.ReLU(), fp.Conv2d(64, 3)])
    >>> for p in net.explain().passes:
    ...     print(p.layers, p.lanes, p.method, sep=", ")
    0 to 1, channels, direct sums
    2, channels, Winograd 4 x 4
    >>> for p in net.explain(training=True).passes:
    ...     print(p.layers, p.lanes, p.method, p.weight_gradient, sep=", ")
    0 to 1, images, sums over taps, sums over taps
    2, images, Winograd 4 x 4, Winograd 4 x 4
    """
    training = flag("training", training)
    batch = None
    if images is not None:
        batch = inputs.as_checked_batch(images, self.input_shape)
        batch = batch.reshape(-1, *engine_shape(self.input_shape))
        count = len(batch)
    elif count is None:
        count = _BATCH if training else 1
    count = integer("count", count, 1)
    _, last = sizes.engine_steps(self.rows)
    plan = self.engine_plan
    threads = get_num_threads()  # asked once: others may set it meanwhile
    reports = plan.explain(count, threads, training)
    seconds: list[float | None] = [None] * len(reports)
    if batch is not None:
        runs: list[list[float]] = []
        until = time.perf_counter() + _SECONDS
        with self.engine_weights.lent() as (parameters, state, *_):
            arguments = (parameters, state, batch, *self.engine_normalization, threads, training)
            while len(runs) < _REPEATS or time.perf_counter() < until:
                runs.append(plan.measure(*arguments))
        seconds = [float(median) for median in np.median(runs[len(runs) // 2 :], axis=0)]
    passes = []
    for report, measured in zip(reports, seconds, strict=True):
        first, end, lanes, method, others, together, expected, *gradients = report
        begin, stop = (next(i for i, step in enumerate(last) if k <= step) for k in (first, end))
        layers = self.rows[begin].place
        if stop > begin:
            layers += f" to {self.rows[stop].place}"
        passes.append(Pass(layers, lanes, method, others, together, expected, measured, *gradients))
    values, packed = plan.bytes(count, threads, training)
    if training:
        values += _KEPT * 4 * self.engine_weights.sizes[0]
    axis = "" if training else plan.axis(count, threads)
    return Explanation(count, tuple(passes), values + packed, packed, axis, training)
