"""A kernel as a short sum of products: exactly in integers, or to the rounding of its weights.

A matrix of rank R is the sum of R products of a column with a row. Both searches take rows (or
crosses) away one by one and stop at the first above the largest rank asked for, so that a kernel
of full rank costs a few passes over it and no decomposition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..task import Array

LARGEST_RANK = 4  # of what the engine runs in one go
_SAMPLED, _SAMPLE = 4096, 24  # weights from which on so many rows are tried first
_PART = 8  # rows and columns that prove a rank
# A product may miss a weight by this many roundings of that weight itself.
_ROUNDINGS = 16
# Integers up to here are combined without overflow: the product of two fits 63 bits.
_SAFE = 2**30


@dataclass(frozen=True)
class Factors:
    """A kernel as products: first one factor for each axis before the last two, then a matrix.

    `vertical`, `horizontal` [ndarray, (rank, rows) and (rank, columns)].
    """

    leading: tuple[Array, ...]
    vertical: Array
    horizontal: Array

    @property
    def rank(self) -> int:
        """How many products are added up."""
        return len(self.vertical)

    @property
    def multiplications(self) -> int:
        """How many one result takes."""
        leading = sum(len(factor) for factor in self.leading)
        return leading + self.vertical.size + self.horizontal.size

    def kernel(self) -> Array:
        """Multiply out."""
        return self._multiply(self.leading, self.vertical, self.horizontal)

    def magnitudes(self) -> Array:
        """Multiply the magnitudes out: what the products of each weight add up to at most."""
        return self._multiply(
            [np.abs(factor) for factor in self.leading],
            np.abs(self.vertical),
            np.abs(self.horizontal),
        )

    @staticmethod
    def _multiply(leading: Any, vertical: Array, horizontal: Array) -> Array:
        kernel: Array = vertical.T @ horizontal
        for factor in reversed(leading):
            kernel = np.multiply.outer(factor, kernel)
        return kernel


def integer_factors(kernel: Array, bound: float) -> Factors | None:
    """Return integer factors of a kernel of integers, or None if there are none of a low rank.

    The products are the kernel itself, which is computed and compared, and no sum of magnitudes
    on the way exceeds `bound`, so that floats that hold integers up to there are exact.

    `kernel` (ndarray, two axes or more): Integers, below 2⁵³ in magnitude, in any dtype. `bound`:
    What the sum of all magnitudes of the factors multiplied out may be at most.
    """
    integers = kernel.astype(np.int64)
    leading: list[NDArray[np.int64]] = []
    remaining = integers
    while remaining.ndim > 2:
        pair = _row_lattice(remaining.reshape(len(remaining), -1), largest=1)
        if pair is None:
            return None
        leading.append(pair[0][0])
        remaining = pair[1][0].reshape(remaining.shape[1:])
    pair = _row_lattice(remaining, LARGEST_RANK)
    if pair is None:
        return None
    factors = Factors(tuple(leading), *pair)
    total = math.prod(float(np.abs(factor).sum()) for factor in leading)
    total *= float((np.abs(pair[0]).sum(axis=1) * np.abs(pair[1]).sum(axis=1).astype(float)).sum())
    # Below the bound no product overflows, so the comparison is the proof.
    if not total <= min(bound, 2.0**62) or not np.array_equal(factors.kernel(), integers):
        return None
    dtype = kernel.dtype
    return Factors(
        tuple(factor.astype(dtype) for factor in leading),
        np.ascontiguousarray(pair[0], dtype),
        np.ascontiguousarray(pair[1], dtype),
    )


def _row_lattice(
    matrix: NDArray[np.int64], largest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Write a matrix of integers as (rank, rows) and (rank, columns) of integers.

    The rows of the second are a basis of all integer combinations of the matrix's rows, in echelon
    form, found by Euclid's algorithm on rows (Ch. Hermite, 1851), so that each row of the matrix is
    an integer combination of them. None if the rank exceeds `largest`, or numbers grow too large.
    """
    if np.abs(matrix).max() >= _SAFE:
        return None
    basis: list[tuple[int, NDArray[np.int64]]] = []  # a pivot's column, and the row
    for row in matrix:
        remaining = row
        for index, (pivot, start) in enumerate(basis):
            known = start
            while remaining[pivot]:
                quotient = remaining[pivot] // known[pivot]
                if abs(quotient) * np.abs(known).max() >= _SAFE:
                    return None
                remaining = remaining - quotient * known
                if remaining[pivot]:
                    known, remaining = remaining, known
            basis[index] = pivot, known
        if remaining.any():
            if len(basis) == largest:
                return None
            basis.append((int(np.flatnonzero(remaining)[0]), remaining))
    if not basis:
        return None
    combinations = np.zeros((len(basis), len(matrix)), np.int64)
    for index, (pivot, known) in enumerate(basis):
        earlier = np.array([row[pivot] for _, row in basis[:index]], np.int64)
        combinations[index] = (matrix[:, pivot] - earlier @ combinations[:index]) // known[pivot]
        if np.abs(combinations[index]).max() >= _SAFE:
            return None
    return combinations, np.array([row for _, row in basis])


