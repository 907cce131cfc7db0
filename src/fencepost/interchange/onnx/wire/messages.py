"""What an ONNX file says: its nodes, weights, inputs and outputs, as they stand in it.

Nothing is checked here but what is needed to read on. Graphs within nodes (of If, Loop, Scan) are
read with them, down to `MAX_DEPTH`. Field numbers are those of onnx.proto
(github.com/onnx/onnx, IR version 10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .protobuf import (
    WireError,
    fields,
    fields_of,
    float_in,
    floats,
    integer_in,
    last_text,
    message_in,
    text_in,
)
from .tensors import (
    MAX_AXES,
    MAX_SIZE,
    Tensor,
    limited_integers,
    printable,
    quote,
    sparse_tensor,
    tensor,
)

#: Of each axis: its size, the name of a size that is chosen later, or None.
DeclaredShape: TypeAlias = tuple["int | str | None", ...]

MAX_METADATA = 2**24  # bytes of one entry; more is left unread
MAX_ENTRIES = 2**12  # of an attribute; no operator with a rule needs more
MAX_DEPTH = 16  # of graphs within graphs
# Operators of ONNX that hold graphs of their own; those of other domains may, too.
_NESTING = ("If", "Loop", "Scan", "SequenceMap")


@dataclass(slots=True)
class Node:
    """A NodeProto. `attributes` are unread AttributeProtos by name; see `attribute`.

    `bodies` are the graphs that it holds, by the names of their attributes, and `captured` the
    arrays that these take from outside.
    """

    name: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, memoryview]
    bodies: Mapping[str, File] = field(default_factory=dict)
    captured: tuple[str, ...] = ()


@dataclass(slots=True)
class DeclaredArray:
    """A ValueInfoProto: an array with the shape that the file declares.

    `shape` is None if none is declared; `is_tensor` is False of a sequence or a map. `empty_axes`
    are those declared with a size below 1, which are open in `shape`.
    """

    name: str
    shape: DeclaredShape | None = None
    is_tensor: bool = False
    empty_axes: tuple[int, ...] = ()


@dataclass(slots=True)
class File:
    """A ModelProto with its graph; `metadata` is text that its writer has put beside it.

    `opset` is the version of the operators of ai.onnx. A graph within a node has neither. `check`
    raises DataError if the file has been changed since; ask it where weights were read.
    """

    nodes: list[Node] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    inputs: list[DeclaredArray] = field(default_factory=list)
    outputs: list[DeclaredArray] = field(default_factory=list)
    declared: list[DeclaredArray] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    opset: int = 13
    check: Callable[[], None] = lambda: None


def parse_file(message: memoryview) -> File:
    """Read a ModelProto. Raises WireError with what is wrong, and in which part."""
    file = File()
    for number, wire, content in fields(message):
        if number == 14:
            entry = fields_of(message_in(wire, content), {1: text_in, 2: message_in})
            if entry[1] and entry[2] and len(entry[2][-1]) <= MAX_METADATA:
                file.metadata[entry[1][-1]] = str(entry[2][-1], "utf-8", "replace")
        if number == 8:
            used = fields_of(message_in(wire, content), {1: text_in, 2: integer_in})
            if last_text(used[1]) in ("", "ai.onnx") and used[2]:
                file.opset = used[2][-1]
        if number == 7:
            try:
                _read_graph(message_in(wire, content), file)
            except WireError as error:
                inner = str(error).startswith("in ")
                raise error if inner else WireError(f"in the graph, {error}") from None
    return file


def attribute(node: Node, name: str) -> object:
    """Read an attribute: int, float, str, Tensor, or a tuple of them; None if it has none.

    Raises WireError if it cannot be read; nested graphs are given as the text "graph".
    """
    message = node.attributes.get(name)
    if message is None:
        return None
    entries: list[int | float | str] = []
    kind = 0
    scalar: int | float | str | Tensor | None = None
    for number, wire, content in fields(message):
        if number == 20:
            kind = integer_in(wire, content)
        elif number == 3:
            scalar = integer_in(wire, content)
        elif number == 2:
            scalar = float_in(wire, content)
        elif number == 4:
            scalar = text_in(wire, content)
        elif number == 5:
            scalar = tensor(message_in(wire, content))
        elif number == 6:
            scalar = "graph"
        elif number == 7:
            entries.extend(floats(wire, content, "f", MAX_ENTRIES))
        elif number == 8:
            entries.extend(limited_integers(wire, content, MAX_ENTRIES))
        elif number == 9:
            entries.append(text_in(wire, content))
        if len(entries) > MAX_ENTRIES:
            raise WireError(f"attribute {quote(name)} has more than {MAX_ENTRIES:,} entries")
    if kind in (6, 7, 8) or entries:
        return tuple(entries)
    # proto3 leaves out what is zero: the type alone then says what it was.
    return {1: 0.0, 2: 0, 3: ""}.get(kind) if scalar is None else scalar


def _read_graph(message: memoryview, file: File, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise WireError(f"graphs are nested more than {MAX_DEPTH} deep")
    arrays = {11: file.inputs, 12: file.outputs, 13: file.declared}
    for number, wire, content in fields(message):
        try:
            if number == 1:
                file.nodes.append(_node(message_in(wire, content), depth))
            elif number == 5:
                file.weights.append(tensor(message_in(wire, content)))
            elif number == 15:
                file.weights.append(sparse_tensor(message_in(wire, content)))
            elif number in arrays:
                arrays[number].append(_declared_array(message_in(wire, content)))
        except WireError as error:
            weight = f"weight {len(file.weights) + 1}"
            part = {1: f"node {len(file.nodes) + 1}", 5: weight, 15: weight}
            raise WireError(f"in {part.get(number, 'an input or output')}, {error}") from None


_NODE_FIELDS = {1: text_in, 2: text_in, 3: text_in, 4: text_in, 5: message_in, 7: text_in}


def _node(message: memoryview, depth: int) -> Node:
    parts = fields_of(message, _NODE_FIELDS)
    attributes = {_attribute_name(part): part for part in parts[5]}
    domain, operator = last_text(parts[7]), last_text(parts[4])
    domain = "" if domain == "ai.onnx" else domain
    bodies: dict[str, File] = {}
    if domain or operator in _NESTING:
        for name, part in attributes.items():
            for number, wire, content in fields(part):
                if number == 6:
                    _read_graph(
                        message_in(wire, content), bodies.setdefault(name, File()), depth + 1
                    )
    captured = [name for body in bodies.values() for name in _captured(body)]
    return Node(
        last_text(parts[3]),
        operator,
        domain,
        tuple(parts[1]),
        tuple(parts[2]),
        attributes,
        bodies,
        tuple(dict.fromkeys(captured)),
    )


def _captured(body: File) -> list[str]:
    """Name the arrays that a graph takes and does not make: they are of the graph around it."""
    own = {array.name for array in body.inputs} | {weight.name for weight in body.weights}
    own |= {name for node in body.nodes for name in node.outputs}
    taken = [name for node in body.nodes for name in (*node.inputs, *node.captured)]
    taken += [output.name for output in body.outputs]
    return [name for name in taken if name and name not in own]


def _attribute_name(message: memoryview) -> str:
    """Read an attribute's name, which everyone writes first."""
    for number, wire, content in fields(message):
        if number == 1:
            return text_in(wire, content)
    return ""


