"""Layers made of chains of layers that read one input: Residual, Concat and Gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from ..text import format_shape, format_value
from .base import EngineSteps, Layer, Shape, size_error
from .branched import Branched, Chain, Layers
from .suggestions import equal_sizes, fitting_gate, fitting_shortcut


@dataclass(frozen=True, repr=False)
class Residual(Branched):
    """y = shortcut(x) + layers(x), where the shortcut is x itself unless it is given layers.

    He, Zhang, Ren, Sun: Deep residual learning for image recognition (2015), equations 1 and 2.
    Both branches must give the same size. The parameters of its layers are named by their index in
    the chain, "0.weight", and those of the shortcut "shortcut.0.weight".

    Parameters
    ----------
    *layers : Layer
        The chain, at least one layer.
    shortcut : Layer or sequence of Layer, optional
        Layers of the other branch: usually a 1 × 1 convolution with the chain's stride and
        channels, a projection. By default the identity.

    Raises
    ------
    ArgumentError
        If there are no layers, or an argument is not a layer.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Residual(fp.Conv2d(8, 3, padding=1), fp.ReLU()).output_shape((8, 14, 14))
    (8, 14, 14)
    >>> down = fp.Conv2d(16, 3, stride=2, padding=1, remainder="crop")
    >>> halve = fp.Conv2d(16, 1, stride=2, remainder="crop")
    >>> fp.Residual(down, shortcut=[halve]).output_shape((8, 14, 14))
    (16, 7, 7)
    """

    layers: Layers
    shortcut: Layers
    join = "Add"

    def __init__(self, *layers: Layer, shortcut: Layer | Sequence[Layer] = ()) -> None:
        self._set(
            layers=_chain("Residual", layers, least=1),
            shortcut=_chain("shortcut", () if shortcut is None else shortcut),
        )
        self.require_depth()

    @property
    def chains(self) -> tuple[Chain, ...]:
        return (Chain("", self.layers), Chain("shortcut.", self.shortcut))

    def with_chains(self, chains: Sequence[Layers]) -> Residual:
        return Residual(*chains[0], shortcut=chains[1])

    def joined_shape(self, input_shape: Shape, shapes: Sequence[Shape]) -> Shape:
        shape, other = shapes
        if shape == other:
            return shape
        if not self.shortcut:
            raise size_error(
                "the chain of a Residual must keep the size of its input, as both are added, or "
                "its shortcut must make the same of it.",
                f"an input of {format_shape(input_shape)}, from the chain an output of "
                f"{format_shape(shape)}",
                fitting_shortcut(input_shape, shape),
            )
        raise size_error(
            "the chain and the shortcut of a Residual must have outputs of the same size, because "
            "both are added.",
            f"from the chain {format_shape(shape)}, from the shortcut {format_shape(other)}",
            fitting_shortcut(input_shape, shape),
        )

    def title(self) -> str:
        return "Residual"

    def config(self) -> dict[str, Any]:
        config = {"type": "Residual", "layers": [layer.config() for layer in self.layers]}
        if self.shortcut:
            config["shortcut"] = [layer.config() for layer in self.shortcut]
        return config

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Layer:
        layers, shortcut = arguments.get("layers"), arguments.get("shortcut", [])
        known = arguments.keys() <= {"layers", "shortcut"}
        if not known or not isinstance(layers, list) or not isinstance(shortcut, list):
            raise ArgumentError(
                "Residual takes a list of layers, and one for the shortcut. "
                f"Received: {format_value(arguments)}"
            )
        return cls(*_from_configs(layers), shortcut=_from_configs(shortcut))

    def describe(self) -> str:
        parts = [layer.describe() for layer in self.layers]
        if self.shortcut:
            parts.append(f"shortcut={_list(self.shortcut)}")
        return f"Residual({', '.join(parts)})"

    def _join_steps(self, ends: Sequence[int], first: int) -> EngineSteps:
        return [{"op": "add", "input": ends[0], "other": ends[1]}]


@dataclass(frozen=True, repr=False)
class Concat(Branched):
    """The outputs of several chains that read one input, side by side along the channels.

    An empty chain returns its input: with one, this is a layer of a DenseNet (Huang, Liu, van der
    Maaten, Weinberger: Densely connected convolutional networks, 2016); with several, a module of
    GoogLeNet (Szegedy et al.: Going deeper with convolutions, 2014); and where the chain beside an
    empty one downsamples and upsamples again, with another Concat of this kind inside it, a U-Net
    (Ronneberger, Fischer, Brox, 2015). The parameters of layer j of chain i are named "i.j.weight".

    Parameters
    ----------
    *chains : Layer or sequence of Layer
        At least two: the layers of each, none for the input itself.

    Raises
    ------
    ArgumentError
        If there are fewer than two chains, or one is not made of layers.

    Examples
    --------
    >>> import fencepost as fp
    >>> dense = fp.Concat([], [fp.Conv2d(12, 3, padding=1), fp.ReLU()])
    >>> dense.output_shape((24, 32, 32))
    (36, 32, 32)
    """

    branches: tuple[Layers, ...]
    join = "Cat"

    def __init__(self, *chains: Layer | Sequence[Layer]) -> None:
        if len(chains) < 2:
            raise ArgumentError(
                "Concat must have at least two chains: Concat([], [Conv2d(8, 3, padding=1)]). "
                f"Received: {len(chains)}"
            )
        named = enumerate(chains)
        self._set(branches=tuple(_chain(f"chain {index}", chain) for index, chain in named))
        self.require_depth()

    @property
    def chains(self) -> tuple[Chain, ...]:
        return tuple(Chain(f"{index}.", layers) for index, layers in enumerate(self.branches))

    def with_chains(self, chains: Sequence[Layers]) -> Concat:
        return Concat(*chains)

    def joined_shape(self, input_shape: Shape, shapes: Sequence[Shape]) -> Shape:
        if any(shape[1:] != shapes[0][1:] for shape in shapes):
            gives = (f"chain {i} gives {format_shape(shape)}" for i, shape in enumerate(shapes))
            raise size_error(
                "the chains of a Concat must have outputs of the same sizes except for the "
                "channels, which are "
                "set side by side.",
                ", ".join(gives),
                equal_sizes(shapes),
            )
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def title(self) -> str:
        parts = (f"chain {i}" if layers else "input" for i, layers in enumerate(self.branches))
        return f"Concat: {', '.join(parts)}"

    def config(self) -> dict[str, Any]:
        return {
            "type": "Concat",
            "chains": [[layer.config() for layer in chain] for chain in self.branches],
        }

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Layer:
        chains = arguments.get("chains")
        right = isinstance(chains, list) and all(isinstance(chain, list) for chain in chains)
        if arguments.keys() != {"chains"} or not right:
            raise ArgumentError(
                f"Concat takes lists of layers. Received: {format_value(arguments)}"
            )
        return cls(*(_from_configs(chain) for chain in chains or ()))

    def describe(self) -> str:
        chains = (c[0].describe() if len(c) == 1 else _list(c) for c in self.branches)
        return f"Concat({', '.join(chains)})"

    def _join_steps(self, ends: Sequence[int], first: int) -> EngineSteps:
        # In pairs, then pairs of pairs: no value is copied more often than log2(chains).
        steps: EngineSteps = []
        values = list(ends)
        while len(values) > 1:
            pairs: list[int] = []
            for left in range(0, len(values) - 1, 2):
                steps.append({"op": "concat", "input": values[left], "other": values[left + 1]})
                pairs.append(first + len(steps))
            values = [*pairs, *values[len(values) & ~1 :]]
        return steps


@dataclass(frozen=True, repr=False)
class Gate(Branched):
    """y = x · layers(x), where the layers give one factor for each channel, or for each value.

    With a global pool and two dense layers it is a squeeze-and-excitation block: Hu, Shen, Sun:
    Squeeze-and-excitation networks (2017), equations 2 to 4. Along an axis of size 1 the factor is
    broadcast over x. The parameters of its layers are named by their index, "1.weight".

    Parameters
    ----------
    *layers : Layer
        The chain, at least one layer, that gives (C,), (C, 1, 1), (1, H, W) or (C, H, W) of
        (C, H, W).

    Raises
    ------
    ArgumentError
        If there are no layers, or an argument is not a layer.

    Examples
    --------
    >>> import fencepost as fp
    >>> squeeze = [fp.GlobalAvgPool(), fp.Linear(4), fp.ReLU(), fp.Linear(16), fp.Sigmoid()]
    >>> fp.Gate(*squeeze).output_shape((16, 8, 8))
    (16, 8, 8)
    """

    layers: Layers
    join = "Mul"

    def __init__(self, *layers: Layer) -> None:
        self._set(layers=_chain("Gate", layers, least=1))
        self.require_depth()

    @property
    def chains(self) -> tuple[Chain, ...]:
        return (Chain("", self.layers),)

    def with_chains(self, chains: Sequence[Layers]) -> Gate:
        return Gate(*chains[0])

    def joined_shape(self, input_shape: Shape, shapes: Sequence[Shape]) -> Shape:
        (factors,) = shapes
        each = factors if len(factors) > 1 else (*factors, *(1,) * (len(input_shape) - 1))
        sizes = zip(each, input_shape, strict=False)
        if len(each) != len(input_shape) or any(a not in (1, b) for a, b in sizes):
            raise size_error(
                "the layers of a Gate must give one value for each channel, or along each axis "
                "one or as many as the input has, as the input is multiplied by them.",
                f"an input of {format_shape(input_shape)}, from the layers {format_shape(factors)}",
                fitting_gate(input_shape, factors),
            )
        return input_shape

    def title(self) -> str:
        return "Gate"

    def config(self) -> dict[str, Any]:
        return {"type": "Gate", "layers": [layer.config() for layer in self.layers]}

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Layer:
        layers = arguments.get("layers")
        if arguments.keys() != {"layers"} or not isinstance(layers, list):
            raise ArgumentError(f"Gate takes a list of layers. Received: {format_value(arguments)}")
        return cls(*_from_configs(layers))

    def describe(self) -> str:
        return f"Gate({', '.join(layer.describe() for layer in self.layers)})"

    def _join_steps(self, ends: Sequence[int], first: int) -> EngineSteps:
        return [{"op": "gate", "input": 0, "other": ends[0]}]


def _chain(name: str, layers: Any, least: int = 0) -> Layers:
    """Read a chain: a layer, or some in a list."""
    chain = (layers,) if isinstance(layers, Layer) else layers
    if isinstance(chain, (list, tuple)) and all(isinstance(layer, Layer) for layer in chain):
        if len(chain) < least:
            raise ArgumentError(f"{name} must have at least one layer. Received: none")
        return tuple(chain)
    culprit = chain
    if isinstance(chain, (list, tuple)):
        culprit = next(layer for layer in chain if not isinstance(layer, Layer))
    raise ArgumentError(f"{name} is made of layers. Received: {format_value(culprit)}")


def _from_configs(configs: list[Any]) -> list[Layer]:
    return [Layer.from_config(config) for config in configs]


def _list(layers: Layers) -> str:
    return f"[{', '.join(layer.describe() for layer in layers)}]"
