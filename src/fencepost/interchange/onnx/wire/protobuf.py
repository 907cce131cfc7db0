"""The wire format of Protocol Buffers, read in place: nothing is copied before it is asked for.

It knows numbers, lengths and bytes; what they mean, its callers know. Source: Protocol Buffers,
Encoding (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

#: Wire types: how the bytes of a field are laid out.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

#: Number, wire type and content of a field: the bytes after a length, otherwise the number's bits.
Field: TypeAlias = tuple[int, int, "int | memoryview"]

#: Reads the content of a field, given its wire type. Raises WireError if it is something else.
FieldReader: TypeAlias = Callable[[int, "int | memoryview"], Any]

_MAX_VARINT = 10  # bytes: 7 bits in each, 64 bits in all
_64_BITS = (1 << 64) - 1
_MAX_NAME = 2**16  # bytes


class WireError(ValueError):
    """Bytes that are no message; the text says what is wrong with them."""


def fields(message: memoryview) -> Iterator[Field]:
    r"""Iterate over the fields of a message.

    Parameters
    ----------
    message : memoryview
        Its bytes.

    Yields
    ------
    number : int
    wire : int
        `VARINT`, `FIXED64`, `LENGTH` or `FIXED32`.
    content : int or memoryview
        The bits as an unsigned number (see `signed`, `real`), or, of `LENGTH`, a view of the bytes.

    Raises
    ------
    WireError
        The bytes end within a field, a length is larger than what follows, or the wire type or the
        number of a field does not exist.

    Examples
    --------
    >>> [(number, bytes(content)) for number, _, content in fields(memoryview(b"\x0a\x02hi"))]
    [(1, b'hi')]
    >>> list(fields(memoryview(b"\x08\x96\x01")))
    [(1, 0, 150)]
    """
    position, end = 0, len(message)
    while position < end:
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise WireError("a field has the number 0")
        if wire == LENGTH:
            length, position = _varint(message, position)
            if length > end - position:
                raise WireError(f"a field claims {length:,} bytes, but {end - position:,} follow")
            yield number, wire, message[position : position + length]
            position += length
        elif wire == VARINT:
            value, position = _varint(message, position)
            yield number, wire, value
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
            if size > end - position:
                raise WireError(f"a field needs {size} bytes, but {end - position} follow")
            yield number, wire, int.from_bytes(message[position : position + size], "little")
            position += size
        else:
            raise WireError(f"a field has the wire type {wire}, which does not exist")


def varints(packed: memoryview) -> Iterator[int]:
    r"""Iterate over integers that are packed one after the other.

    >>> list(varints(memoryview(b"\x01\x96\x01")))
    [1, 150]
    """
    position = 0
    while position < len(packed):
        value, position = _varint(packed, position)
        yield value


def signed(bits: int, size: int = 64) -> int:
    """Read the bits of an integer as two's complement.

    >>> signed((1 << 64) - 1)
    -1
    """
    return bits - (1 << size) if bits >> (size - 1) else bits


def real(bits: int, wire: int = FIXED32) -> float:
    """Read the bits of a `FIXED32` or `FIXED64` field as IEEE 754 has them.

    >>> real(0x3F800000)
    1.0
    """
    if wire == FIXED32:
        return float(struct.unpack("<f", struct.pack("<I", bits))[0])
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def fields_of(message: memoryview, readers: Mapping[int, FieldReader]) -> dict[int, list[Any]]:
    r"""Read the fields that have a reader: all values of each field number, in order.

    >>> fields_of(memoryview(b"\x0a\x02hi\x18\x05"), {1: text_in, 2: text_in})
    {1: ['hi'], 2: []}
    """
    values: dict[int, list[Any]] = {number: [] for number in readers}
    for number, wire, content in fields(message):
        reader = readers.get(number)
        if reader is not None:
            values[number].append(reader(wire, content))
    return values


def last_text(texts: list[str]) -> str:
    """Return the last of a field's texts, which is the one that counts; "" if there is none."""
    return texts[-1] if texts else ""


def message_in(wire: int, content: int | memoryview) -> memoryview:
    """Return the bytes of a field that should be a message, or packed. Raises WireError."""
    if wire != LENGTH or not isinstance(content, memoryview):
        raise WireError(f"a part has the wire type {wire} instead of {LENGTH}")
    return content


def unsigned_in(wire: int, content: int | memoryview) -> int:
    """Return the bits of a field that should be an integer. Raises WireError."""
    if wire != VARINT or not isinstance(content, int):
        raise WireError(f"an integer has the wire type {wire} instead of {VARINT}")
    return content


def integer_in(wire: int, content: int | memoryview) -> int:
    """Return a field that should be a signed integer. Raises WireError."""
    return signed(unsigned_in(wire, content))


def float_in(wire: int, content: int | memoryview) -> float:
    """Return a field that should be a float of 32 bits. Raises WireError."""
    if wire != FIXED32 or not isinstance(content, int):
        raise WireError(f"a float has the wire type {wire} instead of {FIXED32}")
    return real(content)


def text_in(wire: int, content: int | memoryview) -> str:
    """Return a field that should be a name. Raises WireError of one that is none or endless."""
    data = message_in(wire, content)
    if len(data) > _MAX_NAME:
        raise WireError(f"a name is {len(data):,} bytes long")
    return str(data, "utf-8", "replace")


def integers(wire: int, content: int | memoryview) -> Iterator[int]:
    """Iterate over integers that are packed, or stand alone. Raises WireError."""
    if isinstance(content, memoryview):
        return varints(content)
    return iter((unsigned_in(wire, content),))


def floats(wire: int, content: int | memoryview, code: str, limit: int) -> Iterator[float]:
    """Iterate over floats (`code` "f") or doubles ("d") that are packed, or stand alone.

    Raises WireError of a list that does not end where it should, or of more than `limit`.
    """
    if isinstance(content, memoryview):
        size = struct.calcsize(code)
        if len(content) % size or len(content) > size * limit:
            raise WireError(
                f"a list of floats has {len(content):,} bytes; {size} for each of at most "
                f"{limit:,} are possible"
            )
        return iter(struct.unpack(f"<{len(content) // size}{code}", content))
    if wire != (FIXED32 if code == "f" else FIXED64):
        raise WireError(f"a float has the wire type {wire}, which is not that of its list")
    return iter((real(content, wire),))


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Read a number of 7 bits in each byte, the lowest first, and where it ends."""
    try:
        byte = message[position]
        if byte < 128:  # nearly all of them
            return byte, position + 1
        value = byte & 127
        for index in range(1, _MAX_VARINT):
            byte = message[position + index]
            value |= (byte & 127) << (7 * index)
            if byte < 128:
                return value & _64_BITS, position + index + 1
    except IndexError:
        raise WireError("it ends in the middle of a number") from None
    raise WireError(f"a number is longer than {_MAX_VARINT} bytes")
