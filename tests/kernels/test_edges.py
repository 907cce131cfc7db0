"""Kernels that find edges, by their responses to slopes, steps and spots."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from kernels.samples import response

PAIRS = ("sobel", "prewitt", "scharr", "frei_chen", "gaussian_derivative", "central_difference")


SUM_ZERO = ("laplace", "log", "dog")


def flat(x, y):
    return 7.0


def impulse(x, y):
    return (x == 0) & (y == 0)


@pytest.mark.parametrize("name", SUM_ZERO)
@pytest.mark.parametrize("ndim", [1, 2])
def test_second_derivatives_see_neither_flats_nor_slopes_and_spots_bright(name, ndim):
    kernel = fp.kernels.parse(name, ndim)
    assert response(kernel, flat) == pytest.approx(0, abs=1e-12)
    assert response(kernel, lambda x, y: 3 * x) == pytest.approx(0, abs=1e-12)
    assert response(kernel, impulse) > 0
    assert response(kernel, lambda x, y: x**2) < 0


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_respond_to_rising_brightness(name):
    x, y = fp.kernels.pair(name)
    for kernel in (x, y):
        assert response(kernel, flat) == pytest.approx(0, abs=1e-12)
    right, down = (lambda x, y: x), (lambda x, y: y)
    assert response(x, right) > 0
    assert response(y, down) == pytest.approx(response(x, right))
    assert response(x, down) == pytest.approx(0, abs=1e-12)
    assert response(x, lambda x, y: x > 0) > 0  # a step from dark to bright
    np.testing.assert_allclose(y.matrix, x.matrix.T)
    assert x.symmetry.left_right == "odd"


@pytest.mark.parametrize(
    "kernel, slope",
    [
        (fp.kernels.sobel("x"), 8),
        (fp.kernels.prewitt("x"), 6),
        (fp.kernels.scharr("x"), 32),
        (fp.kernels.central_difference("x"), 1),
        (fp.kernels.difference("x"), 1),
        (fp.kernels.gaussian_derivative("x", 0.1), 1),
        (fp.kernels.gaussian_derivative("x", 2.5), 1),
    ],
)
def test_response_to_a_slope_of_one(kernel, slope):
    assert response(kernel, lambda x, y: x) == pytest.approx(slope)
