"""convolve with a Kernel, and correlate_planes by itself: what filtering stands on."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.convolution import correlate_planes


@pytest.fixture
def random():
    return np.random.default_rng(37)


@pytest.mark.parametrize(
    ("given", "result"), [("f4", "f4"), ("f8", "f8"), ("u1", "f8"), ("i8", "f8"), ("c8", "c8")]
)
def test_a_kernel_takes_the_dtype_of_what_it_is_put_over(random, given, result):
    f = random.integers(0, 99, (12, 15)).astype(given)
    kernel = fp.kernels.gaussian(1.0)
    convolved = fp.convolve(f, kernel, "same")
    assert convolved.dtype == np.dtype(result)
    np.testing.assert_allclose(convolved, fp.convolve(f, kernel.matrix, "same"), rtol=1e-5)


@pytest.mark.parametrize("function", [fp.convolve, fp.correlate])
@pytest.mark.parametrize("origin", [(0, 0), (0, 2), (2, 1)])
def test_a_kernel_brings_its_origin(random, function, origin):
    f, matrix = random.normal(size=(9, 11)), random.normal(size=(3, 4))
    kernel = fp.Kernel(matrix, origin=origin)
    expected = function(f, matrix, "same", origin=origin)
    np.testing.assert_array_equal(function(f, kernel, "same"), expected)
    first = function(f, matrix, "same", origin="first")
    np.testing.assert_array_equal(function(f, kernel, "same", origin="first"), first)


def test_a_composed_kernel_is_both_one_after_the_other(random):
    f = random.normal(size=(20, 20))
    one, two = fp.kernels.binomial(3), fp.Kernel(random.normal(size=(2, 4)))
    both = fp.convolve(fp.convolve(f, one), two)
    np.testing.assert_allclose(fp.convolve(f, one.composed(two)), both, rtol=0, atol=1e-13)


def planes(random, dtype, channels=1):
    values = random.integers(0, np.iinfo(dtype).max + 1, (2, 7, 9, channels))
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("offset", [0.0, 0.25, -300.0, 1e9])
def test_integers_are_rounded_to_even_and_cut_off_after_the_offset(random, dtype, offset):
    source = planes(random, dtype)
    half = np.array([[0.5]])  # halves of odd numbers lie in the middle
    out = correlate_planes(source, half, (0, 0), "zero", 0.0, dtype, offset)
    exact = np.rint(source * 0.5 + offset)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, exact.clip(0, np.iinfo(dtype).max))


@pytest.mark.parametrize("method", ["auto", "direct", "fft"])
def test_floats_of_bytes_are_not_rounded(random, method):
    source = planes(random, np.uint8, channels=3)
    kernel = random.normal(size=(3, 3))
    out = correlate_planes(source, kernel, (1, 1), "reflect", 0.0, np.float32, 2.5, method)
    assert out.dtype == np.float32
    expected = fp.correlate(source.astype(float), kernel, boundary="reflect", axes=(1, 2)) + 2.5
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("origin", [(0, 0), (2, 1), (1, 3)])
def test_fill_and_no_border(random, origin):
    source = planes(random, np.uint16).astype(np.float64)
    kernel = random.normal(size=(3, 4))
    out = correlate_planes(source, kernel, origin, "fill", 7.0, np.float64)
    expected = fp.correlate(source, kernel, boundary=7.0, origin=origin, axes=(1, 2))
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-8)
    out = correlate_planes(source, kernel, origin, "none", 0.0, np.float64)
    expected = fp.correlate(source, kernel, "valid", axes=(1, 2))
    assert out.shape == (2, 5, 6, 1)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-8)
