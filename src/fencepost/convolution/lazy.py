"""Convolution of arrays of Dask: lazily, block by block, with the results of the whole array."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice
from ..errors import DataError
from . import apply, missing
from .blocks import BlockLocation, check_lazy, cut, is_lazy, map_blocks
from .boundaries import parse_boundary
from .parsing import MODES, ConvolutionCall, lay_kernel, parse_array

if TYPE_CHECKING:
    import dask.array

__all__ = ["convolved"]


def convolved(
    f: dask.array.Array,
    g: Any,
    mode: str,
    boundary: Any,
    origin: Any,
    axes: Any,
    method: str,
    nan: str,
    mask: Any,
    *,
    flip: bool,
) -> dask.array.Array:
    """Lay out the convolution (`flip`) or correlation of an array of Dask; compute nothing.

    Arguments and errors are those of `convolve`, but that an array of unknown sizes is refused.
    """
    choice("mode", mode, MODES)
    check_lazy("f", f)
    parse_array("f", np.broadcast_to(np.zeros((), f.dtype), f.shape))
    edges = parse_boundary(boundary)
    laid = lay_kernel(f.shape, f.dtype, g, mode, edges, origin, axes, flip=flip)
    cuts = {
        axis: cut(f.chunks[axis], before, size - 1 - before, laid.mode, edges)
        for axis, size, before in zip(laid.axes, laid.g.shape, laid.origins, strict=True)
    }
    arrays = [f]
    if mask is not None:
        arrays.append(_like(f, mask))
    masked = isinstance(f._meta, np.ma.MaskedArray)
    dtype = _dtype(laid.dtype, nan, mask is not None, masked)
    meta = np.empty((0,) * f.ndim, dtype)
    block = functools.partial(
        _block, g=g, origin=origin, axes=laid.axes if axes is None else axes, method=method,
        boundary=boundary, nan=nan, flip=flip, dtype=dtype,
    )  # fmt: skip
    name = "convolve" if flip else "correlate"
    return map_blocks(block, arrays, cuts, name, np.ma.masked_array(meta) if masked else meta)


def _like(f: dask.array.Array, mask: Any) -> dask.array.Array:
    """Return a mask in chunks like those of `f`."""
    import dask.array as da

    if not is_lazy(mask):
        mask = da.from_array(np.asarray(mask), chunks=-1)
    if mask.dtype != bool or mask.shape != f.shape:
        raise DataError(missing.mask_rule(mask.dtype, mask.shape, f.shape))
    return mask.rechunk(f.chunks)


def _dtype(dtype: np.dtype[Any], nan: str, given: bool, masked: bool) -> np.dtype[Any]:
    """Return the dtype of results, some of which may be missing: it cannot hang on their values."""
    if dtype.kind != "i" or not (given or masked) or (masked and nan == "propagate"):
        return dtype
    return np.dtype(np.float64)


def _block(
    f: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    *,
    locations: Mapping[int, BlockLocation],
    g: Any,
    boundary: Any,
    origin: Any,
    axes: Any,
    method: str,
    nan: str,
    flip: bool,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """Compute the results of one block, `f` with what it reads of its neighbours."""

    def compute(f: Any, g: Any, boundary: Any) -> NDArray[Any]:
        edges = parse_boundary(boundary)
        laid = lay_kernel(f.shape, f.dtype, g, "same", edges, origin, axes, flip=flip)
        indices = tuple(
            locations[axis].window_indices(edges, before, size - 1 - before)
            for axis, size, before in zip(laid.axes, laid.g.shape, laid.origins, strict=True)
        )
        call = ConvolutionCall(f, laid.g, laid.axes, indices, edges.value, laid.dtype, method)
        return apply.correlated(call)

    if nan == "ignore" or mask is not None or isinstance(f, np.ma.MaskedArray):
        result = missing.convolved(f, g, boundary, nan, mask, compute, flip=flip)
    else:
        result = compute(f, g, boundary)
    return result.astype(dtype, copy=False)
