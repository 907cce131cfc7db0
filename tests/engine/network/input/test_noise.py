"""The noise of the augmentation: its distribution, and the very numbers that a seed draws."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from engine.network.input.augmenting import Array, augment


def test_noise_is_normal_independent_and_unclipped(engine: ModuleType) -> None:
    images = np.zeros((50, 3, 28, 28), np.uint8)
    result = augment(engine, images, noise=2.5) / 2.5
    assert stats.kstest(result.ravel(), "norm").pvalue > 1e-3
    assert result.std() == pytest.approx(1, rel=0.02)
    assert stats.kurtosis(result.ravel()) == pytest.approx(0, abs=0.08)
    rows = result.reshape(150, -1)
    correlations: Array = np.asarray(np.corrcoef(rows))
    correlation = correlations[np.tril_indices(150, -1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(784)
    flat = result.reshape(50, -1)
    for lag in [1, 2, 3, 16, 32, 64]:
        products = flat[:, lag:] * flat[:, :-lag]
        assert abs(products.mean()) < 5 / np.sqrt(products.size)


def philox(counter: Array, key: tuple[int, int]) -> Array:
    """Philox4x32-10 of counters (count, 4), as Salmon et al. (SC 2011) define it."""
    a, b, c, d = (counter[:, i].astype(np.uint64) for i in range(4))
    low = np.uint64(2**32 - 1)
    for i in range(10):
        p, q = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        k0, k1 = (key[0] + i * 0x9E3779B9) % 2**32, (key[1] + i * 0xBB67AE85) % 2**32
        a, c = q >> np.uint64(32) ^ b ^ np.uint64(k0), p >> np.uint64(32) ^ d ^ np.uint64(k1)
        b, d = q & low, p & low
    return np.column_stack([a, b, c, d])


def test_philox_gives_the_known_answers_of_its_authors() -> None:
    pi = np.array([[0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]])
    answer = [[0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]]
    assert philox(pi, (0xA4093822, 0x299F31D0)).tolist() == answer


def test_noise_is_box_muller_of_philox(engine: ModuleType) -> None:
    # What a seed draws is part of what a seed promises, so it is pinned here word by word.
    seed, step, index, stream = 0x1234567890ABC, 77, 2, 2
    count = np.arange(3 * 16)
    counters = np.column_stack([count, 0 * count + index, 0 * count + step, 0 * count + stream])
    words = philox(counters, (seed % 2**32, seed >> 32)).reshape(3, 2, 32)
    radius = np.sqrt(-2 * np.log(1 - (words[:, 0] >> np.uint64(8)) / 2**24))
    signed = words[:, 1].astype(np.uint32).view(np.int32).reshape(3, 32)
    angle = np.pi / 2 * (signed >> 8) / 2**23
    radius = np.where(signed & 1, radius, -radius)
    expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
    noise = augment(engine, np.zeros((3, 1, 5, 31), np.uint8), seed=seed, step=step, noise=1.0)
    np.testing.assert_allclose(noise[index].ravel(), expected[: 5 * 31], atol=2e-6)
