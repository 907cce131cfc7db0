"""Scales, zeros and integer factors: how near they come to the reals that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from fencepost.interchange.c.int8.quantization import Quantization, multiplier, multipliers, weights


@pytest.mark.parametrize(
    "limits", [(-1, 3), (0, 1e-6), (-7, 0), (2, 5), (-5, -2), (0, 0), (-1e9, 1)]
)
def test_zero_is_exact_and_the_range_is_covered(limits):
    low, high = limits
    of = Quantization.of_range(low, high)
    reals = of.reals()
    assert -128 <= of.zero <= 127 and reals[of.zero + 128] == 0
    assert of.integer(low) == of.integers(np.array([low]))[0]
    for value in (low, high):
        assert abs(reals[of.integer(value) + 128] - value) <= of.scale * 0.51 + 1e-300


@pytest.mark.parametrize("real", [0.5, 1.0, 0.99999, 1e-9, 3.7, 1e5, 2**-40, 1 - 2**-40])
def test_a_factor_is_an_integer_and_a_shift(real):
    factor, shift = multiplier(real)
    assert 0 < factor < 2**31 and 1 <= shift <= 62
    assert factor / 2**shift == pytest.approx(real, rel=2**-29 if real > 1e-8 else 1e-2)


def test_factors_share_a_shift():
    """What a small factor loses is less than half of the last bit of any sum of 32 bits."""
    reals = np.array([0.7, 1e-3, 1e-7, 2.0**-33])
    factors, shift = multipliers(reals)
    assert factors.dtype == np.int32 and shift == multiplier(0.7)[1]
    assert (np.abs(factors / 2.0**shift - reals) * 2**31 <= 0.5).all()
    assert (multipliers(np.array([1e12, 1.0]))[0] == [2**31 - 1, 2]).all()  # saturated


def test_weights_keep_their_channel_s_range():
    generator = np.random.default_rng(0)
    weight = generator.standard_normal((2, 3, 3, 4, 5)) * 10.0 ** np.arange(-2, 3)
    bias = generator.standard_normal(10)
    integers, biases, sums = weights(weight, bias, 0.1)
    scales = (sums / 0.1).reshape(2, 1, 1, 1, 5)
    assert np.abs(integers * scales - weight).max(axis=(0, 1, 2, 3)) == pytest.approx(
        np.zeros(5), abs=0.51 * scales.max()
    )
    assert (np.abs(integers).max(axis=(1, 2, 3)) == 127).all()
    np.testing.assert_allclose(biases * sums, bias, atol=sums.max())


def test_biases_fit_where_weights_are_tiny_or_none():
    weight = np.zeros((1, 1, 1, 2, 3))
    weight[..., 1] = 1e-30
    integers, biases, sums = weights(weight, np.array([5.0, 5.0, 0.0]), 0.1)
    assert not integers.any()
    np.testing.assert_allclose(biases * sums, [5.0, 5.0, 0.0], rtol=1e-6)
