"""Elements that are missing: NaN, or masked. They spread to what touches them, or do not count.

With ``nan="ignore"``, the sum is taken over the elements that are there, and divided by their share
of the kernel: (f ∗ g)(x) = Σᵢ f(i) g(x − i) · Σg / Σᵢ g(x − i), over the i that are not missing
(H. Knutsson, C.-F. Westin, "Normalized and differential convolution", CVPR 1993; Astropy's
``convolve`` does the same). What stands beyond the edges counts as present.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import as_array
from ..errors import ArgumentError, DataError
from ..kernels import Kernel
from .boundaries import parse_boundary
from .parsing import parse_array

NAN = ("propagate", "ignore")
Compute = Callable[[Any, Any, Any], NDArray[Any]]  # of f, g and a boundary


def convolved(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    boundary: Any,
    nan: str,
    mask: Any,
    compute: Compute,
    *,
    flip: bool,
) -> NDArray[Any]:
    """Compute a convolution (`flip`) or correlation of an array with missing elements.

    A masked array gives a masked one.
    """
    masked = isinstance(f, np.ma.MaskedArray)
    array = parse_array("f", f.filled(0) if isinstance(f, np.ma.MaskedArray) else f)
    missing = _mask(array, mask)
    if isinstance(f, np.ma.MaskedArray):
        missing |= np.ma.getmaskarray(f)
    if array.dtype.kind in "fc" and nan == "ignore":
        missing |= np.isnan(array)
    if not missing.any():
        result = compute(array, g, boundary)
        return np.ma.masked_array(result) if masked else result
    clean = np.where(missing, array.dtype.type(0), array)
    if nan == "propagate":
        result, lost = compute(clean, g, boundary), _counts(missing, g, boundary, compute) > 0
    else:
        result, lost = _normalized(clean, missing, g, boundary, compute, flip=flip)
    if masked:
        return np.ma.masked_array(result, lost)
    if lost.any():
        result = result.astype(np.result_type(result, np.float32), copy=False)
        result[lost] = np.nan
    return result


def _mask(array: NDArray[Any], mask: Any) -> NDArray[np.bool_]:
    if mask is None:
        return np.zeros(array.shape, bool)
    given = as_array("mask", mask)
    if given.dtype != bool or given.shape != array.shape:
        raise DataError(mask_rule(given.dtype, given.shape, array.shape))
    return given.copy()


def mask_rule(dtype: np.dtype[Any], shape: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Say what a mask must be, and what was received."""
    return (
        "mask must be True or False for each element of f, True where it is missing. Received: "
        f"dtype {dtype} of shape {shape}, f of shape {expected}."
    )


def _counts(
    missing: NDArray[np.bool_], g: ArrayLike | Kernel, boundary: Any, compute: Compute
) -> NDArray[Any]:
    """Return how many missing elements each window has."""
    edges = parse_boundary(boundary)
    ones: Any = np.ones(np.shape(g.matrix if isinstance(g, Kernel) else g), np.int64)
    if isinstance(g, Kernel):
        ones = Kernel(ones, origin=g.origin)
    counts = compute(missing.astype(np.float32), ones, 0 if edges.kind == "fill" else boundary)
    return np.rint(counts)


def _normalized(
    clean: NDArray[Any],
    missing: NDArray[np.bool_],
    g: ArrayLike | Kernel,
    boundary: Any,
    compute: Compute,
    *,
    flip: bool,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the sums over what is there, normalised, and where nothing is."""
    weights = np.asarray(g.matrix if isinstance(g, Kernel) else parse_array("g", g))
    # NumPy sums float16 in float16, and integers as they wrap.
    weights = weights.astype(np.result_type(weights, np.float64))
    if not flip:
        weights = weights.conj()
    total, magnitude = weights.sum(), float(np.abs(weights).sum())
    dtype = np.float32 if clean.dtype == np.float32 else np.float64
    rounding = weights.size * float(np.finfo(dtype).eps)
    if abs(total) <= rounding * magnitude:
        raise ArgumentError(
            'with nan="ignore", the weights of g must not add up to 0: each result is divided by '
            f"the sum of the weights used. Received: weights that add up to {total}."
        )
    edges = parse_boundary(boundary)
    present = (~missing).astype(dtype)
    shares = compute(present, g, 1 if edges.kind == "fill" else boundary)
    touched = _counts(missing, g, boundary, compute) > 0
    lost = touched & (np.abs(shares) <= rounding * magnitude)
    result = compute(clean, g, boundary)
    if result.dtype.kind == "i":
        result = result.astype(np.float64)
    # By a power of two, which rounds nothing: results times the total may leave the range.
    exponent = min(-math.frexp(magnitude)[1], int(np.finfo(shares.dtype).maxexp) - 2)
    unit = np.ldexp(np.ones((), shares.real.dtype), exponent)
    shares, scaled = shares * unit, total * float(unit)
    with np.errstate(invalid="ignore"):  # infinities of complex numbers
        np.divide(result * scaled, shares, out=result, where=touched & ~lost, casting="same_kind")
    return result, lost
