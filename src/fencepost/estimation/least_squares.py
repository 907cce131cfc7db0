"""`learn_kernel`: the kernel that made one picture of another, by least squares.

The filtered copy is
``after = before ∗ K + b``, plus rounding, so every pixel of it is an equation in the weights of K
and in b; there are many more pixels than weights (C. F. Gauss, Theoria combinationis
observationum, 1823). The equations are never written out together: they are folded, block by block,
into a triangle of as many columns as there are weights, which has the same solution (G. H. Golub,
C. F. Van Loan, Matrix Computations, section 5.3, on updating a QR factorisation).

Where the copy was compressed as JPEG, the change is predicted by compressing the result of the
present kernel, and subtracted before the kernel is estimated again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, integer
from ..errors import ArgumentError
from ..kernels import Kernel
from ..text import format_value
from .equations import Equations, equations_of
from .jpeg import Jpeg, most_likely
from .learned_kernel import EXACT, ROUNDED, LearnedKernel
from .standard_errors import deviations

Array = NDArray[np.float64]

LARGEST_GUESS = 15  # side of the largest kernel that is tried when no size is given
LARGEST = 31  # side of the largest that is estimated at all: 962 unknowns take some ten seconds
_AS_GOOD = 1.02  # a smaller kernel is taken if its residual is within 2 % of the best one's
_AS_GOOD_COMPRESSED = 1.1  # for residuals after compression are not alike for all sizes
_ROUNDS = 8  # of leaving out pixels that the last round's kernel makes black or white
_MARGIN = 16.0  # levels from black and white that such a round keeps at most
_PATIENCE = 2  # rounds of predicting compression that may bring nothing
_DIGITS = 12  # of the largest weight; beyond are roundings of the arithmetic
_LIKELY = 0.8  # of the residual that may remain if a copy is taken for a JPEG
_WORTH_A_ROUND = 0.98  # of the last round's distance from the copy


def learn_kernel(
    before: ArrayLike,
    after: ArrayLike,
    size: int | tuple[int, int] | None = None,
    *,
    operation: Literal["convolve", "correlate"] = "convolve",
    compression: Jpeg | None = None,
) -> LearnedKernel:
    """Find the kernel that turns one image into another.

    Parameters
    ----------
    before, after : array_like, (H, W) or (H, W, C)
        The picture and its filtered copy: uint8, uint16 or floats. All channels were filtered with
        the same kernel; leave alpha out.
    size : int or (int, int), optional
        Rows and columns of the kernel, odd for one with a centre. Without it, 1, 3, 5… 15 are
        tried, and the smallest whose residual is within 2 % of the best is used.
    operation : {"convolve", "correlate"}
        How the kernel is to be used.
    compression : Jpeg, optional
        How `after` was compressed, of `fencepost.estimation`. Without it, libjpeg's
        qualities are tried where the residual is more than rounding.

    Raises
    ------
    DataError
        The pictures are of different shape, not pictures, not finite, or have too few pixels.
    ArgumentError
        The size is invalid.

    Notes
    -----
    The border, where the kernel would look outside, is left out; so are pixels of `after` that
    are black or white if pictures are of integers. Where a picture has more pixels than are
    needed, rows at equal distances are used.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> before = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)
    >>> after = fp.filter_image(before, fp.kernels.mean(3))
    >>> learned = learn_kernel(before, after)
    >>> error = float(np.abs(learned.kernel.matrix - 1 / 9).max())
    >>> learned.kernel.shape, learned.determined, error < 0.001
    ((3, 3), True, True)
    """
    choice("operation", operation, ("convolve", "correlate"))
    sides = _sides(size)
    # All sizes are compared on the same pixels: those that the largest can be centred on.
    flip = slice(None, None, -1 if operation == "convolve" else 1)
    centre = _centre_over_pixel(sides[-1], turned=operation == "convolve")
    equations = equations_of(before, after, sides[-1], centre, may_shrink=size is None)
    sides = [side for side in sides if side <= equations.shape]
    compressed = search = _unsaturated(_search(equations, sides))
    jpeg = None
    if search.unexplained and equations.compressible:
        search, jpeg = _uncompressed(search, compression)
    best, equations = search.best, search.equations
    errors = _errors(search, compressed)
    weights = _rounded(best.weights[flip, flip])
    return LearnedKernel(
        kernel=Kernel(weights, name="learned", source="least squares"),
        offset=equations.level + best.constant - equations.centre * float(weights.sum()),
        errors=errors[flip, flip],
        residual=best.residual,
        standard_deviation=equations.standard_deviation,
        pixels=equations.count,
        saturated=equations.saturated,
        unknowns=weights.size + 1,
        rank=best.rank,
        integers=equations.limits is not None,
        compression=jpeg.name if jpeg else None,
        guessed=size is None,
        tried={fit.weights.shape[0]: fit.residual for fit in search.fits} if size is None else {},
    )


def _sides(size: Any) -> list[tuple[int, int]]:
    if size is None:
        return [(side, side) for side in range(1, LARGEST_GUESS + 1, 2)]
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2:
        raise ArgumentError(
            f"size must be a number or (rows, columns). Received: size={format_value(size)}."
        )
    rows, columns = (integer("size", side, 1, LARGEST) for side in pair)
    return [(rows, columns)]


def _centre_over_pixel(shape: tuple[int, int], *, turned: bool) -> tuple[int, int]:
    """Return the element of a window that a Kernel of this shape has over the pixel."""
    rows, columns = Kernel(np.ones(shape)).origin
    return (shape[0] - 1 - rows, shape[1] - 1 - columns) if turned else (rows, columns)


@dataclass(frozen=True, eq=False)
class _Fit:
    """The best kernel of one size, as it lies over the picture."""

    weights: Array
    constant: float
    errors: Array
    residual: float
    rank: int


def _rounded(weights: Array) -> Array:
    """Take away the roundings of the arithmetic, so that 0 is 0 and 1 is 1."""
    largest = np.abs(weights).max()
    if largest == 0:
        return weights
    return np.asarray(np.round(weights, _DIGITS - 1 - math.floor(math.log10(largest))) + 0.0)


@dataclass(frozen=True, eq=False)
class _Search:
    """Equations, and the best kernel of every size that was tried."""

    equations: Equations
    sides: list[tuple[int, int]]
    fits: list[_Fit]
    best: _Fit

    @property
    def unexplained(self) -> bool:
        """Whether the residual is more than rounding."""
        floats = self.equations.limits is None
        rounding = EXACT * self.equations.standard_deviation if floats else ROUNDED
        return self.best.residual > rounding


def _search(
    equations: Equations, sides: list[tuple[int, int]], as_good: float = _AS_GOOD
) -> _Search:
    """Solve for every size; the best is the smallest whose residual is as small as any."""
    triangle = equations.triangle()
    fits = [_fit(equations, triangle, side) for side in sides]
    enough = as_good * min(fit.residual for fit in fits) + EXACT * equations.standard_deviation
    best = next(fit for fit in fits if fit.residual <= enough)
    return _Search(equations, sides, fits, best)


def _unsaturated(search: _Search) -> _Search:
    """Leave out pixels that the kernel itself makes black or white, and seek it again."""
    for _ in range(_ROUNDS):
        equations = search.equations
        if not equations.saturated or not search.unexplained or equations.limits is None:
            break
        best = search.best
        margin = min(2 * best.residual, _MARGIN)
        narrowed = equations.clear_of_limits(best.weights, best.constant, margin)
        if narrowed.count < 4 * narrowed.unknowns:
            break
        search = _search(narrowed, search.sides)
        if _converged(best, search.best):
            break
    return search


def _uncompressed(search: _Search, known: Jpeg | None) -> tuple[_Search, Jpeg | None]:
    """Subtract the change by compression, as the kernel predicts it, and estimate it again.

    Where the residual is not clearly smaller, the copy was not compressed like that.
    """
    first = search.best
    best_round = _recompressed(search.equations, first, known, fixed=bool(known))
    if best_round.distance > _LIKELY * first.residual:
        return search, None
    again = _search(best_round.equations, search.sides, _AS_GOOD_COMPRESSED)
    if again.best.weights.size < first.weights.size:
        # The prediction of a larger kernel may hide that a smaller one will do.
        best_round = _recompressed(search.equations, again.best, best_round.jpeg, fixed=bool(known))
        again = _search(best_round.equations, search.sides, _AS_GOOD_COMPRESSED)
    return again, best_round.jpeg


@dataclass(frozen=True, eq=False)
class _Recompressed:
    """Equations less the change by a compression, and how far from the copy its prediction is."""

    equations: Equations
    jpeg: Jpeg | None
    distance: float


def _recompressed(
    equations: Equations, best: _Fit, jpeg: Jpeg | None, *, fixed: bool
) -> _Recompressed:
    """Compress the kernel's result, estimate the kernel again, and so on; return the best."""
    own = equations.narrowed(best.weights.shape)
    after, best_round = equations.rounded(equations.after), _Recompressed(equations, None, math.inf)
    worse = 0
    while worse < _PATIENCE:
        expected = own.expected(best.weights, best.constant)
        filtered = equations.rounded(expected)
        if jpeg is None or not fixed:
            jpeg = most_likely(after, filtered, equations.usable, jpeg)
        again = jpeg.apply(filtered)
        distance = float(np.sqrt(np.square(again.astype(float) - after)[equations.usable].mean()))
        cleaned = equations.after + equations.level + expected - again
        worse = worse + 1 if distance >= _WORTH_A_ROUND * best_round.distance else 0
        if distance < best_round.distance:
            best_round = _Recompressed(replace(equations, after=cleaned), jpeg, distance)
        best = _search(replace(own, after=cleaned), [own.shape]).best
    return best_round


