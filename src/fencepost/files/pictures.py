"""Opening a picture without trusting it: what is too large, damaged or no picture is refused.

Pillow is imported when a picture is opened.
"""

from __future__ import annotations

import functools
import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .quiet import quiet
from .signatures import resemblance

if TYPE_CHECKING:
    from PIL.Image import Image

# What Pillow logs of a damaged file is said by an error; without a handler it would be printed.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# What is opened unless more is asked for.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
_FIRST = FORMATS[:4]  # which Pillow reads before it has imported all that it can read: 20 ms
MAX_PIXELS = 1 << 27  # 134 million; a decompression bomb claims more
ORIENTATION = 0x0112  # EXIF
IMAGE_WIDTH, IMAGE_HEIGHT = 0x0100, 0x0101  # TIFF
_PNM, _COMMENT = re.compile(rb"P[1-6]"), re.compile(rb"#[^\r\n]*")
_NUMBER = re.compile(rb"(?:#[^\r\n]*[\r\n]|\s)*(?P<number>\d+)(?:#[^\r\n]*)?")
SIDEWAYS = range(5, 9)  # orientations that exchange height and width
# By EXIF orientation, the name in Pillow of what turns the stored pixels upright.
UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


@contextmanager
def opened(
    source: str | os.PathLike[str] | bytes | IO[bytes],
    formats: Callable[[], tuple[str, ...]] | None = None,
) -> Iterator[Image]:
    """Open a picture; anything that goes wrong within the block becomes a DataError.

    `source` is a path, the content of a file, or an open file, which is read from its start and
    left open. The message is only the problem, without the file's name, so that callers can list
    many. `formats`: Gives those of Pillow that are tried; by default `usual_formats`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        # Sizes are checked below; damaged EXIF blocks are no reason to refuse a picture. Not by its
        # name: then Pillow would map an uncompressed TIFF into memory, and one that lies on its
        # side (EXIF orientation 5 to 8) in the wrong shape.
        with (
            quiet(),
            as_file(source) as file,
            _open(_without_comments(file), formats or usual_formats) as image,
        ):
            image.info |= true_transparency(image)
            if image.width < 1 or image.height < 1:
                raise DataError(f"has no pixels ({image.height} × {image.width})")
            if image.width * image.height > MAX_PIXELS:
                raise DataError(
                    f"claims {image.height:,} × {image.width:,} pixels, more than {MAX_PIXELS:,}"
                )
            yield image
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"is not an image that can be read{_resemblance(source)}") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"claims more than {MAX_PIXELS:,} pixels") from error
    except OSError as error:
        raise DataError(
            f"cannot be opened ({error.strerror})" if error.strerror else f"is damaged ({error})"
        ) from error
    # Pillow's decoders raise nearly any exception on a damaged file; all mean the same here.
    except Exception as error:
        raise DataError(f"is damaged ({error or type(error).__name__})") from error


def _open(file: IO[bytes], formats: Callable[[], tuple[str, ...]]) -> Image:
    from PIL import Image, UnidentifiedImageError

    with suppress(UnidentifiedImageError):
        return Image.open(file, formats=_FIRST)
    file.seek(0)
    return Image.open(file, formats=formats())


def _without_comments(file: IO[bytes]) -> IO[bytes]:
    """Return a file, of PBM, PGM or PPM with spaces in place of comments, all else at its place.

    A comment ends before its line does, so that "3#a", "2" in two lines are 3 and 2 (Netpbm, "PGM
    Format Specification", 2016). Pillow takes them for 32.
    """
    magic = file.read(2)
    content = bytearray(magic + file.read()) if _PNM.fullmatch(magic) else bytearray()
    file.seek(0)
    if b"#" not in content:
        return file
    if magic in (b"P1", b"P2", b"P3"):  # of text, in which comments may stand anywhere
        return io.BytesIO(_COMMENT.sub(lambda found: b" " * len(found[0]), content))
    at = 2
    for _ in range(2 if magic == b"P4" else 3):  # width, height, and the largest value
        found = _NUMBER.match(content, at)
        if found is None:
            break
        before = b" " * (found.start("number") - at)
        # Behind the number, so that what follows it is one byte and then pixels.
        number = found["number"].rjust(found.end() - found.start("number"))
        content[at : found.end()] = before + number
        at = found.end()
    return io.BytesIO(content)


def true_transparency(image: Image) -> dict[Any, int]:
    """Return the grey level of a PNG of 2 or 4 bits that is transparent, as Pillow means it.

    Pillow brings the pixels to 8 bits, and not this level. To be asked before they are loaded.
    """
    level = image.info.get("transparency")
    if image.format != "PNG" or image.mode != "L" or not isinstance(level, int):
        return {}
    tiles: Any = getattr(image, "tile", ())  # of what is loaded nothing tells how it was stored
    bits = {"L;2": 2, "L;4": 4}.get(tiles[0][3] if tiles else "", 0)
    # Not if a newer Pillow has done it: level 1 is then 85 or 17.
    return {"transparency": level * 255 // (2**bits - 1)} if level < 2**bits and bits else {}


@contextmanager
def as_file(source: str | os.PathLike[str] | bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a path, or take what is already a file or the content of one."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield io.BytesIO(source)
    elif isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
    elif hasattr(source, "seek") and source.seekable():
        source.seek(0)
        yield source
    else:
        yield io.BytesIO(source.read())


def _resemblance(source: str | os.PathLike[str] | bytes | IO[bytes]) -> str:
    try:
        with as_file(source) as file:
            start = file.read(512)
    except OSError:
        return ""
    return resemblance(start) if start else ""


@functools.cache
def usual_formats() -> tuple[str, ...]:
    """Return FORMATS, and AVIF where this Pillow reads it."""
    from PIL import features

    return (*FORMATS, "AVIF") if "avif" in features.modules and features.check("avif") else FORMATS


@functools.cache
def all_formats() -> tuple[str, ...]:
    """Return every format that this Pillow reads, but for EPS, which is a program to be run.

    The usual ones stand first, for they are tried in turn.
    """
    from PIL import Image

    Image.init()
    return tuple(dict.fromkeys([*FORMATS, *sorted(set(Image.OPEN) - {"EPS"})]))


def upright_size(image: Image) -> tuple[int, int]:
    """Return the (height, width) that an opened picture has as it is meant to be seen."""
    width, height = image.size
    if image.format == "TIFF":
        # Newer Pillows give the size of a TIFF as seen, older ones as stored.
        tags = image.tag_v2  # type: ignore[attr-defined]
        width, height = tags.get(IMAGE_WIDTH, width), tags.get(IMAGE_HEIGHT, height)
    return (width, height) if orientation(image) in SIDEWAYS else (height, width)


def orientation(image: Image) -> int:
    """Return how the picture is to be turned, as EXIF counts it: 1 for not at all.

    To be asked when the pixels are loaded, for Pillow turns a TIFF by itself as it loads it.
    """
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing; the pixels may be whole
        return 1


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return stored pixels (H, W, ...) as they are meant to be seen."""
    if orientation in SIDEWAYS:
        pixels = pixels.swapaxes(0, 1)
    name = UPRIGHT.get(orientation, "")
    rows = name in ("ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSVERSE", "ROTATE_90")
    columns = name in ("ROTATE_180", "FLIP_LEFT_RIGHT", "TRANSVERSE", "ROTATE_270")
    return np.ascontiguousarray(pixels[:: -1 if rows else 1, :: -1 if columns else 1])