def _declared_array(message: memoryview) -> DeclaredArray:
    parts = fields_of(message, {1: text_in, 2: message_in})
    array = DeclaredArray(last_text(parts[1]))
    for type_message in parts[2]:
        for tensor_type in fields_of(type_message, {1: message_in})[1]:
            array.is_tensor = True
            for shape in fields_of(tensor_type, {2: message_in})[2]:
                axes = fields_of(shape, {1: message_in})[1]
                if len(axes) > MAX_AXES:
                    raise WireError(f"an array has more than {MAX_AXES} axes")
                sizes = [*map(_declared_size, axes)]
                array.empty_axes = tuple(
                    k for k, size in enumerate(sizes) if isinstance(size, int) and size < 1
                )
                array.shape = tuple(
                    None if k in array.empty_axes else s for k, s in enumerate(sizes)
                )
    return array


def _declared_size(message: memoryview) -> int | str | None:
    """Read one axis: its size, its name, or None if it has neither."""
    declared: int | str | None = None
    for number, wire, content in fields(message):
        if number == 1:
            size = integer_in(wire, content)
            if size > MAX_SIZE:
                raise WireError(f"an axis claims {size:,} elements")
            declared = size
        elif number == 2:
            declared = printable(text_in(wire, content)) or None
    return declared
