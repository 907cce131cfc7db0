"""`learn_kernel`: the kernel that made one picture of another, by least squares.

May call windows, kernels, arguments and errors. The filtered copy is ``after = before ∗ K + b``,
plus rounding, so every pixel of it is an equation in the weights of K and in b; there are many
more pixels than weights (C. F. Gauss, Theoria combinationis observationum, 1823). The equations
are never written out together: they are folded, block by block, into a triangle of as many columns
as there are weights, which has the same solution (G. H. Golub, C. F. Van Loan, Matrix
Computations, section 5.3, on updating a QR factorisation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fencepost.arguments import choice, integer
from fencepost.errors import ArgumentError
from fencepost.experiments.equations import Equations, equations_of
from fencepost.kernels import Kernel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

LARGEST_GUESS = 15  # side of the largest kernel that is tried when no size is given
LARGEST = 31  # side of the largest that is sought at all: 962 unknowns take some ten seconds
_AS_GOOD = 1.02  # a smaller kernel is taken if its residual is within 2 % of the best one's
_ROUNDED = 1.1 * math.sqrt(1 / 12)  # levels that rounding to whole numbers leaves, and a little
_ROUNDS = 8  # of leaving out what the last round's kernel makes black or white
_MARGIN = 16.0  # levels from black and white that such a round keeps at most
_DIGITS = 12  # of the largest weight; beyond are roundings of the arithmetic
_EXACT = 1e-9  # of the picture's spread: a residual that is rounding of the arithmetic


@dataclass(frozen=True, eq=False)
class LearnedKernel:
    """A kernel that was found, and how sure it is.

    Attributes
    ----------
    kernel : Kernel
        As `fencepost.filter_image` takes it.
    offset : float
        What is added to every pixel after the kernel, in the pictures' levels.
    errors : ndarray, the kernel's shape
        Standard error of each weight. The true one lies within two of them 19 times out of 20 if
        what is left over is noise.
    residual : float
        Standard deviation of what the kernel does not explain, in levels. Rounding to whole numbers
        alone leaves 0.29, the square root of 1/12.
    spread : float
        Root mean square of `after` about its mean, in levels.
    pixels : int
        Equations used: pixels whose window lies inside the picture.
    saturated : int
        Pixels left out as black or white may stand for anything beyond.
    unknowns, rank : int
        Weights and offset, and how many of them, or of their combinations, the picture determines.
    whole : bool
        The pictures are of whole numbers.
    guessed : bool
        The size was not given.
    tried : dict of int to float
        Residual of each size that was tried.
    """

    kernel: Kernel
    offset: float
    errors: Array
    residual: float
    spread: float
    pixels: int
    saturated: int
    unknowns: int
    rank: int
    whole: bool
    guessed: bool
    tried: dict[int, float]

    @property
    def determined(self) -> bool:
        """Whether the picture leaves only one solution."""
        return self.rank == self.unknowns

    @property
    def explained(self) -> float:
        """Share of the variance of `after` that the kernel explains, R²."""
        return 1 - (self.residual / self.spread) ** 2 if self.spread else 1.0

    @property
    def uncertainty(self) -> float:
        """The largest standard error, as a share of the largest weight."""
        largest = np.abs(self.kernel.matrix).max()
        return float(self.errors.max() / largest) if largest else math.inf

    @property
    def verdict(self) -> str:
        """How sure this is, in a sentence or two."""
        if not self.determined:
            return (
                f"Not determined: {self.unknowns} unknowns, and the picture tells only "
                f"{self.rank} of them (or of their combinations) apart. Of all kernels that do "
                "the same to this picture, this is the one of the smallest weights; on another "
                "picture it may do something else. Use a picture with more detail, or a smaller "
                "size."
            )
        if self.explained < 0.9:
            return (
                f"No: the best kernel of this size explains only {100 * self.explained:.1f} % of "
                "the picture. It was made in another way (a median, a magnitude of two kernels, a "
                "change of contrast), by a larger kernel, or from another picture."
            )
        if self.uncertainty > 0.1:
            return (
                "Unsure: the weights may be off by "
                f"{100 * self.uncertainty:.0f} % of the largest. The picture is too smooth for a "
                "kernel of this size, or too much of it is saturated or compressed away."
            )
        if self.residual <= (_ROUNDED if self.whole else _EXACT * self.spread):
            return "Sure: what is left over is rounding."
        return (
            f"Fairly sure: the kernel explains {100 * self.explained:.2f} % of the picture, but "
            f"what is left over ({self.residual:.3g} levels) is more than rounding, as compression "
            "leaves it. It bends the weights by more than their standard errors say, which count "
            "it as noise: the larger ones are right, small ones may be nothing."
        )

    def __str__(self) -> str:
        size = " × ".join(map(str, self.kernel.shape))
        lines = [
            str(self.kernel),
            "",
            f"offset {self.offset:.4g}; sum of the weights {self.kernel.sum:.6g}",
            f"standard error of a weight: at most {self.errors.max():.2g}",
            f"residual {self.residual:.3g} of {self.spread:.3g} levels, over {self.pixels:,} pixels"
            + (f" ({self.saturated:,} saturated ones left out)" if self.saturated else ""),
        ]
        if self.guessed:
            others = ", ".join(f"{side}: {value:.3g}" for side, value in self.tried.items())
            lines.append(f"size {size}, the smallest that leaves as little over: {others}")
        return "\n".join([*lines, self.verdict])

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw the kernel and the standard errors of its weights."""
        from fencepost.experiments.pictures import draw_learned

        return draw_learned(self, ax)

    def numbers(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "kernel": self.kernel.matrix.tolist(),
            "origin": list(self.kernel.origin),
            "text": self.kernel.text,
            "offset": self.offset,
            "errors": [row.tolist() for row in self.errors],
            "residual": self.residual,
            "spread": self.spread,
            "explained": self.explained,
            "pixels": self.pixels,
            "saturated": self.saturated,
            "unknowns": self.unknowns,
            "rank": self.rank,
            "determined": self.determined,
            "guessed": self.guessed,
            "tried": {str(side): value for side, value in self.tried.items()},
            "verdict": self.verdict,
        }


