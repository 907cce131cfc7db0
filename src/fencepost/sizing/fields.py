"""What one output cell of a chain of windows sees of the input: its receptive field.

Part of sizing; may call window. Integers only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .window import Window


@dataclass(frozen=True, slots=True)
class Field:
    """What one output cell of a chain of windows sees of the input, along one axis.

    Output cell `i` spans the cells from ``i·stride − before`` to ``i·stride − before + size − 1``
    of the input; those that lie outside it are padding. Between the two ends it need not see
    every cell: dilation and strides larger than the kernel leave gaps.

    Attributes
    ----------
    size : int
        Receptive field: cells from the first to the last that is seen.
    stride : int
        Effective stride: cells from one output's field to its neighbour's.
    before : int
        Effective padding: cells by which the first field begins before the input.

    Notes
    -----
    The recurrence is that of A. Araujo, W. Norris and J. Sim, Computing receptive fields of
    convolutional neural networks, Distill (2019), taken from the input to the output.

    Examples
    --------
    >>> from fencepost.sizing import Window
    >>> field = Field()  # a cell of the input sees itself
    >>> for window in (Window(28, kernel=5, before=2, after=2), Window(28, kernel=2, stride=2)):
    ...     field = field.through(window)
    >>> field
    Field(size=6, stride=2, before=2)
    >>> field.cells(0), field.cells(3)
    (range(-2, 4), range(4, 10))
    """

    size: int = 1
    stride: int = 1
    before: int = 0

    def through(self, window: Window) -> Field:
        """Return the field after one more layer: that of a cell that looks through `window`.

        >>> Field(size=6, stride=2, before=2).through(Window(14, kernel=5))
        Field(size=14, stride=2, before=2)
        """
        return Field(
            self.size + (window.reach - 1) * self.stride,
            self.stride * window.stride,
            self.before + window.before * self.stride,
        )

    def joined(self, other: Field) -> Field:
        """Return the field of a cell that two paths lead to, as at the sum of a residual block.

        It spans what either path spans: where both are centred, the larger of the two. Outputs
        that meet lie equally far apart on both paths; if they do not, the larger stride is taken.

        >>> Field(size=3, stride=2, before=1).joined(Field(size=7, stride=2, before=3))
        Field(size=7, stride=2, before=3)
        """
        before = max(self.before, other.before)
        end = max(self.size - self.before, other.size - other.before)
        return Field(before + end, max(self.stride, other.stride), before)

    def cells(self, index: int) -> range:
        """Cells of the input, some of them perhaps outside it, that output `index` spans."""
        start = index * self.stride - self.before
        return range(start, start + self.size)

    def covers(self, input_size: int, outputs: int) -> bool:
        """Tell whether one of so many output cells spans the whole input.

        >>> Field(size=14, stride=2, before=2).covers(12, outputs=4)
        True
        >>> Field(size=14, stride=2, before=2).covers(28, outputs=10)
        False
        """
        # Of the fields that hold the first cell, the last one reaches farthest.
        index = min(self.before // self.stride, outputs - 1)
        return index >= 0 and self.cells(index).start <= 0 and self.cells(index).stop >= input_size