def is_of_high_rank(kernel: Array) -> bool:
    """Say whether a few rows and columns of a kernel of floats prove that it has no factors.

    Singular values of a part are none larger than those of the whole, and what is left of each
    weight moves them by its root mean square times √(rows · columns) at most (H. Weyl, 1912).
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    if min(matrix.shape) < 2 * _PART:
        return False
    rows, columns = (slice(None, None, size // _PART) for size in matrix.shape)
    part = matrix[rows, columns].astype(np.float64)
    largest = max(float(kernel.max()), -float(kernel.min()))
    if not largest < np.inf:
        return False
    tolerance = largest * max(*kernel.shape, _ROUNDINGS) * float(np.finfo(kernel.dtype).eps)
    value = np.linalg.svd(part, compute_uv=False)[LARGEST_RANK]
    return bool(value > tolerance * math.sqrt(matrix.size))


def real_factors(kernel: Array, *, every_weight: bool) -> Factors | None:
    """Return factors of a kernel of floats, or None if its rank is too high.

    Crosses are taken away one by one, each through the largest weight that is left: the row and the
    column through it are then exact (E. Tyrtyshnikov, "Incomplete cross approximation in the
    mosaic-skeleton method", Computing 64, 2000). An axis before the last two must come off as one
    factor.

    `kernel` (ndarray, two axes or more). `every_weight`: Whether what is left has to be within a
    few roundings of each weight, however small it is beside the others; else of the largest weight,
    as in ``numpy.linalg.matrix_rank``.
    """
    dtype = kernel.dtype
    leading: list[Array] = []
    remaining = np.asarray(kernel, np.float64)
    while remaining.ndim > 2:
        matrix = remaining.reshape(len(remaining), -1)
        pair = _crosses(matrix, dtype, every_weight, largest=1)
        if pair is None:
            return None
        leading.append(pair[0][0])
        remaining = pair[1][0].reshape(remaining.shape[1:])
    pair = _crosses(remaining, dtype, every_weight, LARGEST_RANK)
    if pair is None:
        return None
    factors = Factors(
        tuple(factor.astype(dtype) for factor in leading),
        np.ascontiguousarray(pair[0], dtype),
        np.ascontiguousarray(pair[1], dtype),
    )
    # Products that cancel each other would carry their own rounding into a small weight.
    limit = np.abs(kernel) if every_weight else np.abs(kernel).max()
    if not (factors.magnitudes() / _ROUNDINGS <= limit).all():
        return None
    return factors


def _tolerance(matrix: Array, dtype: np.dtype[Any], every_weight: bool) -> Array:
    about, weights = np.finfo(dtype), np.abs(matrix)
    if every_weight:
        tolerance: Array = _ROUNDINGS * (about.eps * weights + float(about.smallest_subnormal))
        return tolerance
    largest = float(weights.max()) * max(matrix.shape) * float(about.eps)
    return np.full(matrix.shape, largest)


def _crosses(
    matrix: Array, dtype: np.dtype[Any], every_weight: bool, largest: int
) -> tuple[Array, Array] | None:
    if matrix.size > _SAMPLED:  # a part of higher rank is enough to know
        rows, columns = (slice(None, None, -(-size // _SAMPLE)) for size in matrix.shape)
        part = matrix[rows, columns]
        if part.any() and _crosses(part, dtype, every_weight, largest) is None:
            return None
    tolerance = _tolerance(matrix, dtype, every_weight)
    remaining = matrix.copy()
    products: list[tuple[Array, Array]] = []
    while not (np.abs(remaining) <= tolerance).all():
        if len(products) == largest:
            return None
        i, j = np.unravel_index(np.abs(remaining).argmax(), remaining.shape)
        products.append(_balanced(remaining[:, j], remaining[i], int(i)))
        remaining = remaining - np.outer(*products[-1])
        remaining[i], remaining[:, j] = 0.0, 0.0
    if not products:
        return None
    return np.array([column for column, _ in products]), np.array([row for _, row in products])


def _balanced(column: Array, row: Array, at: int) -> tuple[Array, Array]:
    """Divide the two by the weight that they share; integers stay integers where they can."""
    corner = column[at]
    if (column % 1 == 0).all() and np.abs(column).max() < 2**53:
        divisor = float(np.gcd.reduce(column.astype(np.int64))) * (1.0 if corner > 0 else -1.0)
        return column / divisor, row / (corner / divisor)
    return column / corner, row
