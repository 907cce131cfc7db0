"""Which dtype results have, integers that stay exact, and where NaN and infinity go."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

import fencepost as fp

WHOLE = [np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]


@pytest.fixture
def random():
    return np.random.default_rng(29)


def exactly(f, g):
    """Return the full convolution in Python's own integers."""
    out = np.zeros(np.add(f.shape, g.shape) - 1, object)
    for index in np.ndindex(g.shape):
        place = tuple(slice(i, i + size) for i, size in zip(index, f.shape, strict=True))
        out[place] += f.astype(object) * int(g[index])
    return out


@pytest.mark.parametrize("other", WHOLE)
@pytest.mark.parametrize("dtype", WHOLE)
def test_integers_are_exact_in_int64(random, dtype, other):
    def some(kind, size):
        limits = (0, 1) if kind == np.bool_ else (np.iinfo(kind).min, np.iinfo(kind).max)
        return random.integers(max(limits[0], -(2**28)), min(limits[1], 2**28), size, endpoint=True)

    f, g = some(dtype, (20, 30)), some(other, (3, 4))
    result = fp.convolve(f.astype(dtype), g.astype(other))
    assert result.dtype == np.int64
    assert (result == exactly(f, g)).all()


@pytest.mark.parametrize("largest", [2**8, 2**20, 2**51, 2**60])
@pytest.mark.parametrize("shape", [(40,), (9, 12)])
def test_every_arithmetic_for_integers_is_exact(random, largest, shape):
    f = random.integers(-largest, largest, shape, endpoint=True)
    g = np.zeros((3,) * len(shape), int)
    g.flat[:3] = [1, -1, 2]  # sums up to 2⁶² in the last case
    assert (fp.convolve(f, g) == exactly(f, g)).all()


@pytest.mark.parametrize("shape", [(2,), (5000,), (3, 3)])
def test_a_result_beyond_64_bits_is_an_error(shape):
    f = np.full(shape, 2**62)
    g = np.full((2,) * len(shape), 1)
    with pytest.raises(fp.ArgumentError, match=r"must fit 64 bits.*astype\(float\)"):
        fp.convolve(f, g)
    assert fp.convolve(f.astype(float), g).max() == 2.0**62 * g.size


def test_sums_that_pass_beyond_64_bits_on_their_way_do_fit():
    assert fp.convolve([2**62, 2**62, -(2**62)], [1, 1, 1], "valid").tolist() == [2**62]
    assert fp.convolve([2**62] * 2 + [-(2**62)] * 2, np.ones((4,), int), "valid").tolist() == [0]
    assert fp.convolve([-(2**63)], [1]).tolist() == [-(2**63)]


@pytest.mark.parametrize("dtype", ["<u8", ">u8"])
def test_uint64_beyond_int64_is_an_error_and_below_is_not(dtype):
    assert fp.convolve(np.array([2**63 - 1], dtype), [1]).tolist() == [2**63 - 1]
    with pytest.raises(fp.ArgumentError, match="must fit 64 bits"):
        fp.convolve(np.array([2**63], dtype), [1])


def test_integers_of_low_rank_stay_exact(random):
    f = random.integers(0, 256, (80, 90)).astype(np.uint8)
    g = np.outer([1, 4, 6, 4, 1], [2, 0, -3])
    for kernel in (g, np.full((9, 9), 7)):
        exact = exactly(f, kernel)
        assert (fp.convolve(f, kernel, method="separable") == exact).all()
        assert (fp.convolve(f, kernel) == exact).all()


