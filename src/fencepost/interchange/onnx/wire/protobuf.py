"""The wire format of Protocol Buffers, read in place: nothing is copied before it is asked for.

It knows numbers, lengths and bytes; what they mean, its callers know. Source: Protocol Buffers,
Encoding (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

#: Wire types: how the bytes of a field are laid out.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

#: Number, wire type and content of a field: the bytes after a length, otherwise the number's bits.
Field: TypeAlias = tuple[int, int, "int | memoryview"]

_LONGEST_VARINT = 10  # bytes: 7 bits in each, 64 bits in all
_64_BITS = (1 << 64) - 1
_LONGEST_NAME = 2**16  # bytes


class WireError(ValueError):
    """Bytes that are no message; the text says what is wrong with them."""


def fields(message: memoryview) -> Iterator[Field]:
    r"""Go through the fields of a message.

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
    place, end = 0, len(message)
    while place < end:
        tag, place = _varint(message, place)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise WireError("a field has the number 0")
        if wire == LENGTH:
            length, place = _varint(message, place)
            if length > end - place:
                raise WireError(f"a field claims {length:,} bytes, and {end - place:,} follow")
            yield number, wire, message[place : place + length]
            place += length
        elif wire == VARINT:
            value, place = _varint(message, place)
            yield number, wire, value
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
            if size > end - place:
                raise WireError(f"a field needs {size} bytes, and {end - place} follow")
            yield number, wire, int.from_bytes(message[place : place + size], "little")
            place += size
        else:
            raise WireError(f"a field has the wire type {wire}, which does not exist")


def varints(packed: memoryview) -> Iterator[int]:
    r"""Go through numbers that were packed one after the other.

    >>> list(varints(memoryview(b"\x01\x96\x01")))
    [1, 150]
    """
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
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


def message_in(wire: int, content: int | memoryview) -> memoryview:
    """Return the bytes of a field that should be a message, or packed. Raises WireError."""
    if wire != LENGTH or not isinstance(content, memoryview):
        raise WireError(f"a part has the wire type {wire} instead of {LENGTH}")
    return content


def integer_in(wire: int, content: int | memoryview) -> int:
    """Return the bits of a field that should be an integer. Raises WireError."""
    if wire != VARINT or not isinstance(content, int):
        raise WireError(f"a number has the wire type {wire} instead of {VARINT}")
    return content


def fixed_in(wire: int, content: int | memoryview) -> int:
    """Return the bits of a field that should be a float. Raises WireError."""
    if wire != FIXED32 or not isinstance(content, int):
        raise WireError(f"a number has the wire type {wire} instead of {FIXED32}")
    return content


def text_in(wire: int, content: int | memoryview) -> str:
    """Return a field that should be a name. Raises WireError of one that is none or endless."""
    data = message_in(wire, content)
    if len(data) > _LONGEST_NAME:
        raise WireError(f"a name is {len(data):,} bytes long")
    return str(data, "utf-8", "replace")


def integers(wire: int, content: int | memoryview) -> Iterator[int]:
    """Go through integers that are packed, or stand alone. Raises WireError."""
    if isinstance(content, memoryview):
        return varints(content)
    return iter((integer_in(wire, content),))


def reals(wire: int, content: int | memoryview, letter: str, most: int) -> Iterator[float]:
    """Go through floats ("f") or doubles ("d") that are packed, or stand alone.

    Raises WireError of a list that does not end where it should, or of more than `most`.
    """
    if isinstance(content, memoryview):
        size = struct.calcsize(letter)
        if len(content) % size or len(content) > size * most:
            raise WireError(
                f"a list of numbers has {len(content):,} bytes; {size} for each of at most "
                f"{most:,} are possible"
            )
        return iter(struct.unpack(f"<{len(content) // size}{letter}", content))
    if wire != (FIXED32 if letter == "f" else FIXED64):
        raise WireError(f"a number has the wire type {wire}, which is not that of its list")
    return iter((real(content, wire),))


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Read a number of 7 bits in each byte, the lowest first, and where it ends."""
    try:
        byte = message[place]
        if byte < 128:  # nearly all of them
            return byte, place + 1
        value = byte & 127
        for index in range(1, _LONGEST_VARINT):
            byte = message[place + index]
            value |= (byte & 127) << (7 * index)
            if byte < 128:
                return value & _64_BITS, place + index + 1
    except IndexError:
        raise WireError("it ends within a number") from None
    raise WireError(f"a number is longer than {_LONGEST_VARINT} bytes")
