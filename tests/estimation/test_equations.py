"""Which pictures give equations."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from estimation.copies import KERNELS, off
from fencepost.estimation import learn_kernel


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (np.zeros((9, 9)), np.zeros((9, 8)), "must have the same shape.*9 × 9.*8 × 9"),
        (np.zeros((9, 9), int), np.zeros((9, 9)), "before must be an image.*int64"),
        (np.zeros((9,)), np.zeros((9,)), "before must be an image"),
        (np.zeros((9, 9)), np.full((9, 9), np.nan), "after must have pixels.*NaN"),
        (np.zeros((0, 9)), np.zeros((0, 9)), "before must have pixels"),
        (np.zeros((3, 3)), np.zeros((3, 3)), "needs more than 10 pixels"),
        (np.zeros((40, 40), "u1"), np.zeros((40, 40), "u1"), "neither in the border nor black"),
    ],
)
def test_bad_pictures(before, after, message):
    with pytest.raises(fp.DataError, match=message):
        learn_kernel(before, after, 3)


def test_colours_and_sixteen_bits(portrait):
    random = np.random.default_rng(3)
    picture = random.integers(0, 65536, (90, 70, 3)).astype(np.uint16)
    learned = learn_kernel(picture, fp.filter_image(picture, KERNELS["blur"]))
    assert learned.kernel.shape == (5, 5)
    assert off(learned, KERNELS["blur"]) < 1e-4
