"""The engine's pooling of plain arrays against NumPy, window by window."""

from __future__ import annotations

import math

import numpy as np
import pytest

RANDOM = np.random.default_rng(8)

#: (height, width), kernel, stride, padding before, output (height, width)
CASES = [
    ((8, 6), (2, 2), (2, 2), (0, 0), (4, 3)),
    ((9, 70), (2, 2), (2, 2), (0, 0), (4, 35)),
    ((28, 28), (2, 2), (2, 2), (0, 0), (14, 14)),
    ((7, 41), (3, 3), (1, 1), (1, 1), (7, 41)),
    ((7, 40), (3, 3), (2, 2), (1, 1), (4, 20)),
    ((11, 50), (2, 3), (3, 2), (0, 2), (4, 26)),
    ((5, 33), (5, 4), (1, 3), (4, 3), (9, 11)),
    ((1, 100), (1, 7), (1, 1), (0, 3), (1, 100)),
    ((1, 101), (1, 2), (1, 2), (0, 1), (1, 51)),
    ((100, 1), (4, 1), (4, 1), (2, 0), (26, 1)),
    ((3, 3), (9, 9), (1, 1), (8, 8), (11, 11)),
    ((6, 17), (2, 2), (5, 7), (0, 0), (1, 3)),
    ((4, 64), (1, 1), (1, 2), (0, 0), (4, 32)),
]
DTYPES = [np.float32, np.float64, np.int64, np.uint8]


@pytest.fixture(autouse=True)
def same_random_data():
    """Start every test from the same numbers, whatever ran before it."""
    RANDOM.bit_generator.state = np.random.default_rng(8).bit_generator.state


def random_source(shape, dtype):
    if np.dtype(dtype).kind == "f":
        return RANDOM.standard_normal(shape).astype(dtype)
    return RANDOM.integers(0, 9, shape).astype(dtype)  # few values: many are equal


def windows(shape, kernel, stride, padding, output):
    """Yield each output's index and the slices of its window that lie in the source."""
    for index in np.ndindex(*output):
        firsts = [p * s - b for p, s, b in zip(index, stride, padding, strict=True)]
        yield (
            index,
            tuple(
                slice(max(first, 0), min(first + k, n))
                for first, k, n in zip(firsts, kernel, shape, strict=True)
            ),
        )


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_maximum_and_its_index(engine, case, dtype):
    shape, kernel, stride, padding, output = case
    source = random_source((3, *shape), dtype)
    out = np.empty((3, *output), dtype)
    indices = np.empty(out.shape, np.int64)
    alone = np.empty_like(out)
    engine.pool("max", source, kernel, stride, padding, out, indices)
    engine.pool("max", source, kernel, stride, padding, alone)
    flat_indices = np.arange(np.prod(shape)).reshape(shape)
    for (y, x), window_slices in windows(*case):
        for n in range(3):
            window = source[n][window_slices]
            assert out[n, y, x] == window.max()
            assert indices[n, y, x] == flat_indices[window_slices].flat[window.argmax()]
    np.testing.assert_array_equal(alone, out)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES[:3])