@pytest.mark.parametrize(
    ("f", "g", "result"),
    [
        ("f4", "f4", "f4"),
        ("f8", "f8", "f8"),
        ("f4", "f8", "f8"),
        ("f2", "f2", "f4"),
        ("f2", "f4", "f4"),
        ("u1", "f4", "f4"),
        ("u2", "f4", "f4"),
        ("i4", "f4", "f8"),
        ("?", "f4", "f4"),
        ("i8", "f8", "f8"),
        ("c8", "f4", "c8"),
        ("f4", "c8", "c8"),
        ("c16", "c8", "c16"),
        ("i8", "c8", "c16"),
        (">f8", "<f4", "f8"),
    ],
)
@pytest.mark.parametrize("shape", [(6,), (6, 5), (400,)])
def test_dtypes_of_results(random, shape, f, g, result):
    a = random.uniform(0, 9, shape).astype(f)
    b = random.uniform(0, 9, (3,) * len(shape)).astype(g)
    found = fp.convolve(a, b)
    assert found.dtype == np.dtype(result)
    expected = scipy.signal.convolve(a.astype("c16"), b.astype("c16"), method="direct")
    tolerance = 1e-6 if result in ("f4", "c8") else 1e-13
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_a_fill_of_its_own_kind_makes_room_for_itself():
    assert fp.convolve([1, 2], [1, 1], boundary=0.5).tolist() == [1.5, 3.0, 2.5]
    assert fp.convolve([1, 2], [1, 1], boundary=3.0).tolist() == [4, 3, 5]
    assert fp.convolve([1.0, 2], [1, 1], boundary=2j).tolist() == [1 + 2j, 3, 2 + 2j]


@pytest.mark.parametrize("shapes", [((20,), (4,)), ((9, 8), (3, 4))])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_complex_against_scipy(random, shapes, mode):
    def some(shape):
        return random.normal(size=shape) + 1j * random.normal(size=shape)

    f, g = map(some, shapes)
    for a in (f, f.real):
        for b in (g, g.imag):
            expected = scipy.signal.convolve(a, b, mode, method="direct")
            np.testing.assert_allclose(fp.convolve(a, b, mode), expected, atol=1e-12)
            expected = scipy.signal.correlate(a, b, mode, method="direct")
            np.testing.assert_allclose(fp.correlate(a, b, mode), expected, atol=1e-12)


# --- NaN and infinity --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["auto", "direct", "separable", "fft"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("boundary", ["zero", "reflect"])
def test_what_is_not_finite_reaches_the_windows_that_touch_it_and_no_others(
    random, bad, method, boundary, dtype
):
    f = random.normal(size=(300, 400)).astype(dtype)
    for place in [(0, 0), (150, 200), (151, 203), (299, 17)]:
        f[place] = bad
    g = np.outer(random.normal(size=9), random.normal(size=12)).astype(dtype)
    options = {"boundary": boundary, "method": method}
    result = fp.correlate(f, g, **options)
    touched = fp.correlate(~np.isfinite(f), np.ones(g.shape, int), boundary=boundary) > 0
    np.testing.assert_array_equal(~np.isfinite(result), touched)
    clean = np.where(np.isfinite(f), f, 0)
    expected = fp.correlate(clean.astype(float), g.astype(float), boundary=boundary)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert np.abs((result - expected)[~touched]).max() < tolerance * np.abs(expected).max()


@pytest.mark.parametrize("method", ["direct", "separable", "fft"])
def test_nan_under_a_weight_of_zero_is_nan(method):
    f = np.zeros((9, 9))
    f[4, 4] = np.nan
    result = fp.correlate(f, np.outer([0.0, 1, 0], [0.0, 1, 0]), method=method)
    assert np.isnan(result[3:6, 3:6]).all()
    assert np.isnan(result).sum() == 9


@pytest.mark.parametrize("size", [64, 100_000])
def test_nan_in_signals_by_fft(random, size):
    f, g = random.normal(size=size), random.normal(size=33)
    f[size // 2] = np.nan
    result = fp.convolve(f, g, method="fft")
    touched = np.arange(size // 2, size // 2 + 33)
    assert np.flatnonzero(np.isnan(result)).tolist() == touched.tolist()
    expected = np.convolve(np.nan_to_num(f), g)
    np.testing.assert_allclose(np.delete(result, touched), np.delete(expected, touched), atol=1e-12)


def test_all_nan_by_fft_is_all_nan():
    assert np.isnan(fp.convolve(np.full((70, 80), np.nan), np.ones((5, 5)), method="fft")).all()


def test_values_near_the_limit_of_float32_do_not_overflow_in_the_fft(random):
    f = (3e38 * random.choice([-1.0, 1.0], size=5000)).astype(np.float32)
    g = random.normal(size=40).astype(np.float32) / 400
    result = fp.convolve(f, g, method="fft")
    expected = np.convolve(f.astype(float), g.astype(float))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
