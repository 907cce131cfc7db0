"""What can be made of kernels: turned, one after the other, added.

A kernel is a matrix with an origin here, so that `Kernel` can be built on these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arguments import real
from ..errors import ArgumentError
from . import analysis, tables
from .shapes import centre, check_size

Array = NDArray[np.float64]
Indices = tuple[int, ...]


def rotate(matrix: Array, origin: Indices, degrees: float) -> tuple[Array, Indices]:
    """Turn a matrix counterclockwise by a multiple of 90°, or of 45° if it is an odd square."""
    steps, remainder = divmod(real("degrees", degrees, -1e6, 1e6), 45)
    if remainder:
        raise ArgumentError(
            "degrees must be a multiple of 90, or of 45 for a square kernel of odd size. "
            f"Received: degrees={degrees:g}"
        )
    turns, half = divmod(int(steps) % 8, 2)
    rows, columns = shape = matrix.shape
    if half:
        if rows != columns or rows % 2 == 0 or origin != centre(shape):
            raise ArgumentError(
                "degrees must be a multiple of 90 for a kernel that is not a square of odd size "
                f"with its origin in the middle. Received: degrees={degrees:g} for "
                f"{rows} × {columns} with origin {origin}"
            )
        return analysis.turn_rings(matrix, int(steps)), origin
    for _ in range(turns):
        origin = (shape[1] - 1 - origin[1], origin[0])
        shape = (shape[1], shape[0])
    return np.rot90(matrix, turns), origin


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused as not finite
def compose(first: Array, other: Array) -> Array:
    """Convolve two arrays in full."""
    shape = tuple(a + b - 1 for a, b in zip(first.shape, other.shape, strict=True))
    check_size(shape)
    large, small = (first, other) if first.size >= other.size else (other, first)
    result = np.zeros(shape)
    for index, weight in np.ndenumerate(small):
        if weight:
            result[_window(index, large.shape)] += weight * large
    return result


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused as not finite
def add(
    first: Array, origin: Indices, other: Array, other_origin: Indices, factor: float
) -> tuple[Array, Indices]:
    """Lay one kernel over the other, origin on origin, and add `factor` times the other."""
    axes = list(zip(first.shape, origin, other.shape, other_origin, strict=True))
    common = tuple(max(a, b) for _, a, _, b in axes)
    # As many elements before the origin as either has, and as many from it on.
    shape = tuple(max(a, b) + max(m - a, n - b) for m, a, n, b in axes)
    check_size(shape)
    result = np.zeros(shape)
    for matrix, own, weight in ((first, origin, 1.0), (other, other_origin, factor)):
        start = tuple(a - b for a, b in zip(common, own, strict=True))
        result[_window(start, matrix.shape)] += weight * matrix
    return result, common


def check_axes(first: Indices, other: Indices, verb: str) -> None:
    """Raise ArgumentError unless kernels of these shapes have as many axes."""
    if len(first) != len(other):
        raise ArgumentError(
            f"Only kernels of as many axes can be {verb}. "
            f"Received: {tables.size(first)} and {tables.size(other)}"
        )


def factors(array: Array) -> tuple[tuple[Array, ...], ...]:
    """Write an array of any number of axes as a sum of outer products, axis by axis."""
    if array.ndim <= 2:
        return analysis.factors(array)
    return tuple(
        (column, *term)
        for column, remainder in analysis.factors(array.reshape(len(array), -1))
        for term in factors(remainder.reshape(array.shape[1:]))
    )


def _window(start: Indices, shape: Indices) -> tuple[slice, ...]:
    """Return the part of an array that begins at `start` and has this shape."""
    return tuple(slice(at, at + size) for at, size in zip(start, shape, strict=True))
