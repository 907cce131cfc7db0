"""A trained network for other classes: its last layer replaced, or its outputs in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from ..arguments import seed as seed_of
from ..errors import ArgumentError
from ..layers import Conv1d, Conv2d, Layer, Linear
from ..text import plural
from .arguments import require_classes
from .chain import LayerChain

#: A `Network`.
Chain = TypeVar("Chain", bound=LayerChain)


def with_classes(self: Chain, class_names: Sequence[str], *, seed: int = 0) -> Chain:
    """Return a network for other classes that starts from this network's weights.

    All layers keep their weights except the last, whose outputs are the classes: it is initialised
    again. If the classes are the same in another order, its outputs are reordered instead. If they
    are the same, or as many and the network has no class names, only the names change.

    Parameters
    ----------
    class_names : sequence of str
        One for each output of the new network.
    seed : int
        Seed of the new layer's weights.

    Returns
    -------
    Network
        An independent copy; normalisation, the range of its images and what it was trained on are
        kept, so that `fit` continues from there.

    Raises
    ------
    ArgumentError
        Fewer than two names, or one twice; or the last layer that has weights is not a Linear or a
        convolution, with an output for each class.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((1, 8, 8), [fp.Conv2d(4, 3), fp.Flatten(), fp.Linear(2)])
    >>> net.class_names = "cat", "dog"
    >>> other = net.with_classes(["cat", "dog", "fox"])
    >>> other.layers[-1], other.class_names
    (Linear(3), ('cat', 'dog', 'fox'))
    """
    net: Any = self
    require_classes(net.output_shape)
    names = tuple(class_names)
    if len({*names}) < max(2, len(names)) or isinstance(class_names, str):
        raise ArgumentError(
            f"class_names must be two different names or more. Received: {class_names!r}. For "
            'example net.with_classes(["cat", "dog"]).'
        )
    old = net.class_names
    seed_of("seed", seed)
    if old == names or (old is None and len(names) == net.output_shape[0]):
        copied: Any = net.copy()
        copied.class_names = names
        same: Chain = copied
        return same
    replaced = is_replaced(net, names)
    index = _last_layer(net)
    layers = [*net.layers[:index], _resized(net.layers[index], len(names))]
    layers += net.layers[index + 1 :]
    made = type(net).from_config(
        {
            **net.config(),
            "layers": [layer.config() for layer in layers],
            "class_names": list(names),
            "seed": seed,
            "calibration": None,
        }
    )
    with made.engine_weights.lent() as arrays, net.engine_weights.lent() as others:
        given = others.by_name
        for name, array in arrays.by_name.items():
            if name.partition(".")[0] != str(index):
                array[...] = given[name]
            elif old is not None and not replaced:
                array[...] = given[name][[old.index(each) for each in names]]
    made.trained_on = net.trained_on
    new: Chain = made
    return new


def is_replaced(net: Any, class_names: Sequence[str]) -> bool:
    """Whether `with_classes` begins with a new last layer."""
    old = net.class_names
    if old is None:
        return len(class_names) != int(np.prod(net.output_shape))
    return set(old) != set(class_names)


def _last_layer(net: Any) -> int:
    """Return the index of the layer that makes the outputs of the classes."""
    outputs = net.output_shape[0]
    weighted = {int(name.partition(".")[0]) for name in (*net.parameters, *net.state)}
    index = max(weighted, default=0)
    layer = net.layers[index]
    if not isinstance(layer, (Linear, Conv1d, Conv2d)) or _count(layer) != outputs:
        raise ArgumentError(
            "for other classes the last layer with weights must be a Linear or a convolution with "
            f"an output for each class. Received: {layer.describe()}, in a network of "
            f"{plural(outputs, 'output')}."
        )
    return index


def _count(layer: Linear | Conv1d | Conv2d) -> int:
    return layer.out_features if isinstance(layer, Linear) else layer.out_channels


def _resized(layer: Layer, outputs: int) -> Layer:
    """Return a layer with so many outputs, and all else as it was."""
    field = "out_features" if isinstance(layer, Linear) else "out_channels"
    return type(layer).from_config({**layer.config(), field: outputs})
