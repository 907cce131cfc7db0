"""The frequency response of a kernel."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp


@pytest.mark.parametrize("kernel", [fp.kernels.sobel("x"), fp.kernels.gaussian(sigma=1, ndim=1)])
def test_frequency_response_is_that_of_the_fft(kernel):
    response = fp.kernels.frequency_response(kernel, 65)
    fine = np.fft.fftn(kernel.matrix, (64,) * kernel.ndim, range(kernel.ndim))
    folded = np.fft.fftshift(np.abs(fine))
    np.testing.assert_allclose(response[(slice(64),) * kernel.ndim], folded, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5, 8, 65])
@pytest.mark.parametrize("shape", [(700,), (5, 300), (3, 70, 2)])
def test_frequency_response_of_kernels_longer_than_the_waves_is_by_definition(shape, count):
    kernel = fp.Kernel(np.random.default_rng(0).normal(size=shape))
    expected = kernel.matrix.astype(complex)
    frequencies = np.linspace(-0.5, 0.5, count)
    for axis, size in enumerate(shape):
        waves = np.exp(-2j * np.pi * np.outer(frequencies, np.arange(size)))
        expected = np.moveaxis(np.tensordot(waves, expected, axes=(1, axis)), 0, axis)
    response = fp.kernels.frequency_response(kernel, count)
    np.testing.assert_allclose(response, np.abs(expected), atol=1e-9)
