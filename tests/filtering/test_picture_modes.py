"""Pictures of floats, inks, palettes and single bits, as files have them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.filtering import read_image, write_image
from filtering.random_images import random_image


def test_floats_in_tiff(tmp_path):
    pixels = random_image((9, 7), np.float32) * 100 - 50
    write_image(tmp_path / "a.tiff", pixels)
    np.testing.assert_array_equal(np.asarray(read_image(tmp_path / "a.tiff")), pixels)
    with pytest.raises(fp.DataError, match="float32 grey TIFF"):
        write_image(tmp_path / "a.png", pixels)


def test_inks_of_jpeg_and_tiff(tmp_path):
    inks = Image.fromarray(random_image((16, 16, 4), np.uint8), "CMYK")
    inks.save(tmp_path / "a.tiff")
    picture = read_image(tmp_path / "a.tiff")
    assert picture.colours == "CMYK"
    write_image(tmp_path / "b.tiff", picture)
    with Image.open(tmp_path / "b.tiff") as again:
        np.testing.assert_array_equal(np.asarray(again), np.asarray(inks))
    Image.new("CMYK", (16, 16), (200, 10, 0, 30)).save(tmp_path / "a.jpg", quality=95)
    write_image(tmp_path / "b.jpg", read_image(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as again:
        assert again.mode == "CMYK"
        assert again.getpixel((8, 8)) == pytest.approx((200, 10, 0, 30), abs=2)


def test_palettes(tmp_path):
    colours = Image.fromarray(random_image((9, 9, 3), np.uint8)).quantize(16)
    colours.save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png").pixels, np.asarray(colours.convert("RGB"))
    )
    colours.save(tmp_path / "b.png", transparency=3)
    picture = read_image(tmp_path / "b.png")
    assert picture.colours == "RGBA"
    np.testing.assert_array_equal(picture.pixels[..., 3] == 0, np.asarray(colours) == 3)
    write_image(tmp_path / "c.gif", picture)
    np.testing.assert_array_equal(
        read_image(tmp_path / "c.gif").pixels,
        np.where(picture.pixels[..., 3:] > 0, picture.pixels, 0),
    )


def test_one_bit(tmp_path):
    Image.fromarray(random_image((9, 9), np.uint8) > 99).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture.colours == "L"
    assert set(np.unique(picture.pixels)) == {0, 255}


def grey_png(levels, bits, transparent):
    """Return a PNG of so many bits a pixel, one level of which is transparent."""
    rows = ((levels[..., None] >> np.arange(bits)[::-1]) & 1).reshape(len(levels), -1)
    data = b"".join(b"\0" + np.packbits(row.astype(np.uint8)).tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], bits, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"tRNS", struct.pack(">H", transparent)))
    parts += ((b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_transparent_level_of_few_bits(bits):
    """Pillow brings pixels of 2 and 4 bits to 8, and not the level that is transparent."""
    levels = np.random.default_rng(bits).integers(0, 2**bits, (7, 9))
    for transparent in {0, 1, 2**bits - 1, 2**bits // 2}:
        content = grey_png(levels, bits, transparent)
        expected = np.stack([levels * (255 // (2**bits - 1)), (levels != transparent) * 255], -1)
        picture = read_image(content)
        assert picture.colours == "LA"
        np.testing.assert_array_equal(picture.pixels, expected)
        image = Image.open(io.BytesIO(content))
        seen = np.asarray(fp.filter_image(image, [[1]], alpha="keep"))
        np.testing.assert_array_equal(seen, expected)
