"""Integers stay integers: every dtype, size, boundary and method against Python's own sums."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import numpy as np
import pytest

import fencepost as fp
from convolution.exact_cases import Case, check, random_case
from fencepost.convolution.methods import integer_fft, tiles


@pytest.mark.parametrize("seed", range(10))
def test_random_integers_are_exact(seed):
    random = np.random.default_rng(seed)
    outcomes = Counter(check(random_case(random)) for _ in range(100))
    assert outcomes["exact"] > 50


@pytest.mark.parametrize("seed", range(4))
def test_larger_random_integers_are_exact(seed):
    random = np.random.default_rng(seed)
    for _ in range(3):
        check(random_case(random, most=30))


@pytest.mark.parametrize("seed", range(3))
def test_large_random_integers_are_exact(seed):
    random = np.random.default_rng(seed)
    for _ in range(5):
        check(random_case(random, large=True), large=True)


def test_a_kernel_of_rank_2_with_thirds_in_its_singular_vectors():
    f = np.random.default_rng(5).integers(0, 256, (300, 300)).astype(np.uint8)
    k = np.ones((17, 17), int)
    k[7:10, 7:10] = -3
    exact = fp.convolve(f, k, "valid", method="direct")
    for method in ("auto", "separable", "fft"):
        np.testing.assert_array_equal(fp.convolve(f, k, "valid", method=method), exact)
    assert fp.explain_method(f, k, "valid", method="separable").reason == (
        "as asked, rank 2: 68 multiplications per result"
    )


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4"])
@pytest.mark.parametrize("shape", [(40_000,), (300, 400), (30, 40, 50)])
def test_large_kernels_by_fft_are_exact(dtype, shape):
    random = np.random.default_rng(3)
    top = min(np.iinfo(dtype).max, 10**6)
    f = random.integers(0, top, shape, endpoint=True).astype(dtype)
    g = random.integers(-999, 999, tuple(n // 4 for n in shape))
    case = Case(f, g, True, {"mode": "full", "boundary": "zero", "origin": (0,) * len(shape)})
    result = fp.convolve(f, g, method="fft")
    if f.size * g.size < 5e8:
        np.testing.assert_array_equal(result, fp.convolve(f, g, method="direct"))
    corner = tuple(slice(0, 20 if len(shape) < 3 else 8) for _ in shape)
    near = Case(f[corner], g[corner], True, case.options)
    np.testing.assert_array_equal(result[corner], near.expected()[corner])
    assert result.sum() == f.astype(int).sum() * g.sum()


def test_integers_of_60_bits_are_split_and_exact():
    random = np.random.default_rng(4)
    f = random.integers(-(2**40), 2**40, 3000)
    g = random.integers(-(2**10), 2**10, 500)
    choice = fp.explain_method(f, g, method="fft")
    assert "parts, each" in choice.reason
    case = Case(f, g, True, {"mode": "full", "boundary": "zero", "origin": (0,)})
    np.testing.assert_array_equal(fp.convolve(f, g, method="fft"), case.expected())


@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize("method", ["auto", "fft", "box"])
def test_few_elements_under_many_weights(mode, method):
    # With "same" and an origin at an end an axis of one element and a zero is read.
    for size, weights in itertools.product(range(1, 5), range(1, 8)):
        f, g = np.arange(3 * size).reshape(size, 3), np.arange(2 * weights).reshape(weights, 2)
        for origin in range(weights):
            options = {"mode": mode, "boundary": "zero", "origin": (origin, 0), "method": method}
            result = check(Case(f, g, bool(origin % 2), options))
            assert result == "exact" or method == "box"  # which declines, with what is possible


@pytest.mark.parametrize("boundary", ["zero", "wrap", "reflect", "mirror", "nearest", 3, "none"])
@pytest.mark.parametrize("shape", [(3000,), (900, 23), (200, 7, 9)])
def test_strips_of_integers_in_parts_fit_together(monkeypatch, shape, boundary):
    generator = np.random.default_rng(6)
    f = generator.integers(-(2**34), 2**34, (2, *shape))
    weights = generator.integers(-(2**16), 2**16, (7, 5, 3)[: len(shape)])
    axes = tuple(range(1, f.ndim))
    seen = []
    run_strip = integer_fft._run_strip
    monkeypatch.setattr(integer_fft, "_STRIP", 1)
    monkeypatch.setattr(
        integer_fft, "_run_strip", lambda task, *rest: (seen.append(task), run_strip(task, *rest))
    )
    # Tiles, as the whole array, which these are small enough for, is not cut.
    monkeypatch.setattr(integer_fft.fft, "cheapest", lambda task: tiles.best(task, 1))
    for mode in ("same", "full", "valid"):
        if mode != "same" and boundary != "zero":
            continue
        options = {"boundary": boundary, "axes": axes}
        result = fp.convolve(f, weights, mode, method="fft", **options)
        assert len(seen) > 2
        np.testing.assert_array_equal(
            result, fp.convolve(f, weights, mode, method="direct", **options)
        )
        seen.clear()


def test_integers_in_parts_take_strips_beside_their_result():
    generator = np.random.default_rng(0)
    f = generator.integers(-(2**30), 2**30, (6000, 1000))
    g = generator.integers(-(2**20), 2**20, (31, 31))
    assert "parts" in str(fp.explain_method(f, g, "same", method="fft"))
    tracemalloc.start()
    try:
        fp.convolve(f, g, "same", method="fft")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.9 * f.nbytes


def test_integers_in_parts_take_three_times_their_memory():
    generator = np.random.default_rng(0)
    f = generator.integers(-(2**30), 2**30, (1000, 1000))
    g = generator.integers(-(2**20), 2**20, (61, 61))
    assert "parts" in str(fp.explain_method(f, g, "same"))
    tracemalloc.start()
    try:
        fp.convolve(f, g, "same")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3.3 * f.nbytes  # the result, what a transform takes, and what it makes
