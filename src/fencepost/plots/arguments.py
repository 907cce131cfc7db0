"""Arguments that several plots take, checked.  Calls convolution, planning, network and errors."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from fencepost.convolution.reading import numbers
from fencepost.errors import ArgumentError, DataError
from fencepost.kernels import Kernel
from fencepost.network import Network
from fencepost.planning import Plan, plan


def real_numbers(name: str, values: ArrayLike | Kernel) -> NDArray[Any]:
    """Take an array of real numbers that is not empty: a drawing has no place for complex ones."""
    array = numbers(name, values)
    if array.dtype.kind == "c":
        raise DataError(
            f"{name} must be real to be drawn. Received: dtype {array.dtype}. Draw {name}.real, "
            f"{name}.imag or abs({name})."
        )
    return array


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
