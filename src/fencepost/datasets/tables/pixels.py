"""Tables whose rows are images: a label and all pixels, as MNIST is passed around as CSV."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...remedies import remedy
from ...text import format_shape
from .signals import Rows

__all__ = ["Layout", "pixels"]

_PIXEL = re.compile(r"(pixels?|pix|px|image|img|p)[\W_]*\d+([\W_x]+\d+)*|\d+\s*x\s*\d+", re.I)
_SMALLEST_SIDE = 5
_SAMPLE = 1000  # rows by which neighbours are compared
_ALIKE = 0.3  # the correlation with the pixel below, at least, where names do not tell
_ABOVE_OTHERS = 0.1  # and by how much it exceeds that with the pixel half a row away


class Layout:
    """How the values of a row are an image: its shape (C, H, W), and whether colours come last."""

    def __init__(self, shape: tuple[int, int, int], last: bool = False) -> None:
        self.shape = shape
        self.last = last

    @property
    def sentence(self) -> str:
        """What a user should know."""
        channels, *sizes = self.shape
        order = "three values per pixel" if self.last else "one colour plane after the other"
        colours = f", {order}" if channels == 3 else ""
        return f"Each row is an image of {format_shape(sizes)} pixels{colours}."

    def images(self, values: NDArray[np.float32]) -> NDArray[np.uint8] | NDArray[np.float32]:
        """Return the rows as images (N, C, H, W): uint8 where all are integers from 0 to 255."""
        channels, height, width = self.shape
        if self.last:
            images = values.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
        else:
            images = values.reshape(-1, channels, height, width)
        if _are_bytes(values):
            return np.ascontiguousarray(images, np.uint8)
        return np.ascontiguousarray(images)


def pixels(rows: Rows, size: tuple[int, int] | None, channels: int | None) -> Layout | None:
    """Return how the rows of a table are images; None if they are signals.

    They are if their columns are called pixel0, px_3, 1x1 and so on; or where `size` is given; or,
    whatever the columns are called, if all values are integers from 0 to 255 and alike with the
    pixel below, where a square image has it. There must be a square number of them, or three times
    that. Colours are in the order in which neighbours are most alike.

    Raises DataError: There are not as many values as `size` and `channels` say.
    """
    count = rows.values.shape[1]
    if size is not None:
        return _of_size(rows, size, channels)
    if channels not in (None, 1, 3):
        return None
    shape = _square(count, channels)
    if shape is None:
        return None
    named = rows.header and all(_PIXEL.fullmatch(name.strip()) for name in rows.names)
    if named or (_are_bytes(rows.values) and _like_images(rows.values, shape)):
        return _with_order(rows.values, shape)
    return None


def _of_size(rows: Rows, size: tuple[int, int], channels: int | None) -> Layout:
    count, area = rows.values.shape[1], size[0] * size[1]
    depth = channels or (3 if count == 3 * area else 1)
    if count != depth * area:
        raise DataError(
            f"{rows.path}: a row must have a value for each pixel of the size. Received: {count:,} "
            f"values for {format_shape(size)} pixels. Use the size of the "
            f"images{remedy(' ({size})', size=...)}, or leave it out: a table's images are not "
            "resized."
        )
    return _with_order(rows.values, (depth, *size))


def _square(count: int, channels: int | None) -> tuple[int, int, int] | None:
    """Return the shape of a square image of so many values, or of one in three colours."""
    for depth in (1, 3) if channels is None else (channels,):
        side = math.isqrt(count // depth)
        if side >= _SMALLEST_SIDE and depth * side * side == count:
            return depth, side, side
    return None


def _with_order(values: NDArray[np.float32], shape: tuple[int, int, int]) -> Layout:
    """Colours of a pixel differ less from those of the next pixel than from each other."""
    if shape[0] != 3:
        return Layout(shape)
    sample = _sample(values)
    return Layout(shape, last=_difference(sample, 3) < _difference(sample, 1))


def _difference(values: NDArray[np.float32], step: int) -> float:
    return float(np.abs(values[:, step:] - values[:, :-step]).mean())


def _are_bytes(values: NDArray[np.float32]) -> bool:
    if values.min() < 0 or values.max() > 255 or values.max() <= 1:
        return False
    return bool((values == np.floor(values)).all())


def _like_images(values: NDArray[np.float32], shape: tuple[int, int, int]) -> bool:
    """Whether each value is like that one row below, and less like those half a row away."""
    sample = _sample(values)
    channels, _, width = shape
    strides = (width,) if channels == 1 else (width, 3 * width)
    return any(
        (below := _correlation(sample, stride)) > _ALIKE
        and below > _correlation(sample, stride // 2) + _ABOVE_OTHERS
        for stride in strides
    )


def _correlation(values: NDArray[np.float32], step: int) -> float:
    first, second = values[:, :-step].reshape(-1), values[:, step:].reshape(-1)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _sample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[:: max(1, len(values) // _SAMPLE)]
