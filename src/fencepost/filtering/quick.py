"""One kernel over an image, for which everything but the pixels is known from an earlier call.

A call is plain if nothing but one kernel, a boundary, `operation`, `scale`, `offset` and `alpha`
was given, and the image is an array. What follows from them is worked out once and kept by the
engine, which recognises the call when it comes again, in half a microsecond. All else goes the long
way, which has the words for what cannot be.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import _engine
from ..arrays import is_aligned
from ..convolution.apply import image_recipe
from ..kernels import Kernel
from .options import Options
from .pixels import DTYPES
from .steps import as_steps, in_passes

__all__ = ["filter_known"]

_LARGEST_KERNEL = 1 << 14  # weights that are kept with a recipe
_RECIPES = _engine.Recipes()
_run = _RECIPES.run


def filter_known(
    image: Any, kernel: Any, boundary: Any, operation: Any, scale: Any, offset: Any, alpha: Any
) -> np.ndarray[Any, Any] | None:
    """Filter an image by a single kernel, or return None where there is more to it."""
    if image is None or kernel is None:  # which the engine's function takes for no object
        return None
    result: Any = _run(image, kernel, boundary, operation, scale, offset, alpha)
    if result is None and _learn(image, kernel, boundary, operation, scale, offset, alpha):
        result = _run(image, kernel, boundary, operation, scale, offset, alpha)
    return result  # type: ignore[no-any-return]


def _learn(image: Any, kernel: Any, *arguments: Any) -> bool:
    """Add a recipe for a call, if there can be one."""
    if type(image) is not np.ndarray or image.dtype not in DTYPES or not image.dtype.isnative:
        return False
    if not (image.flags.c_contiguous and is_aligned(image)):
        return False
    matrix, origin = kernel, None
    if type(kernel) is Kernel:
        if in_passes(kernel):
            return False
        matrix, origin = kernel.matrix, kernel.origin
    try:
        if type(matrix) is np.ndarray:
            if matrix.size > _LARGEST_KERNEL:
                return False
            matrix = matrix.tobytes(), matrix.dtype.str, matrix.shape
        elif type(matrix) is not str or "@" in matrix:  # a file may change between calls
            return False
        recipe = _recipe(image.shape, image.dtype.char, matrix, origin, *arguments)
    except TypeError:  # an argument that cannot be kept
        return False
    if recipe is None:
        return False
    _RECIPES.add(image, kernel, arguments, **recipe)
    return True


@functools.lru_cache(maxsize=64, typed=True)
def _recipe(
    shape: tuple[int, ...],
    dtype: str,
    matrix: Any,
    origin: tuple[int, ...] | None,
    boundary: Any,
    operation: str,
    scale: float,
    offset: float,
    alpha: str,
) -> dict[str, Any] | None:
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (2,), (3,), (4,)) or 0 in shape:
        return None
    options = Options.read(boundary, operation=operation, scale=scale, offset=offset, alpha=alpha)
    if not isinstance(matrix, str):
        values, kind, sizes = matrix
        if np.dtype(kind).kind not in "biuf":
            return None
        matrix = Kernel(np.frombuffer(values, kind).reshape(sizes), origin=origin)
    step = as_steps(matrix)[0]
    has_alpha = shape[2:] in ((2,), (4,))
    if step.together is not None or step.is_in_passes or (has_alpha and alpha == "premultiply"):
        return None
    laid = step.kernels[0] if operation == "correlate" else step.kernels[0].flipped()
    with np.errstate(over="ignore"):
        weights = options.scale * laid.matrix
    too_large = options.boundary.kind == "none" and any(np.greater(laid.shape, shape[:2]))
    if too_large or not max(np.abs(weights).max(), abs(options.offset)) < 1e25:
        return None
    rows, columns, channels = (*shape, 1)[:3]
    row, column = laid.origin
    recipe = image_recipe(
        (rows, columns, channels),
        dtype,
        weights,
        (int(row), int(column)),
        options.boundary,
        options.offset,
        has_alpha,
    )
    if recipe is not None:
        results = recipe["out"].shape[1:]
        recipe["shape"] = results[:2] if len(shape) == 2 else results
        recipe["needs_opaque"] = has_alpha and alpha == "auto" and step.is_blur
    return recipe
