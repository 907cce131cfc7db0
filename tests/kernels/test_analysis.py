"""Symmetry, rank, factors and rings of a matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import fencepost as fp
from fencepost.kernels import analysis
from kernels.samples import kernels


@pytest.mark.parametrize(
    "matrix, expected",
    [
        ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], ("even", "odd", "odd", "none")),
        ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], ("even", "even", "even", "even")),
        ([[0, 1], [-1, 0]], ("none", "none", "odd", "odd")),
        ([[1, 2], [3, 4]], ("none", "none", "none", "none")),
        ([1, 0, -1], ("even", "odd", "odd", "none")),
        ([[1, 2, 3], [2, 4, 5], [3, 5, 6]], ("none", "none", "none", "even")),
    ],
)
def test_symmetry(matrix, expected):
    assert tuple(fp.Kernel(matrix).symmetry) == expected


def test_symmetry_in_words():
    assert str(fp.kernels.sobel("x").symmetry) == "odd left to right, even up and down"
    assert str(fp.kernels.motion(5, 30).symmetry) == "even under half a turn"
    assert str(fp.Kernel([[1, 2], [3, 4]]).symmetry) == "none"


@given(kernels())
def test_factors_make_up_the_matrix_and_are_as_many_as_the_rank(kernel):
    total = sum((np.multiply.outer(*pair) for pair in kernel.factors), np.zeros(kernel.shape))
    np.testing.assert_allclose(total, kernel.matrix, atol=1e-12)
    assert kernel.rank == np.linalg.matrix_rank(kernel.matrix)
    assert kernel.separable == (kernel.rank <= 1)


def test_factors_of_integers_are_integers():
    ((column, row),) = fp.kernels.sobel("x").factors
    np.testing.assert_array_equal(column, [1, 2, 1])
    np.testing.assert_array_equal(row, [1, 0, -1])
    ((only,),) = fp.Kernel([1, 2, 3]).factors
    np.testing.assert_array_equal(only, [1, 2, 3])


@pytest.mark.parametrize("size", [3, 5, 31, 201])
def test_gaussians_and_boxes_are_separable_whatever_their_size(size):
    assert fp.kernels.gaussian(size=size).rank == 1
    assert fp.kernels.mean(size).rank == 1
    assert fp.kernels.laplace().rank == 2


def test_rings_of_a_square_keep_every_weight():
    matrix = np.arange(49.0).reshape(7, 7)
    for steps in range(8):
        turned = analysis.turn_rings(matrix, steps)
        assert sorted(turned.ravel()) == sorted(matrix.ravel())


@pytest.mark.parametrize(
    "boxes", [[(3, 3)], [(5, 7), (5, 2)], [(9, 4), (3, 1)], [(101, 61), (99, 61), (99, 51)]]
)
def test_boxes_are_found_in_their_convolution(boxes):
    kernel = fp.kernels.mean(boxes[0])
    for box in boxes[1:]:
        kernel = fp.kernels.mean(box) * kernel
    assert kernel.boxes == tuple(sorted(boxes, reverse=True))
    for axis, factor in enumerate(kernel.parts):
        sizes = [box[axis] for box in boxes]
        np.testing.assert_allclose(factor / factor[0], analysis.stacked(sizes), 1e-12)


@pytest.mark.parametrize("factor", [[1, 2, 3], [1, 3, 3, 2], [0, 1, 0], [1, -1], [1e-300, 1e300]])
def test_what_is_no_convolution_of_boxes(factor):
    assert fp.Kernel.from_factors(factor, factor).boxes == ()
    assert fp.kernels.gaussian(3).boxes == ()
    assert fp.Kernel(np.ones((3, 3))).boxes == ()  # which is found out otherwise


@given(kernels())
def test_sums_of_a_kernel_by_its_parts(kernel):
    np.testing.assert_allclose(kernel.sum, kernel.matrix.sum(), 1e-9, 1e-9)
