"""Questions about a network: its outputs by name, its convolutions, whether it was trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..layers import Branched, Conv1d, Conv2d, Layer
from .arguments import is_of_classes

if TYPE_CHECKING:
    from .network import Network


def untrained_copy(net: Network) -> Network:
    """Return a network with the weights with which this one began."""
    return type(net).from_config(net.config())


def is_untrained(net: Network) -> bool:
    """Whether the network has the weights with which it began."""
    with net.engine_weights.lent() as arrays:
        first = untrained_copy(net).parameter_vector
        return first.size > 0 and np.array_equal(arrays.parameter_vector, first)


def has_classes(net: Network) -> bool:
    """Whether the outputs are those of classes, one of which is predicted."""
    return is_of_classes(net.output_shape)


def output_names(net: Network) -> tuple[str, ...]:
    """Return the name of each output: its class or, without class names, its index."""
    if net.class_names is not None:
        return net.class_names
    return tuple(map(str, range(math.prod(net.output_shape))))


def output_index(net: Network, output: int | str | None) -> int | None:
    """Return the index of an output that is given by its index or by the name of its class."""
    if not isinstance(output, str):
        return output
    names = output_names(net)
    if output not in names:
        known = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise ArgumentError(f"output must be a class of the network: {known}. Received: {output}.")
    return names.index(output)


def require_finite(what: str, values: NDArray[np.floating]) -> None:
    """Raise DataError if a network has made something else of finite images."""
    if not np.isfinite(values).all():
        raise DataError(
            f"{what} must be finite. Received: NaN or infinite values, as of a network whose "
            "training diverged. Train it again with a smaller learning rate."
        )


def convolutions(net: Network) -> dict[str, Layer]:
    """Return the convolutions by their place: "0", or "3.1" for one within a Residual."""

    def within(layers: tuple[Layer, ...], prefix: str) -> Iterator[tuple[str, Layer]]:
        for index, layer in enumerate(layers):
            name = f"{prefix}{index}"
            if isinstance(layer, (Conv1d, Conv2d)):
                yield name, layer
            elif isinstance(layer, Branched):
                for chain in layer.chains:
                    yield from within(chain.layers, f"{name}.{chain.prefix}")

    return dict(within(net.layers, ""))


def convolution_kernels(net: Network, name: str) -> NDArray[np.float32]:
    """Return a convolution's weights, (out, in, rows, columns) or (out, in, width).

    `name` is that of `convolutions`.
    """
    layer = convolutions(net)[name]
    assert isinstance(layer, (Conv1d, Conv2d))
    weight = net.parameters[f"{name}.weight"]
    # With a table of connections there is one kernel for each, and no axis of channels.
    return weight if weight.ndim == layer.axes + 2 else weight[:, None]
