"""The engine's convolution of plain signals against NumPy's, and what it leaves to others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

PLAIN = ("zero", "centre", None, "auto", "propagate", None)
RANDOM = np.random.default_rng(16)


def signal(size, dtype):
    if np.dtype(dtype).kind == "i":
        return RANDOM.integers(-(2**20), 2**20, size)
    return RANDOM.standard_normal(size).astype(dtype)


def check(engine, n, m, mode, dtype):
    f, g = signal(n, dtype), signal(m, dtype)
    result = engine.convolve_signals(f, g, mode, *PLAIN, True)
    if mode != "full" and m > n:
        assert result is None
        return
    assert result.dtype == dtype
    bound = 2 * m * np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else 0
    wanted = np.convolve(f.astype(np.float64) if bound else f, g, mode)
    magnitudes = np.convolve(np.abs(f), np.abs(g), mode)
    assert (np.abs(result - wanted) <= bound * magnitudes).all()
    if m <= n:
        turned = engine.convolve_signals(f, g[::-1].copy(), mode, *PLAIN, False)
        np.testing.assert_array_equal(turned, result)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_every_short_signal(engine, mode, dtype):
    for n, m in itertools.product(range(1, 12), repeat=2):
        check(engine, n, m, mode, dtype)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize(
    ("n", "m"), [(40, 16), (500, 500), (1000, 101), (4096, 3), (9000, 16), (30000, 5), (7, 9000)]
)
def test_long_signals(engine, n, m, mode, dtype):
    """Ends that are copied, pieces of threads, and taps that are folded."""
    check(engine, n, m, mode, dtype)


def test_integers_up_to_their_limits(engine):
    """Sums of 64 bits are exact; where one does not fit, another way has to say so."""
    f, g = np.array([2**61, -(2**62), 5] * 20), np.array([1, 1, 0, -1])
    result = engine.convolve_signals(f, g, "full", *PLAIN, True)
    assert result.tolist() == [
        sum(int(g[j]) * int(f[y - j]) for j in range(4) if 0 <= y - j < 60) for y in range(63)
    ]
    lowest = np.full(40, -(2**63))
    assert engine.convolve_signals(lowest, np.array([1, 0]), "full", *PLAIN, True).min() == -(2**63)
    for f, g in (([2**62] * 40, [1, 1]), ([-(2**63)] * 40, [-1, 0]), ([2**62], [1, 2])):
        arguments = np.array(f), np.array(g), "full", *PLAIN, True
        assert engine.convolve_signals(*arguments) is None


@pytest.mark.parametrize(
    "change",
    [
        {0: "max"},
        {1: "reflect"},
        {1: 0.0},
        {2: "first"},
        {3: 0},
        {4: "fft"},
        {5: "ignore"},
        {6: np.zeros(3, bool)},
    ],
    ids=str,
)
def test_other_calls_are_left_to_others(engine, change):
    f, g = np.ones(3), np.ones(2)
    arguments = ["full", *PLAIN]
    assert engine.convolve_signals(f, g, *arguments, True) is not None
    for index, value in change.items():
        arguments[index] = value
    assert engine.convolve_signals(f, g, *arguments, True) is None


def test_other_arrays_are_left_to_others(engine):
    f, g = np.ones(9), np.ones(3)
    for a, b in (
        (list(f), g),
        (f, g.astype(np.float32)),
        (f[None], g[None]),
        (f[::2], g),
        (f, g[:0]),
        (f[:0], g),
        (f.astype(">f8"), g.astype(">f8")),
        (f.astype(np.float16), g.astype(np.float16)),
        (f.astype(bool), g.astype(bool)),
        (np.ma.array(f), g),
        (f, np.array([1, np.nan, 1])),
        (np.array([1, np.inf]), g),  # it would be the kernel
        (np.ones(2**14), np.ones(17)),  # other methods may be quicker
    ):
        assert engine.convolve_signals(a, b, "full", *PLAIN, True) is None


def test_missing_values_stay_in_their_windows(engine):
    f = np.ones(9000, np.float32)
    f[[5, 5000]] = np.nan, np.inf
    result = engine.convolve_signals(f, np.array([1, 0, 2], np.float32), "full", *PLAIN, True)
    assert np.flatnonzero(np.isnan(result)).tolist() == [5, 6, 7, 5001]
    assert np.flatnonzero(np.isinf(result)).tolist() == [5000, 5002]
