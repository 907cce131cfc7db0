"""What lies beyond the edge of an array, as lists of indices.

Part of convolution; may call errors and arguments only. Every boundary, mode and origin comes to
the same thing: along each axis, a list that says for each cell of the extended array which cell
of the array it repeats, −1 standing for the fill value. The loops that follow know lists only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arguments import nearest
from ..errors import ArgumentError
from ..text import quoted

Cells = NDArray[np.int32]

NAMES = ("zero", "reflect", "mirror", "nearest", "wrap", "none")
FILL = -1  # in a list of cells: not a cell of the array but the fill value


@dataclass(frozen=True)
class Boundary:
    """A boundary as the caller named it: its kind, and the value that fills when it is a number.

    Attributes
    ----------
    kind : {"fill", "reflect", "mirror", "nearest", "wrap", "none"}
    value : int, float or complex
        What stands beyond the edge when the kind is "fill".
    """

    kind: str
    value: complex = 0

    @classmethod
    def read(cls, boundary: object) -> Boundary:
        """Take a name or a number; the error offers the nearest name."""
        if isinstance(boundary, str) and boundary in NAMES:
            return cls("fill") if boundary == "zero" else cls(boundary)
        number = boundary.item() if isinstance(boundary, np.number) else boundary
        if (
            isinstance(number, (int, float, complex))
            and not isinstance(number, bool)
            and math.isfinite(abs(number))
        ):
            return cls("fill", number)
        hint = nearest(boundary, NAMES) if isinstance(boundary, str) else ""
        raise ArgumentError(
            f"boundary must be one of {', '.join(quoted(NAMES))}, or a finite number that stands "
            f"beyond the edges. Received: boundary={boundary!r}. {hint}".rstrip()
        )

    def cells(self, start: int, stop: int, size: int) -> Cells:
        """Return, for each coordinate from start up to stop, the cell that stands there.

        Coordinates 0 to size − 1 are the array's own; those beyond may be any distance away, the
        pattern goes on.

        Examples
        --------
        >>> Boundary("reflect").cells(-3, 7, 4).tolist()
        [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
        >>> Boundary("mirror").cells(-3, 7, 4).tolist()
        [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
        >>> Boundary("fill").cells(-2, 5, 4).tolist()
        [-1, -1, 0, 1, 2, 3, -1]
        """
        found = np.arange(start, stop, dtype=np.int32)
        # Only what lies beyond the edges needs arithmetic, and that is little of a long signal.
        for beyond in (found[: max(0, -start)], found[max(0, size - start) :]):
            beyond[...] = self._beyond(beyond, size)
        return found

    def _beyond(self, coordinates: Cells, size: int) -> Cells | int:
        if self.kind == "wrap":
            return coordinates % size
        if self.kind == "nearest":
            return coordinates.clip(0, size - 1)
        if self.kind == "reflect":  # there and back, the edge twice
            phase = coordinates % (2 * size)
            return np.minimum(phase, 2 * size - 1 - phase)
        if self.kind == "mirror":  # there and back, the edge once
            period = max(1, 2 * size - 2)
            phase = coordinates % period
            return np.minimum(phase, period - phase)
        return FILL
