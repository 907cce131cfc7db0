"""How the images of an epoch are cut into batches, and what a network needs of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..graph import size_layers
from ..layers import BatchNorm1d, BatchNorm2d, GroupNorm, Layer, LayerNorm
from ..text import format_shape
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
    """Raise ArgumentError where a normalisation layer would see one value at a time.

    Less its mean it is 0, whatever the image, so nothing before such a layer could be learned.
    Batch normalisation sees one value of each channel in batches of one image on a map of one
    pixel; the others, in groups of one channel there, or over a single channel, in every batch.
    """
    alone = bool(batch_sizes(images, batch_size).min() == 1)
    layers = [Layer.from_config(layer) for layer in net.config()["layers"]]
    for operation in size_layers(net.input_shape, layers).graph.operations:
        _, channels, *sizes = (size or 1 for size in operation.input_shape or (1, 1))
        layer, pixels = operation.layer, math.prod(sizes)
        name = f"layer {operation.name}, {operation.describe()}"
        if isinstance(layer, (BatchNorm1d, BatchNorm2d)) and alone and pixels == 1:
            raise ArgumentError(
                "batch normalisation in training needs more than one value of each channel. "
                f"Received: batches of one image, of which {name}, gets one value for each "
                "channel. Train in batches of at least two images, or use LayerNorm in its place."
            )
        if _together(layer, channels, pixels) == 1:
            raise ArgumentError(
                "a normalisation layer needs more than one value to normalise together: one "
                f"value less its mean is 0. Received: {name}, on an input of "
                f"{format_shape((operation.input_shape or ())[1:])}. Use fewer groups, or leave it "
                "out."
            )


def _together(layer: Layer | None, channels: int, pixels: int) -> int | None:
    """Return how many values of one image a layer normalises together; None for no such layer."""
    if isinstance(layer, GroupNorm):
        return channels // layer.groups * pixels
    if isinstance(layer, LayerNorm):
        return channels if layer.over == "channels" else channels * pixels
    return None
