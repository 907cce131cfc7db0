"""Pixels that do not count: what a mask must be, and an image filtered without them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _engine
from ..arrays import as_array
from ..errors import ArgumentError, DataError
from .bands import LARGE, filter_bands, filter_pixels, result_height
from .chains import chained, is_chained
from .options import Options
from .pixels import arithmetic, has_alpha
from .responses import postprocess
from .steps import Step

__all__ = ["check_mask", "filter_masked"]

_LARGEST = 1 << 10  # weights whose sums take at most some four times the image's memory


def filter_masked(
    pixels: NDArray[Any], mask: ArrayLike, colours: str, steps: tuple[Step, ...], options: Options
) -> NDArray[Any]:
    """Filter pixels (H, W, C) of which those do not count where `mask` (H, W) is True."""
    missing = as_array("mask", mask)
    check_mask(missing, pixels.shape[:2], colours, options)
    if not missing.any():
        return filter_pixels(pixels, False, steps, options)
    dtype, result = np.dtype(options.dtype or pixels.dtype), None
    for at, some, rows in _filtered(_Masked(pixels, missing), steps, options):
        if result is None:
            height = result_height(len(pixels), steps, options)
            result = _engine.empty((height, rows.shape[1], pixels.shape[2]), dtype)
        if dtype.kind == "u":
            np.copyto(rows, 0, where=np.isnan(rows))
        result[at : at + len(rows), :, some] = postprocess(rows, dtype)
        del rows  # before the next are made
    assert result is not None
    return result


def _takes_much(step: Step) -> bool:
    """Whether it takes so much memory that channels are better done one after another."""
    kernel = step.kernels[0]
    return len(kernel.boxes) != 1 and math.prod(kernel.shape) > _LARGEST


class _Masked:
    """Pixels in floats, NaN where they do not count, as an array that is made where it is read."""

    def __init__(self, pixels: NDArray[Any], missing: NDArray[np.bool_]) -> None:
        self.pixels, self.missing = pixels, missing
        self.shape, self.dtype = pixels.shape, arithmetic(pixels.dtype)
        self.of_integers = pixels.dtype.kind == "u"

    def __getitem__(self, at: Any) -> Any:
        if at[0] is ...:  # some channels
            return _Masked(self.pixels[at], self.missing)
        floats: NDArray[Any] = self.pixels[at].astype(self.dtype)
        floats[self.missing[at]] = np.nan
        return floats

    def integers(self, first: int, last: int) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Return some rows, 0 where they do not count, and ones where they do."""
        missing = self.missing[first:last, :, None]
        there = np.where(missing, self.pixels.dtype.type(0), self.pixels[first:last])
        return there, (~missing).view(np.uint8)


def _filtered(
    floats: _Masked, steps: tuple[Step, ...], options: Options
) -> Iterator[tuple[int, slice, NDArray[Any]]]:
    """Yield the result in floats: the number of the first row, some channels, and rows."""
    shape, channels = floats.shape, floats.shape[2]
    if floats.pixels.size > LARGE and is_chained(shape, steps, options):
        for at, some, rows, _ in chained(floats, None, steps, options, floats.pixels, floats.dtype):
            yield at, some, rows
        return
    apart = floats.pixels.size > LARGE and not options.luminance and any(map(_takes_much, steps))
    few = 1 if apart else channels
    for first in range(0, channels, few):
        some = slice(first, first + few)
        part = floats[..., some]
        if part.pixels.size <= LARGE:
            yield 0, some, filter_pixels(part[:, :], False, steps, options)
            continue

        def read(first: int, last: int, part: _Masked = part) -> NDArray[Any]:
            values: NDArray[Any] = part[first:last, :]
            return values

        for at, rows in filter_bands(read, part.shape, False, True, steps, options):
            yield at, some, rows


def check_mask(mask: Any, shape: tuple[int, ...], colours: str, options: Options) -> None:
    """Raise an error unless a mask fits an image (H, W) and how it is filtered."""
    if mask.dtype != bool or mask.shape != shape:
        raise DataError(
            "mask must be True or False for each pixel, True where it is ignored. Received: "
            f"dtype {mask.dtype} of shape {mask.shape}, an image of {shape}."
        )
    if options.nan != "ignore" or has_alpha(colours):
        raise ArgumentError(
            'mask needs nan="ignore" and an image without alpha. Received: '
            f"nan={options.nan!r}, an image in {colours}."
        )
