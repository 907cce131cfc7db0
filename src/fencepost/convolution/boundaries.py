"""What lies beyond the edge of an array, as lists of indices.

Every boundary, mode and origin comes to the same thing: along each axis, a list that says for each
element of the extended array which element of the array it repeats, −1 standing for the fill value.
The loops that follow know lists only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..habits import of_value
from ..text import quoted

Indices = NDArray[np.int32]

NAMES = ("zero", "reflect", "mirror", "nearest", "wrap", "none")
_SAME_AS = {"zero": "fill", "constant": "fill"}  # "constant" is SciPy's name of it
FILL = -1  # in a list of indices: not an element of the array but the fill value


@dataclass(frozen=True)
class Boundary:
    """A boundary as the caller named it: its kind, and the value that fills when it is a number.

    `kind` ({"fill", "reflect", "mirror", "nearest", "wrap", "none"}). `value`: What stands beyond
    the edge when the kind is "fill".
    """

    kind: str
    value: complex = 0

    def indices(self, start: int, stop: int, size: int) -> Indices:
        """Return, for each coordinate from start up to stop, the index of what stands there.

        Coordinates 0 to size − 1 are the array's own; those beyond may be any distance away, the
        pattern goes on.

        >>> Boundary("reflect").indices(-3, 7, 4).tolist()
        [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
        >>> Boundary("mirror").indices(-3, 7, 4).tolist()
        [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
        >>> Boundary("fill").indices(-2, 5, 4).tolist()
        [-1, -1, 0, 1, 2, 3, -1]
        """
        # There and back along an axis is twice its size.
        wide = 2 * max(size, stop) >= 2**31
        indices: NDArray[Any] = np.arange(start, stop, dtype=np.int64 if wide else np.int32)
        # Only what lies beyond the edges needs arithmetic, and that is little of a long signal.
        for beyond in (indices[: max(0, -start)], indices[max(0, size - start) :]):
            beyond[...] = self._beyond(beyond, size)
        return indices.astype(np.int32, copy=False) if size < 2**31 else indices

    def _beyond(self, coordinates: NDArray[Any], size: int) -> Any:
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


def parse_boundary(boundary: object) -> Boundary:
    """Take a name or a number; the error offers the nearest name."""
    if isinstance(boundary, str):
        kind = _SAME_AS.get(boundary, boundary)
        if kind == "fill" or boundary in NAMES:
            return Boundary(kind)
    number = boundary.item() if isinstance(boundary, np.number) else boundary
    if isinstance(number, (int, float, complex)) and not isinstance(number, bool):
        try:
            if math.isfinite(abs(number)):
                return Boundary("fill", number)
        except OverflowError:
            pass  # an integer that no float holds
    hint = of_value("boundary", boundary, NAMES)
    raise ArgumentError(
        f"boundary must be one of {', '.join(quoted(NAMES))}, or a finite number for the values "
        f"beyond the edges. Received: boundary={_short(boundary)}. {hint}".rstrip()
    )


def edges_of(boundary: str, fill: float) -> Boundary:
    """Take a name, or "fill" with the value beyond the edges."""
    return Boundary("fill", fill) if boundary == "fill" else parse_boundary(boundary)


def _short(value: object) -> str:
    """Write a value out, unless it is an integer of hundreds of digits."""
    if isinstance(value, int) and value.bit_length() > 1024:
        return f"an integer of {value.bit_length():,} bits"
    return repr(value)