def learn_kernel(
    before: ArrayLike,
    after: ArrayLike,
    size: int | tuple[int, int] | None = None,
    *,
    operation: Literal["convolve", "correlate"] = "convolve",
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
    fits, best = _fits(equations, sides)
    for _ in range(_ROUNDS):
        if not equations.saturated or equations.limits is None or best.residual <= _ROUNDED:
            break
        margin = min(2 * best.residual, _MARGIN)
        narrowed = equations.clear_of_limits(best.weights, best.constant, margin)
        if narrowed.count < 4 * equations.unknowns:
            break
        before_this, equations = best, narrowed
        fits, best = _fits(equations, sides)
        if _settled(before_this, best):
            break
    weights, errors = _rounded(best.weights[flip, flip]), best.errors[flip, flip]
    return LearnedKernel(
        kernel=Kernel(weights, name="learned", source="least squares"),
        offset=equations.level + best.constant - equations.centre * float(weights.sum()),
        errors=errors,
        residual=best.residual,
        spread=equations.spread,
        pixels=equations.count,
        saturated=equations.saturated,
        unknowns=weights.size + 1,
        rank=best.rank,
        whole=equations.limits is not None,
        guessed=size is None,
        tried={fit.weights.shape[0]: fit.residual for fit in fits} if size is None else {},
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


def _fits(equations: Equations, sides: list[tuple[int, int]]) -> tuple[list[_Fit], _Fit]:
    """Solve for every size; the best is the smallest that leaves as little over as any."""
    triangle = equations.triangle()
    fits = [_fit(equations, triangle, side) for side in sides]
    enough = _AS_GOOD * min(fit.residual for fit in fits) + _EXACT * equations.spread
    return fits, next(fit for fit in fits if fit.residual <= enough)


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
