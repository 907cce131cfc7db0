"""Residual: a chain of layers whose output is added to its input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..errors import ArgumentError, SizeError
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, StateSpec, size_error

_Spec = TypeVar("_Spec", ParameterSpec, StateSpec)

# Levels of one Residual within another: far above any network's, far below Python's own limit.
_MAXIMUM_DEPTH = 64


@dataclass(frozen=True, init=False, repr=False)
class Residual(Layer):
    """y = x + layers(x), which needs layers that keep the size of their input.

    He, Zhang, Ren, Sun: Deep residual learning for image recognition (2015). The parameters of
    its layers are named by their index in the chain: "0.weight", "2.bias".

    Parameters
    ----------
    *layers : Layer
        The chain, at least one layer.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Residual(fp.Conv2d(8, 3, padding=1), fp.ReLU()).output_shape((8, 14, 14))
    (8, 14, 14)
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Layer) -> None:
        if not layers:
            raise ArgumentError("Residual must have at least one layer. Received: none")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise ArgumentError(f"Residual is made of layers. Received: {layer!r}")
        self._set(layers=layers)
        if self.depth > _MAXIMUM_DEPTH:
            raise ArgumentError(
                f"Residuals may stand within each other at most {_MAXIMUM_DEPTH} deep. "
                f"Received: {self.depth}"
            )

    @property
    def depth(self) -> int:
        """How many Residuals stand within each other, this one counted."""
        return 1 + max(layer.depth if isinstance(layer, Residual) else 0 for layer in self.layers)

    def output_shape(self, input_shape: Shape) -> Shape:
        shape = input_shape
        for index, layer in enumerate(self.layers):
            try:
                shape = layer.output_shape(shape)
            except SizeError as error:
                rule = f"in its layer {index}, {layer.describe()}: {error.rule}"
                raise SizeError(replace(error.problem, rule=rule)) from None
        if shape != input_shape:
            raise size_error(
                "the chain of a Residual must keep the size of its input, for both are added.",
                f"an input of shape {input_shape}, from the chain an output of shape {shape}",
                "Give its convolutions a padding that keeps the size, and the last as many "
                "channels as come in.",
            )
        return shape

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        return _named((i, layer.parameters(shape)) for i, layer, shape in self._chain(input_shape))

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        return _named((i, layer.state(shape)) for i, layer, shape in self._chain(input_shape))

    def connection_count(self, input_shape: Shape) -> int:
        return sum(layer.connection_count(shape) for _, layer, shape in self._chain(input_shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        return sum(layer.multiply_adds(shape) for _, layer, shape in self._chain(input_shape))

    def engine_steps(self, input_shape: Shape, offsets: Offsets, first: int) -> EngineSteps:
        steps: EngineSteps = []
        for index, layer, shape in self._chain(input_shape):
            prefix = f"{index}."
            own = {
                name.removeprefix(prefix): offset
                for name, offset in offsets.items()
                if name.startswith(prefix)
            }
            steps += layer.engine_steps(shape, own, first + len(steps))
        return [*steps, {"op": "add", "input": first + len(steps), "other": first}]

    def config(self) -> dict[str, Any]:
        return {"type": "Residual", "layers": [layer.config() for layer in self.layers]}

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Layer:
        layers = arguments.get("layers")
        if arguments.keys() != {"layers"} or not isinstance(layers, list):
            raise ArgumentError(f"Residual takes a list of layers. Received: {arguments!r}")
        return cls(*(Layer.from_config(layer) for layer in layers))

    def describe(self) -> str:
        return f"Residual({', '.join(layer.describe() for layer in self.layers)})"

    def _chain(self, shape: Shape) -> Iterator[tuple[int, Layer, Shape]]:
        """Each layer with its index and the shape that enters it."""
        for index, layer in enumerate(self.layers):
            yield index, layer, shape
            shape = layer.output_shape(shape)


def _named(specs: Iterator[tuple[int, dict[str, _Spec]]]) -> dict[str, _Spec]:
    return {f"{index}.{name}": spec for index, own in specs for name, spec in own.items()}
