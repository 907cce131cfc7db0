"""NaN and masked elements: they spread to what touches them, or do not count."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import definitions as d

SHAPES = [((40,), (5,)), ((12, 15), (3, 4)), ((6, 7, 8), (2, 3, 3))]


@pytest.fixture
def random():
    return np.random.default_rng(41)


@pytest.mark.parametrize("boundary", ["zero", "reflect", "wrap", 2.5])
@pytest.mark.parametrize("method", ["auto", "direct", "fft"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_normalized_convolution_against_its_definition(random, shapes, method, boundary):
    f, g = random.normal(size=shapes[0]), random.uniform(0.1, 1, shapes[1])
    f[random.random(f.shape) < 0.4] = np.nan
    origin = tuple((size - 1) // 2 for size in g.shape)
    name = boundary if boundary in ("reflect", "wrap") else "fill"
    fill = boundary if isinstance(boundary, float) else 0.0
    expected = [
        d.normalized_convolution_at(f, g, at, origin, name, fill) for at in np.ndindex(f.shape)
    ]
    result = fp.convolve(f, g, "same", boundary=boundary, method=method, nan="ignore")
    np.testing.assert_allclose(result.ravel(), expected, atol=1e-11)
    flipped = fp.correlate(
        f,
        np.flip(g),
        boundary=boundary,
        method=method,
        nan="ignore",
        origin=tuple(size - 1 - at for size, at in zip(g.shape, origin, strict=True)),
    )
    np.testing.assert_allclose(flipped, result, atol=1e-11)


def test_what_has_no_neighbours_left_is_nan(random):
    f = np.full((9, 9), np.nan)
    f[0, 0] = 3.0
    for method in ("direct", "fft"):
        result = fp.convolve(
            f, np.ones((3, 3)), "same", boundary="reflect", nan="ignore", method=method
        )
        np.testing.assert_allclose(result[:2, :2], 27.0, rtol=1e-6)
        assert np.isnan(result).sum() == 81 - 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("size", [0.7, 0.001, 1e-5])
def test_weights_of_any_size_are_normalized(dtype, size):
    """Results times the sum of the weights may lie beyond the range, up or down."""
    about = np.finfo(dtype)
    for scale in (float(about.max) * size / 30, float(about.tiny) / size):
        f, g = np.array([1, 2, np.nan, 4, 5], dtype), np.array([1, 2, 1], dtype)
        expected = fp.convolve(f, g, "same", nan="ignore")
        result = fp.convolve(f, g * dtype(scale), "same", nan="ignore")
        np.testing.assert_allclose(result / dtype(scale), expected, rtol=1e-6)


@pytest.mark.parametrize("function", [fp.convolve, fp.correlate])
@pytest.mark.parametrize("dtype", ["f2", "f4", "i1", "i2", "i8", "u8", "c8", "c16", ">f4", ">c8"])
def test_the_weights_total_is_that_of_their_values(random, function, dtype):
    """NumPy's own sum is of the dtype: rounded to 11 bits, or wrapped; correlate conjugates."""
    f, g = random.normal(size=30), random.normal(size=4) * 9
    f[[3, 4, 17]] = np.nan
    if np.dtype(dtype).kind in "iu":
        end = np.iinfo(dtype).min or np.iinfo(dtype).max
        g = np.array([end, end // 2, 3 if end > 0 else -3, end // 4], dtype)
    elif np.dtype(dtype).kind == "c":
        g = (g + 1j * random.normal(size=4)).astype(dtype)
    else:
        g = g.astype(dtype)
    exact = g.astype(np.result_type(dtype, float))
    there, laid = ~np.isnan(f), np.flip(exact.conj()) if function is fp.correlate else exact
    sums = np.convolve(np.nan_to_num(f), laid) * laid.sum() / np.convolve(there, laid)
    whole = np.convolve(np.nan_to_num(f), laid)
    touched = np.convolve(~there, np.ones(4)) > 0.5
    expected = np.where(touched, sums, whole)
    result = function(f, g, "full", boundary=0, nan="ignore")
    # Beyond the edges stand zeros, which are never missing.
    inner = slice(3, 30)
    np.testing.assert_allclose(result[inner], expected[inner], rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_infinite_complex_numbers_bring_no_warning():
    f = np.array([1, np.inf, 2, np.nan, 3, 4], complex)
    result = fp.convolve(f, np.array([1 + 2j, 3, 1j]), "same", nan="ignore")
    assert np.isfinite(result[-1:]).all()
    assert not np.isfinite(result[:3]).any()


def test_a_mask_is_as_nan_is(random):
    f, g = random.normal(size=(20, 30)), random.uniform(size=(3, 3))
    mask = random.random(f.shape) < 0.2
    with_nan = np.where(mask, np.nan, f)
    for nan in ("propagate", "ignore"):
        expected = fp.convolve(with_nan, g, "same", nan=nan)
        np.testing.assert_allclose(
            fp.convolve(f, g, "same", nan=nan, mask=mask), expected, atol=1e-12
        )
        masked = fp.convolve(np.ma.masked_array(f, mask), g, "same", nan=nan)
        assert isinstance(masked, np.ma.MaskedArray)
        np.testing.assert_array_equal(np.ma.getmaskarray(masked), np.isnan(expected))
        np.testing.assert_allclose(masked.filled(np.nan), expected, atol=1e-12)


def test_masked_integers_stay_exact_integers(random):
    f = np.ma.masked_array([2**60, 5, 7, 9], [True, False, False, False])
    result = fp.convolve(f, [1, 1], "valid")
    assert result.dtype == np.int64
    assert result.tolist() == [None, 12, 16]
    ignored = fp.convolve(f, [1, 1], "valid", nan="ignore")
    assert ignored.tolist() == [10.0, 12.0, 16.0]
    assert fp.convolve(f.data, [1, 1], "valid", mask=f.mask).tolist()[1:] == [12.0, 16.0]
    plain = fp.convolve(np.ma.masked_array([1, 2]), [1])
    assert isinstance(plain, np.ma.MaskedArray)
    assert plain.tolist() == [1, 2]


def test_complex_and_kernels_and_axes(random):
    f = random.normal(size=(4, 30)) + 1j * random.normal(size=(4, 30))
    f[1, 7] = complex(np.nan, 0)
    kernel = fp.Kernel([1.0, 2.0, 1.0], origin=0)
    result = fp.convolve(f, kernel, "same", axes=1, nan="ignore")
    assert np.isfinite(result).all()
    clean = fp.convolve(np.nan_to_num(f), kernel, "same", axes=1)
    np.testing.assert_allclose(result[1, 7:10], clean[1, 7:10] * 4 / np.array([3, 2, 3]))
    np.testing.assert_allclose(result[0], clean[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nan": "skip"}, "nan must be one of"),
        ({"nan": np.array(["ignore", "ignore"])}, "nan must be one of"),
        ({"mask": [True]}, r"mask must be True or False for each element of f.*shape \(1,\)"),
        ({"mask": [1, 0, 0]}, "mask must be True or False.*dtype int64"),
    ],
)
@pytest.mark.parametrize("function", [fp.convolve, fp.correlate])
def test_errors(function, options, message):
    with pytest.raises((fp.ArgumentError, fp.DataError), match=message):
        function([1.0, np.nan, 2.0], [1.0, 1.0], **options)


@pytest.mark.parametrize("function", [fp.convolve, fp.correlate])
@pytest.mark.parametrize("where", [0, 1])
def test_a_masked_number_in_a_list_is_refused(function, where):
    signals = [[1.0, 2.0], [1.0, 1.0]]
    signals[where][0] = np.ma.masked
    with pytest.raises(fp.DataError, match="1 masked element, which would be used"):
        function(*signals)


def test_weights_that_add_up_to_0_cannot_be_normalized():
    with pytest.raises(fp.ArgumentError, match="must not add up to 0"):
        fp.convolve([1.0, np.nan, 2.0], [1.0, 0.0, -1.0], nan="ignore")
    assert fp.convolve([1.0, 2.0], [1.0, -1.0], nan="ignore").tolist() == [1.0, 1.0, -2.0]


@pytest.mark.parametrize("function", [fp.max_pool, fp.convolution_terms])
def test_masked_arrays_are_refused_where_the_mask_would_be_lost(function):
    f = np.ma.masked_array([1.0, 2.0, 3.0], [True, False, False])
    with pytest.raises(fp.DataError, match="1 masked element, which would be used"):
        function(f, 1) if function is fp.max_pool else function(f, [1.0], at=0)