def test_sum_and_mean(engine, case, dtype):
    shape, kernel, stride, padding, output = case
    source = random_source((3, *shape), dtype)
    window_slices = dict(windows(*case))
    total = np.empty((3, *output), np.float64)
    counts = np.empty(output)
    for (y, x), window in window_slices.items():
        total[:, y, x] = source[:, window[0], window[1]].astype(np.float64).sum((1, 2))
        counts[y, x] = source[0][window].size
    out = np.empty((3, *output), dtype)
    engine.pool("sum", source, kernel, stride, padding, out)
    np.testing.assert_allclose(out, total, rtol=1e-5, atol=1e-5)
    if dtype is np.int64:
        return
    engine.pool("avg", source, kernel, stride, padding, out)
    np.testing.assert_allclose(out, total / np.prod(kernel), rtol=1e-5, atol=1e-5)
    engine.pool("avg", source, kernel, stride, padding, out, count_include_pad=False)
    np.testing.assert_allclose(out, total / counts, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 2**22), (2**22, 1), (2**11, 2**11)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_sums_do_not_round_away(engine, shape, dtype):
    """No sum is off by more than 128 + log₂ n roundings of the sum of magnitudes."""
    out = np.empty((1, 1, 1), dtype)
    equal = np.full((1, *shape), 17, dtype)  # a plain sum in float32 rounds most of these
    engine.pool("avg", equal, shape, shape, (0, 0), out)
    assert out[0, 0, 0] == 17
    source = random_source((1, *shape), dtype)
    engine.pool("sum", source, shape, shape, (0, 0), out)
    roundings = 128 + 22
    bound = roundings * np.finfo(dtype).eps / 2 * math.fsum(np.abs(source).flat)
    assert abs(out[0, 0, 0] - math.fsum(source.flat)) <= bound


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_long_windows_that_overlap(engine, stride):
    source = random_source((1, 700, 900), np.float32)
    kernel, output = (301, 402), (200 // stride, 300 // stride)
    out = np.empty((1, *output), np.float32)
    engine.pool("sum", source, kernel, (stride, stride), (150, 60), out)
    exact = source.astype(np.float64)
    for (y, x), window in windows((700, 900), kernel, (stride, stride), (150, 60), output):
        if (x + y) % 37 == 0:
            np.testing.assert_allclose(out[0, y, x], exact[0][window].sum(), rtol=0, atol=2e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_nan_exceeds_everything(engine, dtype, stride):
    source = random_source((1, 9, 60), dtype)
    source[0, 4, 31], source[0, 4, 32], source[0, 8, 3] = np.nan, np.inf, np.nan
    source[0, :3, :9] = -np.inf
    output = ((9 - 3) // stride + 1, (60 - 3) // stride + 1)
    out, alone = np.empty((1, *output), dtype), np.empty((1, *output), dtype)
    indices = np.empty(out.shape, np.int64)
    engine.pool("max", source, (3, 3), (stride, stride), (0, 0), out, indices)
    engine.pool("max", source, (3, 3), (stride, stride), (0, 0), alone)
    for (y, x), window_slices in windows((9, 60), (3, 3), (stride, stride), (0, 0), output):
        np.testing.assert_equal(out[0, y, x], source[0][window_slices].max())
    np.testing.assert_array_equal(source.reshape(-1)[indices.ravel()], out.ravel())
    np.testing.assert_array_equal(alone, out)


def test_many_planes_on_threads(engine):
    source = random_source((67, 28, 28), np.float32)
    out = np.empty((67, 14, 14), np.float32)
    for threads in (1, 2, 3):
        out[...] = 0
        engine.pool("max", source, (2, 2), (2, 2), (0, 0), out, None, True, threads)
        np.testing.assert_array_equal(out, source.reshape(67, 14, 2, 14, 2).max((2, 4)))
    large = random_source((1, 1500, 2000), np.float32)
    out = np.empty((1, 750, 1000), np.float32)
    engine.pool("max", large, (2, 2), (2, 2), (0, 0), out, threads=2)
    np.testing.assert_array_equal(out[0], large.reshape(750, 2, 1000, 2).max((1, 3)))


def test_sums_that_do_not_fit_are_an_error(engine):
    source = np.full((1, 2, 2), 2**62)
    out = np.empty((1, 1, 1), np.int64)
    with pytest.raises(OverflowError, match="does not fit int64"):
        engine.pool("sum", source, (2, 2), (2, 2), (0, 0), out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "min"}, "kind"),
        ({"kernel": (0, 2)}, "positive"),
        ({"stride": (2, -1)}, "positive"),
        ({"padding": (2, 0)}, "cover"),
        ({"padding": (0, -1)}, "cover"),
        ({"out": np.empty((2, 5, 3), np.float32)}, "cover"),
        ({"out": np.empty((1, 4, 3), np.float32)}, "planes"),
        ({"out": np.empty((2, 4, 3))}, "dtype"),
        ({"indices": np.empty((2, 4, 4), np.int64)}, "shape"),
        ({"kind": "sum", "indices": np.empty((2, 4, 3), np.int64)}, "indices"),
        ({"source": np.zeros((2, 0, 6), np.float32)}, "cover"),
        ({"source": np.zeros((2, 8, 6), np.int8), "out": np.zeros((2, 4, 3), np.int8)}, "arrays"),
        (
            {"source": np.zeros((2, 8, 6), np.uint8), "out": np.zeros((2, 4, 3), np.uint8),
             "kind": "sum"}, "uint8",
        ),
        (
            {"source": np.zeros((2, 8, 6), int), "out": np.zeros((2, 4, 3), int), "kind": "avg"},
            "mean",
        ),
    ],
)  # fmt: skip
def test_arguments_are_checked(engine, change, message):
    good = {"kind": "max", "source": np.zeros((2, 8, 6), np.float32),
            "kernel": (2, 2),
            "stride": (2, 2), "padding": (0, 0),
            "out": np.empty((2, 4, 3), np.float32)}  # fmt: skip
    engine.pool(**good)
    with pytest.raises(ValueError, match=message):
        engine.pool(**{**good, **change})
