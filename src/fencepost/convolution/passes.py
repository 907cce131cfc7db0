"""Images under kernels whose matrix nobody needs: a pass along each axis, or boxes stacked.

A kernel that is known by a factor for each axis, or by the boxes that it is the convolution of, may
have any size: its matrix is never multiplied out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import _engine
from .apply import correlate_planes
from .boundaries import Boundary, edges_of
from .methods.box import divisor_of
from .parsing import window_indices
from .task import Array

__all__ = ["correlate_boxes", "correlate_passes"]


def correlate_passes(
    source: Array,
    factors: tuple[Array, Array],
    origin: tuple[int, int],
    boundary: str,
    fill: float,
    out_dtype: DTypeLike,
    offset: float = 0.0,
) -> Array:
    """Correlate images with a column and a row: `correlate_planes` of their outer product.

    What a factor reads beyond the edges repeats, or is all the same, so of each no more is left
    than twice the image's size (`folded`), however long it is.
    """
    edges = edges_of(boundary, fill)
    (column, down), (row, across) = (
        folded(factor, index, size, edges)
        for factor, index, size in zip(factors, origin, source.shape[1:3], strict=True)
    )
    exact = np.float64 if source.dtype in (np.float64, np.uint16) else np.float32
    passed = correlate_planes(source, row[None], (0, across), boundary, fill, exact)
    beyond = fill * float(row.sum())
    return correlate_planes(passed, column[:, None], (down, 0), boundary, beyond, out_dtype, offset)


def folded(factor: Array, origin: int, size: int, edges: Boundary) -> tuple[Array, int]:
    """Return at most 2 · `size` + 1 weights that do the same to an axis, and their origin.

    >>> folded(np.ones(9), 4, 2, Boundary("wrap"))
    (array([4., 5.]), 1)
    >>> folded(np.ones(9), 4, 2, Boundary("nearest"))
    (array([3., 1., 1., 1., 3.]), 2)
    """
    periods = {"wrap": size, "reflect": 2 * size, "mirror": max(2 * (size - 1), 1)}
    if edges.kind == "none" or len(factor) <= 2 * size + 1:
        return factor, origin
    offsets = np.arange(len(factor)) - origin
    if edges.kind in periods:
        period = periods[edges.kind]
        origin = period // 2
        places, count = (offsets + origin) % period, period
    else:  # from `size` on all that is read is the edge, or the fill
        origin = size
        places, count = offsets.clip(-size, size) + size, 2 * size + 1
    return np.bincount(places, weights=factor, minlength=count), origin


def correlate_boxes(
    source: Array,
    boxes: Sequence[tuple[int, int]],
    total: float,
    origin: tuple[int, int],
    boundary: str,
    fill: float,
    out_dtype: DTypeLike,
    offset: float = 0.0,
) -> Array:
    """Correlate images with the convolution of boxes (rows, columns), whose weights sum to `total`.

    Sums over windows of sums over windows, at a cost that hardly depends on their sizes. The image
    is extended once, before the first, so that all is as with the one kernel. Sums of integers are
    exact up to 2⁵³, and rounded once, at the end: a quotient of an integer by an integer below 2⁴⁴
    is nearer to a half than its rounding only if it is one. Of floats each result is off by at most
    what each pass promises (`arrays/box.h`).
    """
    source = np.ascontiguousarray(source)
    edges = edges_of(boundary, fill)
    count = math.prod(math.prod(box) for box in boxes)
    whole = [1 + sum(box[axis] - 1 for box in boxes) for axis in (0, 1)]
    mode = "valid" if edges.kind == "none" else "same"
    indices = [
        window_indices(edges, mode, size, k, index)
        for size, k, index in zip(source.shape[1:3], whole, origin, strict=True)
    ]
    between = _sums_in(source.dtype, count, fill)
    divisor = divisor_of(np.float64(total / count))
    beyond = float(edges.value.real)
    for i, box in enumerate(boxes):
        last = i == len(boxes) - 1
        sizes = (len(along) - k + 1 for along, k in zip(indices, box, strict=True))
        out = _engine.empty(
            (len(source), *sizes, source.shape[-1]), np.dtype(out_dtype if last else between)
        )
        _engine.box(
            source,
            box,
            indices[0],
            indices[1],
            beyond,
            out,
            divisor if last else 1.0,
            offset if last else 0.0,
            keep=None,
        )
        source, beyond = out, 0.0
        indices = [np.arange(size, dtype=np.int32) for size in out.shape[1:3]]
    return source


def _sums_in(dtype: np.dtype[Any], count: int, fill: float) -> np.dtype[Any]:
    """Return floats that hold sums over windows of `count` elements: of integers, exactly."""
    if dtype == np.float32:
        return dtype
    small = dtype == np.uint8 and 255 * count < 2**24 and fill in range(256)
    return np.dtype(np.float32 if small else np.float64)