def _errors(search: _Search, compressed: _Search) -> Array:
    """Return the standard error of each weight of the best kernel.

    What compression removed is lost, so the errors are those of the copy as it
    was, `compressed`, in which parts of the picture still disagree. If the residual is more than
    rounding even so, how far accounting for it has moved a weight counts too.
    """
    best = search.best
    if not compressed.unexplained or best.rank <= best.weights.size:
        return best.errors
    own = compressed.equations.narrowed(best.weights.shape)
    first = next(fit for fit in compressed.fits if fit.weights.shape == own.shape)
    together, apart = deviations(own, first.weights, first.constant)
    errors = np.maximum(first.errors, np.hypot(together, apart))
    return np.hypot(errors, best.weights - first.weights) if search.unexplained else errors


def _converged(fit: _Fit, other: _Fit) -> bool:
    """Whether another round would change next to nothing."""
    if fit.weights.shape != other.weights.shape:
        return False
    change = np.abs(fit.weights - other.weights).max()
    return bool(change <= 1e-3 * np.abs(other.weights).max())


def _fit(equations: Equations, triangle: Array, shape: tuple[int, int]) -> _Fit:
    """Solve for a kernel of this shape, centred in the largest, and for the offset."""
    top, left = ((most - side) // 2 for most, side in zip(equations.shape, shape, strict=True))
    indices = np.arange(math.prod(equations.shape)).reshape(equations.shape)
    inside = indices[top : top + shape[0], left : left + shape[1]].ravel()
    matrix = triangle[:, [*inside, equations.unknowns - 1]]
    # By singular values: what the picture does not determine stays 0, and is counted.
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    significant = s > s[0] * equations.count * np.finfo(float).eps
    scaled = vt[significant].T / s[significant]
    solution = scaled @ (u[:, significant].T @ triangle[:, -1])
    residual = float(np.square(triangle[:, -1] - matrix @ solution).sum())
    variance = residual / max(1, equations.count - matrix.shape[1])
    errors = np.sqrt(variance * np.square(scaled).sum(axis=1))
    return _Fit(
        weights=solution[:-1].reshape(shape),
        constant=float(solution[-1]),
        errors=errors[:-1].reshape(shape),
        residual=math.sqrt(variance),
        rank=int(significant.sum()),
    )
