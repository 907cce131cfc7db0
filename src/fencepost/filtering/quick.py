"""One kernel over a small image, in a few microseconds: what can be known before is kept.

A call is plain if nothing but one kernel, a boundary, `scale` and `offset` was given, and the image
is an array without alpha. All else goes the long way, which has the words for what cannot be.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..convolution.apply import prepare_image
from ..convolution.methods.direct import Prepared
from ..kernels import Kernel
from .options import Options
from .steps import as_steps

__all__ = ["filter_small"]

_LARGEST = 1 << 16  # pixels, up to which the time of a call is what matters
_LARGEST_KERNEL = 1 << 10
_KINDS = {
    np.dtype(np.uint8): "B",
    np.dtype(np.uint16): "H",
    np.dtype(np.float32): "f",
    np.dtype(np.float64): "d",
}


def filter_small(
    image: Any, kernel: Any, boundary: Any, operation: Any, scale: Any, offset: Any
) -> np.ndarray[Any, Any] | None:
    """Filter a small image by a single kernel, or return None where there is more to it."""
    if type(image) is not np.ndarray or image.size > _LARGEST:
        return None
    kind = _KINDS.get(image.dtype)
    if kind is None:
        return None
    matrix: Any = kernel
    origin = None
    if type(kernel) is Kernel:
        matrix, origin = kernel.matrix, kernel.origin
    try:
        if type(matrix) is np.ndarray:
            if matrix.size > _LARGEST_KERNEL:
                return None
            matrix = matrix.tobytes(), matrix.dtype.str, matrix.shape
        elif type(matrix) is not str:
            return None
        prepared = _prepared(image.shape, kind, matrix, origin, boundary, operation, scale, offset)
    except TypeError:  # an argument that cannot be kept
        return None
    if prepared is None:
        return None
    plan, weights = prepared
    source = np.ascontiguousarray(image, np.float64 if kind == "H" else None)
    result = plan.run(source, weights)
    return result[..., 0] if image.ndim == 2 else result


@functools.lru_cache(maxsize=128, typed=True)
def _prepared(
    shape: tuple[int, ...],
    kind: str,
    matrix: Any,
    origin: tuple[int, ...] | None,
    boundary: Any,
    operation: str,
    scale: float,
    offset: float,
) -> tuple[Prepared, np.ndarray[Any, Any]] | None:
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)) or 0 in shape:
        return None
    options = Options.read(boundary, operation=operation, scale=scale, offset=offset)
    if not isinstance(matrix, str):
        values, dtype, sizes = matrix
        if np.dtype(dtype).kind not in "biuf":
            return None
        matrix = Kernel(np.frombuffer(values, dtype).reshape(sizes), origin=origin)
    step = as_steps(matrix)[0]
    laid = step.kernels[0] if operation == "correlate" else step.kernels[0].flipped()
    with np.errstate(over="ignore"):
        weights = scale * laid.matrix
    too_large = options.boundary.kind == "none" and any(np.greater(laid.shape, shape[:2]))
    if step.together is not None or too_large or max(np.abs(weights).max(), abs(offset)) > 1e30:
        return None
    rows, columns, channels = (*shape, 1)[:3]
    row, column = laid.origin
    size, at = (rows, columns, channels), (row, column)
    plan = prepare_image(size, kind, weights, at, options.boundary, offset)
    arithmetic = np.float64 if kind in "dH" else np.float32
    return (plan, np.ascontiguousarray(weights, arithmetic)) if plan else None
