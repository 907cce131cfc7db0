"""`hand_made_and_learned`: the kernels that a network learned beside those made by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import datasets, kernels, models
from ..arguments import integer
from ..errors import ArgumentError
from ..layers import Conv2d
from ..network import Network
from ..plots import style
from ..plots.images.kernel_grids import draw_signs
from ..text import format_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
_MOST_DRAWN = 8  # kernels side by side
_RANDOM = 2000  # random kernels, to know what a match by chance is worth


@dataclass(frozen=True, eq=False)
class Match:
    """A learned kernel and the hand-made one that is most like it.

    Attributes
    ----------
    channel : int
    kernel : ndarray, (rows, columns)
        As learned, flipped so that it is a kernel of convolution.
    name : str
        Of the hand-made one.
    hand_made : ndarray, (rows, columns)
        It, turned and placed as it fits best, of the sign of the learned one.
    correlation : float
        Cosine of the angle between the two, from 0 to 1.
    """

    channel: int
    kernel: Array
    name: str
    hand_made: Array
    correlation: float


@dataclass(frozen=True, eq=False)
class HandMadeAndLearnedResult:
    """The result of `hand_made_and_learned`.

    Attributes
    ----------
    matches : tuple of Match
        One for each kernel of the first layer.
    by_chance : tuple of (float, float)
        Median and 95th percentile of the correlation that a kernel of random numbers reaches.
    candidates : int
        How many hand-made kernels, turned and placed, each was compared with.
    """

    matches: tuple[Match, ...]
    by_chance: tuple[float, float]
    candidates: int

    def __str__(self) -> str:
        lines = [f"Each learned kernel and the nearest of {self.candidates:,} hand-made ones:"]
        lines += [
            f"  kernel {match.channel}: {match.name}, correlation {match.correlation:.3f}"
            for match in self.matches
        ]
        above = sum(match.correlation > self.by_chance[1] for match in self.matches)
        lines.append(
            f"For kernels of random numbers it is {self.by_chance[0]:.3f} (median), and above "
            f"{self.by_chance[1]:.3f} once in 20; {above} of {len(self.matches)} learned kernels "
            "are above that."
        )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "matches": [
                {
                    "channel": match.channel,
                    "nearest": match.name,
                    "correlation": match.correlation,
                    "kernel": match.kernel.tolist(),
                    "hand_made": match.hand_made.tolist(),
                }
                for match in self.matches
            ],
            "by_chance": {"median": self.by_chance[0], "percentile_95": self.by_chance[1]},
            "candidates": self.candidates,
        }

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw each learned kernel above its nearest match."""
        return _draw(self, ax)


def hand_made_and_learned(
    net: Network | None = None, *, epochs: int = 5, images: int = 60_000
) -> HandMadeAndLearnedResult:
    """Compare the kernels of a network's first layer with Sobel, Laplace, Gabor and others.

    Parameters
    ----------
    net : Network, optional
        Trained, its first convolution over one channel. Without it, LeNet-5 is trained on MNIST.
    epochs, images : int
        Of that training.

    Raises
    ------
    ArgumentError
        The network has no two-dimensional convolution over one channel, or its kernels are of one
        weight.

    Examples
    --------
    >>> result = hand_made_and_learned(epochs=1, images=3000)
    >>> len(result.matches)
    6
    """
    if net is None:
        integer("epochs", epochs, 1)
        integer("images", images, 1, 60_000)
        net = models.lenet5()
        learned, labels = datasets.mnist("train")
        net.fit(learned[:images], labels[:images], epochs=epochs, progress=False)
    weights = _first_kernels(net)
    shape: tuple[int, int] = (weights.shape[1], weights.shape[2])
    names, candidates = _candidates(shape)
    matches = []
    for channel, kernel in enumerate(weights):
        likeness = candidates @ _unit(kernel).ravel()
        best = int(np.abs(likeness).argmax())
        scale = np.sign(likeness[best]) * np.linalg.norm(kernel)
        hand_made = (candidates[best] * scale).reshape(shape)
        matches.append(Match(channel, kernel, names[best], hand_made, float(abs(likeness[best]))))
    random = np.random.default_rng(0).normal(size=(_RANDOM, *shape))
    chance = np.abs(candidates @ np.stack([_unit(match).ravel() for match in random]).T).max(axis=0)
    return HandMadeAndLearnedResult(
        tuple(matches),
        (float(np.median(chance)), float(np.quantile(chance, 0.95))),
        len(candidates),
    )


