"""The range of the values that a network was trained on, and whether other images are far from it.

What is looked for is a mistake of scale: pixels divided by 255 where training had none divided, a
normalisation done twice, another type of numbers, images inverted. It is said only where no image
of the training was nearly like it; what is a little darker than those is none of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError
from ...text import format_value

MEASURED = 2000  # training images, evenly spaced
CHECKED = 16  # of the images of one call
PIXELS = 256  # of each channel
#: How far beyond the training images a single image must be, and the mean of at least so many; and
#: where there are few of the training, who show less of what there is.
ALONE, SEVERAL, COUNT = 4.0, 1.25, 8
FEW_SEVERAL, FEW = 1.5, 1000
#: The share of pixels that lie beyond the values of the training, and how far, of their range.
OUTSIDE, BEYOND = 0.05, 0.05

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class InputRange:
    """What was measured on the training images.

    Level and contrast are mean and standard deviation of an image's values after normalisation,
    over all its channels.

    Attributes
    ----------
    count : int
        Of how many images.
    low, high : float
        The smallest and the largest value, in the images' own units.
    darkest, brightest : float
        The smallest and the largest level.
    flattest, sharpest : float
        The smallest and the largest contrast, of images that are not constant.
    """

    count: int
    low: float
    high: float
    darkest: float
    brightest: float
    flattest: float
    sharpest: float

    @classmethod
    def measure(cls, images: NDArray[Any], mean: Floats, scale: Floats) -> InputRange:
        """Measure images (N, C, ...), which are normalised as (image - mean) * scale."""
        values = _sample(images, MEASURED)
        level, contrast = _levels(values, mean, scale)
        varied = contrast[contrast > 0]
        level = np.nan_to_num(level)
        varied = np.nan_to_num(varied)
        extremes = (values.min(), values.max(), level.min(), level.max())
        contrasts = (varied.min(), varied.max()) if varied.size else (0.0, 0.0)
        return cls(len(images), *map(float, (*extremes, *contrasts)))

    def to_dict(self) -> dict[str, float]:
        """Return plain data, for a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> InputRange:
        """Return what `to_dict` was made from. Raises `ArgumentError` if it is something else."""
        try:
            numbers = {name: float(value) for name, value in dict(values).items()}
            if not all(map(math.isfinite, numbers.values())):
                raise ValueError
            return cls(count=int(numbers.pop("count")), **numbers)
        except (TypeError, ValueError, KeyError):
            raise ArgumentError(
                f"an input range must be numbers, as InputRange has them. Received: "
                f"{format_value(values)}."
            ) from None

    def remark(
        self, images: NDArray[Any], mean: Floats, scale: Floats, what: str = "the images"
    ) -> str | None:
        """Say how images (N, C, ...) are far from those of the training, if they are."""
        values = _sample(images, CHECKED)
        return self._said(what, values, mean) if self._is_far(values, mean, scale) else None

    def _is_far(self, values: Floats, mean: Floats, scale: Floats) -> bool:
        """Whether the sampled values (n, C, p) of images are far from those of the training."""
        level, contrast = _levels(values, mean, scale)
        alone, rows = len(values) < COUNT, values.shape[2] == 1
        margin = ALONE if alone else SEVERAL if self.count >= FEW else FEW_SEVERAL
        varied = contrast[contrast > 0]
        if varied.size and self.sharpest > 0:
            mean_contrast = float(varied.mean())
            if mean_contrast > margin * self.sharpest:
                return True
            if mean_contrast < self.flattest / margin and not (alone and rows):
                return True
        room = min(margin - 1, 1) * (0.5 * (self.brightest - self.darkest) + 0.5)
        if not self.darkest - room <= float(level.mean()) <= self.brightest + room:
            return True
        if rows:  # of which one value may well stand out
            return False
        room = BEYOND * (self.high - self.low)
        outside = (values < self.low - room) | (values > self.high + room)
        return bool(np.count_nonzero(outside) > OUTSIDE * outside.size)

    def _said(self, what: str, values: Floats, mean: Floats) -> str:
        seen = values.min(), values.max(), values.mean(dtype=np.float64)
        return (
            f"{what} are far from the training images: their values range from "
            f"{seen[0]:.3g} to {seen[1]:.3g}, mean {seen[2]:.3g}, those of the training images "
            f"from {self.low:.4g} to {self.high:.4g}, mean {mean.mean():.3g}. "
            f"{self._advice(values)}"
        )

    def _advice(self, values: Floats) -> str:
        """Name the most probable mistake."""
        low, high, bytes_ = float(values.min()), float(values.max()), 200 < self.high <= 255
        if self.low >= 0 and bytes_ and high <= 1.01 and low >= -1.01:
            done = "divided by 255" if low >= 0 else "scaled to -1 to 1"
            return (
                f"Were they {done}? Pass them unscaled, as in training: the network normalises "
                "them itself."
            )
        if self.low >= 0 and self.high <= 1.01 and 2 < high <= 255 and low >= 0:
            return "In training they were divided by 255: do the same here."
        return "Prepare them as the training images were."


def _sample(images: NDArray[Any], count: int) -> Floats:
    """Return up to `count` images with up to `PIXELS` of each channel: float32 (n, C, p)."""
    chosen = images[:: -(-len(images) // count)]
    *_, width = chosen.shape
    flat = chosen.reshape(*chosen.shape[:2], -1)
    step = max(flat.shape[2] // PIXELS, 1)
    while math.gcd(step, width) > 1 and step > 1:  # else it would see some columns only
        step += 1
    return flat[:, :, ::step].astype(np.float32)


def _levels(values: Floats, mean: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return level and contrast of each image; of rows, whose channels are one value, over these.

    Within each channel: where a scale is wrong, channels stand apart though nothing is seen in any.
    """
    with np.errstate(all="ignore"):  # of values that are not finite nothing is said here
        normalised = values - mean[:, None]  # and in place from here: new memory takes longest
        normalised *= scale[:, None]
        levels = normalised.mean(axis=2)
        if values.shape[2] == 1:
            return levels.mean(axis=1), levels.std(axis=1)
        normalised -= levels[:, :, None]
        squares = np.einsum("ncp,ncp->nc", normalised, normalised) / np.float32(values.shape[2])
        squares[np.ptp(values, axis=2) == 0] = 0
        return levels.mean(axis=1), np.sqrt(squares.mean(axis=1))


def as_input_range(config: Mapping[str, Any]) -> InputRange | None:
    """Return the range from a network's description; None where there is none."""
    stored = config.get("input_range")
    return None if stored is None else InputRange.from_dict(stored)
