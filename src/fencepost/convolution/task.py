"""One correlation, ready to be computed: what every method is given.

Part of convolution; calls nothing. By the time that there is a `Task`, a convolution has become a
correlation with the flipped kernel, modes, origins and boundaries have become lists of cells, and
dtypes have been settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boundaries import FILL, Cells

Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """out[p, y…, c] = offset + Σⱼ… kernel[j…] · source[p, cells[y + j]…, c].

    Attributes
    ----------
    source : ndarray, (planes, *sizes, channels), C-contiguous
        float32, float64, uint8, uint16 or int64.
    kernel : ndarray, one axis for each of `sizes`
        In the dtype of the arithmetic: float32 (for bytes and words too), float64 or int64.
    cells : tuple of int32 arrays
        For each axis, the source's cell at each place of the extended array, −1 for `fill`.
    fill : int or float
    out : ndarray, (planes, *outputs, channels), C-contiguous
        In the dtype of the arithmetic, or uint8 or uint16: then rounded and saturated.
    offset : float
        Added to every result before it is rounded.
    exact : bool
        Whole numbers in floating point that holds every partial sum: no method may round.
    """

    source: Array
    kernel: Array
    cells: tuple[Cells, ...]
    fill: float
    out: Array
    offset: float = 0.0
    exact: bool = False

    @property
    def axes(self) -> int:
        """How many axes the kernel has."""
        return self.kernel.ndim

    @property
    def images(self) -> int:
        """How many arrays are filtered alike: planes times channels."""
        return int(self.source.shape[0] * self.source.shape[-1])

    @property
    def outputs(self) -> tuple[int, ...]:
        """The size of one result along each axis."""
        return tuple(self.out.shape[1:-1])


def extended(source: Array, cells: Sequence[Cells], fill: float, out: Array) -> None:
    """Write a block of the extended array to `out`: source[cells…], with the fill.

    `source` has one axis for each list. The inside of an array is copied as it lies.
    """
    inside: list[slice] = []
    taken: list[tuple[int, Cells]] = []
    places: list[slice] = []
    for axis, found in enumerate(cells):
        first, last = int(found[0]), int(found[-1])
        # No list goes up by more than one at a time, so one that gains all it can is a slice.
        if first >= 0 and last - first == len(found) - 1:
            inside.append(slice(first, last + 1))
            places.append(slice(None))
            continue
        known = np.flatnonzero(found != FILL)  # one piece: the fill is at the ends of a list
        if len(known) == 0:
            out[...] = fill
            return
        place = slice(int(known[0]), int(known[-1]) + 1)
        inside.append(slice(None))
        taken.append((axis, found[place]))
        places.append(place)
    if any(FILL in (found[0], found[-1]) for found in cells):
        out[...] = fill
    block = source[tuple(inside)]
    for axis, piece in taken:
        block = block.take(piece, axis=axis)
    out[tuple(places)] = block
