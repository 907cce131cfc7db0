"""What every layer made of chains is: sizes, parameters and steps of chains that read one input."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple, TypeVar

from ..errors import ArgumentError, SizeError
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, StateSpec, placed_steps

_Spec = TypeVar("_Spec", ParameterSpec, StateSpec)
Layers = tuple[Layer, ...]

# Levels of one within another: far above any network's, far below Python's own limit.
_MAXIMUM_DEPTH = 64


class Chain(NamedTuple):
    """One chain of a layer with branches: layers, each of which reads what the one before gives.

    `prefix` comes before their indices in the names of their arrays: "0.weight" with "" as prefix,
    "shortcut.0.weight" with "shortcut.". A chain without layers gives what it reads.
    """

    prefix: str
    layers: Layers


class Branched(Layer, abstract=True):
    """Base of the layers whose chains read one input and are joined at the end."""

    #: PyTorch's name of what joins the chains.
    join: ClassVar[str]

    @property
    @abstractmethod
    def chains(self) -> tuple[Chain, ...]:
        """Every chain, in the order in which what they give is joined."""

    @abstractmethod
    def with_chains(self, chains: Sequence[Layers]) -> Branched:
        """Make the layer that has other layers in its chains."""

    @abstractmethod
    def joined_shape(self, input_shape: Shape, shapes: Sequence[Shape]) -> Shape:
        """Shape of what the chains give together. Raises SizeError if they do not fit."""

    @abstractmethod
    def title(self) -> str:
        """Name the layer in tables that list its layers below it."""

    @property
    def depth(self) -> int:
        """How many layers with branches stand within each other, this one counted."""
        inner = (layer for chain in self.chains for layer in chain.layers)
        return 1 + max((x.depth for x in inner if isinstance(x, Branched)), default=0)

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.joined_shape(
            input_shape, [self._after(chain, input_shape) for chain in self.chains]
        )

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        return _named((n, layer.parameters(shape)) for n, layer, shape in self._each(input_shape))

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        return _named((n, layer.state(shape)) for n, layer, shape in self._each(input_shape))

    def connection_count(self, input_shape: Shape) -> int:
        return sum(layer.connection_count(shape) for _, layer, shape in self._each(input_shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        return sum(layer.multiply_adds(shape) for _, layer, shape in self._each(input_shape))

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        steps: EngineSteps = []
        ends: list[int] = []
        for chain in self.chains:
            value = 0
            for name, layer, shape in _places(chain, input_shape):
                own = {
                    key.removeprefix(f"{name}."): offset
                    for key, offset in offsets.items()
                    if key.startswith(f"{name}.")
                }
                steps += placed_steps(layer.engine_steps(shape, own), value, len(steps))
                value = len(steps)
            ends.append(value)
        return [*steps, *self._join_steps(ends, len(steps))]

    @abstractmethod
    def _join_steps(self, ends: Sequence[int], first: int) -> EngineSteps:
        """Return the steps that join the values `ends`; the first of them has this index."""

    def _after(self, chain: Chain, input_shape: Shape) -> Shape:
        """Shape of what a chain gives."""
        shape = input_shape
        for index, layer in enumerate(chain.layers):
            try:
                shape = layer.output_shape(shape)
            except SizeError as error:
                name = f"{chain.prefix}{index}"
                rule = f"in its layer {name}, {layer.describe()}: {error.rule}"
                raise SizeError(replace(error.problem, rule=rule)) from None
        return shape

    def _each(self, input_shape: Shape) -> Iterator[tuple[str, Layer, Shape]]:
        for chain in self.chains:
            yield from _places(chain, input_shape)

    def require_depth(self) -> None:
        """Raise ArgumentError if too many layers stand within each other."""
        if self.depth > _MAXIMUM_DEPTH:
            raise ArgumentError(
                "Layers made of layers may be nested at most "
                f"{_MAXIMUM_DEPTH} deep. Received: {self.depth}"
            )


def _places(chain: Chain, input_shape: Shape) -> Iterator[tuple[str, Layer, Shape]]:
    """Each layer of a chain with its name and the shape that enters it."""
    shape = input_shape
    for index, layer in enumerate(chain.layers):
        yield f"{chain.prefix}{index}", layer, shape
        shape = layer.output_shape(shape)


def _named(specs: Iterator[tuple[str, dict[str, _Spec]]]) -> dict[str, _Spec]:
    return {f"{place}.{name}": spec for place, own in specs for name, spec in own.items()}
