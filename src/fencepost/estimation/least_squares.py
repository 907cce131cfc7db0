"""`learn_kernel`: the kernel that made one picture of another, by least squares.

The filtered copy is
``after = before ∗ K + b``, plus rounding, so every pixel of it is an equation in the weights of K
and in b; there are many more pixels than weights (C. F. Gauss, Theoria combinationis
observationum, 1823). The equations are never written out together: they are folded, block by block,
into a triangle of as many columns as there are weights, which has the same solution (G. H. Golub,
C. F. Van Loan, Matrix Computations, section 5.3, on updating a QR factorisation).

Where the copy was compressed as JPEG, what that has changed is foretold by compressing what the
kernel found so far makes of the picture, and taken away before the kernel is sought again.
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
from .equations import Equations, equations_of
from .jpeg import Jpeg, most_likely
from .learned_kernel import EXACT, ROUNDED, LearnedKernel
from .standard_errors import deviations

Array = NDArray[np.float64]

LARGEST_GUESS = 15  # side of the largest kernel that is tried when no size is given
LARGEST = 31  # side of the largest that is sought at all: 962 unknowns take some ten seconds
_AS_GOOD = 1.02  # a smaller kernel is taken if its residual is within 2 % of the best one's
_AS_GOOD_COMPRESSED = 1.1  # for what compression leaves over is not alike for all sizes
_ROUNDS = 8  # of leaving out what the last round's kernel makes black or white
_MARGIN = 16.0  # levels from black and white that such a round keeps at most
_PATIENCE = 2  # rounds of foretelling compression that may bring nothing
_DIGITS = 12  # of the largest weight; beyond are roundings of the arithmetic
_LIKELY = 0.8  # of the residual that must be left, at most, if a copy is taken for a JPEG
_WORTH_A_ROUND = 0.98  # of the last round's distance from the copy


def learn_kernel(
    before: ArrayLike,
    after: ArrayLike,
    size: int | tuple[int, int] | None = None,
    *,
    operation: Literal["convolve", "correlate"] = "convolve",
    compression: Jpeg | None = None,
) -> LearnedKernel:
    """Find the kernel that turns one picture into another.

    Parameters
    ----------
    before, after : array_like, (H, W) or (H, W, C)
        The picture and its filtered copy: uint8, uint16 or floats. All channels went through the
        same kernel; leave alpha out.
    size : int or (int, int), optional
        Rows and columns of the kernel, odd for one with a centre. Without it, 1, 3, 5… 15 are
        tried, and the smallest is taken that leaves as little over as the best, to 2 %.
    operation : {"convolve", "correlate"}
        How the kernel is to be used.
    compression : Jpeg, optional
        How `after` was compressed, of `fencepost.estimation.jpeg`. Without it, libjpeg's
        qualities are tried where more is left over than rounding.

    Returns
    -------
    LearnedKernel

    Raises
    ------
    DataError
        The pictures are of different shape, not pictures, not finite, or have too few pixels.
    ArgumentError
        The size cannot be.

    Notes
    -----
    The border, where the kernel would look outside, is left out; so are pixels of `after` that
    are black or white in whole numbers. Where a picture has more pixels than are needed, rows
    spread evenly over it are used.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> before = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)
    >>> after = fp.filter_image(before, fp.kernels.mean(3))
    >>> found = learn_kernel(before, after)
    >>> error = float(np.abs(found.kernel.matrix - 1 / 9).max())
    >>> found.kernel.shape, found.determined, error < 0.001
    ((3, 3), True, True)
    """
    choice("operation", operation, ("convolve", "correlate"))
    sides = _sides(size)
    # All sizes are compared on the same pixels: those that the largest can be centred on.
    flip = slice(None, None, -1 if operation == "convolve" else 1)
    middle = _middle(sides[-1], turned=operation == "convolve")
    equations = equations_of(before, after, sides[-1], middle, may_shrink=size is None)
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
        spread=equations.spread,
        pixels=equations.count,
        saturated=equations.saturated,
        unknowns=weights.size + 1,
        rank=best.rank,
        whole=equations.limits is not None,
        compression=jpeg.name if jpeg else None,
        guessed=size is None,
        tried={fit.weights.shape[0]: fit.residual for fit in search.fits} if size is None else {},
    )


def _sides(size: Any) -> list[tuple[int, int]]:
    if size is None:
        return [(side, side) for side in range(1, LARGEST_GUESS + 1, 2)]
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2:
        raise ArgumentError(f"size must be a number or (rows, columns). Received: size={size!r}.")
    rows, columns = (integer("size", side, 1, LARGEST) for side in pair)
    return [(rows, columns)]


def _middle(shape: tuple[int, int], *, turned: bool) -> tuple[int, int]:
    """Return the cell of a window that a Kernel of this shape has over the pixel by default."""
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
        """Whether more is left over than rounding."""
        whole = self.equations.limits is not None
        return self.best.residual > (ROUNDED if whole else EXACT * self.equations.spread)


def _search(
    equations: Equations, sides: list[tuple[int, int]], as_good: float = _AS_GOOD
) -> _Search:
    """Solve for every size; the best is the smallest that leaves as little over as any."""
    triangle = equations.triangle()
    fits = [_fit(equations, triangle, side) for side in sides]
    enough = as_good * min(fit.residual for fit in fits) + EXACT * equations.spread
    best = next(fit for fit in fits if fit.residual <= enough)
    return _Search(equations, sides, fits, best)


def _unsaturated(search: _Search) -> _Search:
    """Leave out pixels that the kernel itself makes black or white, and seek it again."""
    for _ in range(_ROUNDS):
        if not search.equations.saturated or not search.unexplained:
            break
        if search.equations.limits is None:
            break
        best = search.best
        margin = min(2 * best.residual, _MARGIN)
        narrowed = search.equations.clear_of_limits(best.weights, best.constant, margin)
        if narrowed.count < 4 * narrowed.unknowns:
            break
        search = _search(narrowed, search.sides)
        if _settled(best, search.best):
            break
    return search


def _uncompressed(search: _Search, known: Jpeg | None) -> tuple[_Search, Jpeg | None]:
    """Take away what compression has changed, as the kernel foretells it, and seek it again.

    Where that does not leave clearly less over, the copy was not compressed like that.
    """
    first = search.best
    found = _foretold(search.equations, first, known, fixed=bool(known))
    if found.distance > _LIKELY * first.residual:
        return search, None
    again = _search(found.equations, search.sides, _AS_GOOD_COMPRESSED)
    if again.best.weights.size < first.weights.size:
        # What a larger kernel foretold may hide that a smaller one does.
        found = _foretold(search.equations, again.best, found.jpeg, fixed=bool(known))
        again = _search(found.equations, search.sides, _AS_GOOD_COMPRESSED)
    return again, found.jpeg


@dataclass(frozen=True, eq=False)
class _Foretold:
    """Equations without what a compression changed, and how far from the copy that foretold it."""

    equations: Equations
    jpeg: Jpeg | None
    distance: float


def _foretold(equations: Equations, best: _Fit, jpeg: Jpeg | None, *, fixed: bool) -> _Foretold:
    """Compress what the kernel makes, seek the kernel again, and so on; return the best round."""
    own = equations.narrowed(best.weights.shape)
    after, found = equations.in_whole_numbers(equations.after), _Foretold(equations, None, math.inf)
    worse = 0
    while worse < _PATIENCE:
        expected = own.expected(best.weights, best.constant)
        made = equations.in_whole_numbers(expected)
        if jpeg is None or not fixed:
            jpeg = most_likely(after, made, equations.usable, jpeg)
        again = jpeg.apply(made)
        distance = float(np.sqrt(np.square(again.astype(float) - after)[equations.usable].mean()))
        cleaned = equations.after + equations.level + expected - again
        worse = worse + 1 if distance >= _WORTH_A_ROUND * found.distance else 0
        if distance < found.distance:
            found = _Foretold(replace(equations, after=cleaned), jpeg, distance)
        best = _search(replace(own, after=cleaned), [own.shape]).best
    return found


def _errors(search: _Search, compressed: _Search) -> Array:
    """Return the standard error of each weight of the best kernel.

    What compression took away cannot be known again, so the errors are those of the copy as it
    was, `compressed`, in which parts of the picture still disagree. If more than rounding is left
    over in spite of reckoning with it, how far that has moved a weight counts too.
    """
    best = search.best
    if not compressed.unexplained or best.rank <= best.weights.size:
        return best.errors
    own = compressed.equations.narrowed(best.weights.shape)
    first = next(one for one in compressed.fits if one.weights.shape == own.shape)
    together, apart = deviations(own, first.weights, first.constant)
    errors = np.maximum(first.errors, np.hypot(together, apart))
    return np.hypot(errors, best.weights - first.weights) if search.unexplained else errors


def _settled(one: _Fit, other: _Fit) -> bool:
    """Tell whether another round would change next to nothing."""
    if one.weights.shape != other.weights.shape:
        return False
    change = np.abs(one.weights - other.weights).max()
    return bool(change <= 1e-3 * np.abs(other.weights).max())


def _fit(equations: Equations, triangle: Array, shape: tuple[int, int]) -> _Fit:
    """Solve for a kernel of this shape, centred in the largest, and for the offset."""
    top, left = ((most - side) // 2 for most, side in zip(equations.shape, shape, strict=True))
    cells = np.arange(math.prod(equations.shape)).reshape(equations.shape)
    inside = cells[top : top + shape[0], left : left + shape[1]].ravel()
    matrix = triangle[:, [*inside, equations.unknowns - 1]]
    # By singular values: what the picture does not determine is left at 0, and counted.
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    kept = s > s[0] * equations.count * np.finfo(float).eps
    scaled = vt[kept].T / s[kept]
    solution = scaled @ (u[:, kept].T @ triangle[:, -1])
    left_over = float(np.square(triangle[:, -1] - matrix @ solution).sum())
    variance = left_over / max(1, equations.count - matrix.shape[1])
    errors = np.sqrt(variance * np.square(scaled).sum(axis=1))
    return _Fit(
        weights=solution[:-1].reshape(shape),
        constant=float(solution[-1]),
        errors=errors[:-1].reshape(shape),
        residual=math.sqrt(variance),
        rank=int(kept.sum()),
    )
