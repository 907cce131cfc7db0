"""How much the probabilities of a network are to be trusted: `Network.calibrate`, `novelty`.

A network that was trained until it makes few mistakes is surer than it is right. Divided by one
number, the temperature, its outputs give probabilities that come true: of the images predicted with
80 %, 80 of 100 are right (Guo et al. 2017, "On calibration of modern neural networks").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...datasets.checks import check_targets
from ...errors import ArgumentError
from ...layers.base import engine_shape
from ...text import format_value
from .. import inputs, sizes
from ..arguments import require_classes
from ..evaluation import log_softmax
from .novelty import MOST_INPUTS, Novelty, channel_features, observed_layer

if TYPE_CHECKING:
    from ..._engine import NetworkPlan

#: How much is known of a temperature before any image is seen: its logarithm is 0 ± this. A few
#: images that are all predicted rightly do not make a network certain.
PRIOR = 0.2
_CHUNK_BYTES = 1 << 26  # of the outputs of all layers
LOWEST, HIGHEST = 0.05, 20.0

Floats = NDArray[np.float32]
#: Of the first layers, of each network that was asked for its novelty.
_PLANS: WeakKeyDictionary[Any, NetworkPlan] = WeakKeyDictionary()


@dataclass(frozen=True)
class Calibration:
    """What was measured on images that the network was not trained on.

    Attributes
    ----------
    temperature : float
        What outputs are divided by before the softmax.
    count : int
        Images that it was fitted on.
    novelty : Novelty or None
        What images are compared with, to find those that are unlike the training data.
    """

    temperature: float
    count: int
    novelty: Novelty | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for a model file."""
        return {
            "temperature": self.temperature,
            "count": self.count,
            "novelty": None if self.novelty is None else self.novelty.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any) -> Calibration:
        """Return what `to_dict` was made from. Raises `ArgumentError` if it is something else."""
        try:
            temperature, count = float(values["temperature"]), int(values["count"])
            novelty = values.get("novelty")
        except (TypeError, ValueError, KeyError, AttributeError):
            temperature, count, novelty = math.nan, 0, None
        if not LOWEST <= temperature <= HIGHEST or count < 1:
            raise ArgumentError(
                "a calibration must be made by Network.calibrate. Received: "
                f"{format_value(values)}."
            )
        return cls(temperature, count, None if novelty is None else Novelty.from_dict(novelty))


def calibrate(
    net: Any,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    training_images: ArrayLike | None = None,
) -> Calibration:
    """Calibrate the probabilities on held-out images, and learn to detect images unlike them.

    `fit` does it where it has validation data, `fencepost train` with those or with the test
    images. Predicted classes stay the same; `predict_proba`, `evaluate` and exported files divide
    the outputs by `temperature` before the softmax.

    Parameters
    ----------
    images, labels : array_like
        A few hundred images that the network was not trained on, and their class indices.
    training_images : array_like, optional
        Images that it was trained on, for `novelty` to compare with. By default half of `images`.

    Returns
    -------
    Calibration
        Also kept as `Network.calibration`, and in the model file.

    Raises
    ------
    ArgumentError
        The network has no classes.
    DataError
        Images or labels that do not fit.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((1,), [fp.Linear(2)])
    >>> net.parameters["0.weight"][:], net.parameters["0.bias"][:] = [[9], [-9]], 0
    >>> images, labels = [[1.0]] * 300 + [[-1.0]] * 300, [0] * 240 + [1] * 60 + [1] * 300
    >>> before = net.predict_proba([[1.0]])[0, 0]
    >>> _ = net.calibrate(images, labels)  # 9 of 10 are right
    >>> print(f"{before:.1%} {net.predict_proba([[1.0]])[0, 0]:.1%}")
    100.0% 93.1%
    """
    require_classes(net.output_shape)
    batch = inputs.as_checked_batch(images, net.input_shape)
    targets = check_targets(labels, len(batch), outputs=net.output_shape[0])
    features, logits = _observed(net, batch)
    if training_images is None:
        known, features_held, logits_held = (
            features[::2],
            features[1::2],
            logits[1::2],
        )
    else:
        few = inputs.as_checked_batch(training_images, net.input_shape)
        known, features_held, logits_held = _observed(net, few)[0], features, logits
    novelty = None
    if len(logits_held) and np.isfinite(logits).all():
        novelty = Novelty.measure(known, features_held, logits_held)
    measured = Calibration(fit_temperature(logits, targets), len(batch), novelty)
    net.calibration = measured
    return measured


