"""How sure a kernel is where its residual is more than rounding.

Least squares alone takes the residual for noise, equal and independent in every pixel. What
compression or another filter leaves is neither, and makes errors look far smaller than they are.
Two things are asked of the pixels instead.

- Neighbours may err together. So the pixels of a square of 16 × 16, the most that JPEG compresses
  at once, count as one (K.-Y. Liang, S. L. Zeger, Longitudinal data analysis using generalized
  linear models, Biometrika 73, 1986).
- All may err to one side. Then smooth parts of the picture want another kernel than those rich in
  contrast, so the kernel is sought in four parts, and how far these disagree is added. One kernel
  that made all of the picture would be the same in each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..convolution import correlate
from .equations import Equations

Array = NDArray[np.float64]

PARTS = 4
_SQUARE = 16  # pixels a side
_ENOUGH = 2  # equations for each unknown that a part must have


def deviations(equations: Equations, weights: Array, constant: float) -> tuple[Array, Array]:
    """Return two standard errors of each weight of the best kernel of the equations' shape.

    One is for neighbours that err together, one for parts of the picture that disagree; it is 0
    where there are too few pixels for parts.
    """
    count = equations.unknowns
    solution = np.append(weights.ravel(), constant)
    parts = _parts(equations)
    squares, products = np.zeros((PARTS, count, count)), np.zeros((PARTS, count))
    height, width = equations.usable.shape[1:]
    across = -(-width // _SQUARE)
    gradients = np.zeros((-(-height // _SQUARE) * across, count))
    sizes = np.zeros(PARTS, int)
    for block, (channel, y, x) in equations.blocks():
        windows = block[:, :-1]
        gradient = windows * (block[:, -1] - windows @ solution)[:, None]
        _add_by_group(gradients, (y // _SQUARE) * across + x // _SQUARE, gradient)
        part_of_pixel = parts[channel, y, x]
        for part in range(PARTS):
            some = part_of_pixel == part
            squares[part] += windows[some].T @ windows[some]
            products[part] += gradient[some].sum(axis=0)
            sizes[part] += int(some.sum())
    inverse = np.linalg.pinv(squares.sum(axis=0), hermitian=True)
    together = np.sqrt(np.square(gradients @ inverse).sum(axis=0))
    apart = np.zeros(count)
    if (sizes >= _ENOUGH * count).all():
        own = [
            np.linalg.pinv(square, hermitian=True) @ product
            for square, product in zip(squares, products, strict=True)
        ]
        apart = np.sqrt(np.square(own).mean(axis=0))
    return together[:-1].reshape(weights.shape), apart[:-1].reshape(weights.shape)


def _parts(equations: Equations) -> NDArray[np.int64]:
    """Number the parts by the contrast within each window; all parts have as much of it."""
    mean = np.full(equations.shape, 1 / (equations.unknowns - 1))
    before, where = equations.before, {"origin": equations.middle, "axes": (1, 2)}
    squared = correlate(np.square(before), mean, **where)  # type: ignore[arg-type]
    contrast = squared - np.square(correlate(before, mean, **where))  # type: ignore[arg-type]
    ordered = np.sort(contrast[equations.usable])
    so_far = np.cumsum(np.maximum(ordered, 0))
    bounds = ordered[np.searchsorted(so_far, so_far[-1] * np.arange(1, PARTS) / PARTS)]
    return np.searchsorted(bounds, contrast)


def _add_by_group(sums: Array, groups: NDArray[np.int64], rows: Array) -> None:
    """Add each row to the sum of its group."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sums[groups[order][starts]] += np.add.reduceat(rows[order], starts, axis=0)
