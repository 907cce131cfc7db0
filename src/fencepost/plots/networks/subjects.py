"""What the pictures of trained networks are about: networks, images and classes, checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fencepost.errors import ArgumentError, DataError
from fencepost.layers import Conv1d, Conv2d, Residual
from fencepost.layers.base import Layer
from fencepost.network import Network
from fencepost.network.inputs import as_checked_batch

UNTRAINED = "The network has the weights with which it began: it is not trained."


def as_network(net: Network) -> Network:
    """Return the network if it is one."""
    if not isinstance(net, Network):
        raise ArgumentError(
            f"net must be a Network. Received: {type(net).__name__}. "
            "fencepost.load(path) reads one from a model file."
        )
    return net


def one_image(net: Network, image: ArrayLike) -> NDArray[Any]:
    """Return one image as uint8 or float32 of the network's input shape."""
    batch = as_checked_batch(image, net.input_shape)
    if len(batch) != 1:
        raise ArgumentError(f"image must be one image. Received: {len(batch)}.")
    one: NDArray[Any] = batch[0]
    return one


def require_finite(what: str, values: NDArray[np.floating]) -> None:
    """Raise DataError if a network has made something else of finite images."""
    if not np.isfinite(values).all():
        raise DataError(
            f"{what} must be finite. Received: NaN or infinite values, as of a network whose "
            "training diverged. Train it anew with a smaller learning rate."
        )


def fresh_twin(net: Network) -> Network:
    """Return a network with the weights with which this one began."""
    return Network.from_config(net.config())


def is_untrained(net: Network) -> bool:
    """Whether the network has the weights with which it began."""
    return net.parameter_count > 0 and np.array_equal(
        net.parameter_vector, fresh_twin(net).parameter_vector
    )


def output_names(net: Network) -> tuple[str, ...]:
    """Return the name of each output: its class or, without class names, its place."""
    if net.class_names is not None:
        return net.class_names
    return tuple(map(str, range(int(np.prod(net.output_shape)))))


def as_output(net: Network, wanted: int | str | None) -> int | None:
    """Return the place of an output that is given by its place or by the name of its class."""
    if not isinstance(wanted, str):
        return wanted
    names = output_names(net)
    if wanted not in names:
        known = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise ArgumentError(f"output must be a class of the network: {known}. Received: {wanted}.")
    return names.index(wanted)


def has_classes(net: Network) -> bool:
    """Whether the outputs are those of classes, of which one is the answer."""
    return len(net.output_shape) == 1 and net.output_shape[0] > 1


def convolutions(net: Network) -> dict[str, Layer]:
    """Return the convolutions, by their place: "0", or "3.1" for one within a Residual."""

    def found(layers: tuple[Layer, ...], prefix: str) -> Iterator[tuple[str, Layer]]:
        for index, layer in enumerate(layers):
            place = f"{prefix}{index}"
            if isinstance(layer, (Conv1d, Conv2d)):
                yield place, layer
            elif isinstance(layer, Residual):
                yield from found(layer.layers, f"{place}.")

    return dict(found(net.layers, ""))


def kernels_of(net: Network, place: str) -> NDArray[np.float32]:
    """Return a convolution's weights, (out, in, rows, columns) or (out, in, width)."""
    layer = convolutions(net)[place]
    assert isinstance(layer, (Conv1d, Conv2d))
    weight = net.parameters[f"{place}.weight"]
    # With a table of connections there is one kernel for each, and no axis of channels.
    return weight if weight.ndim == layer.axes + 2 else weight[:, None]
