"""How the images of an epoch are cut into batches, and what a network needs of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..graph import size_layers
from ..layers import Layer
from .trainable import Trainable


def batch_sizes(images: int, batch_size: int) -> NDArray[np.int64]:
    """Return how many images each step of an epoch takes.

    A last batch of one image is left out, since BatchNorm cannot learn from it; the order differs
    from epoch to epoch, so another image is left out each time.
    """
    full, remainder = divmod(images, batch_size)
    keep_last = remainder > 1 or (remainder == 1 and not full)
    return np.array([batch_size] * full + [remainder] * keep_last, np.int64)


def require_normalizable(net: Trainable, images: int, batch_size: int) -> None:
    """Raise ArgumentError where batch normalisation would see one value of each channel.

    Less its mean it is 0, whatever the image, so nothing before such a layer could be learned.
    """
    if batch_sizes(images, batch_size).min() > 1:
        return
    layers = [Layer.from_config(layer) for layer in net.config()["layers"]]
    for operation in size_layers(net.input_shape, layers).graph.operations:
        positions = math.prod(size or 1 for size in (operation.input_shape or ())[2:])
        if operation.kind.startswith("BatchNorm") and positions == 1:
            raise ArgumentError(
                "batch normalisation in training needs more than one value of each channel. "
                f"Received: batches of one image, of which layer {operation.name}, "
                f"{operation.describe()}, gets one value for each channel. Give a batch_size of at "
                "least 2 and two images, or use GroupNorm or LayerNorm."
            )
