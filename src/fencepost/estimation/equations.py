"""The equations that two pictures give for a kernel, one for each pixel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import ANY, as_array
from ..convolution import correlate
from ..errors import DataError
from ..text import format_shape, plural

Array = NDArray[np.float64]

_ENOUGH = 60  # equations for each unknown, beyond which errors shrink slowly
_AT_LEAST = 40_000
_BLOCK = 1 << 22  # coefficients of a block of equations: 32 MB


@dataclass(frozen=True, eq=False)
class Equations:
    """Pixel by pixel: the window around it, a 1 for the offset, and its level in the copy.

    Levels are counted from near the pictures' means, so that the offset does not swamp the weights.

    `before`, `after` [ndarray of float64, (channels, H, W)]: Less `centre` and `level`. `usable`
    [ndarray of bool, (channels, H, W)]: Which pixels' equations are used. `shape` [(int, int)]:
    Rows and columns of the largest kernel. `middle` [(int, int)]: The element of its window that
    lies over the pixel. `centre`, `level`: What was taken from `before` and from `after`.
    `saturated`: Pixels that were left out for being black or white. `limits` [(float, float) or
    None]: Black and white of `after`, less `level`, if both pictures are of integers.
    """

    before: Array
    after: Array
    usable: NDArray[np.bool_]
    shape: tuple[int, int]
    middle: tuple[int, int]
    centre: float
    level: float
    saturated: int
    limits: tuple[float, float] | None

    @property
    def count(self) -> int:
        """How many equations are used."""
        return int(self.usable.sum())

    @property
    def unknowns(self) -> int:
        """Weights, and the offset."""
        return math.prod(self.shape) + 1

    @property
    def standard_deviation(self) -> float:
        """Standard deviation of the copy's pixels."""
        return float(self.after[self.usable].std())

    @property
    def compressible(self) -> bool:
        """Whether the copy could have been a JPEG: 8 bits, grey or of three colours."""
        return (
            self.limits is not None
            and self.limits[1] - self.limits[0] == 255
            and len(self.after) in (1, 3)
        )

    def narrowed(self, shape: tuple[int, int]) -> Equations:
        """Use windows of a smaller kernel, centred in the largest, over the same pixels."""
        gaps = (most - own for most, own in zip(self.shape, shape, strict=True))
        down, across = (index - gap // 2 for index, gap in zip(self.middle, gaps, strict=True))
        return replace(self, shape=shape, middle=(down, across))

    def expected(self, weights: Array, constant: float) -> Array:
        """The result of a kernel of this shape over all of `before`, less `level`.

        Beyond the border the picture is reflected, as filters mostly do.
        """
        filtered = correlate(
            self.before, weights, origin=self.middle, axes=(1, 2), boundary="reflect"
        )
        return np.asarray(filtered + constant)

    def rounded(self, expected: Array) -> NDArray[np.uint8]:
        """Round and clip to a picture of 8 bits."""
        return np.asarray(np.rint(np.clip(expected + self.level, 0, 255)), np.uint8)

    def clear_of_limits(self, weights: Array, constant: float, margin: float) -> Equations:
        """Use the pixels whose expected level is at least `margin` away from black and white.

        Those that are black or white in the picture would be the wrong ones to leave out where
        compression has moved them a little.
        """
        assert self.limits is not None
        expected = self.narrowed(weights.shape).expected(weights, constant)
        clear = (expected > self.limits[0] + margin) & (expected < self.limits[1] - margin)
        inside = _inside(self.before.shape, self.shape, self.middle)
        usable = np.zeros(self.usable.shape, bool)
        usable[inside] = clear[inside]
        left_out = int((~clear[inside]).sum())
        return replace(self, usable=_thinned(usable, self.unknowns), saturated=left_out)

    def triangle(self) -> Array:
        """Fold all equations into at most `unknowns` + 1 that have the same solution.

        The last column is the right-hand side.
        """
        triangle = np.zeros((0, self.unknowns + 1))
        for block, _ in self.blocks():
            triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, block]), mode="r"))
        return triangle

    def blocks(self) -> Iterator[tuple[Array, tuple[NDArray[np.int64], ...]]]:
        """Yield equations, some at a time, and the channels, rows and columns of their pixels."""
        most = max(self.unknowns + 1, _BLOCK // (self.unknowns + 1))
        channels = zip(self.before, self.after, self.usable, strict=True)
        for channel, (before, after, usable) in enumerate(channels):
            windows = np.lib.stride_tricks.sliding_window_view(before, self.shape)
            y, x = np.nonzero(usable)
            top, left = y - self.middle[0], x - self.middle[1]  # of the window
            for first in range(0, len(y), most):
                some = slice(first, first + most)
                block = np.empty((len(y[some]), self.unknowns + 1))
                block[:, :-2] = windows[top[some], left[some]].reshape(len(block), -1)
                block[:, -2] = 1
                block[:, -1] = after[y[some], x[some]]
                yield block, (np.full(len(block), channel), y[some], x[some])


def equations_of(
    before: ArrayLike,
    after: ArrayLike,
    shape: tuple[int, int],
    middle: tuple[int, int],
    *,
    may_shrink: bool,
) -> Equations:
    """Read two pictures. A shape that `may_shrink` is cut to an odd third of a small picture."""
    first, second = _picture("before", before), _picture("after", after)
    if first.shape != second.shape:
        raise DataError(
            "before and after must have the same shape: the filtered copy of an image is as large "
            f"as the image. Received: {_described(first)} and {_described(second)}."
        )
    if may_shrink:
        side = min(*shape, *(max(1, (side // 3 - 1) // 2 * 2 + 1) for side in first.shape[1:]))
        shape, middle = (side, side), (side // 2, side // 2)
    inside = _inside(first.shape, shape, middle)
    usable, limits = np.zeros(first.shape, bool), None
    usable[inside] = True
    if first.dtype.kind == second.dtype.kind == "u":
        limits = (0.0, float(np.iinfo(second.dtype).max))
        usable &= (second > limits[0]) & (second < limits[1])
    saturated = int(usable[inside].size - usable.sum())
    unknowns = math.prod(shape) + 1
    usable = _thinned(usable, unknowns)
    if usable.sum() <= unknowns:
        raise DataError(
            f"a kernel of {shape[0]} × {shape[1]} needs more than {unknowns} pixels that are "
            f"neither in the border nor black or white. Received: {int(usable.sum()):,}, of "
            f"images of {_described(first)}. Use larger images, less saturated ones, or a "
            "smaller size."
        )
    centre, level = float(first.mean()), float(second[usable].mean())
    if limits is not None:
        limits = (limits[0] - level, limits[1] - level)
    return Equations(
        first - centre, second - level, usable, shape, middle, centre, level, saturated, limits
    )


def _inside(
    picture: tuple[int, ...], kernel: tuple[int, int], middle: tuple[int, int]
) -> tuple[slice, slice, slice]:
    """Return where a kernel's window lies inside the picture."""
    (top, left), (height, width) = middle, picture[1:]
    return (
        slice(None),
        slice(top, max(top, height - kernel[0] + top + 1)),
        slice(left, max(left, width - kernel[1] + left + 1)),
    )


def _picture(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return a picture as (channels, H, W)."""
    array = as_array(name, values, "a picture", kinds=ANY)
    if array.dtype.kind not in "uf" or array.dtype.itemsize > 8 or array.ndim not in (2, 3):
        raise DataError(
            f"{name} must be an image: (H, W) or (H, W, C) of uint8, uint16 or floats. "
            f"Received: {array.dtype}, shape {array.shape}."
        )
    if array.size == 0 or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise DataError(
            f"{name} must have pixels, all of them finite. Received: shape {array.shape}"
            f"{', with NaN or infinity' if array.size else ''}."
        )
    return array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)


def _thinned(usable: NDArray[np.bool_], unknowns: int) -> NDArray[np.bool_]:
    """Keep as many pixels as are enough: full rows, at equal distances, in every channel."""
    step = int(usable.sum()) // max(_AT_LEAST, _ENOUGH * unknowns)
    if step <= 1:
        return usable
    chosen = np.zeros_like(usable)
    chosen[:, ::step] = usable[:, ::step]
    return chosen


def _described(picture: NDArray[Any]) -> str:
    channels, height, width = picture.shape
    return f"{format_shape((width, height))} pixels, {plural(channels, 'channel')}"
