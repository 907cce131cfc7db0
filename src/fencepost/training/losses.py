"""What training minimises: cross-entropy for classes, the mean squared error for regression.

Each loss checks its fields, says what the engine is to compute, and can be evaluated on outputs
(for validation, in float64).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, real
from ..datasets.labels import is_regression
from ..errors import ArgumentError
from ..remedies import in_python, setting
from ..text import format_value
from .balance import WAYS
from .settings import Setting, as_setting


class Loss(Setting):
    """Base of the losses: each can be evaluated on outputs, in float64.

    Examples
    --------
    >>> from fencepost.training import CrossEntropy, Loss
    >>> loss: Loss = CrossEntropy(label_smoothing=0.1)
    >>> round(loss.value([[2.0, 0.0], [0.0, 1.0]], [0, 1]), 4)
    0.2951
    """

    #: Whether targets are class indices, so that accuracy can be counted.
    counts_classes: ClassVar[bool]

    def check_outputs(self, outputs: int) -> None:
        """Raise `ArgumentError` unless the loss fits a network with this many outputs."""

    @abstractmethod
    def engine(self) -> dict[str, Any]:
        """Return the engine's settings."""

    @abstractmethod
    def totals(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
        """Return the sum of the losses and what to divide it by, so that chunks can be added."""

    def value(self, outputs: ArrayLike, targets: ArrayLike) -> float:
        """Return the mean loss of outputs (N, F) for class indices (N,) or targets (N, F)."""
        total, weight = self.totals(outputs, targets)
        return total / weight if weight else 0.0


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """The cross-entropy between softmax(outputs) and the labels, averaged as PyTorch averages it.

    With label smoothing ε over K classes and class weights w, an image with label y costs
    ``-(1 - ε) w[y] log p[y] - ε/K Σ_c w[c] log p[c]``, and the mean divides by Σ w[y]
    (Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7).

    Parameters
    ----------
    label_smoothing : float
        ε, at least 0 and less than 1.
    class_weights : sequence of float, optional
        One weight, at least 0, for each class; see `balanced`.

    Examples
    --------
    >>> from fencepost.training import CrossEntropy
    >>> CrossEntropy().value([[0.0, 0.0]], [1])  # two classes, equal outputs: log 2
    0.6931471805599453
    """

    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None

    name: ClassVar[str] = "cross_entropy"
    counts_classes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        smoothing = real("label_smoothing", self.label_smoothing, 0, 1, below=True)
        self._set(label_smoothing=smoothing)
        if self.class_weights is None:
            return
        if not isinstance(self.class_weights, Iterable):
            raise ArgumentError(
                "class_weights must be a sequence of numbers, one for each class. "
                f"Received: {format_value(self.class_weights)}."
            )
        weights = tuple(
            real(f"class_weights[{index}]", weight, 0)
            for index, weight in enumerate(self.class_weights)
        )
        if not any(weights):
            raise ArgumentError("class_weights must not all be 0: nothing would be trained.")
        self._set(class_weights=weights)

    @classmethod
    def balanced(
        cls, labels: ArrayLike, classes: int, label_smoothing: float = 0.0
    ) -> CrossEntropy:
        """Class weights that give every class equal influence, however many images it has.

        A class with n of all N images weighs N / (classes · n).

        Examples
        --------
        >>> from fencepost.training import CrossEntropy
        >>> CrossEntropy.balanced([0, 0, 0, 1], classes=2).class_weights
        (0.6666666666666666, 2.0)
        """
        counts = np.bincount(np.asarray(labels, dtype=np.int64), minlength=classes)
        if len(counts) > classes or not counts.all():
            raise ArgumentError(
                f"balanced weights need at least one image of each of the {classes} classes. "
                f"Received images per class: {counts.tolist()}."
            )
        weights = counts.sum() / (classes * counts)
        return cls(label_smoothing, tuple(weights.tolist()))

    def check_outputs(self, outputs: int) -> None:
        """Raise `ArgumentError` unless the loss fits a network with this many outputs."""
        if self.class_weights is not None and len(self.class_weights) != outputs:
            raise ArgumentError(
                f"class_weights must have one weight for each of the network's {outputs} outputs. "
                f"Received: {len(self.class_weights)} weights."
            )

    def engine(self) -> dict[str, Any]:
        """Return the engine's settings."""
        weights = self.class_weights
        return {
            "name": self.name,
            "label_smoothing": self.label_smoothing,
            "class_weights": None if weights is None else np.array(weights, np.float32),
        }

    def totals(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
        """Return the sum of the losses and what to divide it by, so that chunks can be added."""
        scores = np.asarray(outputs, dtype=np.float64)
        labels = np.asarray(targets, dtype=np.int64)
        classes = scores.shape[1]
        with np.errstate(invalid="ignore"):  # outputs that overflowed give NaN, which is reported
            shifted = scores - scores.max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        weights: NDArray[np.float64] = np.ones(classes)
        if self.class_weights is not None:
            weights = np.array(self.class_weights)
        own = weights[labels]
        picked = log_p[np.arange(len(labels)), labels]
        smooth = self.label_smoothing
        losses = -(1.0 - smooth) * own * picked - smooth / classes * (log_p @ weights)
        return float(losses.sum()), float(own.sum())


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of (output - target)² over all images and outputs: regression.

    Examples
    --------
    >>> from fencepost.training import MeanSquaredError
    >>> MeanSquaredError().value([[1.0, 2.0]], [[1.0, 4.0]])
    2.0
    """

    name: ClassVar[str] = "mse"
    counts_classes: ClassVar[bool] = False

    def engine(self) -> dict[str, Any]:
        """Return the engine's settings."""
        return {"name": self.name}

    def totals(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
        """Return the sum of the squares, and how many there are: so that chunks can be added."""
        difference = np.asarray(outputs, np.float64) - np.asarray(targets, np.float64)
        return float((difference**2).sum()), float(difference.size)


LOSSES: dict[str, type[Loss]] = {"cross_entropy": CrossEntropy, "mse": MeanSquaredError}


def check_balance(balance: str | None, loss: Loss) -> None:
    """Raise ArgumentError unless `balance` is one of `balance.WAYS`, and for this loss, or None."""
    if balance is None:
        return
    choice("balance", balance, WAYS)
    if not isinstance(loss, CrossEntropy):
        raise ArgumentError(
            f"{setting('balance', balance)} is for classes. Received: the loss {loss.name}, of a "
            f"regression. Leave it out{in_python('; sample_weight weighs single images')}."
        )
    if balance == "weights" and loss.class_weights is not None:
        raise ArgumentError(
            "the loss must have no class_weights beside balance='weights', which computes them. "
            f"Received: class_weights={loss.class_weights!r}. Leave out one of the two."
        )


def as_loss(value: Loss | str | None, targets: NDArray[Any], outputs: int) -> Loss:
    """Take a loss as an object, as its name, or (None) from the kind of the targets.

    See `fencepost.datasets.labels.is_regression`.
    """
    if value is None:
        return MeanSquaredError() if is_regression(targets, outputs) else CrossEntropy()
    return as_setting("loss", value, LOSSES)