def novelty(net: Any, images: ArrayLike) -> Floats:
    """Return how far each image is from the training data.

    Parameters
    ----------
    images : array_like
        As `predict` takes them.

    Returns
    -------
    array of float32, shape (N,)
        A value above 1 is farther than 99 % of the images used for calibration: do not rely on the
        prediction, however high its probability.

    Raises
    ------
    ArgumentError
        The network was never calibrated.
    DataError
        The shape is wrong, or values are not finite.
    """
    if net.calibration is None or net.calibration.novelty is None:
        raise ArgumentError(
            "novelty needs a network that was calibrated on held-out images. Received: one that "
            "was not. Train it with validation data, or call net.calibrate(images, labels)."
        )
    batch = inputs.as_checked_batch(images, net.input_shape)
    known: Novelty = net.calibration.novelty
    return known.scores(*_observed(net, batch))


def predicted(net: Any, images: ArrayLike) -> tuple[Floats, Floats | None]:
    """Return the probabilities of classes (N, classes), and novelty (N,) if that was measured.

    What `Network.predict_proba` and `novelty` return, with one pass through the network.
    """
    known = None if net.calibration is None else net.calibration.novelty
    if known is None:
        return net.predict_proba(images), None
    features, logits = _observed(net, inputs.as_checked_batch(images, net.input_shape))
    return probabilities(logits, net.temperature), known.scores(features, logits)


def probabilities(outputs: Floats, temperature: float) -> Floats:
    """Return the softmax of outputs (N, classes), divided by the temperature."""
    return np.exp(log_softmax(tempered(outputs, temperature))).astype(np.float32)


def tempered(outputs: Floats, temperature: float) -> Floats:
    """Return outputs, divided by the temperature."""
    divided: Floats = outputs / np.float32(temperature)
    return divided


def fit_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Return the temperature of maximum likelihood for the labels.

    The mean cross-entropy is a convex function of 1 / temperature; with a normal prior of the
    logarithm it is minimised by golden sections, of the logarithm, to 4 digits.
    """
    values = logits.astype(np.float64)
    rows = np.arange(len(labels))

    def cost(log_temperature: float) -> float:
        likelihood = log_softmax(values / math.exp(log_temperature))[rows, labels]
        return float(-likelihood.sum()) + 0.5 * (log_temperature / PRIOR) ** 2

    low, high = math.log(LOWEST), math.log(HIGHEST)
    ratio = (math.sqrt(5) - 1) / 2
    inner, outer = high - ratio * (high - low), low + ratio * (high - low)
    at_inner, at_outer = cost(inner), cost(outer)
    while high - low > 1e-4:
        if at_inner <= at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - ratio * (high - low)
            at_inner = cost(inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + ratio * (high - low)
            at_outer = cost(outer)
    return round(math.exp((low + high) / 2), 4)


def as_calibration(config: Mapping[str, Any]) -> Calibration | None:
    """Return the calibration from a network's description; None where there is none."""
    stored = config.get("calibration")
    return None if stored is None else Calibration.from_dict(stored)


def _observed(net: Any, batch: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return features (N, D) and outputs (N, classes) of images, some at a time."""
    of = observed_layer(net.layers)
    plan = None if of is None else _plan_up_to(net, of)
    size = 4 * math.prod(net.input_shape if of is None else net.rows[of].output_shape)
    step = max(_CHUNK_BYTES // size, 1)
    features, logits = [], []
    for start in range(0, len(batch), step):
        piece = batch[start : start + step]
        logits.append(net(piece).reshape(len(piece), -1))
        if plan is not None:
            planes = np.ascontiguousarray(piece).reshape(-1, *engine_shape(net.input_shape))
            with net.engine_weights.lent() as (parameters, state, *_):
                values = plan.forward(parameters, state, planes, *net.engine_normalization)
            features.append(channel_features(values.reshape(-1, *net.rows[of].output_shape)))
        else:
            features.append(_normalised(net, piece))
    return np.concatenate(features), np.concatenate(logits)


def _plan_up_to(net: Any, index: int) -> NetworkPlan:
    """Return the plan of the layers up to one, whose outputs alone the engine need not compute."""
    plan = _PLANS.get(net)
    if plan is None:
        plan = _PLANS[net] = _planned(net, index)
    return plan


def _planned(net: Any, index: int) -> NetworkPlan:
    from ..._engine import NetworkPlan

    steps, last = sizes.engine_steps(net.rows)
    counts: tuple[int, int] = net.engine_weights.sizes
    return NetworkPlan(engine_shape(net.input_shape), steps[: last[index] + 1], *counts, False)


def _normalised(net: Any, batch: NDArray[Any]) -> Floats:
    """Return the inputs of a network without convolutions, with means of so many together."""
    mean, scale = net.engine_normalization
    flat = batch.reshape(*batch.shape[:2], -1)
    values: Floats = ((flat - mean[:, None]) * scale[:, None]).reshape(len(batch), -1)
    together = -(-values.shape[1] // MOST_INPUTS)
    starts = np.arange(0, values.shape[1], together)
    means: Floats = (np.add.reduceat(values, starts, axis=1) / together).astype(np.float32)
    return means
