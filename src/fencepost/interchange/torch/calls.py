"""A call of a PyTorch function: what the rules are given, what they answer, the arrays in it.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fencepost.graph import Role, Shape
from fencepost.sizing import Window


@dataclass(frozen=True)
class Call:
    """A call: the function's plain name, its arguments, and the shapes of what flows through.

    `inputs` and `outputs` are those of the arrays that depend on the model's input, `outputs` is
    empty if the call failed. `channels` is the axis of the first input that holds the channels.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...] = ()
    channels: int = 1

    def bind(self, *names: str) -> dict[str, Any]:
        """Arguments by name, whether they were given by place or by name."""
        return {**dict(zip(names, self.args, strict=False)), **self.kwargs}

    def axes(self, dims: Any) -> set[int]:
        """Axes of the first input, from 0 and as if the channels were the second; None is all."""
        count = len(self.inputs[0])
        if dims is None:
            return set(range(count))
        found = {dim % count for dim in ((dims,) if isinstance(dims, int) else dims)}
        moved = {axis + (0 < axis < self.channels) for axis in found - {self.channels}}
        return moved | {1} if self.channels in found else moved


@dataclass(frozen=True)
class Facts:
    """What an `Operation` says of itself beyond its place in the model."""

    kind: str
    role: Role
    arguments: Mapping[str, object] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    weight_shape: tuple[int, ...] | None = None
    multiply_adds: int | None = 0


def product(shape: Shape) -> int:
    """Count the cells of a shape."""
    return math.prod(size or 0 for size in shape)


def arrays(value: Any) -> Iterator[Any]:
    """Find the tensors in nested lists, tuples, mappings and dataclasses."""
    from torch import Tensor

    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from arrays(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from arrays(one)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from arrays(vars(value))


def shape_of(array: Any) -> Shape:
    """Return the shape as plain integers."""
    return tuple(int(size) for size in array.shape)


def replaced(value: Any, change: Callable[[Any], Any]) -> Any:
    """Put other arrays into nested lists, tuples and dictionaries."""
    from torch import Tensor

    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, (list, tuple)):
        several = [replaced(one, change) for one in value]
        return type(value)(*several) if hasattr(value, "_fields") else type(value)(several)
    if isinstance(value, dict):
        return {name: replaced(one, change) for name, one in value.items()}
    return value
