"""How sure an estimated kernel is, in words and numbers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

import fencepost as fp
from estimation.copies import KERNELS
from fencepost.estimation import learn_kernel


@pytest.mark.parametrize(
    "way",
    [
        lambda picture: picture.filter(ImageFilter.MedianFilter(3)),
        lambda picture: picture.point(lambda level: round(255 * (level / 255) ** 0.6)),
    ],
    ids=["median", "gamma"],
)
def test_it_is_not_sure_of_what_no_kernel_made(portrait, way):
    """A kernel explains most of such a copy of a smooth picture, and is still not its cause."""
    learned = learn_kernel(portrait, np.asarray(way(Image.fromarray(portrait))))
    assert learned.explained > 0.9
    assert learned.verdict.startswith("Uncertain")
    assert "by something else" in learned.verdict


def test_it_says_when_the_picture_does_not_determine_it():
    stripes = np.tile(np.arange(60.0) % 7, (50, 1))
    learned = learn_kernel(stripes, fp.filter_image(stripes, KERNELS["blur"]), 5)
    assert not learned.determined
    assert learned.rank < learned.unknowns == 26
    assert "Not determined" in learned.verdict
    again = fp.filter_image(stripes, learned.kernel)[5:-5, 5:-5]
    np.testing.assert_allclose(
        again, fp.filter_image(stripes, KERNELS["blur"])[5:-5, 5:-5], atol=1e-9
    )


def test_it_says_when_no_kernel_does_it(portrait):
    before = portrait.astype(float)
    pair = fp.filter_image(before, fp.kernels.pair("sobel"))
    learned = learn_kernel(before, pair)
    assert learned.verdict.startswith("No: ")
    assert learned.explained < 0.9


def test_results_are_plain_data_and_text(portrait):
    learned = learn_kernel(portrait, fp.filter_image(portrait, KERNELS["blur"]))
    numbers = learned.to_dict()
    assert numbers["tried"].keys() == {str(side) for side in range(1, 16, 2)}
    assert fp.kernels.parse(numbers["text"]).matrix.tolist() == numbers["kernel"]
    assert "size 5 × 5, the smallest with as small a residual" in str(learned)
