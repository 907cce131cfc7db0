"""The receptive field along one axis, after any chain of windows, enlargements and joins."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ..sizing import Window

# A chain of enlargements by odd factors has as many phases as their product.
_MOST_PHASES = 2_000


class TooManyPhases(ArithmeticError):
    """Receptive fields repeat in more phases than can be followed."""


@dataclass(frozen=True, slots=True)
class AxisField:
    """Receptive fields of an array's elements along one axis of the input that they come from.

    A layer that doubles a signal makes two outputs of each element, and their receptive fields
    may differ: every second one is alike, moved on. So there is a span for each phase, and output
    ``n·P + j`` of P phases has that of phase j, moved by `n` periods. Where nothing enlarges,
    there is one phase. What lies outside the input is padding. Within a span there may be gaps:
    dilation, and strides larger than the kernel, leave them.

    `spans` are for each phase the first element of the input and the one after the last; `period`
    the elements from one output's span to that of the next of the same phase. The recurrence is
    that of A. Araujo, W. Norris and J. Sim, Computing receptive fields of convolutional neural
    networks, Distill (2019), taken from the input to the output.

    Examples
    --------
    >>> field = AxisField()  # an element of the input itself
    >>> for window in (Window(28, kernel=5, before=2, after=2), Window(28, kernel=2, stride=2)):
    ...     field = field.after(window)
    >>> field.size, int(field.stride), field.before
    (6, 2, 2)
    >>> field.elements(0), field.elements(3)
    (range(-2, 4), range(4, 10))
    >>> up = AxisField().after_transposed(Window(8, kernel=2, stride=2))
    >>> [list(up.elements(index)) for index in range(4)], up.stride
    ([[0], [0], [1], [1]], Fraction(1, 2))
    """

    spans: tuple[tuple[int, int], ...] = ((0, 1),)
    period: int = 1

    @property
    def size(self) -> int:
        """Receptive field: elements from the first to the last of an output's, at most."""
        return max([0, *[stop - start for start, stop in self.spans]])

    @property
    def stride(self) -> Fraction:
        """Effective stride: elements from one output's field to its neighbour's, on average."""
        return Fraction(self.period, len(self.spans))

    @property
    def before(self) -> int:
        """Effective padding: elements by which the first field begins before the input."""
        return -self.spans[0][0]

    @property
    def centre(self) -> Fraction:
        """Middle of the first output's field, from the middle of the input's first element.

        Of several phases, the mean, each counted back to the first output.
        """
        middles = [
            Fraction(start + stop - 1, 2) - phase * self.stride
            for phase, (start, stop) in enumerate(self.spans)
        ]
        return sum(middles, Fraction()) / len(middles)

    def elements(self, index: int) -> range:
        """Elements of the input that output `index` spans; some may lie outside it."""
        turn, phase = divmod(index, len(self.spans))
        start, stop = self.spans[phase]
        return range(start + turn * self.period, stop + turn * self.period)

    def covers(self, input_size: int, outputs: int) -> bool:
        """Tell whether one of so many outputs spans the whole input.

        >>> field = AxisField(((-2, 12),), 2)
        >>> field.covers(12, outputs=4), field.covers(28, outputs=10)
        (True, False)
        """
        phases = len(self.spans)
        for phase, (start, stop) in enumerate(self.spans[:outputs]):
            if stop - start < input_size:
                continue
            # Of the spans that hold the first element, the last one ends farthest.
            turns = (outputs - phase + phases - 1) // phases
            moved = min(-start // self.period, turns - 1) * self.period
            if start <= 0 and stop + moved >= input_size:
                return True
        return False

    def after(self, window: Window) -> AxisField:
        """Return the fields of the outputs of `window`, moved over this axis.

        >>> AxisField(((-2, 4),), 2).after(Window(14, kernel=5))
        AxisField(spans=((-2, 12),), period=2)
        """
        first, width = -window.before, window.effective_kernel_size - 1
        if len(self.spans) == 1:  # as nearly always: nothing was enlarged
            ((start, stop),) = self.spans
            moved = start + first * self.period, stop + (first + width) * self.period
            return AxisField((moved,), window.stride * self.period)
        return self.mapped(
            lambda output: (output * window.stride + first, output * window.stride + first + width),
            1,
            window.stride,
        )

    def after_transposed(self, window: Window) -> AxisField:
        """Return the fields after a transposed convolution, whose inverse has this `window`.

        Output o adds up the elements i with o = i·stride − before + t·dilation for an element t of
        the kernel. With dilation, the span may be one element too wide.
        """
        width = window.effective_kernel_size - 1

        def span(output: int) -> tuple[int, int]:
            last = output + window.before
            return -((width - last) // window.stride), last // window.stride

        return self.mapped(span, window.stride, 1)

    def mapped(
        self, span: Callable[[int], tuple[int, int]], outputs: int, inputs: int
    ) -> AxisField:
        """Return the fields after any operation whose outputs depend on known inputs.

        `span` gives the first and the last of its input's elements that an output depends on;
        neither may decrease from one output to the next. `outputs` later it is the same, `inputs`
        later. Raises TooManyPhases for more than two thousand.

        >>> doubled = AxisField().mapped(lambda output: (output // 2, output // 2), 2, 1)
        >>> doubled.stride, list(doubled.elements(5))
        (Fraction(1, 2), [2])
        """
        phases = len(self.spans)
        turns = phases // math.gcd(phases, inputs)
        spans = []
        for output in range(_limited(turns * outputs)):
            first, last = span(output)
            start = self.elements(first).start
            # Some outputs depend on nothing at all.
            spans.append((start, self.elements(last).stop if first <= last else start))
        return AxisField(tuple(spans), turns * inputs // phases * self.period)

    def joined(self, other: AxisField, outputs: int = 2) -> AxisField | None:
        """Return the fields of the elements of a sum, as at the end of a residual block.

        Each spans what it spans on either path. None if the strides differ, which does not matter
        for a single output. Raises TooManyPhases as `mapped` does.

        >>> AxisField(((-1, 2),), 2).joined(AxisField(((-3, 4),), 2))
        AxisField(spans=((-3, 4),), period=2)
        >>> doubled = AxisField().mapped(lambda output: (output // 2, output // 2), 2, 1)
        >>> AxisField().joined(doubled) is None
        True
        """
        if self.stride != other.stride:
            if outputs > 1:
                return None
            period = max(self.period, other.period)
            return AxisField((_hull(self.spans[0], other.spans[0]),), period)
        phases = _limited(math.lcm(len(self.spans), len(other.spans)))
        pairs = zip(self._repeated(phases), other._repeated(phases), strict=True)
        period = self.period * phases // len(self.spans)
        return AxisField(tuple(_hull(item, second) for item, second in pairs), period)

    def _repeated(self, phases: int) -> list[tuple[int, int]]:
        """Write the same spans for more phases."""
        spans = map(self.elements, range(phases))
        return [(span.start, span.stop) for span in spans]


def _hull(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    return min(first[0], second[0]), max(first[1], second[1])


def _limited(phases: int) -> int:
    if phases > _MOST_PHASES:
        raise TooManyPhases(f"{phases:,}")
    return phases
