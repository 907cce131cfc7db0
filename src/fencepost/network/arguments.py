"""A network's arguments brought to one canonical form, once, in the constructor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import integer, is_sequence
from ..datasets.dataset import ChannelStatistics
from ..errors import ArgumentError
from ..layers import Layer, Shape
from ..remedies import in_python
from ..sizing.readings import likeliest_reading
from ..text import format_shape, format_value

# What Network takes besides its input shape and layers.
_OPTIONS = ("normalization", "class_names", "seed", "initialization", "exact")


def as_input_shape(shape: Any) -> Shape:
    """Return the shape as a tuple of one to three positive ints."""
    swapped = isinstance(shape, (tuple, list)) and any(isinstance(a, Layer) for a in shape)
    if not isinstance(shape, (tuple, list)) or not 1 <= len(shape) <= 3 or swapped:
        raise ArgumentError(
            "input_shape must be (channels, height, width), (channels, width) or (features,). "
            f"Received: input_shape={format_value(shape)}"
            + (". The shape comes first, the layers second." if swapped else _with_batch(shape))
        )
    return tuple(integer("input_shape", size, 1) for size in shape)


def _with_batch(shape: Any) -> str:
    sizes = isinstance(shape, (tuple, list)) and all(isinstance(n, int) and n > 0 for n in shape)
    return f". {likeliest_reading(shape)}" if sizes and len(shape) > 3 else ""


def as_layers(layers: Any) -> tuple[Layer, ...]:
    """Return the layers as a tuple of at least one."""
    if not isinstance(layers, (tuple, list)) or not layers:
        hint = f". In a list: [{layers.describe()}]" if isinstance(layers, Layer) else ""
        raise ArgumentError(
            f"layers must be a list of at least one layer. Received: {format_value(layers)}{hint}"
        )
    for index, layer in enumerate(layers):
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise ArgumentError(
                f"layers must be instances: write {layer.__name__}(). Received: the class "
                f"{layer.__name__} at index {index}"
            )
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"layers must be layers. Received: {format_value(layer)} at index {index}"
            )
    return tuple(layers)


def as_normalization(
    pair: tuple[ArrayLike, ArrayLike] | None, channels: int
) -> ChannelStatistics | None:
    """Return mean and standard deviation with one number for each channel."""
    if pair is None:
        return None
    rule = (
        "normalization must be (mean, std), each a finite number or one for each of the "
        f"{channels} channels, std more than 0."
    )
    try:
        mean, std = (
            np.broadcast_to(np.asarray(a, np.float32).reshape(-1), channels).copy() for a in pair
        )
    except (TypeError, ValueError):
        raise ArgumentError(f"{rule} Received: {format_value(pair)}") from None
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        raise ArgumentError(f"{rule} Received: {format_value(pair)}")
    return ChannelStatistics(mean, std)


def as_class_names(names: Sequence[str] | None, output_shape: Shape) -> tuple[str, ...] | None:
    """Return the names as a tuple with one for each output."""
    if names is None:
        return None
    if not is_sequence(names) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"class_names must be strings. Received: {format_value(names)}")
    if len(output_shape) != 1 or len(names) != output_shape[0]:
        raise ArgumentError(
            "class_names must be as many as the network's outputs. Received: "
            f"{len(names)} names, an output of shape {output_shape}"
        )
    return tuple(str(name) for name in names)


def as_network_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with which Network was made, from what `Network.config` gave.

    Raises ArgumentError if it describes no network; unknown entries are left alone, so that a
    later version may add some.
    """
    missing = {"input_shape", "layers"} - config.keys()
    if missing:
        raise ArgumentError(f"a network's description must have {' and '.join(sorted(missing))}")
    layers = config["layers"]
    if not isinstance(layers, list):
        raise ArgumentError(f"layers must be a list. Received: {format_value(layers)}")
    options = {name: config[name] for name in _OPTIONS if name in config}
    return {
        "input_shape": config["input_shape"],
        "layers": [Layer.from_config(layer) for layer in layers],
        **options,
    }


def as_metadata(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata from what `Network.config` gave."""
    metadata = config.get("metadata", {})
    if not isinstance(metadata, dict):
        raise ArgumentError(f"metadata must be a dict. Received: {format_value(metadata)}")
    return metadata


def is_of_classes(output_shape: Shape) -> bool:
    """Whether outputs of this shape are those of classes."""
    return len(output_shape) == 1 and output_shape[0] > 1


def require_classes(output_shape: Shape) -> None:
    """Raise ArgumentError if outputs of this shape are no classes to choose from."""
    if not is_of_classes(output_shape):
        raise ArgumentError(
            "a class can be predicted by a network with at least two outputs in a row. Received: "
            f"output {format_shape(output_shape)}."
            + in_python(" Call the network itself, net(images), for its raw outputs.")
        )
