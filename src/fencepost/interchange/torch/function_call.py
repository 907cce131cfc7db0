"""A call of a PyTorch function as the rules see it, and the arrays in its arguments.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...graph import Shape, element_count


@dataclass(frozen=True)
class FunctionCall:
    """A call: the function's plain name, its arguments, and the shapes of what flows through.

    `inputs` and `outputs` are those of the arrays that depend on the model's input, `outputs` is
    empty if the call failed. `channel_axis` is the axis of the first input that holds the channels.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...] = ()
    channel_axis: int = 1

    def bind(self, *names: str) -> dict[str, Any]:
        """Arguments by name, whether they were given by position or by name."""
        return {**dict(zip(names, self.args, strict=False)), **self.kwargs}

    def axes(self, dims: Any) -> set[int]:
        """Axes of the first input, from 0 and as if the channels were the second; None is all."""
        count = len(self.inputs[0])
        if dims is None:
            return set(range(count))
        given = {dim % count for dim in ((dims,) if isinstance(dims, int) else dims)}
        axes = {axis + (0 < axis < self.channel_axis) for axis in given - {self.channel_axis}}
        return axes | {1} if self.channel_axis in given else axes

    def work(self, each: int) -> int | None:
        """Multiply-adds, so many for each element of the first output; None if it failed."""
        return (element_count(self.outputs[0]) or 0) * each if self.outputs else None


@dataclass(frozen=True)
class Origins:
    """Where the arrays that do not depend on the input are from.

    `names` are those in the state dict, by the identity of the arrays of `module`; `computed` is
    for others the call that made them, of such arrays, and which of its results they are.
    """

    module: Any
    names: Mapping[int, str]
    computed: Any

    def value(self, array: Any, given: Mapping[str, Any]) -> Any:
        """Return an array with its values, computed from those of the state dict as it was made.

        Raises LookupError if it depends on the input.
        """
        import torch

        name = self.names.get(id(array))
        if name is not None:
            return given[name]
        if array not in self.computed:
            if array.is_meta:
                raise LookupError("it depends on the input")
            return array
        function, args, kwargs, index, sizes_only = self.computed[array]

        def real(argument: Any) -> Any:
            return torch.empty(argument.shape) if sizes_only else self.value(argument, given)

        args, kwargs = replace_arrays((args, kwargs), real)
        if str(kwargs.get("device")) == "meta":
            kwargs = {**kwargs, "device": "cpu"}
        with torch.no_grad():
            return list(arrays(function(*args, **kwargs)))[index]


@dataclass(frozen=True)
class Recorded:
    """A call as it was made: where the arrays that it met are from.

    `flowing` are the identities of the arrays that depend on the input; `reflected` says that the
    second operand comes first, as in ``1 − x``.
    """

    call: FunctionCall
    origins: Origins
    flowing: frozenset[int]
    reflected: bool = False


def arrays(value: Any) -> Iterator[Any]:
    """Find the tensors in nested lists, tuples, mappings and dataclasses."""
    from torch import Tensor

    return leaves(value, Tensor)


def leaves(value: Any, kind: type, above: frozenset[int] = frozenset()) -> Iterator[Any]:
    """Find what is of one kind in nested lists, tuples, mappings and dataclasses.

    What lies in itself is looked through once: `above` are the identities of what `value` is in.
    """
    if isinstance(value, kind):
        yield value
        return
    if isinstance(value, (list, tuple)):
        items: Iterable[Any] = value
    elif isinstance(value, Mapping):
        items = value.values()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = (getattr(value, field.name, None) for field in dataclasses.fields(value))
    else:
        return
    if id(value) not in above:
        for item in items:
            yield from leaves(item, kind, above | {id(value)})


def shape_of(array: Any) -> Shape:
    """Return the shape as plain integers; None where a nested tensor has several sizes."""
    if array.is_nested:
        return tuple(_size_of_nested(array, axis) for axis in range(array.dim()))
    return tuple(int(size) for size in array.shape)


def _size_of_nested(array: Any, axis: int) -> int | None:
    try:
        return int(array.size(axis))
    except (RuntimeError, TypeError):  # the sizes of its parts differ
        return None


def replace_arrays(value: Any, change: Callable[[Any], Any]) -> Any:
    """Put other arrays into nested lists, tuples and dictionaries."""
    from torch import Tensor

    return replace_leaves(value, lambda leaf: change(leaf) if isinstance(leaf, Tensor) else leaf)


def replace_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Put something else for everything in nested lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple)):
        items = [replace_leaves(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: replace_leaves(item, change) for name, item in value.items()}
    return change(value)


def replace_bounds(index: Any, number: Callable[[Any], Any], name: str = "getitem") -> Any:
    """Put numbers for arrays where the slices of an index begin or end, or in those of "pad"."""
    if isinstance(index, slice):
        ends = (index.start, index.stop, index.step)
        return slice(*(number(end) if hasattr(end, "is_meta") else end for end in ends))
    if isinstance(index, (tuple, list) if name == "pad" else tuple):
        return tuple(replace_bounds(item, number, name) for item in index)
    return number(index) if name == "pad" and hasattr(index, "is_meta") else index
