"""The structure of a matrix of weights: its symmetry, its rank and factors, its rings."""

from __future__ import annotations

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
