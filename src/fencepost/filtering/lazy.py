"""`filter_image` for arrays of Dask: lazily, block by block, equal to the image as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..convolution.blocks import (
    AxisBlocks,
    BlockLocation,
    check_lazy,
    cut,
    is_lazy,
    map_blocks,
    map_stored,
)
from .bands import filter_pixels
from .channels import check_luminance
from .masks import check_mask, filter_masked
from .options import Options
from .pixels import from_array, has_alpha
from .responses import check_fits, margins
from .steps import Step

if TYPE_CHECKING:
    import dask.array

__all__ = ["filtered", "filtered_from"]


def filtered(
    image: dask.array.Array, steps: tuple[Step, ...], options: Options, mask: Any = None
) -> dask.array.Array:
    """Lay out what `filter_image` does with an image of Dask; compute nothing.

    Whether a pixel is transparent is asked of each block, not of the whole image.
    """
    check_lazy("image", image)
    stand_in, colours = from_array(np.broadcast_to(np.zeros((), image.dtype), image.shape))
    arrays = [image.rechunk({2: -1}) if image.ndim == 3 else image]
    if mask is not None:
        arrays.append(_mask(image, mask, colours, options))
    cuts = _cuts(lambda axis, before, after: image.chunks[axis], image.shape, steps, options)
    check_luminance(options.luminance, colours)
    block = partial(_block, steps=steps, options=options, colours=colours)
    meta = np.empty((0,) * image.ndim, options.dtype or stand_in.dtype)
    return map_blocks(block, arrays, cuts, "filter_image", meta)


def filtered_from(
    source: Any,
    block_shape: tuple[int, ...],
    colours: str | None,
    steps: tuple[Step, ...],
    options: Options,
) -> dask.array.Array:
    """Do what `filtered` does with an image in a file, (H, W) or (H, W, C); see `map_stored`.

    Blocks of the result begin at multiples of `block_shape`. `colours`: What the channels are,
    where their number does not say it.
    """
    shape = source.shape
    stand_in, counted = from_array(np.broadcast_to(np.zeros((), source.dtype), shape))
    colours = colours or counted
    check_luminance(options.luminance, colours)

    def chunks(axis: int, before: int, after: int) -> tuple[int, ...]:
        inside = options.boundary.kind == "none"
        results = shape[axis] - (before + after if inside else 0)
        length = block_shape[axis]
        regular = [min(length, results - start) for start in range(0, results, length)]
        if inside:  # the first and the last block have no results at the border
            regular[0] += before
            regular[-1] += after
        return tuple(regular)

    cuts = _cuts(chunks, shape, steps, options)
    block = partial(_block, steps=steps, options=options, colours=colours)
    meta = np.empty((0,) * len(shape), options.dtype or stand_in.dtype)
    whole = tuple((size,) for size in shape)
    return map_stored(block, source, whole, cuts, "filter_image", meta)


def _cuts(
    chunks: Callable[[int, int, int], tuple[int, ...]],
    shape: tuple[int, ...],
    steps: tuple[Step, ...],
    options: Options,
) -> dict[int, AxisBlocks]:
    """Return the blocks of rows and columns, of the chunks along an axis for these margins."""
    check_fits(shape, steps, options)
    mode = "valid" if options.boundary.kind == "none" else "same"
    each_step = [margins(step, options) for step in steps]
    cuts = {}
    for axis in (0, 1):
        before, after = (sum(margin[axis][side] for margin in each_step) for side in (0, 1))
        cuts[axis] = cut(chunks(axis, before, after), before, after, mode, options.boundary)
    return cuts


def _mask(image: dask.array.Array, mask: Any, colours: str, options: Options) -> dask.array.Array:
    import dask.array as da

    if not is_lazy(mask):
        mask = da.from_array(np.asarray(mask), chunks=-1)
    check_mask(mask, image.shape[:2], colours, options)
    mask = mask.rechunk(image.chunks[:2])
    return mask[..., None] if image.ndim == 3 else mask


def _block(
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    *,
    locations: Mapping[int, BlockLocation],
    steps: tuple[Step, ...],
    options: Options,
    colours: str,
) -> NDArray[Any]:
    """Filter one block with what it reads of its neighbours, and keep its own results."""
    pixels, _ = from_array(image)
    if mask is None:
        result = filter_pixels(pixels, has_alpha(colours), steps, options)
    else:
        missing = mask.reshape(pixels.shape[:2])
        result = filter_masked(pixels, missing, colours, steps, options)
    interiors = []
    for axis, location in locations.items():
        # Without the border, the first result is not that of the first pixel.
        skipped = 0
        if options.boundary.kind == "none":
            skipped = sum(margins(step, options)[axis][0] for step in steps)
        low = location.first - location.start - skipped
        interiors.append(slice(low, low + location.stop - location.first))
    result = result[tuple(interiors)]
    return result if image.ndim == 3 else result[..., 0]
