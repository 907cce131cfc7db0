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
