"""`filter_image` for arrays of Dask: lazily, block by block, equal to the image as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..convolution.blocks import Place, check_lazy, cut, is_lazy, map_blocks
from .bands import filter_pixels
from .channels import check_luminance
from .masks import check_mask, filter_masked
from .options import Options
from .pixels import from_array, has_alpha
from .responses import check_fits, reach
from .steps import Step

if TYPE_CHECKING:
    import dask.array

__all__ = ["filtered"]


def filtered(
    image: dask.array.Array, steps: tuple[Step, ...], options: Options, mask: Any = None
) -> dask.array.Array:
    """Lay out what `filter_image` does with an image of Dask; compute nothing.

    Whether a pixel is transparent is asked of each block, not of the whole image.
    """
    check_lazy("image", image)
    stand_in, colours = from_array(np.broadcast_to(np.zeros((), image.dtype), image.shape))
    check_luminance(options.luminance, colours)
    arrays = [image.rechunk({2: -1}) if image.ndim == 3 else image]
    if mask is not None:
        arrays.append(_mask(image, mask, colours, options))
    check_fits(stand_in.shape, steps, options)
    mode = "valid" if options.boundary.kind == "none" else "same"
    reaches = [reach(step, options) for step in steps]
    cuts = {}
    for axis in (0, 1):
        before, after = (sum(each[axis][side] for each in reaches) for side in (0, 1))
        cuts[axis] = cut(image.chunks[axis], before, after, mode, options.boundary)
    block = partial(_block, steps=steps, options=options, colours=colours)
    dtype = np.dtype(options.dtype or stand_in.dtype)
    return map_blocks(block, arrays, cuts, "filter_image", np.empty((0,) * image.ndim, dtype))


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
    places: Mapping[int, Place],
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
    kept = []
    for axis, place in places.items():
        # Without the border, the first result is not that of the first pixel.
        skipped = 0
        if options.boundary.kind == "none":
            skipped = sum(reach(step, options)[axis][0] for step in steps)
        low = place.first - place.start - skipped
        kept.append(slice(low, low + place.stop - place.first))
    result = result[tuple(kept)]
    return result if image.ndim == 3 else result[..., 0]
