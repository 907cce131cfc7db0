"""Kernels that smooth, by what defines them."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.kernels import catalogue
from kernels.samples import moments, response

SUM_ONE = ("identity", "mean", "gaussian", "binomial", "disk", "motion", "sharpen", "unsharp")


def flat(x, y):
    return 7.0


@pytest.mark.parametrize("name", SUM_ONE)
@pytest.mark.parametrize("ndim", [1, 2])
def test_smoothing_and_sharpening_keep_a_flat_picture(name, ndim):
    if ndim == 1 and not catalogue.ENTRIES[name].has_axes(1):
        pytest.skip("for images only")
    kernel = fp.kernels.parse(name, ndim)
    assert kernel.ndim == ndim
    assert kernel.sum == pytest.approx(1, abs=1e-12)
    assert response(kernel, flat) == pytest.approx(7)
    assert kernel.symmetry.centre == "even"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_binomial_is_the_mean_of_two_over_and_over(size):
    kernel = fp.kernels.identity(ndim=1)
    for _ in range(size - 1):
        kernel = kernel * fp.Kernel([0.5, 0.5], origin=0)
    np.testing.assert_array_equal(fp.kernels.binomial(size, ndim=1).matrix, kernel.matrix)
    distance = np.arange(size) - (size - 1) / 2
    assert (fp.kernels.binomial(size, ndim=1).matrix * distance**2).sum() == (size - 1) / 4


@pytest.mark.parametrize("radius", [0.3, 0.5, 1.0, 1.7, 2.5, 6.2])
def test_disk_weighs_pixels_by_the_area_covered(radius):
    kernel = fp.kernels.disk(radius)
    rows = kernel.shape[0]
    fine = (np.arange(400 * rows) + 0.5) / 400 - rows / 2
    inside = fine[:, None] ** 2 + fine**2 <= radius**2
    areas = inside.reshape(rows, 400, rows, 400).mean(axis=(1, 3)) / (np.pi * radius**2)
    np.testing.assert_allclose(kernel.matrix, areas, atol=2e-4)
    for turned in (kernel.rotated(90), kernel.flipped(0)):
        np.testing.assert_allclose(turned.matrix, kernel.matrix, atol=1e-10)


@pytest.mark.parametrize("angle", [0, 20, 45, 90, 123, 180, -60])
@pytest.mark.parametrize("length", [1, 4, 9.5, 30])
def test_motion_blurs_along_its_angle(length, angle):
    kernel = fp.kernels.motion(length, angle)
    assert kernel.sum == pytest.approx(1)
    mean, covariance = moments(kernel)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    if length > 5:
        _, vectors = np.linalg.eigh(covariance)
        found = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        assert abs((found - angle + 90) % 180 - 90) < 1.5
        assert np.trace(covariance) == pytest.approx(length**2 / 12, rel=0.05, abs=0.2)
    np.testing.assert_allclose(fp.kernels.motion(5).matrix, np.full((1, 5), 0.2))
