"""An ONNX file's tensors: their shapes, and the few numbers that decide about sizes.

Where the numbers of a weight lie is known, and left at that. Field numbers are those of onnx.proto
(github.com/onnx/onnx, IR version 10).
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fencepost.interchange.onnx.wire.protobuf import (
    WireError,
    fields,
    integer_in,
    integers,
    message_in,
    real,
    reals,
    signed,
    text_in,
)

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
    27: ("float6_e2m3", 0),  # how many bytes four of them take is not asked
    28: ("float6_e3m2", 0),
}

# Limits that no model of anyone's comes near; beyond them a file is damaged, or means harm.
MOST_AXES = 32
MOST_NUMBERS = 2**8  # of a tensor whose numbers decide about sizes
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


def tensor(message: memoryview) -> Tensor:
    """Read a TensorProto, less its numbers."""
    shape: list[int] = []
    kind, external, name, location, held = 0, False, "", "", None
    for number, wire, content in fields(message):
        if number == 1:
            shape.extend(some_integers(wire, content, MOST_AXES))
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
    _check(found, held)
    return found


def sparse_tensor(message: memoryview) -> Tensor:
    """Read a SparseTensorProto as the tensor that it stands for."""
    shape: list[int] = []
    values = None
    for number, wire, content in fields(message):
        if number == 1:
            values = tensor(message_in(wire, content))
        elif number == 3:
            shape.extend(some_integers(wire, content, MOST_AXES))
    if values is None or len(shape) > MOST_AXES:
        raise WireError("a sparse tensor has no values, or too many axes")
    found = Tensor(values.name, tuple(shape), values.type, True, "", message)
    _check(found, None)
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


def _check(one: Tensor, held: int | None) -> None:
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


def some_integers(wire: int, content: int | memoryview, most: int) -> Iterator[int]:
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


def _pair(message: memoryview) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    for number, wire, content in fields(message):
        if number in texts:
            texts[number] = text_in(wire, content)
    return texts[1], texts[2]
