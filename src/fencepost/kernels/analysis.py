"""The structure of a matrix of weights: its symmetry, its rank and factors, its rings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parity = Literal["even", "odd", "none"]

# Two weights are the same if they differ by less than this share of the largest.
_ROUNDING = 1e-12


class Symmetry(NamedTuple):
    """What becomes of a matrix when it is flipped: nothing (even), its sign (odd), or more.

    Flipped along the first axis (`up_down`; a row is even), along the last (`left_right`), along
    both, that is turned by 180° (`centre`: convolution and correlation are the same for an even
    kernel, and differ by the sign for an odd one), and rows and columns exchanged (`diagonal`).
    """

    up_down: Parity
    left_right: Parity
    centre: Parity
    diagonal: Parity

    def __str__(self) -> str:
        names = {
            "left_right": "left to right",
            "up_down": "up and down",
            "diagonal": "over the diagonal",
            "centre": "under half a turn",
        }
        symmetries = self._asdict()
        if self.up_down != "none" and self.left_right != "none":
            del symmetries["centre"]  # follows from the two
        parts = [f"{symmetries[key]} {words}" for key, words in names.items() if key in symmetries]
        return ", ".join(part for part in parts if not part.startswith("none")) or "none"


def symmetry(matrix: Array) -> Symmetry:
    """Find the symmetry of a row, a matrix, or an array of more axes."""
    matrix = np.atleast_2d(matrix)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 1
    return Symmetry(
        up_down=_parity(matrix, np.flip(matrix, 0)),
        left_right=_parity(matrix, np.flip(matrix, -1)),
        centre=_parity(matrix, np.flip(matrix)),
        diagonal=_parity(matrix, matrix.T) if square else "none",
    )


def _parity(matrix: Array, changed: Array) -> Parity:
    bound = _ROUNDING * float(np.abs(matrix).max())
    if np.abs(matrix - changed).max() <= bound:
        return "even"
    if np.abs(matrix + changed).max() <= bound:
        return "odd"
    return "none"


def factors(matrix: Array) -> tuple[tuple[Array, ...], ...]:
    """Write a matrix as the shortest sum of outer products, a column and a row each."""
    if matrix.ndim == 1:
        return ((matrix,),) if matrix.any() else ()
    columns, rows = singular_terms(matrix, np.dtype(np.float64))
    if len(columns) == 1:
        return (_integer_factors(matrix),)
    return tuple(zip(columns, rows, strict=True))


def singular_terms(matrix: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return columns (rank, KH) and rows (rank, KW) whose outer products add up to a matrix.

    The best approximation of every rank is the sum of the first terms (Eckart and Young, "The
    approximation of one matrix by another of lower rank", Psychometrika 1, 1936). Singular values
    below max(rows, columns) · ε times the largest are rounding, as in ``numpy.linalg.matrix_rank``;
    ε is that of `dtype`.
    """
    columns, values, rows = np.linalg.svd(matrix, full_matrices=False)
    rank = int((values > values[0] * max(matrix.shape) * np.finfo(dtype).eps).sum())
    roots = np.sqrt(values[:rank])
    return (columns[:, :rank] * roots).T, rows[:rank] * roots[:, None]


def _integer_factors(matrix: Array) -> tuple[Array, Array]:
    """Factors of a matrix of rank 1 that are a column and a row of it, but for a factor.

    So those of integers are integers: of Sobel's kernel 1 2 1 and 1 0 −1.
    """
    i, j = np.unravel_index(np.abs(matrix).argmax(), matrix.shape)
    row = matrix[i]
    row = row / np.abs(row[row != 0]).min()
    return matrix[:, j] / row[j], row


_MOST_BOXES = 6  # that are looked for


def boxes(factors: tuple[Array, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the boxes whose convolution an outer product of factors is, but for a constant.

    The largest first; none if there are not. A box of n ones is (1 - zⁿ) / (1 - z), so a
    convolution of m of them times (1 - z)ᵐ has its few terms where n adds up.

    >>> boxes((np.array([1.0, 2, 1]), np.array([0.5, 0.5, 0.5])))
    ((2, 3), (2, 1))
    """
    along = [_stacked(factor) for factor in factors]
    if not along or not all(along):
        return ()
    count = max(map(len, along))
    padded = [sizes + [1] * (count - len(sizes)) for sizes in along]
    return tuple(zip(*padded, strict=True))


def _stacked(factor: Array) -> list[int]:
    """Return the sizes of the boxes that a factor consists of, or an empty list."""
    with np.errstate(all="ignore"):
        scaled = factor / factor[0]
    if not np.isfinite(scaled).all():
        return []
    differences = scaled
    for count in range(1, _MOST_BOXES + 1):
        differences = np.diff(differences, prepend=0.0, append=0.0)
        terms = np.rint(differences)
        if np.abs(terms).max() < 1e6 and np.abs(terms - differences).max() < 1e-2:
            sizes = _exponents(terms.astype(np.int64), count)
            product = stacked(sizes)
            bound = 4 * len(factor) * float(np.finfo(np.float64).eps)
            if len(product) == len(scaled) and np.allclose(scaled, product, bound, 0):
                return sorted(sizes, reverse=True)
    return []


def stacked(sizes: Sequence[int]) -> Array:
    """Return the convolution of boxes of ones.

    >>> stacked([3, 2])
    array([1., 2., 2., 1.])
    """
    product = np.ones(1)
    for size in sizes:
        sums = np.concatenate([product, np.zeros(size - 1)]).cumsum()
        sums[size:] -= sums[:-size].copy()
        # The second half would be small differences of large sums, and is the first one's mirror.
        half = len(sums) // 2
        sums[len(sums) - half :] = sums[:half][::-1]
        product = sums
    return product


def _exponents(terms: NDArray[np.int64], count: int) -> list[int]:
    """Write a polynomial as a product of `count` terms 1 - zⁿ, and return their n, if it is one."""
    exponents: list[int] = []
    while len(terms) > 1 and len(exponents) < count:
        n = int(np.flatnonzero(terms[1:])[0]) + 1
        rows = np.zeros((-(-len(terms) // n), n), np.int64)
        rows.flat[: len(terms)] = terms
        quotient = rows.cumsum(axis=0).ravel()[: len(terms)]
        if quotient[len(terms) - n :].any():
            return []
        terms = quotient[: len(terms) - n]
        exponents.append(n)
    return exponents if len(terms) == 1 and len(exponents) == count else []


def turn_rings(matrix: Array, steps: int) -> Array:
    """Turn every ring around the centre of an odd square counterclockwise by steps of 45°."""
    result = matrix.copy()
    centre = len(matrix) // 2
    for radius in range(1, centre + 1):
        # From the middle of the right side on; a side is 2·radius weights, 45° are radius weights.
        along = np.arange(8 * radius)
        right, up = (
            np.rint(np.interp(along, _CORNERS * radius, ends * radius, period=8 * radius))
            for ends in (_RIGHT, _UP)
        )
        corner = (centre - up.astype(int), centre + right.astype(int))
        result[corner] = np.roll(matrix[corner], steps * radius)
    return result


# Where the corners of a ring of radius 1 lie, counted along the ring from the middle of the right
# side, and their coordinates.
_CORNERS, _RIGHT, _UP = np.array([1, 3, 5, 7]), np.array([1, -1, -1, 1]), np.array([1, 1, -1, -1])
