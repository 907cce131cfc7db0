"""The sizes with which an ONNX model is read: those that its file declares, and those given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...arguments import integer
from ...errors import ArgumentError, DataError
from ...graph import Shape
from ...habits import nearest
from ...remedies import at_the_shell
from ...text import format_value, plural
from ..facts import shape_text
from .wire.messages import DeclaredArray, DeclaredShape, File
from .wire.tensors import MAX_SIZE, quote

#: Shapes by name, that of the one input, or a list of one for each input.
Given: TypeAlias = Mapping[str, Shape] | Shape | list[Shape]


@dataclass(slots=True)
class Inputs:
    """The inputs of a model with their sizes.

    `sizes` says what the file's names of sizes stand for (``{"batch": 1}``); `changed` that other
    sizes are given than the file declares, so that what it declares inside no longer holds;
    `notes` what was assumed, in sentences.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sizes: Mapping[str, int]
    changed: bool
    notes: tuple[str, ...]


def resolve_inputs(file: File, given: Given | None) -> Inputs:
    """Find the sizes of every input.

    Raises DataError: A size other than the batch is open, and is not given; or an input is no
    array. Raises ArgumentError: What is given is no shape, names no input, or has another number of
    axes.
    """
    weights = {weight.name for weight in file.weights}
    inputs = [array for array in file.inputs if array.name not in weights]
    shapes = _by_name(inputs, given)
    for array in inputs:
        if not array.is_tensor:
            raise DataError(
                f"every input must be an array. Received: {quote(array.name)}, which is a "
                "sequence, a map, or of no type"
            )
    sizes: dict[str, int] = {}
    notes: list[str] = []
    changed = False
    for array in inputs:
        # Some writers say so that an axis is open; no convolution takes an empty array.
        notes += [
            f"Axis {axis} of {quote(array.name)} has a declared size below 1: it is taken as open."
            for axis in array.empty_axes
        ]
        shape = shapes.get(array.name)
        if shape is None or array.shape is None:
            continue
        if len(shape) == len(array.shape) - 1:
            batch = array.shape[0] if isinstance(array.shape[0], int) else 1
            shape = shapes[array.name] = (batch, *shape)
            notes.append(f"A batch of {batch} was prepended to the sizes of {quote(array.name)}.")
        if len(shape) != len(array.shape):
            raise ArgumentError(
                "A shape must have as many axes as the file declares. Received: "
                f"{shape_text(shape)} for {quote(array.name)}, which is {shape_text(array.shape)}."
            )
        for size, declared in zip(shape, array.shape, strict=True):
            if isinstance(declared, str):
                sizes.setdefault(declared, size)
            changed = changed or (isinstance(declared, int) and declared != size)
    for array in inputs:
        if array.name not in shapes:
            shapes[array.name] = _declared(array, inputs, sizes, notes)
    names = tuple(array.name for array in inputs)
    return Inputs(names, tuple(shapes[name] for name in names), sizes, changed, tuple(notes))


def _by_name(inputs: list[DeclaredArray], given: Given | None) -> dict[str, tuple[int, ...]]:
    if given is None:
        return {}
    names = [array.name for array in inputs]
    known = ", ".join(map(quote, names[:9])) or "none"
    if not isinstance(given, Mapping):
        several = given if isinstance(given, list) else [given]
        if len(names) != len(several):
            raise ArgumentError(
                "There must be a shape for each input, in their order or by name. Received: "
                f"{plural(len(several), 'shape')} for {plural(len(names), 'input')} ({known})."
            )
        given = dict(zip(names, several, strict=True))
    for name, shape in given.items():
        if name not in names:
            hint = nearest(str(name), names)
            raise ArgumentError(
                "A shape must be for an input of the model. "
                f"Received: {quote(str(name))}; there is {known}.{f' {hint}' if hint else ''}"
            )
        if not isinstance(shape, (tuple, list)):
            raise ArgumentError(
                f"A shape must be a tuple of sizes. Received: {format_value(shape)} for {name}."
            )
    return {
        name: tuple(integer("A size of an input", size, 1, MAX_SIZE) for size in shape)
        for name, shape in given.items()
    }


def _declared(
    array: DeclaredArray, inputs: list[DeclaredArray], sizes: dict[str, int], notes: list[str]
) -> tuple[int, ...]:
    """Take what the file declares, and a batch of 1 if it is open."""
    shape = array.shape
    rule = "the sizes of every input must be known. Received:"
    if shape is None:
        raise DataError(
            f"{rule} no shape of input {quote(array.name)}. "
            f"Specify it: {_example(array, inputs, None)}"
        )
    known = [sizes.get(size) if isinstance(size, str) else size for size in shape]
    unknown = [axis for axis, size in enumerate(known) if size is None]
    if unknown == [0]:
        known[0] = 1
        if isinstance(shape[0], str):
            sizes[shape[0]] = 1
        notes.append(f"The batch of {quote(array.name)} is open: 1 is used.")
    elif unknown:
        open_sizes = ", ".join(
            quote(size) if isinstance(size := shape[axis], str) else f"axis {axis}"
            for axis in unknown
        )
        raise DataError(
            f"{rule} input {quote(array.name)} of {shape_text(shape)}, which leaves open "
            f"{open_sizes}. Specify them: {_example(array, inputs, shape)}"
        )
    return tuple(size for size in known if size is not None)


def _example(array: DeclaredArray, inputs: list[DeclaredArray], shape: DeclaredShape | None) -> str:
    """Show how sizes are given: a batch of 1, and a usual photograph."""
    usual = (1, 3, 224, 224)
    guess = [
        size if isinstance(size, int) else usual[min(axis, 3)]
        for axis, size in enumerate(usual if shape is None else shape)
    ]
    several = len(inputs) > 1
    name = f"{array.name}=" if several else ""
    typed = ", ".join(map(str, guess))
    return at_the_shell(f"--input {name}{'x'.join(map(str, guess))}") or (
        f'{{"{array.name}": ({typed})}}' if several else f"({typed})"
    )
