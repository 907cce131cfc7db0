"""Colour of 16 bits a channel in PNG, TIFF and PPM, which Pillow cuts down to 8.

Reading PNG: Pillow's decoder unpacks the high byte of each sample; told that the samples have the
other byte order, it unpacks the low byte. Reading PPM: as a grey picture three times as wide, which
Pillow brings to 16 bits. Writing: Pillow writes the file with 8 bits, metadata and all, and its
pixels are then exchanged for those of 16.
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "is_deep", "png", "read", "tiff", "tiff_plane"]

FORMATS = ("PNG", "TIFF")
_NATIVE = "L" if sys.byteorder == "little" else "B"
_SWAPPED = {"L": "B", "B": "L", "N": "B" if _NATIVE == "L" else "L"}
_PNG_COLOURS = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def is_deep(image: Image) -> bool:
    """Whether an opened PNG or PPM holds colour (or grey and alpha) of more than 8 bits."""
    if image.format == "PPM":
        return image.mode == "RGB" and _largest(image) > 255
    return image.format == "PNG" and ";16" in _raw_mode(image) and not image.mode.startswith("I")


def read(first: Image, second: Image) -> tuple[NDArray[np.uint16], str]:
    """Return (H, W, C) and the colours, from one PNG or PPM opened twice and not yet loaded.

    The largest value that a PPM may have becomes 65,535.
    """
    if first.format == "PPM":
        return _samples(first), "RGB"
    raw = _raw_mode(first)
    layout, order = raw.split(";16")
    if layout not in ("RGB", "RGBA", "LA"):
        raise DataError(f"has 16-bit pixels laid out as {raw}, which would be reduced to 8 bits")
    if layout == "LA":
        # Pillow makes RGBA of these; as RGBA of 8 bits their four bytes come one by one.
        _decode_as(second, "RGBA")
        octets = np.asarray(second)
        return _joined(octets[..., 0::2], octets[..., 1::2]), "LA"
    _decode_as(second, f"{layout};16{_SWAPPED[order]}")
    pixels = _joined(np.asarray(first), np.asarray(second))
    transparent = first.info.get("transparency")
    if layout == "RGB" and transparent is not None:  # one colour
        alpha = np.where((pixels == transparent).all(axis=2), 0, 65535)
        return np.dstack([pixels, alpha.astype(np.uint16)]), "RGBA"
    return pixels, layout


def _largest(image: Image) -> int:
    """Return the largest value that an opened PPM may have: the last argument of its tile."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ()
    return int(arguments[-1]) if isinstance(arguments, tuple) else 255


def _samples(image: Any) -> NDArray[np.uint16]:
    width, height = image.size
    (tile,) = image.tile
    where = (tile[0], (0, 0, 3 * width, height), *tile[2:])
    image.tile = [type(tile)(*where) if hasattr(tile, "_fields") else where]
    image._mode, image._size = "I", (3 * width, height)
    return np.asarray(image).astype(np.uint16).reshape(height, width, 3)


def _joined(high: NDArray[np.uint8], low: NDArray[np.uint8]) -> NDArray[np.uint16]:
    pixels = high.astype(np.uint16)
    pixels <<= 8
    pixels |= low
    return pixels


def _raw_mode(image: Image) -> str:
    """Return how the decoder takes the pixels' bytes; it is the first argument of its tile."""
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    arguments = tiles[0][3]
    raw = arguments if isinstance(arguments, str) else arguments[0] if arguments else ""
    return raw if isinstance(raw, str) else ""


def _decode_as(image: Any, raw: str) -> None:
    tiles = []
    for tile in image.tile:
        *where, arguments = tile
        where.append(raw if isinstance(arguments, str) else (raw, *arguments[1:]))
        # A named tuple since Pillow 11, and a plain one before.
        tiles.append(type(tile)(*where) if hasattr(tile, "_fields") else tuple(where))
    image.tile = tiles


def png(shallow: bytes, pixels: NDArray[np.uint16], colours: str) -> bytes:
    """Return the PNG file `shallow` with 16-bit pixels (H, W, C) in place of its own.

    PNG (Third Edition), W3C 2025: chunks are length, type, data, CRC. Each row is written as its
    difference from the row above (filter type 2), which photographs compress well by.
    """
    height, width, _ = pixels.shape
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    out = io.BytesIO()
    out.write(_SIGNATURE)
    at, written = len(_SIGNATURE), False
    while at < len(shallow):
        (length,) = struct.unpack_from(">I", shallow, at)
        name, data = shallow[at + 4 : at + 8], shallow[at + 8 : at + 8 + length]
        at += length + 12
        if name == b"IHDR":
            data = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOURS[colours], 0, 0, 0)
        elif name == b"IDAT":
            if written:
                continue
            data, written = zlib.compress(filtered.tobytes(), 6), True
        out.write(struct.pack(">I", len(data)) + name + data)
        out.write(struct.pack(">I", zlib.crc32(name + data)))
    return out.getvalue()


# Of TIFF 6.0: where the width and the bits of a sample stand, and the sizes of the types used.
_IMAGE_WIDTH, _BITS_PER_SAMPLE = 256, 258
_SHORT = 3


def tiff_plane(pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the bytes of 16-bit pixels as an image of 8-bit pixels, twice as wide."""
    height, width, channels = pixels.shape
    return pixels.astype("<u2").view(np.uint8).reshape(height, 2 * width, channels)


def tiff(wide: bytes, width: int) -> bytes:
    """Return the uncompressed TIFF of a `tiff_plane` with its width and depth put right."""
    content = bytearray(wide)
    order = "<" if content[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", content, entry)
        if tag == _IMAGE_WIDTH:
            struct.pack_into(order + ("H" if kind == _SHORT else "I"), content, entry + 8, width)
        elif tag == _BITS_PER_SAMPLE:
            where = entry + 8
            if values > 2:
                (where,) = struct.unpack_from(order + "I", content, where)
            struct.pack_into(order + f"{values}H", content, where, *[16] * values)
    return bytes(content)
