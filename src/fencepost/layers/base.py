"""What every layer is: a frozen specification that knows its sizes, parameters and engine step.

A layer holds no weights. It is asked, with the shape of its input (without the batch: (F,),
(C, W) or (C, H, W)), what comes out, which parameters it needs and which steps of the engine
compute it; Network puts them together.
"""

from __future__ import annotations

import functools
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, SizeError, SizeProblem
from ..sizing import Window
from ..text import format_value
from .arguments import compact
from .pytorch_order import pytorch_order

Shape = tuple[int, ...]
EngineSteps = list[dict[str, Any]]
#: Where each named parameter and state array begins in its flat array.
Offsets = Mapping[str, int]

# Arguments that are tables and not one value for each axis.
_TABLES = ("connections", "centres")
_AXES = {1: "(features,)", 2: "(channels, width)", 3: "(channels, height, width)"}


@dataclass(frozen=True)
class ParameterSpec:
    """One array of trainable parameters.

    `init` is "weight" or "bias" (drawn by the network's initialisation from the fans) or a
    number (a constant). `fan_in` may be one number for each entry of the first axis, where units
    differ in the number of their inputs.
    """

    shape: Shape
    init: str | float
    fan_in: int | tuple[int, ...] = 1
    fan_out: int = 1

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class StateSpec:
    """One array that belongs to the model and is not trained by gradient."""

    shape: Shape
    value: float | NDArray[np.float32]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


class Layer(ABC):
    """Base of all layers; see the module's text."""

    #: Layer classes by the name that a model file gives them.
    types: ClassVar[dict[str, type[Layer]]] = {}

    def __init_subclass__(cls, abstract: bool = False) -> None:
        super().__init_subclass__()
        if "__init__" in vars(cls):
            setattr(cls, "__init__", _in_our_order(vars(cls)["__init__"]))  # noqa: B010
        if not abstract:
            Layer.types[cls.__name__] = cls

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one output. Raises SizeError when the input does not fit."""

    @abstractmethod
    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        """Describe the layer as steps of the engine, at least one.

        Values are counted from the layer on: 0 enters it, k + 1 comes from its step k. Where a step
        does not name its input, it reads the value before it.
        """

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        """Specify the trainable arrays, by name."""
        return {}

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        """Specify the arrays that are kept but not trained by gradient, by name."""
        return {}

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """Return the window over each axis; none for a layer that has no window."""
        return ()

    def connection_count(self, input_shape: Shape) -> int:
        """Links between units, a unit's bias counted as one, as the 1998 paper counts them.

        A layer that only changes each unit's own value (an activation, say) adds none.
        """
        return 0

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications followed by an addition, for one input; biases are not counted."""
        return 0

    def config(self) -> dict[str, Any]:
        """Describe the layer as plain data; `Layer.from_config` reads it back."""
        arguments = {name: _plain(getattr(self, name)) for name in arguments_of(type(self))}
        return {"type": type(self).__name__, **arguments}

    @staticmethod
    def from_config(config: Any) -> Layer:
        """Make the layer that `config()` described. Raises ArgumentError when it describes none."""
        if not isinstance(config, dict) or not isinstance(config.get("type"), str):
            raise ArgumentError(
                f"a layer's description must be a dict with a type. "
                f"Received: {format_value(config)}"
            )
        cls = Layer.types.get(config["type"])
        if cls is None:
            raise ArgumentError(
                f"type must name a layer: {', '.join(sorted(Layer.types))}. "
                f"Received: type={config['type']!r}"
            )
        arguments = {name: value for name, value in config.items() if name != "type"}
        return cls._from_arguments(arguments)

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Layer:
        unknown = sorted(arguments.keys() - arguments_of(cls).keys())
        if unknown:
            raise ArgumentError(f"{cls.__name__} has no argument {unknown[0]!r}")
        try:
            return cls(**arguments)
        except TypeError as error:
            raise ArgumentError(f"{cls.__name__}: {error}") from None

    def describe(self) -> str:
        """Write the layer as one would type it."""
        required, shown = [], []
        for name, parameter in arguments_of(type(self)).items():
            if parameter.default is parameter.empty:
                required.append(getattr(self, name))
        plain = type(self)(*required)  # what the layer is when only these are given
        for name, parameter in arguments_of(type(self)).items():
            value = getattr(self, name)
            if parameter.default is parameter.empty:
                shown.append(_brief(name, value))
            elif value != getattr(plain, name):
                shown.append(f"{name}={_brief(name, value)}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __repr__(self) -> str:
        return self.describe()

    def _set(self, **fields: Any) -> None:
        """Give a frozen layer its canonical fields; for constructors only."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _require_rank(self, input_shape: Shape, rank: int, remedy: str) -> None:
        if len(input_shape) != rank:
            raise size_error(
                f"{self.describe()} needs an input of shape {_AXES[rank]}.",
                f"an input of shape {input_shape}",
                remedy,
            )


class ElementwiseLayer(Layer, abstract=True):
    """A layer that changes each value by itself and so keeps every size."""

    op: ClassVar[str]

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [{"op": self.op, **self._options()}]

    def _options(self) -> dict[str, Any]:
        return {}


def placed_steps(steps: EngineSteps, value: int, first: int) -> EngineSteps:
    """Put a layer's steps behind others: `value` enters, and the first of them has index `first`.

    >>> placed_steps([{"op": "relu"}, {"op": "add", "other": 0}], value=2, first=5)
    [{'op': 'relu', 'input': 2}, {'op': 'add', 'other': 2, 'input': 6}]
    """
    placed: EngineSteps = []
    for index, step in enumerate(steps):
        read = {"input": step.get("input", index)}
        if "other" in step:
            read["other"] = step["other"]
        places = {name: first + k if k else value for name, k in read.items()}
        placed.append({**step, **places})
    return placed


def size_error(rule: str, received: str, remedy: str = "") -> SizeError:
    """Build the error of a layer whose input does not fit."""
    return SizeError(SizeProblem(rule=rule, received=received, remedy=remedy))


def engine_shape(shape: Shape) -> tuple[int, int, int]:
    """Write a layer's shape as the engine has it: (F,) is (F, 1, 1), (C, W) is (C, 1, W)."""
    if len(shape) == 1:
        return (shape[0], 1, 1)
    if len(shape) == 2:
        return (shape[0], 1, shape[1])
    return (shape[0], shape[1], shape[2])


def _in_our_order(constructor: Callable[..., None]) -> Callable[..., None]:
    """Return a layer's constructor, which refuses arguments in PyTorch's order."""

    @functools.wraps(constructor)
    def made(self: Layer, *values: Any, **named: Any) -> None:
        if values:
            cls = type(self)
            order = pytorch_order(cls.__name__, arguments_of(cls), values, named)
            if order:
                raise ArgumentError(f"{order}.")
        constructor(self, *values, **named)

    return made


@functools.cache
def arguments_of(cls: type[Layer]) -> Mapping[str, inspect.Parameter]:
    """Arguments of a layer's constructor, by name."""
    return inspect.signature(cls).parameters


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _brief(name: str, value: Any) -> str:
    if name not in _TABLES:
        value = compact(value)
    if isinstance(value, str):
        return f'"{value}"'
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 48 else "..."
