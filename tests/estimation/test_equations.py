"""Which pictures give equations."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.estimation import learn_kernel
from fencepost.plots.images.samples import read_portrait

KERNELS = {
    "laplace": fp.kernels.laplace(8),
    "sobel": fp.kernels.sobel("x"),
    "blur": fp.kernels.mean(5),
    "gaussian": fp.kernels.gaussian(0.8, 5),
    "sharpen": fp.kernels.sharpen(),
    "lopsided": fp.Kernel([[1, 2, 0], [0, -1, 0], [0, 0, 0.25]]),
}


@pytest.fixture(scope="module")
def portrait():
    return np.ascontiguousarray(read_portrait(None)[60:210, 50:200])


def off(learned, kernel):
    """Return the largest error of a weight, as a share of the largest weight."""
    one, other = learned.kernel.matrix, kernel.matrix
    room = [max(sides) for sides in zip(one.shape, other.shape, strict=True)]
    both = []
    for matrix in (one, other):
        gaps = [side - own for side, own in zip(room, matrix.shape, strict=True)]
        both.append(np.pad(matrix, [(gap // 2, gap - gap // 2) for gap in gaps]))
    return np.abs(both[0] - both[1]).max() / np.abs(other).max()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (np.zeros((9, 9)), np.zeros((9, 8)), "must have the same shape.*9 × 9.*8 × 9"),
        (np.zeros((9, 9), int), np.zeros((9, 9)), "before must be a picture.*int64"),
        (np.zeros((9,)), np.zeros((9,)), "before must be a picture"),
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
