"""What an ONNX file says: its nodes, weights, inputs and outputs, as they stand in it.

Part of check; may call protobuf and errors. Nothing is judged here but what is needed to read on;
nested graphs (of If, Loop, Scan) are left unread, so nothing can be nested too deep. Field numbers
are those of onnx.proto (github.com/onnx/onnx, IR version 10).
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from .protobuf import (
    WireError,
    fields,
    fixed_in,
    integer_in,
    integers,
    message_in,
    real,
    reals,
    signed,
    text_in,
)

#: Of each axis: its size, the name of a size that is chosen later, or None.
Declared: TypeAlias = tuple["int | str | None", ...]

#: Element types (TensorProto.DataType): name and bits. Names are NumPy's where NumPy has them.
TYPES: Final = {
    1: ("float32", 32),
    2: ("uint8", 8),
    3: ("int8", 8),
    4: ("uint16", 16),
    5: ("int16", 16),
    6: ("int32", 32),
    7: ("int64", 64),
    8: ("string", 0),
    9: ("bool", 8),
    10: ("float16", 16),
    11: ("float64", 64),
    12: ("uint32", 32),
    13: ("uint64", 64),
    14: ("complex64", 64),
    15: ("complex128", 128),
    16: ("bfloat16", 16),
    17: ("float8_e4m3fn", 8),
    18: ("float8_e4m3fnuz", 8),
    19: ("float8_e5m2", 8),
    20: ("float8_e5m2fnuz", 8),
    21: ("uint4", 4),
    22: ("int4", 4),
    23: ("float4_e2m1", 4),
    24: ("float8_e8m0", 8),
    25: ("uint2", 2),
    26: ("int2", 2),
}

# Limits that no model of anyone's comes near; beyond them a file is damaged, or means harm.
MOST_AXES = 32
MOST_NUMBERS = 2**8  # of a tensor whose numbers decide about sizes
MOST_ENTRIES = 2**12  # of an attribute
LARGEST_SIZE = 2**40  # cells along one axis


@dataclass(slots=True)
class Tensor:
    """A TensorProto: a name, a shape, and where its numbers are.

    `type` is the number of its element type (see `TYPES`); `external` says that its numbers are in
    another file, `location`.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    external: bool
    location: str
    message: memoryview

    @property
    def cells(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    def numbers(self) -> tuple[int | float, ...] | None:
        """Return its numbers in rows; None if they are many, elsewhere, or no plain numbers."""
        if self.external or self.cells > MOST_NUMBERS:
            return None
        values = tuple(itertools.islice(self._numbers(), self.cells + 1))
        return values if len(values) == self.cells else None

    def _numbers(self) -> Iterator[int | float]:
        """Read what is in the field that its type asks for, or in raw_data."""
        for number, wire, content in fields(self.message):
            if number == 9 and isinstance(content, memoryview):
                letter = _RAW.get(self.type)
                if letter and len(content) == self.cells * struct.calcsize(letter):
                    values = struct.unpack(f"<{self.cells}{letter}", content)
                    yield from map(_bfloat16, values) if self.type == 16 else values
            elif number in (5, 7, 11):
                for bits in integers(wire, content):
                    yield _integer(bits, self.type)
            elif number in (4, 10):
                yield from reals(wire, content, "f" if number == 4 else "d", MOST_NUMBERS)


# How struct reads raw_data.
_RAW: Final = {
    1: "f",
    2: "B",
    3: "b",
    4: "H",
    5: "h",
    6: "i",
    7: "q",
    9: "?",
    10: "e",
    11: "d",
    12: "I",
    13: "Q",
    16: "H",
}


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
            found.extend(_some(wire, content, MOST_ENTRIES))
        elif number == 9:
            found.append(text_in(wire, content))
        if len(found) > MOST_ENTRIES:
            raise WireError(f"attribute {shown(name)} has more than {MOST_ENTRIES:,} entries")
    if kind in (6, 7, 8) or found:
        return tuple(found)
    # proto3 leaves out what is zero: the type alone then says what it was.
    return {1: 0.0, 2: 0, 3: ""}.get(kind) if single is None else single


def tensor(message: memoryview) -> Tensor:
    """Read a TensorProto, less its numbers."""
    shape: list[int] = []
    kind, external, name, location, held = 0, False, "", "", None
    for number, wire, content in fields(message):
        if number == 1:
            shape.extend(_some(wire, content, MOST_AXES))
            if len(shape) > MOST_AXES:
                raise WireError(f"a tensor has more than {MOST_AXES} axes")
        elif number == 2:
            kind = integer_in(wire, content)
        elif number == 8:
            name = text_in(wire, content)
        elif number == 9:
            held = len(message_in(wire, content))
        elif number == 13:
            key, value = _pair(message_in(wire, content))
            location = value if key == "location" else location
        elif number == 14:
            external = integer_in(wire, content) == 1
    found = Tensor(name, tuple(shape), kind, external, location, message)
    _check_tensor(found, held)
    return found


def shown(name: str) -> str:
    r"""Quote a name from a file, as much of it as a message can take.

    >>> shown("a\nb")
    '"a\ufffdb"'
    """
    return f'"{clean(name, 80)}"'


def clean(name: str, longest: int = 200) -> str:
    """Leave out what does not print, and what is too long."""
    cut = name if len(name) <= longest else name[: longest - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in cut)


def _check_tensor(one: Tensor, held: int | None) -> None:
    if any(not 0 <= size <= LARGEST_SIZE for size in one.shape):
        raise WireError(f"tensor {shown(one.name)} claims the shape {one.shape}")
    if one.type not in TYPES:
        raise WireError(f"tensor {shown(one.name)} has an element type {one.type} of no meaning")
    word, bits = TYPES[one.type]
    needed = -(-one.cells * bits // 8)
    if held is not None and bits and held != needed and not one.external:
        raise WireError(
            f"tensor {shown(one.name)} of shape {one.shape} and {word} takes {needed:,} bytes, "
            f"and it has {held:,}"
        )


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
                file.weights.append(_sparse(message_in(wire, content)))
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


def _sparse(message: memoryview) -> Tensor:
    """Read a SparseTensorProto as the tensor that it stands for."""
    shape: list[int] = []
    values = None
    for number, wire, content in fields(message):
        if number == 1:
            values = tensor(message_in(wire, content))
        elif number == 3:
            shape.extend(_some(wire, content, MOST_AXES))
    if values is None or len(shape) > MOST_AXES:
        raise WireError("a sparse tensor has no values, or too many axes")
    found = Tensor(values.name, tuple(shape), values.type, True, "", message)
    _check_tensor(found, None)
    return found


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


def _pair(message: memoryview) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    for number, wire, content in fields(message):
        if number in texts:
            texts[number] = text_in(wire, content)
    return texts[1], texts[2]


def _some(wire: int, content: int | memoryview, most: int) -> Iterator[int]:
    """Read integers, one more than are allowed at most: enough to see that they are too many."""
    return (signed(bits) for bits in itertools.islice(integers(wire, content), most + 1))


def _integer(bits: int, kind: int) -> int | float:
    """Read a number of int32_data, int64_data or uint64_data, which hold many types."""
    if kind == 10:  # float16 is written as its 16 bits
        return float(struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0])
    if kind == 16:
        return _bfloat16(bits)
    return bits if kind in (12, 13) else signed(bits)


def _bfloat16(bits: int) -> float:
    """Read the first half of a float's bits."""
    return real((bits & 0xFFFF) << 16)
