"""A network of layers that someone listed, whose last layer may be left out."""

from __future__ import annotations

from collections.abc import Sequence

from ..layers import Flatten, Layer, Linear, Shape
from ..network import Network


def completed(layers: Sequence[Layer], input_shape: Shape, outputs: int, seed: int) -> Network:
    """Make the network of the layers; a last Linear that is left out is added.

    If they end in a Linear of another size, that is kept: it was meant.

    >>> from fencepost import Conv2d, ReLU
    >>> net = completed([Conv2d(4, 3), ReLU()], (1, 8, 8), 3, seed=0)
    >>> net.layers[2:], net.output_shape
    ((Flatten(), Linear(3)), (3,))
    """
    reached = input_shape
    if layers:
        network = Network(input_shape, layers, seed=seed)
        reached = network.output_shape
        if reached == (outputs,) or isinstance(layers[-1], Linear):
            return network
    flat = [] if len(reached) == 1 else [Flatten()]
    return Network(input_shape, [*layers, *flat, Linear(outputs)], seed=seed)
