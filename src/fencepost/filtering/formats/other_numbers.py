"""Files of which Pillow makes other numbers than they hold: read here, or refused by name.

Pillow cuts colour of more than 8 bits down to 8 in PPM, JPEG 2000, AVIF and SGI, and takes the
integers of FITS as they are stored: without their sign, scale and zero.
"""

from __future__ import annotations

import os
import re
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.pictures import as_file

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["check", "is_deep_ppm", "read_ppm"]

_BYTE, _WHITE = 0xFF, 0xFFFF
_START = 1 << 16  # bytes in which a file says of what kind its pixels are
_COMMENT = re.compile(rb"#[^\r\n]*")
_SIZ = b"\xff\x4f\xff\x51"  # JPEG 2000 (ITU-T T.800, A.5.1): start of codestream, size
_SIZ_COMPONENTS = 40  # from there to the depth of each component, of which there are 3 bytes
_HIGH, _TWELVE = 0x40, 0x20  # of AVIF's av1C (AV1 in ISOBMFF, 2.3.3), in its third byte
_FITS_BLOCK, _FITS_CARD = 2880, 80


def check(image: Any, source: str | os.PathLike[str] | bytes | IO[bytes]) -> None:
    """Raise DataError, with the problem only, if a picture would be read as other numbers."""
    if image.format == "SGI" and image.tile and image.tile[0][0] == "SGI16":
        raise _cut("SGI", 16)
    if image.format not in ("JPEG2000", "AVIF", "FITS"):
        return
    with as_file(source) as file:
        start = file.read(_START)
    if image.format == "FITS":
        _check_fits(start)
    elif image.format == "AVIF" or image.mode not in ("L", "I;16", "I"):
        bits = _bits_of_avif(start) if image.format == "AVIF" else _bits_of_jpeg2000(start)
        if bits > _BYTE.bit_length():
            raise _cut(image.format, bits)


def _cut(format: str, bits: int) -> DataError:
    name = {"JPEG2000": "JPEG 2000"}.get(format, format)
    return DataError(
        f"has {name} pixels of {bits} bits, which would be cut to 8; convert it to PNG or TIFF of "
        "16 bits"
    )


def _bits_of_jpeg2000(start: bytes) -> int:
    at = start.find(_SIZ)
    if at < 0:
        return 8
    count = int.from_bytes(start[at + _SIZ_COMPONENTS : at + _SIZ_COMPONENTS + 2], "big")
    depths = start[at + _SIZ_COMPONENTS + 2 :: 3][:count]
    return max(((depth & 0x7F) + 1 for depth in depths), default=8)


def _bits_of_avif(start: bytes) -> int:
    at = start.find(b"av1C")
    flags = start[at + 6] if 0 <= at < len(start) - 6 else 0
    return (12 if flags & _TWELVE else 10) if flags & _HIGH else 8


def _check_fits(start: bytes) -> None:
    """Refuse integers that have a sign, and whatever is scaled (FITS 4.0, 4.4.2.5 and 5.2)."""
    values = {}
    for at in range(0, len(start), _FITS_CARD):
        card = start[at : at + _FITS_CARD].decode("latin-1")
        if card.startswith("END "):
            break
        values[card[:8].strip()] = card[10:].split("/")[0].strip()
    scaled = float(values.get("BSCALE") or 1) != 1 or float(values.get("BZERO") or 0) != 0
    if scaled or values.get("BITPIX") not in ("8", "-32"):
        raise DataError(
            f"has FITS pixels of BITPIX {values.get('BITPIX')}{' with a scale' * scaled}, which "
            "would be read as other numbers; save it as TIFF (astropy.io.fits.getdata reads it)"
        )


def is_deep_ppm(image: Image) -> bool:
    """Whether an opened picture is a PPM of colour with more than 8 bits a channel."""
    return image.format == "PPM" and image.mode == "RGB" and _maximum(image) > _BYTE


def _maximum(image: Any) -> int:
    arguments = image.tile[0][3] if image.tile else ()
    return int(arguments[1]) if isinstance(arguments, tuple) and len(arguments) > 1 else _BYTE


def read_ppm(image: Any, source: str | os.PathLike[str] | bytes | IO[bytes]) -> NDArray[np.uint16]:
    """Return the pixels (H, W, 3) of a deep PPM, its maximum as white, as Pillow has it in grey.

    Netpbm, "PPM Format Specification" (2016): two bytes a sample, the first the higher one; or
    decimal numbers, among which comments may stand.
    """
    codec, _, offset, _ = image.tile[0]
    count, maximum = image.width * image.height * 3, _maximum(image)
    with as_file(source) as file:
        file.seek(offset)
        data = file.read()
    if codec == "ppm_plain":
        values = np.array(_COMMENT.sub(b"", data).split()[:count], np.int64)
    else:
        values = np.frombuffer(data[: 2 * count], ">u2").astype(np.int64)
    if len(values) < count or values.max(initial=0) > maximum:
        raise DataError("is damaged (samples are missing, or above their maximum)")
    scaled = (values * _WHITE * 2 + maximum) // (2 * maximum)
    return scaled.astype(np.uint16).reshape(image.height, image.width, 3)
