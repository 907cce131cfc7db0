"""Kernels of more axes than an image has, and separable ones given as vectors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError

ndimage = pytest.importorskip("scipy.ndimage")
SPOT = np.zeros((21, 21, 21))
SPOT[10, 10, 10] = 1
F = np.random.default_rng(2).normal(size=(9, 10, 11))


def middle(filtered, kernel):
    return filtered[tuple(slice(10 - n // 2, 10 - n // 2 + n) for n in kernel.shape)]


@pytest.mark.parametrize(
    "kernel, theirs",
    [
        (fp.kernels.gaussian(1.2, ndim=3), ndimage.gaussian_filter(SPOT, 1.2)),
        (
            fp.kernels.gaussian((0.8, 1.0, 2.0), ndim=3),
            ndimage.gaussian_filter(SPOT, (0.8, 1.0, 2.0)),
        ),
        (fp.kernels.mean(3, ndim=3), ndimage.uniform_filter(SPOT, 3)),
        (fp.kernels.mean((1, 3, 5), ndim=3), ndimage.uniform_filter(SPOT, (1, 3, 5))),
        (-fp.kernels.laplace(6, ndim=3), ndimage.laplace(SPOT)),
        (fp.kernels.sobel("x", ndim=3), ndimage.sobel(SPOT, 2)),
        (fp.kernels.sobel("y", ndim=3), ndimage.sobel(SPOT, 1)),
        (fp.kernels.sobel("z", ndim=3), ndimage.sobel(SPOT, 0)),
        (fp.kernels.prewitt("z", ndim=3), ndimage.prewitt(SPOT, 0)),
    ],
)
def test_named_kernels_of_volumes_are_scipys(kernel, theirs):
    np.testing.assert_allclose(kernel.matrix, middle(theirs, kernel), atol=1e-15)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_in_any_number_of_axes(ndim):
    k = fp.kernels
    smoothing = [k.identity(3, ndim=ndim), k.mean(3, ndim=ndim), k.binomial(5, ndim=ndim)]
    smoothing += [k.gaussian(0.7, ndim=ndim), k.sharpen(ndim=ndim), k.unsharp(0.6, ndim=ndim)]
    for kernel in smoothing:
        assert kernel.ndim == ndim
        assert kernel.sum == pytest.approx(1)
        assert kernel.symmetry.centre == "even"
    for kernel in (k.laplace(ndim=ndim), k.laplace(2 * ndim, ndim=ndim), k.log(0.6, ndim=ndim),
                   k.dog(0.6, ndim=ndim), k.gaussian_derivative(sigma=0.6, ndim=ndim),
                   k.difference(ndim=ndim), k.central_difference(ndim=ndim)):  # fmt: skip
        assert kernel.ndim == ndim
        assert kernel.sum == pytest.approx(0, abs=1e-12)
    assert k.laplace(ndim=ndim).matrix[(1,) * ndim] == 3**ndim - 1


def test_directions_of_a_volume():
    for axis, direction in enumerate("zyx"):
        kernel = fp.kernels.central_difference(direction, ndim=3)
        assert kernel.shape == tuple(3 if i == axis else 1 for i in range(3))
        assert fp.kernels.difference(direction, ndim=3).origin == (0, 0, 0)
    with pytest.raises(ArgumentError, match='direction must be one of "x", "y"'):
        fp.kernels.central_difference("z")


def test_convolution_takes_a_kernel_of_three_axes():
    kernel = fp.kernels.gaussian(0.8, ndim=3)
    np.testing.assert_allclose(
        fp.convolve(F, kernel, "same"),
        ndimage.gaussian_filter(F, 0.8, mode="constant"),
        atol=1e-12,
    )


def test_factors_of_volumes_make_up_the_array():
    rng = np.random.default_rng(1)
    for kernel in (fp.Kernel(rng.normal(size=(3, 2, 4))), fp.kernels.laplace(ndim=3)):
        total = sum(np.einsum("i,j,k->ijk", *term) for term in kernel.factors)
        np.testing.assert_allclose(total, kernel.matrix, atol=1e-12)
    product = fp.Kernel(np.einsum("i,j,k->ijk", [1, 2, 1], [1, 0, -1], [1.0, 1]))
    assert product.rank == 1
    assert product.separable


def test_a_volume_is_printed_matrix_by_matrix():
    assert str(fp.Kernel(np.arange(8).reshape(2, 2, 2))) == (
        "kernel: 2 × 2 × 2\n0 1\n2 3\n\n4 5\n6 7"
    )
    assert (
        str(fp.kernels.mean((2, 1, 2), ndim=3)) == "mean(size=2×1×2): 2 × 1 × 2\n1/4 ×\n1 1\n\n1 1"
    )
    assert fp.kernels.mean(2, ndim=3)._repr_html_().count("<td") == 8
    assert str(fp.Kernel(np.zeros((40, 1, 1)))).endswith("0\n\n…")


def test_algebra_in_three_axes():
    one = fp.Kernel(np.random.default_rng(0).normal(size=(2, 3, 2)), origin=(1, 0, 1))
    twice = one * one
    assert twice.shape == (3, 5, 3)
    assert twice.origin == (2, 0, 2)
    assert one.flipped().flipped() == one
    assert one.flipped(0).flipped(1).flipped(2) == one.flipped()
    assert one + one == 2 * one
    with pytest.raises(ArgumentError, match=r"rotated takes a 2D kernel\. Received: a kernel of 3"):
        one.rotated(90)


# ---------------------------------------------------------------- given as vectors


def test_a_separable_kernel_is_the_outer_product_of_its_vectors():
    kernel = fp.Kernel.from_factors([1, 2, 1], [1, 0, -1])
    assert kernel == fp.kernels.sobel("x") == fp.Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    assert hash(kernel) == hash(fp.kernels.sobel("x"))
    assert kernel.rank == 1
    ((column, row),) = kernel.factors
    np.testing.assert_array_equal(column, [1, 2, 1])
    np.testing.assert_array_equal(row, [1, 0, -1])
    assert fp.Kernel.from_factors([1, 2]) == fp.Kernel([1, 2])
    assert fp.Kernel.from_factors([0, 0], [1, 2]).rank == 0
    assert fp.Kernel.from_factors([1, 2], [1], [3], origin=0 * np.ones(3, int)).origin == (0, 0, 0)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 1), (2, 3, 2)])
def test_what_is_made_of_separable_kernels_is_what_is_made_of_their_matrix(shape):
    rng = np.random.default_rng(5)
    factors = [rng.integers(-4, 5, size) for size in shape]
    origin = tuple(int(rng.integers(0, size)) for size in shape)
    kernel = fp.Kernel.from_factors(*factors, origin=origin, name="k")
    dense = fp.Kernel(kernel.matrix, origin=origin, name="k")
    assert kernel.flipped() == dense.flipped()
    assert kernel.flipped(0) == dense.flipped(0)
    assert kernel * kernel == dense * dense
    assert kernel * dense == dense * dense
    assert -2.5 * kernel == -2.5 * dense
    assert kernel - dense == 0 * dense
    assert kernel.text == dense.text
    for duplicate in (copy.deepcopy(kernel), pickle.loads(pickle.dumps(kernel))):
        assert duplicate == kernel
        assert duplicate.name == "k"
        assert not duplicate.matrix.flags.writeable


@pytest.mark.parametrize("factors", [(), ([1, 2], []), ([[1, 2]], [1]), ([1, np.nan],), (["a"],)])
def test_vectors_that_are_none(factors):
    with pytest.raises(ArgumentError, match=r"A factor must be a row|must have a factor"):
        fp.Kernel.from_factors(*factors)


@pytest.mark.parametrize("sigma", [128, 200, 500])
def test_large_gaussians(sigma):
    kernel = fp.kernels.gaussian(sigma)
    assert kernel.shape == (8 * sigma + 1,) * 2
    assert kernel.rank == 1
    column, _ = kernel.factors[0]
    np.testing.assert_allclose(column, fp.kernels.gaussian(sigma, ndim=1).matrix)
    assert kernel.matrix.sum() == pytest.approx(1)


def test_a_gaussian_that_is_too_large_to_be_multiplied_out_keeps_its_factors():
    kernel = fp.kernels.gaussian(10_000.0)
    assert kernel.shape == (80_001, 80_001)
    assert [len(factor) for factor in kernel.factors[0]] == [80_001, 80_001]
    with pytest.raises(ArgumentError, match=r"at most 16,777,216 weights\. Received: 80001"):
        kernel.matrix  # noqa: B018
    with pytest.raises(ArgumentError, match="sigma must be at most 131,072"):
        fp.kernels.gaussian(200_000.0)
