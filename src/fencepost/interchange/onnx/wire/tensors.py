"""An ONNX file's tensors: their shapes, and the few values that decide about sizes.

Where the values of a weight lie is known, and left at that. Field numbers are those of onnx.proto
(github.com/onnx/onnx, IR version 10).
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .protobuf import (
    WireError,
    fields,
    fields_of,
    floats,
    integers,
    last_text,
    message_in,
    real,
    signed,
    text_in,
    unsigned_in,
)

#: Element types (TensorProto.DataType): name and bits. Names are NumPy's where NumPy has them.
TYPES: Final = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16),
    6: ("int32", 32), 7: ("int64", 64), 8: ("string", 0), 9: ("bool", 8), 10: ("float16", 16),
    11: ("float64", 64), 12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64),
    15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8_e4m3fn", 8),
    18: ("float8_e4m3fnuz", 8), 19: ("float8_e5m2", 8), 20: ("float8_e5m2fnuz", 8),
    21: ("uint4", 4), 22: ("int4", 4), 23: ("float4_e2m1", 4), 24: ("float8_e8m0", 8),
    25: ("uint2", 2), 26: ("int2", 2), 27: ("float6_e2m3", 0), 28: ("float6_e3m2", 0),
    # How many bytes four elements of the last two take is not asked.
}  # fmt: skip

# Limits that no real model comes near; beyond them a file is damaged, or means harm.
MAX_AXES = 32
MAX_VALUES = 2**8  # of a tensor whose values decide about sizes
MAX_SIZE = 2**40  # elements along one axis


@dataclass(slots=True)
class Tensor:
    """A TensorProto: a name, a shape, and where its values are.

    `element_type` is a key of `TYPES`; `external` says that its values are in another file,
    `location`.
    """

    name: str
    shape: tuple[int, ...]
    element_type: int
    external: bool
    location: str
    message: memoryview

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def values(self) -> tuple[int | float, ...] | None:
        """Return its values in rows; None if they are many, elsewhere, or no plain numbers."""
        if self.external or self.size > MAX_VALUES:
            return None
        values = tuple(itertools.islice(self._values(), self.size + 1))
        return values if len(values) == self.size else None

    def _values(self) -> Iterator[int | float]:
        """Read what is in the field that its type asks for, or in raw_data."""
        for number, wire, content in fields(self.message):
            if number == 9 and isinstance(content, memoryview):
                code = _RAW.get(self.element_type)
                if code and len(content) == self.size * struct.calcsize(code):
                    values = struct.unpack(f"<{self.size}{code}", content)
                    yield from map(_bfloat16, values) if self.element_type == 16 else values
            elif number in (5, 7, 11):
                for bits in integers(wire, content):
                    yield _value_of_bits(bits, self.element_type)
            elif number in (4, 10):
                yield from floats(wire, content, "f" if number == 4 else "d", MAX_VALUES)


# How struct reads raw_data.
_RAW: Final = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16), "fBbHhiq?edIQH", strict=True))


def tensor(message: memoryview) -> Tensor:
    """Read a TensorProto, less its values."""
    readers = {1: _sizes_in, 2: unsigned_in, 8: text_in, 9: message_in, 13: _entry_in}
    parts = fields_of(message, {**readers, 14: unsigned_in})
    shape = tuple(itertools.chain.from_iterable(parts[1]))
    if len(shape) > MAX_AXES:
        raise WireError(f"a tensor has more than {MAX_AXES} axes")
    location = dict(parts[13]).get("location", "")
    external = parts[14][-1:] == [1]
    name, element_type = last_text(parts[8]), (parts[2] or [0])[-1]
    _check_tensor(name, shape, element_type, None if external else [*map(len, parts[9])])
    return Tensor(name, shape, element_type, external, location, message)


def sparse_tensor(message: memoryview) -> Tensor:
    """Read a SparseTensorProto as the tensor that it stands for."""
    parts = fields_of(message, {1: message_in, 3: _sizes_in})
    shape = tuple(itertools.chain.from_iterable(parts[3]))
    if not parts[1] or len(shape) > MAX_AXES:
        raise WireError("a sparse tensor has no values, or too many axes")
    values = tensor(parts[1][-1])
    _check_tensor(values.name, shape, values.element_type, None)
    return Tensor(values.name, shape, values.element_type, True, "", message)


def quote(name: str) -> str:
    r"""Quote a name from a file, as much of it as a message can take.

    >>> quote("a\nb")
    '"a\ufffdb"'
    """
    return f'"{printable(name, 80)}"'


def printable(name: str, limit: int = 200) -> str:
    """Replace what does not print, and cut what is too long."""
    cut = name if len(name) <= limit else name[: limit - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in cut)


def limited_integers(wire: int, content: int | memoryview, limit: int) -> Iterator[int]:
    """Read integers, one more than are allowed at most: enough to see that they are too many."""
    return (signed(bits) for bits in itertools.islice(integers(wire, content), limit + 1))


def _check_tensor(
    name: str, shape: tuple[int, ...], element_type: int, lengths: list[int] | None
) -> None:
    """Refuse a shape or type that cannot be, or raw data (of these lengths) that do not fit."""
    # NumPy takes no array of 2⁶³ bytes, nor one that would have as many without its axes of 0.
    too_many = math.prod(size or 1 for size in shape) >= 2**60
    if too_many or any(not 0 <= size <= MAX_SIZE for size in shape):
        raise WireError(f"tensor {quote(name)} claims the shape {shape}")
    if element_type not in TYPES:
        raise WireError(f"tensor {quote(name)} has an unknown element type {element_type}")
    word, bits = TYPES[element_type]
    needed = -(-math.prod(shape) * bits // 8)
    if lengths and bits and lengths[-1] != needed:
        raise WireError(
            f"tensor {quote(name)} of shape {shape} and {word} takes {needed:,} bytes, "
            f"but it has {lengths[-1]:,}"
        )


def _sizes_in(wire: int, content: int | memoryview) -> list[int]:
    return list(limited_integers(wire, content, MAX_AXES))


def _entry_in(wire: int, content: int | memoryview) -> tuple[str, str]:
    """Read a StringStringEntryProto: a key and its value."""
    parts = fields_of(message_in(wire, content), {1: text_in, 2: text_in})
    return last_text(parts[1]), last_text(parts[2])


def _value_of_bits(bits: int, element_type: int) -> int | float:
    """Read a value of int32_data, int64_data or uint64_data, which hold many types."""
    if element_type == 10:  # float16 is written as its 16 bits
        return float(struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0])
    if element_type == 16:
        return _bfloat16(bits)
    return bits if element_type in (12, 13) else signed(bits)


def _bfloat16(bits: int) -> float:
    """Read the first half of a float's bits."""
    return real((bits & 0xFFFF) << 16)
