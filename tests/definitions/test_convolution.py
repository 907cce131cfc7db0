"""Convolution by definition against the article, by hand, NumPy and SciPy, all in float64."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from definitions.closeness import CLOSE
from fencepost import definitions as d

F = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
G = [1 / 3, 1 / 3, 1 / 3]
FULL = [10, 19, 29, 28, 29, 20, 21, 20, 29, 27, 18, 8]


def test_the_smoothing_of_the_article():
    np.testing.assert_allclose(3 * d.convolve_1d_full(F, G), FULL, rtol=1e-15)
    np.testing.assert_allclose(3 * d.convolve_1d(F, G), FULL[:10], rtol=1e-15)
    valid = [3 * d.convolution_1d_at(F, G, x) for x in range(2, 10)]
    np.testing.assert_allclose(valid, FULL[2:10], rtol=1e-15)
    assert d.convolution_1d_at(F, G, 0) == pytest.approx(10 / 3)


def test_the_same_sums_in_integers():
    assert d.convolve_1d_full(F, [1, 1, 1]).tolist() == FULL


def test_the_sizes_of_the_article():
    image = np.arange(50.0).reshape(1, 1, 10, 5)
    kernel = np.ones((1, 1, 3, 3))
    assert d.conv_layer(image, kernel).shape == (1, 1, 8, 3)
    assert d.conv_layer(image, kernel, padding=1).shape == (1, 1, 10, 5)
    assert d.conv_layer(np.ones((1, 1, 13)), np.ones((1, 1, 3)), stride=2).shape == (1, 1, 6)


def test_laplace_of_an_edge_by_hand():
    laplace = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    step = np.array([[0, 0, 5, 5, 5]] * 5)
    inside = d.convolve_2d(step, laplace, origin=(1, 1))[1:-1, 1:-1]
    assert inside.tolist() == [[-15, 15, 0]] * 3


def test_origins_by_hand():
    impulse = [0, 0, 1, 0, 0]
    assert d.convolve_1d(impulse, [1, 2, 3]).tolist() == [0, 0, 1, 2, 3]
    assert d.convolve_1d(impulse, [1, 2, 3], origin=1).tolist() == [0, 1, 2, 3, 0]
    assert d.correlate_1d(impulse, [1, 2, 3]).tolist() == [3, 2, 1, 0, 0]
    assert d.correlate_1d(impulse, [1, 2, 3], origin=1).tolist() == [0, 3, 2, 1, 0]


@pytest.mark.parametrize("sizes", [(1, 1), (7, 1), (7, 3), (7, 4), (9, 7), (4, 4), (30, 11)])
def test_1d_against_numpy(random, sizes):
    f, g = (random.normal(size=size) for size in sizes)
    np.testing.assert_allclose(d.convolve_1d_full(f, g), np.convolve(f, g), **CLOSE)
    # "same" of NumPy and SciPy has its origin in the middle, of an even g in the left of two.
    middle = (len(g) - 1) // 2
    np.testing.assert_allclose(d.convolve_1d(f, g, middle), np.convolve(f, g, "same"), **CLOSE)
    # Correlation turns g round, and with it which of the two middles that is.
    np.testing.assert_allclose(
        d.correlate_1d(f, g, len(g) // 2), scipy.signal.correlate(f, g, "same"), **CLOSE
    )


@pytest.mark.parametrize(
    "shapes", [((5, 6), (3, 3)), ((6, 5), (2, 4)), ((7, 4), (1, 3)), ((1, 9), (1, 4))]
)
def test_2d_against_scipy(random, shapes):
    f, g = (random.normal(size=shape) for shape in shapes)
    full = scipy.signal.convolve2d(f, g)
    np.testing.assert_allclose(d.convolve_2d_full(f, g), full, **CLOSE)
    rows, columns = f.shape
    np.testing.assert_allclose(d.convolve_2d(f, g), full[:rows, :columns], **CLOSE)
    middle = tuple((size - 1) // 2 for size in g.shape)
    same = scipy.signal.convolve(f, g, "same", method="direct")
    np.testing.assert_allclose(d.convolve_2d(f, g, middle), same, **CLOSE)
    middle = tuple(size // 2 for size in g.shape)
    same = scipy.signal.correlate(f, g, "same", method="direct")
    np.testing.assert_allclose(d.correlate_2d(f, g, middle), same, **CLOSE)


def test_correlation_is_convolution_with_the_flipped_kernel(random):
    f, g = random.normal(size=(6, 7)), random.normal(size=(3, 4))
    flipped = g[::-1, ::-1]
    for origin in np.ndindex(g.shape):
        mirrored = tuple(size - 1 - o for size, o in zip(g.shape, origin, strict=True))
        np.testing.assert_allclose(
            d.correlate_2d(f, g, origin), d.convolve_2d(f, flipped, mirrored), **CLOSE
        )


def test_a_layer_is_a_correlation_and_not_a_convolution(random):
    f, g = random.normal(size=(6, 7)), random.normal(size=(3, 2))
    layer = d.conv_layer(f[None, None], g[None, None])[0, 0]
    np.testing.assert_allclose(layer, d.correlate_2d(f, g)[:4, :6], **CLOSE)
    assert np.abs(layer - d.convolve_2d_full(f, g)[2:6, 1:7]).max() > 0.1
