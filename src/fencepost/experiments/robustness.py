"""`pooling_robustness`: LeNet-5 with and without pooling, on digits that are shifted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import datasets
from ..arguments import integer
from ..layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from ..network import Network
from ..plots import style
from ..text import join_words, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHIFTS = range(7)
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
_CERTAIN = 2.0  # standard errors beyond which a difference is called one


@dataclass(frozen=True, eq=False)
class PoolingRobustnessResult:
    """The result of `pooling_robustness`.

    Attributes
    ----------
    parameters : dict of str to int
        Of each network, by name.
    shifts : tuple of int
        Pixels.
    accuracy : dict of str to ndarray, (seeds, shifts)
        Share of the test digits that is recognised.
    ink : tuple of float
        Share of the digits' ink that is still within the image, by shift.
    edited : dict of str to ndarray, (seeds, 2)
        Probability of a 2, for the 2 of the article as it is written and as it is edited.
    epochs, images, tests : int
        Epochs of each training, and numbers of digits to train on and to test on.
    """

    parameters: dict[str, int]
    shifts: tuple[int, ...]
    accuracy: dict[str, NDArray[np.float64]]
    ink: tuple[float, ...]
    edited: dict[str, NDArray[np.float64]]
    epochs: int
    images: int
    tests: int

    @property
    def gain(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What pooling adds to the accuracy at each shift, and its standard error."""
        pooled, other = self.accuracy.values()
        differences, seeds = pooled - other, len(other)
        spread = differences.std(axis=0, ddof=1) if seeds > 1 else 0 * differences[0]
        return differences.mean(axis=0), spread / np.sqrt(seeds)

    @property
    def verdict(self) -> str:
        """Whether pooling made the network more robust, shift by shift."""
        gain, error = self.gain
        sure = np.abs(gain) > _CERTAIN * error
        better = [s for s, g, ok in zip(self.shifts, gain, sure, strict=True) if ok and g > 0]
        worse = [s for s, g, ok in zip(self.shifts, gain, sure, strict=True) if ok and g < 0]
        parts = []
        if better:
            parts.append(f"pooling helps at shifts of {join_words(better)} pixels")
        if worse:
            parts.append(f"it harms at shifts of {join_words(worse)}")
        if len(better) + len(worse) < len(self.shifts):
            others = [s for s in self.shifts if s not in better + worse]
            parts.append(f"no significant difference at {join_words(others)}")
        return f"{'; '.join(parts)} (by more than {_CERTAIN:g} standard errors)."

    @property
    def limits(self) -> str:
        """Which parts of the article's claim the numbers do not support."""
        shift, ink = self.shifts[-1], self.ink[-1]
        left = " and ".join(
            f"{percent(accuracies[:, -1].mean(), 0)} {name}"
            for name, accuracies in self.accuracy.items()
        )
        known = {name: int((both[:, 1] > 0.5).sum()) for name, both in self.edited.items()}
        seeds = len(next(iter(self.edited.values())))
        alike = len(set(known.values())) == 1
        twos = ", ".join(f"{count} of {seeds} {name}" for name, count in known.items())
        return (
            f"No network is invariant: shifted by {shift} pixels, with {100 * ink:.0f} % of the "
            f"ink still visible, {left} are recognised. The edited 2 is recognised in {twos}"
            + (": it does not distinguish them." if alike else ".")
        )

    def __str__(self) -> str:
        names = list(self.accuracy)
        seeds = len(next(iter(self.accuracy.values())))
        lines = [
            f"{', '.join(f'{name}: {n:,} parameters' for name, n in self.parameters.items())}.",
            f"{plural(seeds, 'seed')}, {plural(self.epochs, 'epoch')} on {self.images:,} digits; "
            f"{self.tests:,} test digits, each shifted up, down, left and right.",
            "",
            f"shift  ink left  {'  '.join(f'{name:>18}' for name in names)}  difference",
        ]
        gain, error = self.gain
        for column, shift in enumerate(self.shifts):
            columns = "  ".join(
                f"{100 * a[:, column].mean():8.2f} ± {100 * _deviation(a[:, column]):4.2f} %"
                for a in self.accuracy.values()
            )
            lines.append(
                f"{shift:5}  {100 * self.ink[column]:6.1f} %  {columns}  "
                f"{100 * gain[column]:+.2f} ± {100 * error[column]:.2f}"
            )
        lines.append("")
        for name, both in self.edited.items():
            before, after = 100 * both.mean(axis=0)
            lines.append(
                f"The article's 2, {name}: recognised with a confidence of {before:.2f} %, "
                f"{after:.2f} % with the flatter stroke."
            )
        lines += ["", f"So {self.verdict}", self.limits]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        gain, error = self.gain
        return {
            "parameters": self.parameters,
            "shifts": list(self.shifts),
            "accuracy": {name: a.tolist() for name, a in self.accuracy.items()},
            "gain": gain.tolist(),
            "gain_error": error.tolist(),
            "ink": list(self.ink),
            "edited_2": {name: a.tolist() for name, a in self.edited.items()},
            "epochs": self.epochs,
            "images": self.images,
            "tests": self.tests,
            "verdict": self.verdict,
            "limits": self.limits,
        }

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw accuracy by shift, with its standard deviation over the seeds."""
        return _draw(self, ax)


def with_pooling(seed: int) -> Network:
    """Return LeNet-5 as it is built today."""
    layers = [
        Conv2d(6, 5, padding=2), ReLU(), MaxPool2d(2),
        Conv2d(16, 5), ReLU(), MaxPool2d(2),
        *_classifier(),
    ]  # fmt: skip
    return Network((1, 28, 28), layers, seed=seed)


def without_pooling(seed: int) -> Network:
    """Return the same network with convolutions of stride 2 instead of the pools.

    It has the same kernels, sizes and parameters. A stride of 2 leaves a row and a column over;
    they are cropped, which is the only way to the same sizes.
    """
    layers = [
        Conv2d(6, 5, stride=2, padding=2, remainder="crop"), ReLU(),
        Conv2d(16, 5, stride=2, remainder="crop"), ReLU(),
        *_classifier(),
    ]  # fmt: skip
    return Network((1, 28, 28), layers, seed=seed)


def _classifier() -> list[Any]:
    return [Flatten(), Linear(120), ReLU(), Linear(84), ReLU(), Linear(10)]


NETWORKS: dict[str, Callable[[int], Network]] = {
    "with pooling": with_pooling,
    "without pooling": without_pooling,
}


def pooling_robustness(
    *, seeds: int = 5, epochs: int = 5, images: int = 60_000, tests: int = 10_000
) -> PoolingRobustnessResult:
    """Train LeNet-5 with and without pooling, and test it on digits that are shifted.

    Parameters
    ----------
    seeds : int
        Trainings of each network.
    epochs : int
        Of each training.
    images, tests : int
        Number of MNIST digits to train on, and to test on.

    Returns
    -------
    PoolingRobustnessResult
        A minute or two of computing with the defaults; `seeds=2, epochs=1, images=6000` takes
        seconds.

    Raises
    ------
    ArgumentError
        A number is not positive, or there are fewer digits.

    Examples
    --------
    >>> result = pooling_robustness(seeds=1, epochs=1, images=2000, tests=500)
    >>> result.parameters
    {'with pooling': 61706, 'without pooling': 61706}
    """
    for name, value, most in (
        ("seeds", seeds, None), ("epochs", epochs, None),
        ("images", images, 60_000), ("tests", tests, 10_000),
    ):  # fmt: skip
        integer(name, value, 1, most)
    learned, labels = datasets.mnist("train")
    digits, truths = (part[:tests] for part in datasets.mnist("test"))
    shifted = {
        shift: [_shifted(digits, shift * y, shift * x) for y, x in _DIRECTIONS[: 4 if shift else 1]]
        for shift in SHIFTS
    }
    ink = digits.sum(dtype=np.int64)
    two = _article_two()
    accuracy: dict[str, list[list[float]]] = {name: [] for name in NETWORKS}
    edited: dict[str, list[list[float]]] = {name: [] for name in NETWORKS}
    for seed in range(seeds):
        for name, build in NETWORKS.items():
            net = build(seed)
            net.fit(learned[:images], labels[:images], epochs=epochs, seed=seed, progress=False)
            accuracy[name].append(
                [
                    float(np.mean([(net.predict(images) == truths).mean() for images in moved]))
                    for moved in shifted.values()
                ]
            )
            edited[name].append(net.predict_proba(two)[:, 2].astype(float).tolist())
    return PoolingRobustnessResult(
        {name: build(0).parameter_count for name, build in NETWORKS.items()},
        tuple(SHIFTS),
        {name: np.array(rows) for name, rows in accuracy.items()},
        tuple(
            float(np.mean([images.sum(dtype=np.int64) for images in moved]) / ink)
            for moved in shifted.values()
        ),
        {name: np.array(rows) for name, rows in edited.items()},
        epochs,
        images,
        tests,
    )


def _article_two() -> NDArray[np.uint8]:
    """Return the article's 2 as it is written and as it is edited, (2, 1, 28, 28)."""
    from ..plots.article.images import FLATTER, STROKE, TWO, flattened

    digit = datasets.mnist("test").images[TWO, 0]
    return np.stack([digit, flattened(digit, STROKE, FLATTER)])[:, None]


