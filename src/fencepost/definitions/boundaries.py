"""Arrays of any number of axes, and what stands beyond their edges, by definition.

Each boundary is defined by walking: a coordinate outside is brought closer, one step at a time,
until it is inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def extended_index(i: int, size: int, boundary: str) -> int | None:
    """Return the index of 0 … size − 1 that stands at coordinate i, None if it is the fill.

    Names and drawings are those of ``scipy.ndimage``:

    - "reflect": d c b a | a b c d | d c b a, mirrored at the edge of the first and last element
    - "mirror": d c b | a b c d | c b a, mirrored at their middle
    - "nearest": a a a a | a b c d | d d d d
    - "wrap": a b c d | a b c d | a b c d

    >>> [extended_index(i, 4, "mirror") for i in range(-2, 6)]
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    while not 0 <= i < size:
        if boundary == "fill":
            return None
        if boundary == "nearest":
            i += 1 if i < 0 else -1
        elif boundary == "wrap":
            i += size if i < 0 else -size
        elif boundary == "reflect":
            i = -1 - i if i < 0 else 2 * size - 1 - i
        elif boundary == "mirror":
            if size == 1:
                return 0
            i = -i if i < 0 else 2 * size - 2 - i
    return i


def extended_at(f: ArrayLike, at: Sequence[int], boundary: str, fill: float = 0.0) -> float:
    """Return the element at a coordinate of f or beyond its edges."""
    f = as_float(f)
    index = [extended_index(i, size, boundary) for i, size in zip(at, f.shape, strict=True)]
    return float(fill) if None in index else float(f[tuple(index)])


def convolution_at(
    f: ArrayLike,
    g: ArrayLike,
    at: Sequence[int],
    origin: Sequence[int],
    boundary: str = "fill",
    fill: float = 0.0,
) -> float:
    """Return (f ∗ g)(x) = Σᵢ f(i) · g(x − i) over any number of axes.

    Parameters
    ----------
    f, g : array_like, with equally many axes
    at : sequence of int
        The coordinates x, inside f or not.
    origin : sequence of int
        The indices in g of the element with coordinate 0.
    boundary : {"fill", "reflect", "mirror", "nearest", "wrap"}
        What stands beyond f's edges.
    fill : float
        With "fill": 0 omits the terms where f is not defined.

    >>> convolution_at([1, 2, 3], [10, 20], (0,), (0,), "wrap")  # 1·10 + 3·20
    70.0
    """
    return sum(value * weight for value, weight in _factors(f, g, at, origin, boundary, fill))


def correlation_at(
    f: ArrayLike,
    g: ArrayLike,
    at: Sequence[int],
    origin: Sequence[int],
    boundary: str = "fill",
    fill: float = 0.0,
) -> float:
    """Return Σᵢ f(x + i) · g(i), as `convolution_at` but without the flip of g."""
    factors = _factors(f, g, at, origin, boundary, fill, flip=False)
    return sum(value * weight for value, weight in factors)


def normalized_convolution_at(
    f: ArrayLike,
    g: ArrayLike,
    at: Sequence[int],
    origin: Sequence[int],
    boundary: str = "fill",
    fill: float = 0.0,
) -> float:
    """Return Σᵢ f(i) · g(x − i) · Σg / Σᵢ g(x − i), over the i at which f is not NaN.

    Arguments are those of `convolution_at`. What stands beyond the edges counts as present; NaN if
    the weights that count add up to 0.

    >>> normalized_convolution_at([1, float("nan"), 4], [1, 1, 1], (1,), (1,))  # (1 + 4) · 3 / 2
    7.5
    """
    factors = _factors(f, g, at, origin, boundary, fill)
    present = [term for term in factors if not math.isnan(term[0])]
    share = sum(weight for _, weight in present)
    total = sum(value * weight for value, weight in present)
    return total * float(as_float(g).sum()) / share if share else math.nan


def _factors(
    f: ArrayLike,
    g: ArrayLike,
    at: Sequence[int],
    origin: Sequence[int],
    boundary: str = "fill",
    fill: float = 0.0,
    *,
    flip: bool = True,
) -> Iterator[tuple[float, float]]:
    """Yield f(x − i) and g(i) for every element of g; without the flip f(x + i)."""
    g = as_float(g)
    for index in np.ndindex(g.shape):
        steps = [k - o for k, o in zip(index, origin, strict=True)]
        i = [x - step if flip else x + step for x, step in zip(at, steps, strict=True)]
        yield extended_at(f, i, boundary, fill), float(g[index])


def convolve(
    f: ArrayLike,
    g: ArrayLike,
    mode: str,
    origin: Sequence[int],
    boundary: str = "fill",
    fill: float = 0.0,
) -> Array:
    """Return (f ∗ g)(x) for every x of a mode.

    "full": every x where a term is defined; "same": every x of f; "valid": every x whose terms
    are all defined. Only for "same" does it matter where g's origin is.

    Examples
    --------
    >>> convolve([10, 9, 10, 1], [1, 1, 1], "valid", (0,))
    array([29., 20.])
    """
    f, g = as_float(f), as_float(g)
    if mode != "same":
        origin = (0,) * g.ndim
    axes = zip(f.shape, g.shape, strict=True)
    coordinates = [
        range(n) if mode == "same" else range(n + k - 1) if mode == "full" else range(k - 1, n)
        for n, k in axes
    ]
    points = [
        [axis[i] for axis, i in zip(coordinates, index, strict=True)]
        for index in np.ndindex(*map(len, coordinates))
    ]
    values = [convolution_at(f, g, at, origin, boundary, fill) for at in points]
    return np.array(values).reshape([len(axis) for axis in coordinates])
