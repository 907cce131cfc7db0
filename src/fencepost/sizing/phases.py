"""Receptive fields where a network also enlarges: they come round in phases.

Part of sizing; may call fields and window. Integers and fractions only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .fields import Field
from .window import Window

# A chain of enlargements by odd factors has as many phases as their product.
_MOST_PHASES = 2_000


class TooManyPhases(ArithmeticError):
    """Fields come round in more phases than can be followed."""


@dataclass(frozen=True, slots=True)
class Phases:
    """What each output cell sees of the input along one axis, after any chain of layers.

    A layer that doubles a signal makes two outputs of each cell, which may see differently: every
    second output alike, moved on. So there is a `Field` for each phase: output ``n·P + j`` of P
    phases is output `n` of field `j`. Where nothing enlarges, there is one phase.

    Examples
    --------
    >>> down = Phases().through(Window(8, kernel=2, stride=2))
    >>> up = down.transposed(Window(8, kernel=2, stride=2))  # each output sees one cell
    >>> [list(up.cells(index)) for index in range(4)]
    [[0, 1], [0, 1], [2, 3], [2, 3]]
    >>> up.size, up.stride
    (2, Fraction(1, 1))
    """

    fields: tuple[Field, ...] = (Field(),)

    @property
    def size(self) -> int:
        """Receptive field: cells from the first to the last that an output sees, at most."""
        return max(0, *(field.size for field in self.fields))

    @property
    def stride(self) -> Fraction:
        """Effective stride: cells from one output's field to its neighbour's, on average."""
        return Fraction(self.fields[0].stride, len(self.fields))

    @property
    def before(self) -> int:
        """Effective padding: cells by which the first field begins before the input."""
        return self.fields[0].before

    @property
    def centre(self) -> Fraction:
        """Middle of the first output's field, from the middle of the first cell of the input.

        Of several phases, the mean, and each phase reckoned back to the first output.
        """
        middles = [
            Fraction(field.size - 1, 2) - field.before - number * self.stride
            for number, field in enumerate(self.fields)
        ]
        return sum(middles, Fraction()) / len(middles)

    def cells(self, index: int) -> range:
        """Cells of the input, some of them perhaps outside it, that output `index` spans."""
        turn, phase = divmod(index, len(self.fields))
        return self.fields[phase].cells(turn)

    def covers(self, input_size: int, outputs: int) -> bool:
        """Tell whether one of so many outputs spans the whole input."""
        period = len(self.fields)
        return any(
            field.covers(input_size, (outputs - phase + period - 1) // period)
            for phase, field in enumerate(self.fields[:outputs])
        )

    def through(self, window: Window) -> Phases:
        """Return the fields of cells that look through `window`: `Field.through`, by phases."""
        if len(self.fields) == 1:
            return Phases((self.fields[0].through(window),))

        def seen(output: int) -> tuple[int, int]:
            first = output * window.stride - window.before
            return first, first + window.reach - 1

        return self.seen(seen, 1, window.stride)

    def transposed(self, window: Window) -> Phases:
        """Return the fields after a transposed convolution: `window` is what it undoes.

        Output o adds up the cells i for which o = i·stride − before + t·dilation with a cell t of
        the kernel. With dilation, the span may be one cell too wide.
        """

        def seen(output: int) -> tuple[int, int]:
            last = output + window.before
            return -((window.reach - 1 - last) // window.stride), last // window.stride

        return self.seen(seen, window.stride, 1)

    def seen(self, span: Callable[[int], tuple[int, int]], outputs: int, inputs: int) -> Phases:
        """Return the fields after any layer of which it is known what an output sees.

        Parameters
        ----------
        span : callable
            The first and the last of its input's cells that an output sees; neither may decrease
            from one output to the next.
        outputs, inputs : int
            So many outputs later, the same is seen so many inputs later.

        Raises
        ------
        TooManyPhases
            There would be more than two thousand.

        Examples
        --------
        >>> doubled = Phases().seen(lambda output: (output // 2, output // 2), 2, 1)
        >>> doubled.stride, list(doubled.cells(5))
        (Fraction(1, 2), [2])
        """
        period = len(self.fields)
        turns = period // math.gcd(period, inputs)
        stride = turns * inputs // period * self.fields[0].stride
        made = []
        for output in range(_followed(turns * outputs)):
            first, last = span(output)
            start = self.cells(first).start
            size = self._stop(last) - start if first <= last else 0  # some see nothing at all
            made.append(Field(size, stride, -start))
        return Phases(tuple(made))

    def joined(self, other: Phases) -> Phases | None:
        """Return the fields of cells that two paths lead to; None if their strides differ.

        Raises TooManyPhases as `seen` does.

        >>> half = Phases().seen(lambda output: (output // 2, output // 2), 2, 1)
        >>> Phases().joined(half) is None
        True
        >>> Phases().joined(half.through(Window(8, kernel=2, stride=2))).size
        1
        """
        if self.stride != other.stride:
            return None
        period = _followed(math.lcm(len(self.fields), len(other.fields)))
        pairs = zip(self._over(period), other._over(period), strict=True)
        return Phases(tuple(one.joined(two) for one, two in pairs))

    def _stop(self, index: int) -> int:
        turn, phase = divmod(index, len(self.fields))
        field = self.fields[phase]
        return turn * field.stride - field.before + field.size

    def _over(self, period: int) -> tuple[Field, ...]:
        """Write the same fields over more phases."""
        turns = period // len(self.fields)
        return tuple(
            Field(field.size, field.stride * turns, field.before - turn * field.stride)
            for turn in range(turns)
            for field in self.fields
        )


def _followed(phases: int) -> int:
    if phases > _MOST_PHASES:
        raise TooManyPhases(f"{phases:,}")
    return phases
