"""Convolution and cross-correlation of lists (1D) and of matrices (2D), by definition.

Terms where f or g is not defined are omitted, that is, counted as 0. `origin` is the index in g
of the element with coordinate 0: the first one for a causal signal filter, the middle one for the
kernels of image processing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def convolution_1d_at(f: ArrayLike, g: ArrayLike, x: int, origin: int = 0) -> float:
    """Return (f ∗ g)(x) = Σᵢ f(i) · g(x − i).

    Parameters
    ----------
    f, g : array_like, 1D
        Summed over the elements of g, j = x − i: the same terms, in another order.
    x : int
        A coordinate of f, inside it or not.
    origin : int
        The index in g of the element with coordinate 0.

    >>> convolution_1d_at([1, 2, 3], [10, 20], 1)  # 1·20 + 2·10
    40.0
    """
    f, g = as_float(f), as_float(g)
    total = 0.0
    for index in range(len(g)):
        j = index - origin
        if 0 <= x - j < len(f):
            total += f[x - j] * g[index]
    return float(total)


def convolve_1d(f: ArrayLike, g: ArrayLike, origin: int = 0) -> Array:
    """Return (f ∗ g)(x) for every x of f.

    >>> convolve_1d([10, 9, 10, 1], [1, 1, 1])
    array([10., 19., 29., 20.])
    """
    return np.array([convolution_1d_at(f, g, x, origin) for x in range(len(as_float(f)))])


def convolve_1d_full(f: ArrayLike, g: ArrayLike) -> Array:
    """Return (f ∗ g)(x) for every x where a term is defined, with the origin in g's first element.

    >>> convolve_1d_full([1, 2], [10, 20, 30])
    array([10., 40., 70., 60.])
    """
    size = len(as_float(f)) + len(as_float(g)) - 1
    return np.array([convolution_1d_at(f, g, x) for x in range(size)])


def correlation_1d_at(f: ArrayLike, g: ArrayLike, x: int, origin: int = 0) -> float:
    """Return Σᵢ f(x + i) · g(i): convolution without the flip of g.

    >>> correlation_1d_at([1, 2, 3], [10, 20], 1)  # 2·10 + 3·20
    80.0
    """
    f, g = as_float(f), as_float(g)
    total = 0.0
    for index in range(len(g)):
        i = index - origin
        if 0 <= x + i < len(f):
            total += f[x + i] * g[index]
    return float(total)


def correlate_1d(f: ArrayLike, g: ArrayLike, origin: int = 0) -> Array:
    """Return the correlation of f with g at every x of f."""
    return np.array([correlation_1d_at(f, g, x, origin) for x in range(len(as_float(f)))])


def convolution_2d_at(
    f: ArrayLike, g: ArrayLike, at: tuple[int, int], origin: tuple[int, int] = (0, 0)
) -> float:
    """Return (f ∗ g)(x, y) = Σᵢ Σⱼ f(i, j) · g(x − i, y − j): g is flipped over both axes.

    Parameters
    ----------
    f, g : array_like, 2D
        Indexed as written: the first coordinate counts rows.
    at : (int, int)
        The coordinates (x, y), inside f or not.
    origin : (int, int)
        The indices in g of the element with coordinates (0, 0).

    >>> convolution_2d_at([[1, 2], [3, 4]], [[1, 10], [100, 1000]], (1, 1))
    1234.0
    """
    f, g = as_float(f), as_float(g)
    total = 0.0
    for row in range(g.shape[0]):
        for column in range(g.shape[1]):
            i = at[0] - (row - origin[0])
            j = at[1] - (column - origin[1])
            if 0 <= i < f.shape[0] and 0 <= j < f.shape[1]:
                total += f[i, j] * g[row, column]
    return float(total)


def convolve_2d(f: ArrayLike, g: ArrayLike, origin: tuple[int, int] = (0, 0)) -> Array:
    """Return (f ∗ g)(x, y) for every element of f.

    >>> convolve_2d([[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 2], [3, 4]])
    array([[0., 0., 0.],
           [0., 1., 2.],
           [0., 3., 4.]])
    """
    f = as_float(f)
    return _over(f.shape, lambda at: convolution_2d_at(f, g, at, origin))


def convolve_2d_full(f: ArrayLike, g: ArrayLike) -> Array:
    """Return (f ∗ g)(x, y) wherever a term is defined, with the origin in g's first element."""
    f, g = as_float(f), as_float(g)
    size = (f.shape[0] + g.shape[0] - 1, f.shape[1] + g.shape[1] - 1)
    return _over(size, lambda at: convolution_2d_at(f, g, at))


def correlation_2d_at(
    f: ArrayLike, g: ArrayLike, at: tuple[int, int], origin: tuple[int, int] = (0, 0)
) -> float:
    """Return Σᵢ Σⱼ f(x + i, y + j) · g(i, j): convolution without the flip of g.

    >>> correlation_2d_at([[1, 2], [3, 4]], [[1, 10], [100, 1000]], (0, 0))
    4321.0
    """
    f, g = as_float(f), as_float(g)
    total = 0.0
    for row in range(g.shape[0]):
        for column in range(g.shape[1]):
            i = at[0] + (row - origin[0])
            j = at[1] + (column - origin[1])
            if 0 <= i < f.shape[0] and 0 <= j < f.shape[1]:
                total += f[i, j] * g[row, column]
    return float(total)


def correlate_2d(f: ArrayLike, g: ArrayLike, origin: tuple[int, int] = (0, 0)) -> Array:
    """Return the correlation of f with g at every element of f."""
    f = as_float(f)
    return _over(f.shape, lambda at: correlation_2d_at(f, g, at, origin))


def _over(shape: tuple[int, ...], value: Callable[[tuple[int, int]], float]) -> Array:
    rows, columns = shape
    return np.array([[value((x, y)) for y in range(columns)] for x in range(rows)])
