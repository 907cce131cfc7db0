"""How far images are from those that a network was trained on: what it knows no class for.

Two figures are taken of each image. One is the energy of its outputs, -log Σ exp(output), which is
high where no class speaks up (Liu et al. 2020, "Energy-based out-of-distribution detection"). The
other is the distance of what an early layer makes of it, mean and standard deviation of each
channel, from the same of the training images, by their covariance (Lee et al. 2018, "A simple
unified framework for detecting out-of-distribution samples"): late layers have forgotten what tells
no class from another. Both are brought to the scale of held-out images, the larger one counts, and
99 of 100 held-out images stay below 1. docs/decisions/confidence.md has the figures.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError
from ...layers import Branched, Conv1d, Conv2d, Layer
from ...text import format_value

ALARMS = 0.01  # the share of held-out images that may lie beyond
DIRECTIONS = 16  # of the covariance that are kept; the others are taken as alike
MOST_CHANNELS, MOST_INPUTS = 128, 256  # beyond them only means, of channels and of inputs
LEAST_IMAGES = 32
#: Of fewer than 99 held-out images, one outlier would be the 99 % quantile: it is taken from the
#: 90 % quantile, which in a normal distribution is 1.8 times nearer to the median.
FEW_SHARE, FEW_LIMIT = (0.9, 2.0), 1.1

Floats = NDArray[np.float32]


class Space(NamedTuple):
    """Mean (D,) of features, principal directions (D, r), variances (r + 1,).

    The last variance is that along any direction that is not kept.
    """

    mean: Floats
    directions: Floats
    variances: Floats


@dataclass(frozen=True, eq=False)
class Novelty:
    """What images are compared with.

    `space` are the training images' features, None where only outputs are compared. `middles` and
    `widths` are median, and 99 % quantile less it, of energy and distance of held-out images;
    `limit` the larger of the two, so scaled, that 99 % stay below.
    """

    space: Space | None
    middles: tuple[float, float]
    widths: tuple[float, float]
    limit: float

    @classmethod
    def measure(cls, known: Floats | None, features: Floats | None, logits: Floats) -> Novelty:
        """Measure features (N, D) of training images, and those and outputs of held-out ones."""
        space = None
        if known is not None and features is not None and len(known) >= LEAST_IMAGES:
            space = _principal(known)
        fresh = cls(space, (0.0, 0.0), (1.0, 1.0), 1.0)
        figures = fresh._figures(features, logits)
        middles = np.median(figures, axis=1)
        few = (figures.shape[1] + 1) * ALARMS < 1
        share, factor = FEW_SHARE if few else (1 - ALARMS, 1.0)
        widths = factor * (np.quantile(figures, share, axis=1) - middles)
        widths = np.maximum(widths, 1e-3 * (1 + np.abs(middles)))
        largest = np.sort(((figures - middles[:, None]) / widths[:, None]).max(axis=0))
        limit = FEW_LIMIT if few else largest[-int(ALARMS * (len(largest) + 1))]
        pairs = [(float(a), float(b)) for a, b in (middles, widths)]
        return cls(space, pairs[0], pairs[1], max(float(limit), 1e-3))

    def scores(self, features: Floats | None, logits: Floats) -> Floats:
        """Return how far images are, (N,): more than 1 is farther than 99 % of those held out."""
        figures = self._figures(features, logits)
        middles, widths = (np.array(pair)[:, None] for pair in (self.middles, self.widths))
        scores: Floats = (((figures - middles) / widths).max(axis=0) / self.limit).astype(
            np.float32
        )
        return scores

    def _figures(self, features: Floats | None, logits: Floats) -> NDArray[np.float64]:
        """Return energy and distance, (2, N)."""
        top = logits.max(axis=1).astype(np.float64)
        energy = -(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))
        if self.space is None or features is None:
            return np.stack([energy, np.zeros(len(energy))])
        mean, directions, variances = self.space
        away = features.astype(np.float64) - mean
        along = away @ directions
        rest = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distance = (along**2 / variances[:-1]).sum(axis=1) + rest / variances[-1]
        return np.stack([energy, np.log1p(distance)])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for a model file."""
        return {
            "space": None if self.space is None else [_packed(array) for array in self.space],
            "middles": list(self.middles),
            "widths": list(self.widths),
            "limit": self.limit,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Novelty:
        """Return what `to_dict` was made from. Raises `ArgumentError` if it is something else."""
        try:
            space = None
            if values["space"] is not None:
                mean, directions, variances = (_unpacked(text) for text in values["space"])
                space = Space(mean, directions.reshape(len(mean), -1), variances)
                if len(variances) != space.directions.shape[1] + 1 or not (variances > 0).all():
                    raise ValueError
            numbers = [*values["middles"], *values["widths"], values["limit"]]
            middle, other, width, wide, limit = map(float, numbers)
            if not (all(map(math.isfinite, numbers)) and min(width, wide, limit) > 0):
                raise ValueError
        except (TypeError, ValueError, KeyError):
            raise ArgumentError(
                f"novelty must be measured by Network.calibrate. Received: {format_value(values)}."
            ) from None
        return cls(space, (middle, other), (width, wide), limit)


def observed_layer(layers: Sequence[Layer]) -> int | None:
    """Return the index of the layer whose output is compared: the second with a convolution."""
    with_windows = [k for k, layer in enumerate(layers) if _convolves(layer)]
    return with_windows[:2][-1] if with_windows else None


def channel_features(values: Floats) -> Floats:
    """Return mean and standard deviation of each channel, (N, D), of a layer's output."""
    if values.ndim == 2:
        return values
    pixels = values.reshape(*values.shape[:2], -1)
    mean: Floats = pixels.mean(axis=2)
    if values.shape[1] > MOST_CHANNELS:
        return mean
    return np.concatenate([mean, pixels.std(axis=2)], axis=1)


def _convolves(layer: Layer) -> bool:
    if isinstance(layer, Branched):
        return any(_convolves(inner) for chain in layer.chains for inner in chain.layers)
    return isinstance(layer, (Conv1d, Conv2d))


def _principal(features: Floats) -> Space:
    """Return the space of features (N, D)."""
    mean = features.mean(axis=0, dtype=np.float64)
    covariance = np.atleast_2d(np.cov(features, rowvar=False))
    variances, directions = np.linalg.eigh(covariance)
    variances, directions = variances[::-1], directions[:, ::-1]
    # What hardly varies in some images may in others: nothing counts for less than this.
    floor = 1e-2 * max(float(variances.mean()), 1e-12)
    kept = min(DIRECTIONS, len(variances), len(features) // 8)
    rest = float(variances[kept:].mean()) if kept < len(variances) else floor
    all_variances = [*(variances[:kept] + floor), max(rest, floor)]
    return Space(
        mean.astype(np.float32),
        np.ascontiguousarray(directions[:, :kept], np.float32),
        np.array(all_variances, np.float32),
    )


def _packed(array: Floats) -> str:
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> Floats:
    array = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError
    return array
