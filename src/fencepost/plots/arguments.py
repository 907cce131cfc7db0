"""Arguments that several plots take, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..convolution.parsing import parse_array
from ..errors import ArgumentError, DataError
from ..kernels import Kernel
from ..network import Network
from ..planning import Plan, plan

UNTRAINED = "The network has the weights with which it began: it is not trained."


def real_numbers(name: str, values: ArrayLike | Kernel) -> NDArray[Any]:
    """Take an array of real numbers that is not empty: a drawing has no place for complex ones."""
    array = parse_array(name, values)
    if array.dtype.kind == "c":
        raise DataError(
            f"{name} must be real to be drawn. Received: dtype {array.dtype}. Draw {name}.real, "
            f"{name}.imag or abs({name})."
        )
    return array


def check_finite(name: str, image: NDArray[Any]) -> None:
    """Refuse an image with NaN or infinity: it has no darkest and no brightest level."""
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        index = tuple(map(int, np.argwhere(~np.isfinite(image))[0]))
        raise DataError(
            f"{name} must be finite to be drawn. Received: {image[index]} at {index}. "
            f"numpy.nan_to_num({name}) makes it so."
        )


def as_plan(network: Network | Plan) -> Plan:
    """Return the plan of a network, or the plan that it is."""
    if isinstance(network, Plan):
        return network
    if not isinstance(network, Network):
        raise ArgumentError(
            f"network must be a Network or a Plan. Received: {type(network).__name__}. "
            "fencepost.plan(input_shape, layers) makes a plan."
        )
    return plan(network.input_shape, network.layers)


def as_network(net: Network) -> Network:
    """Return the network if it is one."""
    if not isinstance(net, Network):
        raise ArgumentError(
            f"net must be a Network. Received: {type(net).__name__}. "
            "fencepost.load(path) reads one from a model file."
        )
    return net
