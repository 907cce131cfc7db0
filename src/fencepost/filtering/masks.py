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
from .options import Options
from .pixels import has_alpha
from .responses import arithmetic, postprocess, present_rows
from .steps import Step

__all__ = ["check_mask", "filter_masked"]

_LARGEST = 1 << 10  # weights whose sums take at most some four times the image's memory


def filter_masked(
    pixels: NDArray[Any], mask: ArrayLike, colours: str, steps: tuple[Step, ...], options: Options
) -> NDArray[Any]:
    """Filter pixels (H, W, C) of which those do not count where `mask` (H, W) is True."""
    missing = as_array("mask", mask)
    check_mask(missing, pixels.shape[:2], colours, options)
    dtype, channels = np.dtype(options.dtype or pixels.dtype), pixels.shape[2]
    apart = pixels.size > LARGE and not options.luminance and any(map(_takes_much, steps))
    few = 1 if apart else channels
    result = None
    for first in range(0, channels, few):
        some = slice(first, first + few)
        for at, rows in _filtered(_Masked(pixels[..., some], missing), steps, options):
            if result is None:
                height = result_height(len(pixels), steps, options)
                result = _engine.empty((height, rows.shape[1], channels), dtype)
            present = np.nan_to_num(rows) if dtype.kind == "u" else rows
            result[at : at + len(rows), :, some] = postprocess(present, dtype)
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

    def __getitem__(self, at: Any) -> NDArray[Any]:
        floats: NDArray[Any] = self.pixels[at].astype(self.dtype)
        floats[self.missing[at]] = np.nan
        return floats


def _filtered(
    floats: _Masked, steps: tuple[Step, ...], options: Options
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the result in floats, some rows at a time: the first one's number, and they."""
    if floats.pixels.size <= LARGE:
        yield 0, filter_pixels(floats[:], False, steps, options)
        return
    step, luma = steps[0], options.luminance and floats.shape[2] > 1
    if len(steps) == 1 and step.is_in_passes and not luma and floats.missing.any():
        found = present_rows(floats, step.kernels[0], options, floats.pixels.dtype)
        if found is not None:
            for at, rows in found:
                sums = np.abs(rows) if options.magnitude else rows
                yield at, postprocess(sums, floats.dtype, options.scale, options.offset)
            return

    def read(first: int, last: int) -> NDArray[Any]:
        return floats[first:last]

    yield from filter_bands(read, floats.shape, False, True, steps, options)


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
