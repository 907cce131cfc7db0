"""What `learn_kernel` returns: a kernel, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import Kernel
from ..plots import style
from ..plots.images.kernel_grids import draw_kernel
from ..text import format_shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

ROUNDED = 1.1 * math.sqrt(1 / 12)  # levels that rounding to integers leaves, and a little
EXACT = 1e-9  # of the standard deviation: a residual that is rounding of the arithmetic
_LEAST = 0.9  # share of the picture that a kernel must explain
_MOST = 0.05  # largest standard error, as a share of the largest weight, to be fairly sure


@dataclass(frozen=True, eq=False)
class LearnedKernel:
    """An estimated kernel, with its standard errors.

    Attributes
    ----------
    kernel : Kernel
        As `fencepost.filter_image` takes it.
    offset : float
        What is added to every pixel after the kernel, in the pictures' levels.
    errors : ndarray, the kernel's shape
        Standard error of each weight: the true one lies within two of them 19 times out of 20.
        Where the residual is more than rounding, they count how far parts of the picture disagree.
    residual : float
        Standard deviation of what the kernel does not explain, in levels. Rounding to integers
        alone leaves 0.29, the square root of 1/12.
    standard_deviation : float
        Of `after`, in levels.
    pixels : int
        Equations used: pixels whose window lies inside the picture.
    saturated : int
        Pixels left out because black and white may stand for any value beyond the range.
    unknowns, rank : int
        Weights and offset, and how many of them, or of their combinations, the picture determines.
    integers : bool
        The pictures are of integers.
    compression : str or None
        How `after` was compressed as a JPEG, if it was and that could be accounted for.
    guessed : bool
        The size was not given.
    tried : dict of int to float
        Residual of each size that was tried.
    """

    kernel: Kernel
    offset: float
    errors: Array
    residual: float
    standard_deviation: float
    pixels: int
    saturated: int
    unknowns: int
    rank: int
    integers: bool
    compression: str | None
    guessed: bool
    tried: dict[int, float]

    @property
    def determined(self) -> bool:
        """Whether the picture leaves only one solution."""
        return self.rank == self.unknowns

    @property
    def explained(self) -> float:
        """Share of the variance of `after` that the kernel explains, R²."""
        total = self.standard_deviation
        return 1 - (self.residual / total) ** 2 if total else 1.0

    @property
    def uncertainty(self) -> float:
        """The largest standard error, as a share of the largest weight."""
        largest = np.abs(self.kernel.matrix).max()
        return float(self.errors.max() / largest) if largest else math.inf

    @property
    def rounding(self) -> bool:
        """Whether the residual is rounding alone."""
        return self.residual <= (ROUNDED if self.integers else EXACT * self.standard_deviation)

    @property
    def verdict(self) -> str:
        """How reliable the result is, in a sentence or two."""
        if not self.determined:
            return (
                f"Not determined: {self.unknowns} unknowns, and the image determines "
                f"only {self.rank} of them (or of their combinations). Of all kernels that give "
                "the same result on this image, this is the one with the smallest weights; on "
                "another image the result may differ. Use an image with more detail, or a "
                "smaller size."
            )
        if self.explained < _LEAST:
            return (
                f"No: the best kernel of this size explains only {100 * self.explained:.1f} % of "
                "the image. It was made by something else (a median, a magnitude of two kernels, a "
                "change of contrast), by a larger kernel, from another image, or with too much "
                "compression."
            )
        percent = 200 * self.uncertainty
        off = f"{percent:.{0 if percent >= 10 else 1}f} % of the largest"
        if self.uncertainty > _MOST:
            why = (
                "The image is too small or too smooth for a kernel of this size."
                if self.rounding
                else "Kernels for different parts of the image differ by as much: it was made by "
                "something else (a median, a change of contrast), or too much of it is smooth, "
                "saturated or lost to compression."
            )
            return f"Uncertain: weights may be off by {off}. {why}"
        if self.rounding and not self.compression:
            return "Reliable: the residual is rounding."
        return (
            f"Reliable: weights are off by {off} at most, 19 times out of 20; "
            f"the residual ({self.residual:.2g} levels) "
            f"is {'no more' if self.rounding else 'more'} than rounding."
        )

    def __str__(self) -> str:
        size = format_shape(self.kernel.shape)
        lines = [
            str(self.kernel),
            "",
            f"offset {self.offset:.4g}; sum of the weights {self.kernel.sum:.6g}",
            f"standard error of a weight: at most {self.errors.max():.2g}",
            f"residual {self.residual:.3g} of {self.standard_deviation:.3g} levels, over "
            f"{self.pixels:,} pixels"
            + (f" ({self.saturated:,} saturated ones left out)" if self.saturated else ""),
        ]
        if self.compression:
            lines.append(f"compression as a JPEG accounted for: {self.compression}")
        if self.guessed:
            others = ", ".join(f"{side}: {value:.3g}" for side, value in self.tried.items())
            lines.append(f"size {size}, the smallest with as small a residual: {others}")
        return "\n".join([*lines, self.verdict])

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw the kernel and the standard errors of its weights."""
        return _draw(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        plain = (
            "residual", "standard_deviation", "explained", "pixels", "saturated", "unknowns",
            "rank", "determined", "compression", "guessed",
        )  # fmt: skip
        return {
            "kernel": self.kernel.matrix.tolist(),
            "origin": list(self.kernel.origin),
            "text": self.kernel.text,
            "offset": self.offset,
            "errors": self.errors.tolist(),
            **{name: getattr(self, name) for name in plain},
            "tried": {str(side): value for side, value in self.tried.items()},
            "verdict": self.verdict,
        }


def _draw(result: LearnedKernel, ax: Axes | None) -> Figure | Axes:
    """Draw the kernel as a grid of numbers, and its standard errors."""
    canvas = style.canvas(ax, 7.0, 3.9)
    canvas.write(0.03, 0.94, "Learned kernel", weight="bold")
    canvas.write(0.53, 0.94, "Standard error of each weight", weight="bold")
    draw_kernel(canvas.panel(0.03, 0.06, 0.44, 0.8), result.kernel)
    draw_kernel(canvas.panel(0.53, 0.06, 0.44, 0.8), Kernel(_two_digits(result.errors)))
    return canvas.result


def _two_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([float(f"{value:.2g}") for value in values.flat]).reshape(values.shape)
