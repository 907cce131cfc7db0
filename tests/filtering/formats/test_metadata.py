"""PNG files that say nothing beside their pixels, for which nothing is gathered."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fencepost.files.pictures import all_formats, opened, orientation
from fencepost.filtering.formats.metadata import Metadata, gather, is_plain
from fencepost.filtering.picture import read_image

EXIF = Image.Exif()
EXIF[0x0112] = 6
SAID = {
    b"eXIf": EXIF.tobytes()[6:],
    b"iCCP": b"name\0\0" + zlib.compress(b"\0" * 16 + b"RGB " + b"\0" * 108),
    b"sRGB": b"\0",
    b"gAMA": struct.pack(">I", 45455),
    b"cHRM": struct.pack(">8I", *range(31270, 31278)),
    b"pHYs": struct.pack(">IIB", 11811, 11811, 1),
    b"tRNS": struct.pack(">3H", 1, 2, 3),
    b"tEXt": b"Author\0Ada",
    b"zTXt": b"Author\0\0" + zlib.compress(b"Ada"),
    b"iTXt": b"Author\0\0\0\0\0Ada",
}
# Of these Pillow keeps nothing, or reads nothing.
SILENT = {
    b"bKGD": struct.pack(">3H", 1, 2, 3),
    b"tIME": struct.pack(">HBBBBB", 2026, 11, 28, 1, 2, 3),
    b"sBIT": b"\x08\x08\x08",
    b"vpAg": b"\0" * 9,
    b"prVt": b"private",
}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(name=None, data=b"", behind=False, mode="RGB"):
    """A small PNG file with one more chunk, before or behind its pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").convert(mode).save(file, "PNG")
    content = file.getvalue()
    at = content.index(b"IEND" if behind else b"IDAT") - 4
    return content[:at] + (chunk(name, data) if name else b"") + content[at:]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("name", [None, *SAID, *SILENT])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_of_a_plain_file_nothing_would_be_gathered(name, behind, mode):
    content = png(name, {**SAID, **SILENT}.get(name, b""), behind, mode)
    try:
        picture = read_image(content)
    except Exception as error:  # tRNS of grey of 16 bits, a palette that is too short
        assert name == b"tRNS", error
        return
    with opened(content, all_formats) as image:
        image.load()
        plain = is_plain(image)
        assert picture.metadata == gather(image, content)
        turned = orientation(image) != 1
    assert picture.pixels.shape[:2] == ((7, 5) if turned else (5, 7))
    if plain:
        assert picture.metadata == Metadata() and not turned
    if name in SAID:
        assert not plain or name == b"tRNS"
    elif mode != "P":
        assert plain


def test_another_format_is_never_plain():
    for format in ("BMP", "PPM", "JPEG", "TIFF", "GIF", "WEBP"):
        file = io.BytesIO()
        Image.new("RGB", (4, 4)).save(file, format)
        with opened(file.getvalue(), all_formats) as image:
            image.load()
            assert not is_plain(image)
