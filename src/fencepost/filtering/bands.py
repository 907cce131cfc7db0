"""An image band by band, so that what is computed on the way takes little memory.

Each band of rows is filtered with so many rows above and below it that its own come out as they do
of the whole image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _engine
from .chains import filter_chain, is_chained
from .channels import filter_rows
from .options import Options
from .pixels import arithmetic
from .responses import full_scale, passes_over
from .steps import Step

__all__ = ["LARGE", "filter_bands", "filter_pixels", "result_height"]

Pixels = NDArray[Any]
_BAND = 1 << 18  # elements of the image in a band: with its floats, what a cache holds
_LUMA_BAND = 1 << 21  # where a float stands for three elements, and calls take longer than it
LARGE = 1 << 19  # elements of an image, from which memory matters
CHAINED = 1 << 20  # likewise, from which it may take some time to save it
_LARGEST = 1e20  # of numbers whose sums, of many steps, are none that may become NaN
_HALO_SHARE = 4  # a band has so many times the rows that are added to it


def filter_pixels(
    pixels: Pixels, has_alpha: bool, steps: tuple[Step, ...], options: Options
) -> Pixels:
    """Return the pixels (H, W, C) after all steps, with nothing rounded in between."""
    if options.nan == "ignore" and not _may_have_nan(pixels):
        options = replace(options, nan="propagate")
    opaque = not has_alpha or bool((pixels[..., -1] == full_scale(pixels.dtype)).all())
    if pixels.size <= LARGE or _is_written_at_once(pixels, opaque, steps, options):
        return filter_rows(pixels, has_alpha, opaque, steps, options)
    if pixels.size > CHAINED and is_chained(pixels.shape, steps, options):
        return filter_chain(pixels, has_alpha, opaque, steps, options)
    bands = filter_bands(
        lambda start, stop: pixels[start:stop], pixels.shape, has_alpha, opaque, steps, options
    )
    at, first = next(bands)
    rows = result_height(len(pixels), steps, options)
    if len(first) == rows:
        return first
    out = _engine.empty((rows, *first.shape[1:]), first.dtype)
    out[at : at + len(first)] = first
    for at, band in bands:
        out[at : at + len(band)] = band
    return out


def _may_have_nan(pixels: Pixels) -> bool:
    """Whether NaN stands among pixels, or may come of infinities or of sums of numbers so large."""
    if pixels.dtype.kind == "u":
        return False
    few = max(_BAND // (pixels.shape[1] * pixels.shape[2]), 1)
    bands = (pixels[at : at + few] for at in range(0, len(pixels), few))
    return not all(np.abs(band).max() < _LARGEST for band in bands)


def _is_written_at_once(
    pixels: Pixels, opaque: bool, steps: tuple[Step, ...], options: Options
) -> bool:
    """Whether the result is made with no image of floats in between, without bands."""
    step = steps[0]
    if len(steps) > 1 or step.together or options.magnitude:
        return False
    if options.luminance:
        return False
    if options.dtype and np.dtype(options.dtype).itemsize < arithmetic(pixels.dtype).itemsize:
        return False  # which would be made of an image of float64
    if step.is_in_passes:
        return passes_over(pixels.shape, pixels.dtype, step.kernels[0], options) is not None
    return opaque


def result_height(height: int, steps: tuple[Step, ...], options: Options) -> int:
    """Return how many rows the result of an image has."""
    return height - _halo(steps) if options.boundary.kind == "none" else height


def _halo(steps: tuple[Step, ...]) -> int:
    return sum(step.kernels[0].shape[0] - 1 for step in steps)


def filter_bands(
    read: Callable[[int, int], Pixels],
    shape: tuple[int, ...],
    has_alpha: bool,
    opaque: bool,
    steps: tuple[Step, ...],
    options: Options,
    *,
    multiple: int = 1,
) -> Iterator[tuple[int, Pixels]]:
    """Yield the result of an image (H, W, C) from top to bottom: each band's first row, and it.

    `read`: Gives rows (N, W, C) of the image, from one to another. `shape` [(H, W, C)]. `opaque`:
    Whether no pixel of the whole image is transparent. `multiple`: Of which the height of every
    band but the last is one.
    """
    height, width, channels = shape
    halo = _halo(steps)
    kind = options.boundary.kind
    responses = max(len(step.kernels) for step in steps)  # all are held at once
    usual = _LUMA_BAND if options.luminance and options.nan == "propagate" else _BAND
    rows = max(2 * usual // (width * channels * max(responses, 2)), _HALO_SHARE * halo, 1)
    rows += -rows % multiple
    length = result_height(height, steps, options)
    if length <= rows or height <= 2 * halo:
        yield 0, filter_rows(read(0, height), has_alpha, opaque, steps, options)
        return
    whole = min(rows + 2 * halo, height)
    for at in range(0, length, rows):
        stop = min(at + rows, length)
        if kind == "none":
            yield at, filter_rows(read(at, stop + halo), has_alpha, opaque, steps, options)
            continue
        low, high = at - halo, stop + halo
        if kind == "wrap":
            inside = read(max(low, 0), min(high, height))
            above = read(height + low, height) if low < 0 else inside[:0]
            below = read(0, high - height) if high > height else inside[:0]
            inside = np.concatenate([above, inside, below])
            del above, below
        else:  # as many rows in every band, so that the next takes the memory of the last
            low = min(max(low, 0), height - whole)
            inside = read(low, low + whole)
        band = filter_rows(inside, has_alpha, opaque, steps, options)
        del inside
        yield at, band[at - low : stop - low]
        del band  # before the next is made
