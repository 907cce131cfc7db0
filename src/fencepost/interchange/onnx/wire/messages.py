"""What an ONNX file says: its nodes, weights, inputs and outputs, as they stand in it.

Nothing is judged here but what is needed to read on; nested graphs (of If, Loop, Scan) are left
unread, so nothing can be nested too deep. Field numbers are those of onnx.proto
(github.com/onnx/onnx, IR version 10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from fencepost.interchange.onnx.wire.protobuf import (
    WireError,
    fields,
    fixed_in,
    integer_in,
    message_in,
    real,
    reals,
    signed,
    text_in,
)
from fencepost.interchange.onnx.wire.tensors import (
    LARGEST_SIZE,
    MOST_AXES,
    Tensor,
    clean,
    shown,
    some_integers,
    sparse_tensor,
    tensor,
)

#: Of each axis: its size, the name of a size that is chosen later, or None.
Declared: TypeAlias = tuple["int | str | None", ...]

MOST_ENTRIES = 2**12  # of an attribute; no operator with a rule needs more


@dataclass(slots=True)
class Node:
    """A NodeProto. `attributes` are unread AttributeProtos by name; see `attribute`."""

    name: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, memoryview]


@dataclass(slots=True)
class Input:
    """A ValueInfoProto: an array with the shape that the file declares.

    `shape` is None if none is declared; `tensor` is False of what is no array (a sequence, a map).
    """

    name: str
    shape: Declared | None
    type: int
    tensor: bool = True


@dataclass(slots=True)
class File:
    """A ModelProto with its graph."""

    nodes: list[Node] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Input] = field(default_factory=list)
    declared: list[Input] = field(default_factory=list)
    opsets: dict[str, int] = field(default_factory=dict)


def parse(message: memoryview) -> File:
    """Read a ModelProto.

    Raises
    ------
    WireError
        With what is wrong, and in which part.
    """
    file = File()
    for number, wire, content in fields(message):
        if number == 7:
            with _Part("the graph"):
                _graph(message_in(wire, content), file)
        elif number == 8:
            domain, version = "", 0
            for inner, inner_wire, value in fields(message_in(wire, content)):
                if inner == 1:
                    domain = text_in(inner_wire, value)
                elif inner == 2:
                    version = signed(integer_in(inner_wire, value))
            file.opsets["" if domain == "ai.onnx" else domain] = version
    return file


def attribute(node: Node, name: str) -> object:
    """Read an attribute: int, float, str, Tensor, or a tuple of them; None if it has none.

    Raises WireError if it cannot be read; nested graphs are given as the text "graph".
    """
    message = node.attributes.get(name)
    if message is None:
        return None
    found: list[int | float | str] = []
    kind = 0
    single: int | float | str | Tensor | None = None
    for number, wire, content in fields(message):
        if number == 20:
            kind = integer_in(wire, content)
        elif number == 3:
            single = signed(integer_in(wire, content))
        elif number == 2:
            single = real(fixed_in(wire, content))
        elif number == 4:
            single = text_in(wire, content)
        elif number == 5:
            single = tensor(message_in(wire, content))
        elif number == 6:
            single = "graph"
        elif number == 7:
            found.extend(reals(wire, content, "f", MOST_ENTRIES))
        elif number == 8:
            found.extend(some_integers(wire, content, MOST_ENTRIES))
        elif number == 9:
            found.append(text_in(wire, content))
        if len(found) > MOST_ENTRIES:
            raise WireError(f"attribute {shown(name)} has more than {MOST_ENTRIES:,} entries")
    if kind in (6, 7, 8) or found:
        return tuple(found)
    # proto3 leaves out what is zero: the type alone then says what it was.
    return {1: 0.0, 2: 0, 3: ""}.get(kind) if single is None else single


class _Part:
    """Say in which part of a file something was wrong."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, WireError) and not str(error).startswith("in "):
            raise WireError(f"in {self.name}, {error}") from None


def _graph(message: memoryview, file: File) -> None:
    lists = {11: file.inputs, 12: file.outputs, 13: file.declared}
    for number, wire, content in fields(message):
        if number == 1:
            with _Part(f"node {len(file.nodes) + 1}"):
                file.nodes.append(_node(message_in(wire, content)))
        elif number == 5:
            with _Part(f"weight {len(file.weights) + 1}"):
                file.weights.append(tensor(message_in(wire, content)))
        elif number == 15:
            with _Part(f"weight {len(file.weights) + 1}"):
                file.weights.append(sparse_tensor(message_in(wire, content)))
        elif number in lists:
            with _Part("an input or output"):
                lists[number].append(_input(message_in(wire, content)))


def _node(message: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    texts = {3: "", 4: "", 7: ""}
    attributes: dict[str, memoryview] = {}
    for number, wire, content in fields(message):
        if number == 1:
            inputs.append(text_in(wire, content))
        elif number == 2:
            outputs.append(text_in(wire, content))
        elif number in texts:
            texts[number] = text_in(wire, content)
        elif number == 5:
            inner = message_in(wire, content)
            attributes[_name_of(inner)] = inner
    domain = "" if texts[7] == "ai.onnx" else texts[7]
    return Node(texts[3], texts[4], domain, tuple(inputs), tuple(outputs), attributes)


def _name_of(message: memoryview) -> str:
    """Read an attribute's name, which everyone writes first."""
    for number, wire, content in fields(message):
        if number == 1:
            return text_in(wire, content)
    return ""


def _input(message: memoryview) -> Input:
    found = Input("", None, 0, tensor=False)
    for number, wire, content in fields(message):
        if number == 1:
            found.name = text_in(wire, content)
        elif number == 2:
            for inner, inner_wire, value in fields(message_in(wire, content)):
                if inner == 1:
                    found.tensor = True
                    _tensor_type(message_in(inner_wire, value), found)
    return found


def _tensor_type(message: memoryview, found: Input) -> None:
    for number, wire, content in fields(message):
        if number == 1:
            found.type = integer_in(wire, content)
        elif number == 2:
            axes = [
                _size(message_in(inner_wire, value))
                for inner, inner_wire, value in fields(message_in(wire, content))
                if inner == 1
            ]
            if len(axes) > MOST_AXES:
                raise WireError(f"an array has more than {MOST_AXES} axes")
            found.shape = tuple(axes)


def _size(message: memoryview) -> int | str | None:
    """Read one axis. Sizes of 0 and −1 are how some writers say that it is open."""
    found: int | str | None = None
    for number, wire, content in fields(message):
        if number == 1:
            size = signed(integer_in(wire, content))
            found = size if size > 0 else None
            if size > LARGEST_SIZE:
                raise WireError(f"an axis claims {size:,} cells")
        elif number == 2:
            found = clean(text_in(wire, content)) or None
    return found
