"""Networks with one thing changed: another argument, no element dropped, one axis only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import (
    AdaptiveAvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Branched,
    ConvTranspose2d,
    Layer,
    Subsample,
    SumPool1d,
    Upsample,
)
from ..layers.base import arguments_of
from ..layers.windowed import WindowedLayer

Layers = tuple[Layer, ...]
_PER_AXIS = ("kernel_size", "stride", "dilation")


def varied(layer: WindowedLayer, **changes: Any) -> Layer:
    """Make the layer with other arguments; a pool whose windows lie side by side stays so.

    >>> from fencepost import MaxPool2d
    >>> varied(MaxPool2d(2, remainder="crop"), kernel_size=3)
    MaxPool2d(3, remainder="crop")
    """
    arguments = _arguments(layer)
    if "dilation" not in arguments and layer.stride == layer.kernel_size:
        del arguments["stride"]
    return type(layer)(**{**arguments, **changes})


def strict(layers: Sequence[Layer]) -> Layers:
    """Make the layers that refuse where these drop elements.

    >>> from fencepost import MaxPool2d
    >>> strict([MaxPool2d(2, remainder="crop"), MaxPool2d(2, remainder="pad")])
    (MaxPool2d(2), MaxPool2d(2, remainder="pad"))
    """
    return _with_remainder(layers, "crop", "error")


def lenient(layers: Sequence[Layer]) -> Layers:
    """Make the layers that drop elements where these refuse."""
    return _with_remainder(layers, "error", "crop")


def along(layers: Sequence[Layer], axis: int) -> Layers:
    """Make what images meet along one axis: the layers as they would be for signals.

    >>> from fencepost import Conv2d
    >>> along([Conv2d(8, (5, 3), padding=((2, 2), (0, 1)))], 1)
    (Conv1d(8, 3, padding=((0, 1),)),)
    """
    return tuple(_along(layer, axis) for layer in layers)


def at(layers: Sequence[Layer], path: Sequence[str]) -> Layer | None:
    """Find the layer at a place, as `SizedLayer.place` writes it; None if there is none.

    >>> from fencepost import Concat, ReLU, Residual, Tanh
    >>> at([ReLU(), Residual(Tanh())], ["1", "0"]), at([ReLU()], ["1"])
    (Tanh(), None)
    >>> at([Concat([], [ReLU(), Tanh()])], ["0", "1", "1"])
    Tanh()
    """
    if not path or not path[0].isdigit() or int(path[0]) >= len(layers):
        return None
    layer = layers[int(path[0])]
    if len(path) == 1:
        return layer
    inner = within(layer, path[1:])
    if inner is None or not isinstance(layer, Branched):
        return None
    return at(layer.chains[inner[0]].layers, inner[1])


def within(layer: Layer, path: Sequence[str]) -> tuple[int, Sequence[str]] | None:
    """Find which chain of a layer a place is in, and the place in that; None if in none.

    >>> from fencepost import Conv2d, Residual
    >>> within(Residual(Conv2d(8, 3), shortcut=[Conv2d(8, 1)]), ["shortcut", "0"])
    (1, ['0'])
    """
    if not isinstance(layer, Branched):
        return None
    for index, chain in enumerate(layer.chains):
        prefix = chain.prefix.split(".")[:-1]
        rest = path[len(prefix) :]
        if list(path[: len(prefix)]) == prefix and rest and rest[0].isdigit():
            return index, rest
    return None


def exchanged(layers: Sequence[Layer], path: Sequence[str], new: Layer) -> Layers:
    """Put another layer at a place that exists.

    >>> from fencepost import ReLU, Residual, Tanh
    >>> exchanged([ReLU(), Residual(Tanh())], ["1", "0"], ReLU())
    (ReLU(), Residual(ReLU()))
    """
    index = int(path[0])
    outer = layers[index]
    inner = within(outer, path[1:])
    if inner is not None and isinstance(outer, Branched):
        chains = [chain.layers for chain in outer.chains]
        chains[inner[0]] = exchanged(chains[inner[0]], inner[1], new)
        new = outer.with_chains(chains)
    return (*layers[:index], new, *layers[index + 1 :])


def _arguments(layer: Layer) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in arguments_of(type(layer))}


def _with_remainder(layers: Sequence[Layer], old: str, new: str) -> Layers:
    changed: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Branched):
            chains = [_with_remainder(chain.layers, old, new) for chain in layer.chains]
            changed.append(layer.with_chains(chains))
        elif isinstance(layer, WindowedLayer) and layer.remainder == old:
            changed.append(varied(layer, remainder=new))
        else:
            changed.append(layer)
    return tuple(changed)


def _along(layer: Layer, axis: int) -> Layer:
    if isinstance(layer, Branched):
        return layer.with_chains([along(chain.layers, axis) for chain in layer.chains])
    if isinstance(layer, BatchNorm2d):
        return BatchNorm1d()
    if isinstance(layer, (AdaptiveAvgPool2d, ConvTranspose2d)):
        kind: Any = Layer.types[type(layer).__name__.replace("2d", "1d")]
        every = _arguments(layer)
        sizes = {key: value[axis] for key, value in every.items() if isinstance(value, tuple)}
        return kind(**{**every, **sizes})  # type: ignore[no-any-return]
    if isinstance(layer, Upsample):
        size, factor = (
            value[axis] if isinstance(value, tuple) else value
            for value in (layer.size, layer.scale_factor)
        )
        mode = "linear" if layer.mode == "bilinear" else layer.mode
        return Upsample(size, factor, mode)
    if not isinstance(layer, WindowedLayer) or layer.axes == 1:
        return layer
    arguments = _arguments(layer)
    for name in _PER_AXIS:
        if name in arguments:
            arguments[name] = arguments[name][axis]
    if layer.padding != "same":
        arguments["padding"] = (layer.padding[axis],)
    name = type(layer).__name__.replace("2d", "1d")
    cls: Any = SumPool1d if isinstance(layer, Subsample) else Layer.types[name]
    return cls(**arguments)  # type: ignore[no-any-return]
