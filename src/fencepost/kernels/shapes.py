"""Shapes and origins of kernels, checked: as many weights as there may be, odd sizes, nD."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import integer, is_sequence, per_axis, real
from ..arrays import as_array
from ..errors import ArgumentError
from ..text import format_value
from . import tables

Array = NDArray[np.float64]
Size = int | Sequence[int]

# More weights than any kernel of use has, and few enough that a typing error costs little memory.
LARGEST = 2**24
LONGEST = 2**20  # along one axis
_MOST_AXES = 8


def as_ndim(ndim: Any, least: int = 1) -> int:
    """Return the number of axes: 1 for signals, 2 for images, 3 for volumes and so on."""
    return integer("ndim", ndim, least, _MOST_AXES)


def as_shape(size: Any, ndim: int, *, odd: bool = False) -> tuple[int, ...]:
    """Return a size for each axis, first that of the rows."""
    shape = per_axis("size", size, ndim, maximum=LONGEST)
    for side in shape:
        if odd and side % 2 == 0:
            raise ArgumentError(
                f"size must be odd, so that the kernel has a central element: {side - 1} or "
                f"{side + 1}. "
                f"Received: size={format_value(size)}"
            )
    return shape


def odd_size(size: Any, smallest: int, largest: int) -> int:
    """Return one odd size within bounds."""
    return as_shape(integer("size", size, smallest, largest), 1, odd=True)[0]


def positive(name: str, value: Any, largest: float = math.inf) -> float:
    """Return a finite number above 0, and at most the largest."""
    return real(name, value, 0.0, largest, above=True)


def check_size(shape: tuple[int, ...]) -> None:
    """Raise ArgumentError for more weights than a kernel may have: before they are made."""
    if math.prod(shape) > LARGEST:
        raise ArgumentError(
            f"A kernel must have at most {LARGEST:,} weights. Received: {tables.size(shape)}"
        )


def centre(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices of the middle element; of an even size, of the one after the middle."""
    return tuple(size // 2 for size in shape)


def as_weights(matrix: ArrayLike, most_axes: int = _MOST_AXES) -> Array:
    """Return a read-only copy in float64 of an array of finite real numbers, at least one."""
    name, rule = "A kernel", "an array of finite real numbers, at least one"
    if most_axes == 1:
        name, rule = "A factor", "a row of finite real numbers, at least one"
    given = as_array(name, matrix, rule, kinds="biuf", error=ArgumentError)
    rule = f"{name} must be {rule}."
    if not 1 <= given.ndim <= most_axes or not given.size:
        raise ArgumentError(f"{rule} Received: an array of shape {given.shape}")
    check_size(given.shape)
    weights = np.array(given, np.float64, order="C") + 0.0  # -0.0 would be told from 0.0 by hash
    if not np.isfinite(weights).all():
        index = tuple(map(int, np.argwhere(~np.isfinite(weights))[0]))
        raise ArgumentError(f"{rule} Received: {weights[index]} at {index}")
    weights.flags.writeable = False
    return weights


def as_origin(origin: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices of the element that stands for coordinate 0, the centre by default."""
    if origin is None:
        return centre(shape)
    given = tuple(origin) if is_sequence(origin) else (origin,)
    try:
        indices = tuple(operator.index(index) for index in given)
    except TypeError:
        indices = ()
    inside = (0 <= index < size for index, size in zip(indices, shape, strict=False))
    if len(indices) != len(shape) or not all(inside):
        raise ArgumentError(
            f"origin must be one index for each axis, inside {tables.size(shape)}. "
            f"Received: origin={format_value(origin)}"
        )
    return indices


def outer(*factors: Array) -> Array:
    """Return the array whose elements are the products of its factors' (one factor: itself)."""
    return functools.reduce(np.multiply.outer, factors)
