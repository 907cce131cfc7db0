"""The arrays that a PyTorch module is called with: their shapes, and by which name each enters."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...arguments import integer
from ...errors import ArgumentError
from ...graph import Shape
from ...habits import nearest
from ...text import format_value, join_words, plural, quoted

_SEQUENCES = (list, tuple)
_WRAPPED = (
    "An input that is a list or a dict of arrays, or no array at all, needs a module around it "
    "whose forward takes the arrays and passes them on."
)


@dataclass(frozen=True)
class ModuleInputs:
    """The inputs of a module, in the order of its forward: names, and shapes with a batch of 1.

    The first `positional` are given by position, all others by name.
    """

    names: tuple[str, ...]
    shapes: tuple[Shape, ...]
    positional: int

    def zeros(self, dtypes: Iterable[Any], device: str) -> list[Any]:
        """Make an array of zeros for each input."""
        import torch

        return [
            torch.zeros(shape, dtype=dtype, device=device)
            for shape, dtype in zip(self.shapes, dtypes, strict=True)
        ]

    def in_batches_of(self, batch: int) -> ModuleInputs:
        """Return the same inputs with another batch."""
        return replace(self, shapes=tuple((batch, *shape[1:]) for shape in self.shapes))

    def call(self, module: Any, arrays: Sequence[Any]) -> Any:
        """Call the module with an array for each input."""
        named = dict(zip(self.names, arrays, strict=True))
        first = [named.pop(name) for name in self.names[: self.positional]]
        return module(*first, **named)


def module_inputs(module: Any, given: object) -> ModuleInputs:
    """Find how a module takes arrays of the given shapes, a list of them or a mapping by name.

    Raises ArgumentError: A shape is none, its name is no input of the module, or one is missing.
    """
    if isinstance(given, Mapping):
        return _by_name(module, {name: _shape(shape) for name, shape in given.items()})
    if not isinstance(given, _SEQUENCES) or not given or not _are_shapes(given):
        raise ArgumentError(
            "input_shapes must be a list of shapes without the batch, one for each input: "
            f"[(3, 224, 224)]. Received: {format_value(given)}."
        )
    shapes = tuple(map(_shape, given))
    names = _in_order(module, len(shapes))
    return ModuleInputs(names, shapes, len(names))


def _are_shapes(given: Sequence[Any]) -> bool:
    return all(isinstance(shape, _SEQUENCES) for shape in given)


def _shape(shape: Any) -> Shape:
    if not isinstance(shape, _SEQUENCES):
        raise ArgumentError(
            "a shape must be the sizes of one input without the batch, such as (3, 224, 224). "
            f"Received: {format_value(shape)}."
            + (f" {_WRAPPED}" if isinstance(shape, Mapping) else "")
        )
    return (1, *(integer("a size", size, 1) for size in shape))


def _signature(module: Any) -> inspect.Signature | None:
    # What torch.compile returns takes anything, and gives it to the module that it was made of.
    forward = getattr(module, "_orig_mod", module).forward
    try:
        return inspect.signature(forward)
    except (TypeError, ValueError):  # compiled code does not always have one
        return None


def _in_order(module: Any, inputs: int) -> tuple[str, ...]:
    """Name the inputs as forward does."""
    signature = _signature(module)
    if signature is None:
        return tuple(f"input{index}" for index in range(inputs))
    try:
        bound = signature.bind(*range(inputs)).arguments
    except TypeError:
        raise ArgumentError(
            f"{type(module).__name__}.forward takes {_listed(signature)}: pass a shape for each "
            f"input, by name or in this order. Received: {plural(inputs, 'shape')}. "
            f"{_WRAPPED}"
        ) from None
    names: list[str] = []
    for name, value in bound.items():
        names += [f"{name}{i}" for i in range(len(value))] if isinstance(value, tuple) else [name]
    return tuple(names)


def _listed(signature: inspect.Signature) -> str:
    """Name the inputs, and say which may be left out."""
    left_out = " (which may be left out)"
    return join_words(
        [
            f'"{p.name}"{"" if p.default is p.empty else left_out}'
            for p in signature.parameters.values()
        ]
    )


def _by_name(module: Any, shapes: Mapping[str, Shape]) -> ModuleInputs:
    """Put named shapes into the order of forward; leave out inputs that have a default."""
    signature = _signature(module)
    if signature is None:
        return ModuleInputs(tuple(shapes), tuple(shapes.values()), 0)
    parameters = signature.parameters.values()
    known = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for name in shapes:
        if name not in known and not anything:
            hint = nearest(str(name), known)
            raise ArgumentError(
                f"A shape must be for an input of {type(module).__name__}.forward, which takes "
                f"{join_words(quoted(known)) or 'none'}. Received: {name!r}. {hint or _WRAPPED}"
            )
    missing = [
        p.name
        for p in parameters
        if p.name in known and p.default is p.empty and p.name not in shapes
    ]
    if missing or not shapes:
        raise ArgumentError(
            f"{type(module).__name__}.forward takes {_listed(signature)}: pass a shape for "
            f"{join_words(quoted(missing)) or 'each input'}, too. "
            f"Received: {join_words(quoted(shapes)) or 'none'}. {_WRAPPED}"
        )
    names = [name for name in known if name in shapes]
    positional = 0
    while positional < len(names) and names[positional] == known[positional]:
        if signature.parameters[names[positional]].kind is inspect.Parameter.KEYWORD_ONLY:
            break
        positional += 1
    names += [name for name in shapes if name not in known]
    return ModuleInputs(tuple(names), tuple(shapes[name] for name in names), positional)
