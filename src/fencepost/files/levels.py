"""Which values of deep pixels become black and white: found over a whole data set, not a picture.

Cameras, scanners and microscopes keep 8, 10, 12 or 14 bits in files of 16, and no file says how
many; CT images have offsets; TIFF has floats. Divided by 256, 10 bits of them would be black.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

__all__ = ["Levels", "Range", "range_of"]

Range = tuple[float, float, float]  # the lowest pixel, the 99.9 % quantile, the highest
WHITES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
_SAMPLE = 1 << 16  # pixels of a picture by which the quantile is found
_DARK = 16  # where nearly all pixels are below a 16th of white, single ones are too bright
_NARROW = 4  # what uses less than a quarter of the values is stretched over all


@dataclass(frozen=True)
class Levels:
    """The values that become 0 and 255 in pictures of integers beyond 8 bits, and of floats.

    None: There are no such pictures; then each is brought to 8 bits by its own values.
    """

    integers: tuple[float, float] | None = None
    floats: tuple[float, float] | None = None

    @classmethod
    def of(cls, integers: Iterable[Range], floats: Iterable[Range]) -> Levels:
        """Choose the values from the ranges of all pictures.

        >>> Levels.of([(3, 900, 1010), (0, 700, 800)], [(0.0, 0.9, 1.0)])
        Levels(integers=(0, 1023), floats=(0, 1))
        >>> Levels.of([(31768, 34000, 34768)], [])  # a CT image with an offset
        Levels(integers=(31768, 34768), floats=None)
        >>> Levels.of([(0, 900, 65535)], [])  # a pixel of the sensor that is broken
        Levels(integers=(0, 1023), floats=None)
        """
        return cls(_chosen(list(integers), WHITES), _chosen(list(floats), (1, *WHITES)))

    def bytes_of(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return pixels brought to 0 to 255; what lies outside is cut off."""
        floating = values.dtype.kind == "f"
        low, high = (self.floats if floating else self.integers) or _own(values)
        if not floating and low == 0 and high in WHITES:
            shift = int(high).bit_length() - 8
            scaled: NDArray[Any] = values.astype(np.int64) >> shift
        else:
            scaled = np.rint((values.astype(np.float64) - low) * (255 / (high - low)))
        pixels: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)
        return pixels

    @property
    def sentence(self) -> str:
        """What was done, for people."""
        parts = []
        if self.integers is not None:
            parts.append(f"pixels of more than 8 bits from {_span(self.integers)}")
        if self.floats is not None:
            parts.append(f"pixels that are floats from {_span(self.floats)}")
        return f"{' and '.join(parts).capitalize()} became 0 to 255." if parts else ""


def range_of(values: NDArray[Any]) -> Range:
    """Return the range of a picture's pixels. Raises DataError: They are not all numbers."""
    flat = values.reshape(-1)
    low, high = float(flat.min()), float(flat.max())
    if not np.isfinite([low, high]).all():
        raise DataError("has pixels that are NaN or infinite")
    sample = flat[:: max(1, len(flat) // _SAMPLE)]
    return low, float(np.quantile(sample, 0.999)), high


def _own(values: NDArray[Any]) -> tuple[float, float]:
    """Return the levels of a picture by itself."""
    known = (1, *WHITES) if values.dtype.kind == "f" else WHITES
    chosen = _chosen([range_of(values)], known, alone=True)
    assert chosen is not None
    return chosen


def _chosen(
    ranges: list[Range], whites: tuple[int, ...], alone: bool = False
) -> tuple[float, float] | None:
    """Return what becomes black and white; of one picture alone that is never its own range."""
    if not ranges:
        return None
    low = min(each[0] for each in ranges)
    usual, high = max(each[1] for each in ranges), max(each[2] for each in ranges)
    white = next((value for value in whites if value >= high), None)
    if usual > 0 and low >= 0 and (white or high) >= _DARK * usual:
        white, high = next((value for value in whites if value >= usual), None), usual
    if low >= 0 and white is not None and (alone or (high - low) * _NARROW >= white):
        return 0, white
    return low, high if high > low else low + 1


def _span(pair: tuple[float, float]) -> str:
    return f"{pair[0]:,.6g} to {pair[1]:,.6g}"
