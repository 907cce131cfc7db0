"""Pixels that do not count: what a mask must be, and an image filtered without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import as_array
from ..errors import ArgumentError, DataError
from .bands import filter_pixels
from .options import Options
from .pixels import has_alpha
from .responses import arithmetic, postprocess
from .steps import Step

__all__ = ["check_mask", "filter_masked"]


def filter_masked(
    pixels: NDArray[Any], mask: ArrayLike, colours: str, steps: tuple[Step, ...], options: Options
) -> NDArray[Any]:
    """Filter pixels (H, W, C) of which those do not count where `mask` (H, W) is True."""
    missing = as_array("mask", mask)
    check_mask(missing, pixels.shape[:2], colours, options)
    floats = pixels.astype(arithmetic(pixels.dtype))
    floats[missing] = np.nan
    result = filter_pixels(floats, False, steps, options)
    dtype = np.dtype(options.dtype or pixels.dtype)
    return postprocess(np.nan_to_num(result) if dtype.kind == "u" else result, dtype)


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