def _first_kernels(net: Network) -> Array:
    index = next((i for i, layer in enumerate(net.layers) if isinstance(layer, Conv2d)), None)
    if index is None or net.layer_kernel(index).shape[-3] != 1:
        raise ArgumentError(
            "the network's first two-dimensional convolution must have one input channel. "
            f"Received: {format_value(net)}. A network for grey images has one."
        )
    kernels_found = net.layer_kernel(index)[:, 0].astype(np.float64)
    if kernels_found[0].size == 1:
        raise ArgumentError(
            "kernels must have more than one weight to be like others. Received: 1 × 1"
        )
    return kernels_found


def _unit(kernel: Array) -> Array:
    length = np.linalg.norm(kernel)
    return kernel / length if length else kernel


def _candidates(shape: tuple[int, int]) -> tuple[list[str], Array]:
    """Return hand-made kernels, turned and placed within `shape`: names, and unit vectors."""
    names, kernels_found = [], []
    for name, matrix in _hand_made(shape):
        rows, columns = (room - side for room, side in zip(shape, matrix.shape, strict=True))
        if min(rows, columns) < 0:
            continue
        for top, left in itertools.product(range(rows + 1), range(columns + 1)):
            placed = np.zeros(shape)
            placed[top : top + matrix.shape[0], left : left + matrix.shape[1]] = matrix
            names.append(name)
            kernels_found.append(_unit(placed).ravel())
    return names, np.array(kernels_found)


def _hand_made(shape: tuple[int, int]) -> Iterator[tuple[str, Array]]:
    """Yield named kernels; of those with a direction, turned by every 45° or 15°."""
    size = min(shape) if min(shape) % 2 else min(shape) - 1
    yield "identity", np.ones((1, 1))
    for side in range(2, size + 1):
        yield f"mean {side} × {side}", np.ones((side, side))
    for sigma in (0.7, 1.0, 1.5):
        yield f"Gaussian, sigma {sigma:g}", kernels.gaussian(sigma, size).matrix
    if size < 3:
        return
    for neighbours in (4, 8):
        yield f"Laplace, {neighbours} neighbours", kernels.laplace(neighbours).matrix
    for sigma in (0.8, 1.2):
        yield f"Laplacian of Gaussian, sigma {sigma:g}", kernels.log(sigma, size).matrix
    for name in ("sobel", "prewitt", "scharr"):
        kernel = getattr(kernels, name)("x")
        for turn in range(0, 360, 45):
            yield f"{name.capitalize()}, turned by {turn}°", kernel.rotated(turn).matrix
    y, x = np.mgrid[:size, :size] - size // 2
    for sigma in (0.8, 1.2, 2.0):
        weight = np.exp(-(x**2 + y**2) / (2 * sigma**2))
        for turn in range(0, 180, 15):
            along = x * np.cos(np.deg2rad(turn)) + y * np.sin(np.deg2rad(turn))
            yield f"derivative of Gaussian, sigma {sigma:g}, at {turn}°", along * weight
    for wavelength, turn, phase in itertools.product((3.0, 4.0, 6.0), range(0, 180, 15), (0, 90)):
        gabor = kernels.gabor(
            wavelength=wavelength, angle=turn, phase=phase, sigma=0.5 * wavelength, size=size
        )
        kind = "line" if phase == 0 else "edge"
        yield f"Gabor {kind}, wavelength {wavelength:g}, at {turn}°", gabor.matrix


def _draw(result: HandMadeAndLearnedResult, ax: Axes | None) -> Figure | Axes:
    """Draw each learned kernel above the hand-made one that is most like it."""
    matches = result.matches[:_MOST_DRAWN]
    canvas = style.canvas(ax, max(4.2, 1.5 * len(matches)), 4.6)
    canvas.write(0.02, 0.96, "Learned, and the nearest made by hand", weight="bold")
    median, top = result.by_chance
    chance = f"random numbers reach {median:.2f}, once in 20 {top:.2f}"
    if len(result.matches) > len(matches):
        chance = f"the first {len(matches)} of {len(result.matches)} kernels; {chance}"
    canvas.write(0.02, 0.905, chance, **style.REMARK)
    width = 1 / len(matches)
    for column, match in enumerate(matches):
        left = column * width
        for bottom, matrix in ((0.51, match.kernel), (0.13, match.hand_made)):
            axes = canvas.panel(left + 0.08 * width, bottom, 0.84 * width, 0.34)
            draw_signs(axes, matrix)
        middle = left + width / 2
        canvas.write(middle, 0.485, f"{match.correlation:.2f}", ha="center")
        words = style.shorten(match.name, 60).split(", ")
        canvas.write(middle, 0.065, "\n".join(words), ha="center", fontsize=6.5, linespacing=1.25)
    return canvas.result
