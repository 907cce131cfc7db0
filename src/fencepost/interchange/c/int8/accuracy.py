"""What 8 bits cost: the data that a network is calibrated on, and how often it is right there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....datasets.checks import check_images, check_targets
from ....network import Network
from ....network.arguments import is_of_classes
from ....text import plural
from ...exports import PixelType, Runner

_MOST = 2_000  # images: some seconds, and an accuracy to half a percent


@dataclass(frozen=True)
class Data:
    """Images in the type that the export takes, with their classes if they are known."""

    images: NDArray[Any]
    labels: NDArray[np.int64] | None

    @classmethod
    def of(cls, network: Network, given: Any, dtype: PixelType) -> Data:
        """Check images, or (images, labels). Raises DataError if they are not the network's."""
        labels: ArrayLike | None = None
        if isinstance(given, tuple) and len(given) == 2:
            given, labels = given
        images = check_images(given, shape=network.input_shape)
        if labels is not None:
            labels = check_targets(
                labels, len(images), outputs=int(np.prod(network.output_shape)), name="labels"
            )
        return cls(images.astype(dtype, copy=False), labels)

    def compare(self, network: Network, run: Runner) -> list[str]:
        """Say how often the network and its export are right, or how far apart they are."""
        if not is_of_classes(network.output_shape):
            return []
        step = -(-len(self.images) // _MOST)
        images = self.images[::step]
        labels = None if self.labels is None else self.labels[::step]
        before = network.predict(images)
        after = run(images)["logits"].argmax(axis=1)
        count = plural(len(images), "image")
        same = f"the same class for {_percent(before == after)} of {count}"
        if labels is None:
            return [f"accuracy  {same}"]
        shares = _percent(before == labels), _percent(after == labels)
        return [f"accuracy  {shares[0]} in float32, {shares[1]} in 8 bits; {same}"]


def _percent(right: NDArray[np.bool_]) -> str:
    return f"{100 * float(right.mean()):.2f} %"
