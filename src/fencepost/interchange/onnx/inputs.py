"""The sizes with which an ONNX model is read: those that its file declares, and those asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fencepost.arguments import integer, nearest
from fencepost.errors import ArgumentError, DataError
from fencepost.graph import Shape
from fencepost.interchange.onnx.operators.calls import by
from fencepost.interchange.onnx.wire.messages import Declared, File, Input
from fencepost.interchange.onnx.wire.tensors import LARGEST_SIZE, shown


@dataclass(slots=True)
class Inputs:
    """The inputs of a model with their sizes.

    `sizes` says what the file's names of sizes stand for (``{"batch": 1}``); `changed` that other
    sizes are asked for than the file declares, so that what it declares inside no longer holds;
    `notes` what was taken for granted, in sentences.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sizes: Mapping[str, int]
    changed: bool
    notes: tuple[str, ...]


def settle(file: File, asked: Mapping[str, Shape] | Shape | None) -> Inputs:
    """Find the sizes of every input.

    Raises
    ------
    DataError
        A size other than the batch is open, and is not asked for; or an input is no array.
    ArgumentError
        What is asked for is no shape, names no input, or has another number of axes.
    """
    weights = {weight.name for weight in file.weights}
    inputs = [one for one in file.inputs if one.name not in weights]
    wanted = _by_name(inputs, asked)
    for one in inputs:
        if not one.tensor:
            raise DataError(
                f"every input must be an array. Received: {shown(one.name)}, which is a sequence, "
                "a map, or of no type"
            )
    sizes: dict[str, int] = {}
    notes: list[str] = []
    changed = False
    for one in inputs:
        shape = wanted.get(one.name)
        if shape is None or one.shape is None:
            continue
        if len(shape) == len(one.shape) - 1:
            batch = one.shape[0] if isinstance(one.shape[0], int) else 1
            shape = wanted[one.name] = (batch, *shape)
            notes.append(f"A batch of {batch} was put before the sizes of {shown(one.name)}.")
        if len(shape) != len(one.shape):
            raise ArgumentError(
                "A shape must have as many axes as the file declares. Received: "
                f"{by(shape)} for {shown(one.name)}, which is {by(one.shape)}."
            )
        for size, said in zip(shape, one.shape, strict=True):
            if isinstance(said, str):
                sizes.setdefault(said, size)
            changed = changed or (isinstance(said, int) and said != size)
    found: dict[str, tuple[int, ...]] = {}
    for one in inputs:
        found[one.name] = wanted.get(one.name) or _declared(one, inputs, sizes, notes)
    return Inputs(tuple(found), tuple(found.values()), sizes, changed, tuple(notes))


def _by_name(
    inputs: list[Input], asked: Mapping[str, Shape] | Shape | None
) -> dict[str, tuple[int, ...]]:
    if asked is None:
        return {}
    names = [one.name for one in inputs]
    if not isinstance(asked, Mapping):
        if len(names) != 1:
            listed = ", ".join(map(shown, names[:9])) or "none"
            raise ArgumentError(
                "A shape without a name is for a model of one input. Received: "
                f"a shape for {len(names)} inputs ({listed}). Name the input of each shape."
            )
        asked = {names[0]: asked}
    for name in asked:
        if name not in names:
            listed = ", ".join(map(shown, names[:9])) or "none"
            hint = nearest(str(name), names)
            raise ArgumentError(
                "A shape must be for an input of the model. "
                f"Received: {shown(str(name))}; there is {listed}.{f' {hint}' if hint else ''}"
            )
    return {name: _whole(name, shape) for name, shape in asked.items()}


def _whole(name: str, shape: object) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)):
        raise ArgumentError(
            f"A shape must be a tuple of sizes, with the batch. Received: {shape!r} for {name}."
        )
    return tuple(integer("A size of an input", size, 1, LARGEST_SIZE) for size in shape)


def _declared(
    one: Input, inputs: list[Input], sizes: dict[str, int], notes: list[str]
) -> tuple[int, ...]:
    """Take what the file declares, and a batch of 1 if it is open."""
    shape = one.shape
    if shape is None:
        raise DataError(
            "the sizes of every input must be known. Received: no shape of input "
            f"{shown(one.name)}. Give it: {_example(one, inputs, None)}"
        )
    known = [sizes.get(size) if isinstance(size, str) else size for size in shape]
    unknown = [place for place, size in enumerate(known) if size is None]
    if unknown == [0]:
        known[0] = 1
        if isinstance(shape[0], str):
            sizes[shape[0]] = 1
        notes.append(f"The batch of {shown(one.name)} is open: it is taken as 1.")
    elif unknown:
        open_ones = ", ".join(
            shown(size) if isinstance(size := shape[place], str) else f"axis {place}"
            for place in unknown
        )
        raise DataError(
            "the sizes of every input must be known. Received: input "
            f"{shown(one.name)} of {by(shape)}, which leaves open {open_ones}. "
            f"Give them: {_example(one, inputs, shape)}"
        )
    return tuple(size for size in known if size is not None)


def _example(one: Input, inputs: list[Input], shape: Declared | None) -> str:
    """Show how sizes are given: a batch of 1, and a usual photograph."""
    usual = (1, 3, 224, 224)
    guess = [
        size if isinstance(size, int) else usual[min(place, 3)]
        for place, size in enumerate(usual if shape is None else shape)
    ]
    text = "x".join(map(str, guess))
    name = f"{one.name}=" if len(inputs) > 1 else ""
    return f"--input {name}{text}"
