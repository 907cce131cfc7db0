"""Transparency: kept, weighed into the sums, and never dropped."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from filtering.exact_sums import DTYPES, exact
from filtering.random_images import random_image


class TestAlpha:
    def red_beside_blue(self, dtype=np.uint8):
        """Opaque blue, beside red that is wholly transparent."""
        full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
        image = np.zeros((8, 10, 4), dtype)
        image[:, :5, 0] = full
        image[:, 5:, 2:] = full
        return image, full

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_nothing_transparent_bleeds(self, dtype):
        image, full = self.red_beside_blue(dtype)
        result = fp.filter_image(image, "gaussian:sigma=1")
        seen = result[..., 3] > 0
        assert result[seen][:, 0].max() == 0
        assert result[seen][:, 2].min() == pytest.approx(full, rel=1e-5)
        alone = fp.filter_image(image[..., 3], "gaussian:sigma=1")
        np.testing.assert_allclose(result[..., 3], alone, rtol=1e-6)

    def test_kept_if_asked(self):
        image, _ = self.red_beside_blue()
        result = fp.filter_image(image, "gaussian:sigma=1", alpha="keep")
        np.testing.assert_array_equal(result[..., 3], image[..., 3])
        assert result[:, 5, 0].min() > 0, "red has bled, as the caller wanted"

    def test_edges_keep_it(self):
        image = random_image((9, 9, 4), np.uint8)
        result = fp.filter_image(image, "laplace")
        np.testing.assert_array_equal(result[..., 3], image[..., 3])
        np.testing.assert_array_equal(result[..., :3], fp.filter_image(image[..., :3], "laplace"))

    def test_as_the_definition(self):
        image = random_image((12, 11, 4), np.float64)
        matrix = fp.kernels.gaussian(sigma=1).matrix
        colour, alpha = image[..., :3], image[..., 3:]
        covered = exact(alpha, matrix, "mirror")
        expected = exact(colour * alpha, matrix, "mirror") / covered
        result = fp.filter_image(image, matrix, boundary="mirror")
        np.testing.assert_allclose(result, np.concatenate([expected, covered], axis=2))

    @pytest.mark.parametrize("boundary", ["reflect", "zero", 9.0, "none"])
    def test_opaque_images_are_as_without(self, boundary):
        image = random_image((9, 9, 3), np.uint8)
        opaque = np.dstack([image, np.full((9, 9), 255, np.uint8)])
        almost = opaque.copy()
        almost[8, 8, 3] = 254
        expected = fp.filter_image(image, "mean:size=3", boundary=boundary)
        for seen in (opaque, almost):
            result = fp.filter_image(seen, "mean:size=3", boundary=boundary)
            np.testing.assert_array_equal(result[:6, :6, :3], expected[:6, :6])
            assert (result[:6, :6, 3] == 255).all()

    def test_the_sum_of_a_blur_scales_colours_only(self):
        image, _ = self.red_beside_blue()
        result = fp.filter_image(image // 2, np.full((3, 3), 2 / 9))
        np.testing.assert_array_equal(result[:, 7:, 2], 254)
        np.testing.assert_array_equal(result[:, 7:, 3], 127)

    def test_identity_changes_nothing(self):
        image = random_image((9, 9, 4), np.uint8)
        image[2:5, 3:6, 3] = 0
        np.testing.assert_array_equal(fp.filter_image(image, [[1]]), image)

    @pytest.mark.parametrize("boundary", ["reflect", "zero", 0.25])
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_luma_is_weighed_as_grey_is(self, dtype, boundary):
        """Of integers too, whose luma is in floats: full opacity stays that of the alpha."""
        grey = random_image((9, 9, 2), dtype)
        colour = grey[..., [0, 0, 0, 1]]
        expected = fp.filter_image(grey, "mean:size=3", boundary=boundary, dtype=float)
        result = fp.filter_image(colour, "mean:3", boundary=boundary, luminance=True, dtype=float)
        for channel in range(3):
            np.testing.assert_allclose(result[..., channel], expected[..., 0], rtol=1e-5)
        np.testing.assert_array_equal(result[..., 3], grey[..., 1])

    def test_premultiplying_needs_a_blur(self):
        image = random_image((9, 9, 4), np.uint8)
        with pytest.raises(fp.ArgumentError, match="no negative weight"):
            fp.filter_image(image, "laplace", alpha="premultiply")

    def test_grey_and_alpha(self):
        image = random_image((9, 9, 4), np.uint8)
        image[..., 1] = image[..., 2] = image[..., 0]
        result = fp.filter_image(image[..., [0, 3]], "mean:size=3")
        np.testing.assert_array_equal(result, fp.filter_image(image, "mean:size=3")[..., [0, 3]])
