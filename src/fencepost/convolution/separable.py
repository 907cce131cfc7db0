"""Kernels that are a short sum of products, run as passes along one axis after another.

Part of convolution; may call the engine, kernels, direct and task. A matrix of rank R is the sum
of R products of a column with a row, so that KH · KW multiplications become R · (KH + KW). The rank
is found by singular values, never assumed: what is left out is below the rounding of the dtype.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import _engine
from ..kernels.analysis import singular_terms
from . import direct
from .task import Array, Task

LARGEST_RANK = 4  # of what the engine runs in one go


@dataclass(frozen=True)
class Factors:
    """A kernel as products: first one factor for each axis before the last two, then a matrix.

    Attributes
    ----------
    leading : tuple of 1D arrays
    vertical, horizontal : ndarray, (rank, rows) and (rank, columns)
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
        kernel: Array = self.vertical.T @ self.horizontal
        for factor in reversed(self.leading):
            kernel = np.multiply.outer(factor, kernel)
        return kernel


def factors(kernel: Array, *, exact: bool = False) -> Factors | None:
    """Return the factors of a kernel of two or more axes, or None if its rank is too high.

    An axis before the last two must come off as one factor. Where results have to be `exact`,
    the factors have to be whole numbers, whose products are the kernel itself.
    """
    dtype = kernel.dtype
    leading: list[Array] = []
    rest = np.asarray(kernel, np.float64)
    while rest.ndim > 2:
        column, row = _products(rest.reshape(rest.shape[0], -1), dtype, largest=1) or (None, None)
        if column is None or row is None:
            return None
        leading.append(column[0].astype(dtype))
        rest = row[0].reshape(rest.shape[1:])
    found = _products(rest, dtype, LARGEST_RANK)
    if found is None:
        return None
    vertical, horizontal = (np.ascontiguousarray(part, dtype) for part in found)
    factored = Factors(tuple(leading), vertical, horizontal)
    if exact and not np.array_equal(factored.kernel(), kernel):
        return None
    return factored


def run(task: Task, found: Factors) -> None:
    """Compute `task` by passes along its axes; the kernel is that of `found`."""
    source, fill = task.source, task.fill
    for axis, factor in enumerate(found.leading):
        source = _pass(source, axis, factor, task, fill)
        fill = fill * float(factor.sum())  # what the pass makes of an extension that is all fill
    rows, columns = task.cells[-2:]
    _engine.correlate_separable(
        source.reshape(-1, *source.shape[-3:]),
        found.vertical,
        found.horizontal,
        rows,
        columns,
        fill,
        task.out.reshape(-1, *task.out.shape[-3:]),
        task.offset,
    )


def _pass(source: Array, axis: int, factor: Array, task: Task, fill: float) -> Array:
    """Correlate with one factor along one of the axes before the last two."""
    before, size, after = source.shape[: axis + 1], source.shape[axis + 1], source.shape[axis + 2 :]
    planes = int(np.prod(before))
    out = np.empty((planes, task.outputs[axis], int(np.prod(after))), factor.dtype)
    flat = source.reshape(planes, size, -1)
    along = (task.cells[axis],)
    direct.run(replace(task, source=flat, kernel=factor, cells=along, fill=fill, out=out, offset=0))
    return out.reshape(*before, -1, *after)


def _products(matrix: Array, dtype: np.dtype[Any], largest: int) -> tuple[Array, Array] | None:
    """Write a matrix as a sum of at most `largest` products of a column with a row."""
    columns, rows = singular_terms(matrix, dtype)
    if not 1 <= len(columns) <= largest:
        return None
    if len(columns) == 1:
        # One product can be read off the matrix itself, which keeps what is symmetric or whole
        # exactly so, where singular vectors are so to rounding.
        i, j = np.unravel_index(np.abs(matrix).argmax(), matrix.shape)
        column, row = matrix[:, j], matrix[i]
        if (column % 1 == 0).all() and abs(column[i]) < 2**53:
            column = column / np.gcd.reduce(column.astype(np.int64))
        else:
            column = column / column[i]
        return column[None], (row / column[i])[None]
    return columns, rows
