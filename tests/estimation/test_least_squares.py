"""learn_kernel: known kernels are found again, and it says when they cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from estimation.copies import KERNELS, off
from fencepost.estimation import learn_kernel


@pytest.mark.parametrize("name", KERNELS)
def test_floats_give_it_exactly_and_its_size(portrait, name):
    before = portrait.astype(float)
    learned = learn_kernel(before, fp.filter_image(before, KERNELS[name]))
    assert learned.kernel.shape == KERNELS[name].shape
    assert off(learned, KERNELS[name]) < 1e-9
    assert learned.determined
    assert learned.verdict.startswith("Reliable")


@pytest.mark.parametrize("name", KERNELS)
def test_rounded_and_cut_off_copies_give_it_within_its_errors(portrait, name):
    kernel = KERNELS[name]
    after = fp.filter_image(portrait, kernel)
    learned = learn_kernel(portrait, after, kernel.shape)
    assert off(learned, kernel) < 0.02
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 5 * learned.errors + 1e-12).all()
    assert learned.residual < 0.32  # rounding leaves 0.29
    assert (
        learned.saturated
        == ((after == 0) | (after == 255))[
            tuple(slice(side // 2, -(side // 2)) for side in kernel.shape)
        ].sum()
    )


def test_an_offset_is_found(portrait):
    learned = learn_kernel(portrait, fp.filter_image(portrait, KERNELS["sobel"], offset=128), 3)
    assert learned.offset == pytest.approx(128, abs=0.01)
    assert off(learned, KERNELS["sobel"]) < 1e-3


def test_a_shift_is_a_kernel(portrait):
    learned = learn_kernel(portrait, np.roll(portrait, (3, -2), (0, 1)))
    expected = np.zeros((7, 7))
    expected[6, 1] = 1
    np.testing.assert_allclose(learned.kernel.matrix, expected, atol=1e-6)
    far = learn_kernel(portrait, np.roll(portrait, 25, axis=0))
    assert far.verdict.startswith("No")


def test_a_correlation_is_the_turned_kernel(portrait):
    after = fp.filter_image(portrait.astype(float), KERNELS["lopsided"], operation="correlate")
    learned = learn_kernel(portrait.astype(float), after, operation="correlate")
    assert off(learned, KERNELS["lopsided"]) < 1e-9


@pytest.mark.parametrize("size", [(2, 4), (4, 3), (1, 5)])
def test_even_sizes_have_their_origin_where_filtering_has(portrait, size):
    random = np.random.default_rng(4)
    kernel = fp.Kernel(random.normal(size=size))
    before = portrait.astype(float)
    learned = learn_kernel(before, fp.filter_image(before, kernel), size)
    np.testing.assert_allclose(learned.kernel.matrix, kernel.matrix, atol=1e-9)
    again = fp.filter_image(before, learned.kernel)
    np.testing.assert_allclose(again, fp.filter_image(before, kernel), atol=1e-6)


def test_the_same_picture_is_the_identity(portrait):
    learned = learn_kernel(portrait, portrait)
    assert learned.kernel.matrix.tolist() == [[1.0]]


@pytest.mark.parametrize("size", [0, 33, 2.5, (3, 3, 3), "3"])
def test_bad_sizes(size):
    with pytest.raises(fp.ArgumentError, match="size must be"):
        learn_kernel(np.ones((50, 50)), np.ones((50, 50)), size)
