"""The losses of `fencepost.training` in PyTorch, weighed and mixed as the engine does it.

Image i of a batch may be mixed with the next, its partner: with a share s of it, the target is
(1 - s) its own + s the partner's, and so is its weight. The sum of the losses is divided by the sum
of the weights of the whole batch, of which a process has only its share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ...losses import Loss
from ...trainable import Floats


class TorchLoss:
    """A loss on a device."""

    def __init__(self, loss: Loss, device: Any) -> None:
        settings = loss.engine()
        self.counts_classes = loss.counts_classes
        self._device = device
        self._smoothing = settings.get("label_smoothing", 0.0)
        self._class_weights: Floats | None = settings.get("class_weights")
        self._on_device = None if self._class_weights is None else self._sent(self._class_weights)

    def __call__(
        self,
        outputs: Any,
        targets: NDArray[Any],
        shares: Floats | None,
        weights: Floats | None,
        own: slice,
    ) -> tuple[Any, Any]:
        """Return the loss of a part of a batch, as a part of the batch's, and how many are right.

        Parameters
        ----------
        outputs : tensor, shape (n, F)
            Of the images `own` of the batch.
        targets : array, shape (N,) or (N, F)
            Of the whole batch.
        shares, weights : array of float32, shape (N,), optional
            Of each image: the share of its partner, and how much it counts.
        """
        partners = np.roll(targets, -1, axis=0)
        counts = self._counts(targets, partners, shares, weights)
        divisor = float(counts.sum()) or 1.0
        wanted = self._sent(targets[own])
        mixed = None if shares is None else self._sent(shares[own])
        other = None if shares is None else self._sent(partners[own])
        values = self._values(outputs, wanted, other, mixed)
        if weights is not None:
            values = values * self._sent(_mixed(weights, np.roll(weights, -1), shares)[own])
        if not self.counts_classes:
            return values.sum() / (divisor * outputs.shape[1]), torch.zeros((), dtype=torch.int64)
        labels = wanted if mixed is None else torch.where(mixed > 0.5, other, wanted)
        right = (outputs.detach().argmax(1) == labels).sum()
        return values.sum() / divisor, right

    def _values(self, outputs: Any, wanted: Any, other: Any, mixed: Any) -> Any:
        """Return the loss of each image."""
        if not self.counts_classes:
            if mixed is not None:
                wanted = torch.lerp(wanted, other, mixed[:, None])
            return (outputs - wanted).square().sum(1)
        values = self._cross_entropy(outputs, wanted)
        if mixed is not None:
            values = torch.lerp(values, self._cross_entropy(outputs, other), mixed)
        return values

    def _cross_entropy(self, outputs: Any, labels: Any) -> Any:
        return F.cross_entropy(
            outputs,
            labels,
            self._on_device,
            reduction="none",
            label_smoothing=self._smoothing,
        )

    def _counts(
        self, targets: Any, partners: Any, shares: Floats | None, weights: Floats | None
    ) -> NDArray[np.float64]:
        """Return how much each image of the batch counts in the mean."""
        counts = np.ones(len(targets))
        if weights is not None:
            counts *= _mixed(weights, np.roll(weights, -1), shares)
        if self._class_weights is not None:
            own, other = self._class_weights[targets], self._class_weights[partners]
            counts *= _mixed(own, other, shares)
        return counts

    def _sent(self, array: NDArray[Any]) -> Any:
        return sent(array, self._device)


def _mixed(own: Floats, other: Floats, shares: Floats | None) -> Floats:
    return own if shares is None else own + shares * (other - own)


def sent(array: NDArray[Any], device: Any) -> Any:
    """Return an array on the device, without waiting until it is there."""
    tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)
