"""The Gaussian and what is made of it, by their moments and responses."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from kernels.samples import moments, response


def flat(x, y):
    return 7.0


@pytest.mark.parametrize("sigma", [0.8, 1.0, 2.0, 5.5])
def test_gaussian_has_the_variance_that_it_says(sigma):
    for ndim in (1, 2):
        mean, covariance = moments(fp.kernels.gaussian(sigma, ndim=ndim))
        np.testing.assert_allclose(mean, 0, atol=1e-12)
        # What lies beyond 4 sigma is cut off: 0.1 % of the variance.
        assert covariance[0, 0] == pytest.approx(sigma**2, rel=0.005)
    assert covariance[0, 1] == pytest.approx(0, abs=1e-12)


def test_anisotropic_gaussian_points_where_it_is_turned():
    _, covariance = moments(fp.kernels.gaussian((1.0, 3.0), angle=30))
    values, vectors = np.linalg.eigh(covariance)
    np.testing.assert_allclose(values, [1, 9], rtol=0.01)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180
    assert angle == pytest.approx(30, abs=0.2)
    wide = fp.kernels.gaussian((1.0, 3.0))
    assert wide.shape == (9, 25)
    upright = fp.kernels.gaussian((1.0, 3.0), angle=90, size=(25, 25))
    level = fp.kernels.gaussian((1.0, 3.0), size=(25, 25))
    np.testing.assert_allclose(upright.matrix, level.matrix.T, atol=1e-15)


def test_gaussians_add_their_variances():
    both = fp.kernels.gaussian(3.0, ndim=1) * fp.kernels.gaussian(4.0, ndim=1)
    one = fp.kernels.gaussian(5.0, size=both.shape[0], ndim=1)
    np.testing.assert_allclose(both.matrix, one.matrix, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.1, 0.7, 3.0])
def test_second_derivative_of_a_parabola_is_one(sigma):
    kernel = fp.kernels.gaussian_derivative("y", sigma, order=2)
    assert response(kernel, lambda x, y: y**2 / 2) == pytest.approx(1)
    assert response(kernel, lambda x, y: x**2) == pytest.approx(0, abs=1e-9)
    assert response(kernel, flat) == pytest.approx(0, abs=1e-9)
    assert response(fp.kernels.log(sigma), lambda x, y: x**2 / 2) == pytest.approx(-1)


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
def test_gabor_responses_to_stripes_of_its_width_and_angle(angle):
    kernel = fp.kernels.gabor(6.0, angle)

    def stripes(width, degrees):
        turned = np.radians(degrees)
        return lambda x, y: np.cos(2 * np.pi * (x * np.cos(turned) - y * np.sin(turned)) / width)

    own = response(kernel, stripes(6.0, angle))
    assert own > 5 * abs(response(kernel, stripes(6.0, angle + 90)))
    assert own > 2 * abs(response(kernel, stripes(12.0, angle)))
    assert fp.kernels.gabor(6.0, phase=90).symmetry.left_right == "odd"


@pytest.mark.parametrize(
    ("boxes", "stated"), [(2, 0.19), (3, 0.10), (4, 0.071), (5, 0.055), (6, 0.047)]
)
def test_stacked_boxes_are_as_near_to_the_gaussian_as_is_stated(boxes, stated):
    gaussian = fp.kernels.gaussian
    for sigma in (*np.arange(10, 24, 0.4), 57.3, 101.0):
        stacked = gaussian(sigma, boxes=boxes, ndim=1)
        radius = max(stacked.shape[0] // 2, int(7 * sigma))
        weights = np.zeros(2 * radius + 1)
        weights[radius - stacked.shape[0] // 2 : radius + stacked.shape[0] // 2 + 1] = (
            stacked.matrix
        )
        distances = np.arange(-radius, radius + 1)
        bell = np.exp(-(distances**2) / (2 * sigma**2))
        bell /= bell.sum()
        if sigma < 24:  # of more the matrices are large, and as far apart
            assert np.abs(np.outer(weights, weights) - np.outer(bell, bell)).sum() <= stated
        assert np.abs(weights - bell).sum() <= stated
        narrower = min(box[0] for box in stacked.boxes)
        assert len(stacked.boxes) == boxes
        assert abs((distances**2 * weights).sum() - sigma**2) <= (narrower + 1) / 6 + 1e-9


def test_stacked_boxes_have_no_size():
    gaussian = fp.kernels.gaussian
    with pytest.raises(fp.ArgumentError, match="boxes must be 0, or 2 to 6 without size"):
        gaussian(10, size=11, boxes=3)
    with pytest.raises(fp.ArgumentError, match="boxes must be 0, or 2 to 6"):
        gaussian(10, boxes=1)
