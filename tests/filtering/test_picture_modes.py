"""Pictures of floats, inks, palettes and single bits, as files have them."""

from __future__ import annotations

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
