"""Images of Pillow: of the same mode they come back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from filtering.random_images import random_image


class TestPillow:
    @pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
    def test_the_same_kind_comes_back(self, mode):
        image = random_image((8, 9, len(mode)), np.uint8)
        array = image[..., 0] if mode == "L" else image
        result = fp.filter_image(Image.fromarray(array, mode), "mean:size=3")
        assert isinstance(result, Image.Image)
        assert result.mode == mode
        np.testing.assert_array_equal(np.asarray(result), fp.filter_image(array, "mean:size=3"))

    def test_sixteen_bits_and_floats(self):
        for dtype, mode in ((np.uint16, "I;16"), (np.float32, "F")):
            array = random_image((8, 9), dtype)
            result = fp.filter_image(Image.fromarray(array), "mean:size=3")
            assert result.mode == mode
            np.testing.assert_array_equal(np.asarray(result), fp.filter_image(array, "mean:size=3"))

    def test_one_bit_and_palettes_become_shades(self):
        dots = Image.fromarray(random_image((8, 9), np.uint8) > 99)
        assert dots.mode == "1"
        assert len(fp.filter_image(dots, "mean:size=3").getcolors()) > 2
        colours = Image.fromarray(random_image((8, 9, 3), np.uint8)).quantize(8)
        result = fp.filter_image(colours, "mean:size=3")
        assert result.mode == "RGB"
        expected = fp.filter_image(np.asarray(colours.convert("RGB")), "mean:size=3")
        np.testing.assert_array_equal(np.asarray(result), expected)

    def test_inks_are_filtered_as_light(self):
        paper = Image.new("CMYK", (9, 9), (0, 0, 0, 0))
        paper.putpixel((4, 4), (0, 255, 0, 0))
        blurred = fp.filter_image(paper, "mean:size=3")
        assert blurred.mode == "CMYK"
        assert blurred.getpixel((3, 4)) == (0, 28, 0, 0)
        edges = fp.filter_image(paper, "laplace")
        assert edges.getpixel((0, 0)) == (255, 255, 255, 255), "no light"
        with pytest.raises(fp.ArgumentError, match="CMYK"):
            fp.filter_image(paper, "mean:size=3", luminance=True)
        with pytest.raises(fp.ArgumentError, match="CMYK"):
            fp.image_gradient(paper, luminance=True)

    def test_info_goes_along(self):
        image = Image.fromarray(random_image((8, 9, 3), np.uint8))
        image.info["icc_profile"] = b"a profile"
        assert fp.filter_image(image, "mean:size=3").info["icc_profile"] == b"a profile"

    def test_modes_that_are_no_image(self):
        with pytest.raises(fp.DataError, match="LAB"):
            fp.filter_image(Image.new("LAB", (4, 4)), "mean:size=3")
