"""Pooling of arrays against PyTorch and the definitions: any axes, every dtype, indices."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import definitions as d

WINDOWS = [(2, 2, 0), (3, 1, 1), ((3, 2), (2, 3), (1, 0)), (3, 2, 1)]


@pytest.fixture
def x():
    return np.random.default_rng(37).normal(size=(3, 5, 9, 11)).round(1)  # with equal values


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize(("kernel", "stride", "padding"), WINDOWS)
def test_against_the_definitions(x, kernel, stride, padding):
    pairs = padding if isinstance(padding, int) else tuple((p, p) for p in padding)
    options = {"stride": stride, "padding": pairs}
    for name in ("max_pool", "avg_pool", "sum_pool"):
        expected = getattr(d, name)(x, kernel, **options)
        result = getattr(fp, name)(x, kernel, **options, remainder="crop")
        np.testing.assert_allclose(result, expected, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "padding"), WINDOWS)
def test_indices_against_pytorch(torch, x, kernel, stride, padding):
    expected, places = torch.nn.functional.max_pool2d(
        torch.from_numpy(x), kernel, stride, padding, return_indices=True
    )
    result, indices = fp.max_pool(x, kernel, stride, padding, remainder="crop", return_indices=True)
    np.testing.assert_array_equal(result, expected.numpy())
    np.testing.assert_array_equal(indices, places.numpy())


def test_three_axes_against_pytorch(torch, x):
    tensor = torch.from_numpy(x)
    expected, places = torch.nn.functional.max_pool3d(tensor, 2, return_indices=True)
    result, indices = fp.max_pool(x, (2, 2, 2), remainder="crop", return_indices=True)
    np.testing.assert_array_equal(result, expected.numpy())
    np.testing.assert_array_equal(indices, places.numpy())
    expected = torch.nn.functional.avg_pool3d(tensor, 3, 2, 1, count_include_pad=False)
    result = fp.avg_pool(
        x, (3, 3, 3), 2, 1, axes=(1, 2, 3), remainder="crop", count_include_pad=False
    )
    np.testing.assert_allclose(result, expected.numpy(), atol=1e-12)


def test_channels_last_is_pooled_where_it_lies(x):
    result, indices = fp.max_pool(x, 2, remainder="crop", return_indices=True)
    moved = fp.max_pool(np.moveaxis(x, 1, 3), 2, axes=(1, 2), remainder="crop", return_indices=True)
    np.testing.assert_array_equal(np.moveaxis(moved[0], 3, 1), result)
    np.testing.assert_array_equal(np.moveaxis(moved[1], 3, 1), indices)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i8", "u8", "f2", "f4", "f8"])
def test_maxima_keep_their_dtype(x, dtype):
    values = (np.abs(x) * 10).astype(dtype)
    result = fp.max_pool(values, 2, remainder="crop")
    assert result.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(result, d.max_pool(values.astype(float), 2))


def test_uint64_beyond_int64_keeps_its_order():
    assert fp.max_pool(np.array([3, 2**64 - 1], np.uint64), 2).tolist() == [2**64 - 1]


def test_sums_of_integers_are_exact_or_an_error():
    assert fp.sum_pool([2**53, 1], 2).tolist() == [2**53 + 1]
    with pytest.raises(fp.ArgumentError, match="must fit 64 bits"):
        fp.sum_pool([2**62, 2**62], 2)


def test_numbers_of_numpy_are_numbers():
    x = np.arange(12.0).reshape(3, 4)
    expected = fp.avg_pool(x, 2, 1, padding=1, axes=(0, 1), count_include_pad=False)
    one, axes = np.array(1), np.array([0, 1])
    options = {"padding": one, "axes": axes, "count_include_pad": np.False_}
    np.testing.assert_array_equal(fp.avg_pool(x, np.array(2), one, **options), expected)
    _, indices = fp.max_pool(x, 2, one, return_indices=np.True_)
    assert indices.shape == (2, 3)


def test_nan_wins():
    assert np.isnan(fp.max_pool([1.0, np.nan, 3.0, 2.0], 2)).tolist() == [True, False]


def test_equal_to_the_layer(x):
    images = x.astype(np.float32)
    network = fp.Network((5, 9, 11), [fp.MaxPool2d(3, stride=2, padding=1, remainder="crop")])
    np.testing.assert_array_equal(fp.max_pool(images, 3, 2, 1, remainder="crop"), network(images))


def test_suggestions_are_arguments_of_pooling():
    with pytest.raises(fp.SizeError) as caught:
        fp.max_pool(np.ones(8), 3)
    changes = {name for suggestion in caught.value.suggestions for name in suggestion.changes}
    assert {"kernel_size", "stride", "padding"} <= changes
    assert "dilation" not in changes


def test_errors():
    with pytest.raises(fp.SizeError, match="Any one of these fits"):
        fp.max_pool(np.ones(5), 2)
    with pytest.raises(fp.SizeError, match="must cover at least one element"):
        fp.max_pool(np.ones(4), 2, 2, 2)
    with pytest.raises(fp.DataError, match="x must be real"):
        fp.max_pool([1j, 2], 2)
    with pytest.raises(fp.ArgumentError, match="axes must name different axes"):
        fp.sum_pool(np.ones((4, 4)), (2, 2), axes=(0, -2))


@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8", ">i2", ">i4", ">i8", ">u2", ">u4", ">u8"])
def test_the_order_of_bytes_changes_no_value(dtype):
    about = np.dtype(dtype)
    if about.kind == "f":
        x = np.random.default_rng(3).normal(size=(6, 8)).astype(dtype)
    else:  # up to the ends, of which a sum of 64 bits holds one
        ends = np.iinfo(about)
        x = np.array([ends.max, ends.max - 1, 5, ends.min, 3, 2, ends.max - 7, 0], dtype)
        x = np.tile(x, (6, 1))
    native = x.astype(about.newbyteorder("="))
    for pool in (fp.max_pool, fp.avg_pool):
        result, expected = pool(x, (1, 2)), pool(native, (1, 2))
        assert result.dtype.newbyteorder("=") == expected.dtype
        np.testing.assert_array_equal(result, expected)
    result, indices = fp.max_pool(x, 2, return_indices=True)
    assert result.dtype == x.dtype
    np.testing.assert_array_equal(indices, fp.max_pool(native, 2, return_indices=True)[1])
    if about.itemsize < 8 or about.kind == "f":
        result = fp.sum_pool(x, 2)
        np.testing.assert_array_equal(result, fp.sum_pool(native, 2))
        assert result.dtype == fp.sum_pool(native, 2).dtype
    else:
        with pytest.raises(fp.ArgumentError, match="must fit 64 bits"):
            fp.sum_pool(x, (1, 2))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("size", [3, 40])
def test_small_integers_are_pooled_exactly(dtype, size):
    random, limits = np.random.default_rng(3), (0, 1)
    if dtype != "bool":
        limits = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = random.integers(*limits, (50, 60), endpoint=True).astype(dtype)
    x[:size, :size] = limits[1]
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size))
    largest, sums = fp.max_pool(x, size, 1), fp.sum_pool(x, size, 1)
    assert (largest.dtype, sums.dtype) == (x.dtype, np.int64)
    np.testing.assert_array_equal(largest, views.max((-2, -1)))
    np.testing.assert_array_equal(sums, views.sum((-2, -1), dtype=np.int64))
