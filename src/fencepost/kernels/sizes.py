"""Sizes and standard deviations of named kernels, checked: axes, odd sizes, one value an axis."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import integer, real
from ..errors import ArgumentError
from .kernel import LARGEST, check_size


def axes(ndim: Any) -> int:
    """Return the number of axes, 1 or 2."""
    return integer("ndim", ndim, 1, 2)


def per_axis(name: str, value: Any, ndim: int) -> tuple[Any, ...]:
    """Write a value for all axes, or one for each, as a tuple; rows come before columns."""
    if not isinstance(value, (tuple, list)):
        return (value,) * ndim
    if len(value) != ndim:
        rule = "one number" + (" or (rows, columns)" if ndim == 2 else " for the one axis")
        raise ArgumentError(f"{name} must be {rule}. Received: {name}={value!r}")
    return tuple(value)


def sizes(value: Any, ndim: int, *, odd: bool = False) -> tuple[int, ...]:
    """Return a size for each axis, together no more than a kernel may have."""
    found = tuple(integer("size", one, 1, LARGEST) for one in per_axis("size", value, ndim))
    for size in found:
        if odd and size % 2 == 0:
            raise ArgumentError(
                f"size must be odd, so that there is a middle cell: {size - 1} or {size + 1}. "
                f"Received: size={value!r}"
            )
    check_size(found)
    return found


def odd_size(value: Any, smallest: int, largest: int) -> int:
    """Return one odd size within bounds."""
    size = integer("size", value, smallest, largest)
    return sizes(size, 1, odd=True)[0]


def positive(name: str, value: Any, largest: float = math.inf) -> float:
    """Return a finite number above 0, and at most the largest."""
    number = real(name, value, 0.0, above=True)
    if number > largest:
        raise ArgumentError(f"{name} must be at most {largest:,}. Received: {name}={value!r}")
    return number
