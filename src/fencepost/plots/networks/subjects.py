"""What the pictures of trained networks have in common."""

from __future__ import annotations

from ...errors import ArgumentError
from ...network import Network

UNTRAINED = "The network has the weights with which it began: it is not trained."


def as_network(net: Network) -> Network:
    """Return the network if it is one."""
    if not isinstance(net, Network):
        raise ArgumentError(
            f"net must be a Network. Received: {type(net).__name__}. "
            "fencepost.load(path) reads one from a model file."
        )
    return net