def _shifted(images: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Move images; what leaves them is lost, and black moves in."""
    moved = np.zeros_like(images)
    height, width = images.shape[2:]
    to = np.s_[..., max(0, down) : height + down, max(0, right) : width + right]
    taken = np.s_[..., max(0, -down) : height - down, max(0, -right) : width - right]
    moved[to] = images[taken]
    return moved


def _deviation(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _draw(result: PoolingRobustnessResult, ax: Axes | None) -> Figure | Axes:
    """Draw accuracy by shift, mean and standard deviation of the seeds."""
    canvas = style.canvas(ax, 6.4, 4.2)
    axes = canvas.within_margins(0.75, 0.6, 0.25, 0.75)
    style.plain(axes)
    seeds = len(next(iter(result.accuracy.values())))
    looks = zip((style.BLUE, style.VERMILLION), style.DASHES, "os", strict=False)
    for (name, accuracies), (colour, dash, marker) in zip(
        result.accuracy.items(), looks, strict=True
    ):
        percent = 100 * accuracies
        deviations = percent.std(axis=0, ddof=1) if seeds > 1 else None
        axes.errorbar(
            result.shifts, percent.mean(axis=0), deviations, color=colour, linestyle=dash,
            marker=marker, markersize=5, capsize=3,
            label=f"{name}, {result.parameters[name]:,} parameters",
        )  # fmt: skip
    axes.set_xlabel("test digits shifted by so many pixels", fontsize=style.TEXT_SIZE)
    axes.set_ylabel("recognised, %", fontsize=style.TEXT_SIZE)
    axes.set_ylim(0, 102)
    axes.legend(fontsize=style.SMALL_SIZE, loc="lower left", frameon=False)
    of = f"of {seeds} trainings" if seeds > 1 else "of one training"
    remark = f"mean and standard deviation {of}, "
    remark += f"{result.epochs} epoch{'s' * (result.epochs > 1)} each"
    style.heading(axes, "Pooling and shifted digits", remark)
    return canvas.result
