"""Small images take a short way: it gives what the long way gives, and refuses what it does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import fencepost as fp
from fencepost.filtering.quick import filter_small

KERNELS = {
    "matrix": np.array([[1.0, 2, 0, -1], [0, 3, 1, 0], [2, 0, -2, 1]]),
    "integers": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "text": "gaussian:sigma=1",
    "Kernel": fp.Kernel([[1.0, 2, 3], [4, 5, 6]], origin=(0, 2)),
}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 11), (12, 10, 3), (9, 9, 1)])
def test_the_short_way_gives_what_the_long_way_gives(monkeypatch, kernel, dtype, shape):
    image = np.random.default_rng(1).uniform(0, 255, shape).astype(dtype)
    options = list(
        itertools.product(
            ["reflect", "wrap", "none", 7.5], ["convolve", "correlate"], [1.0, -0.5], [0.0, 128.0]
        )
    )
    names = ("boundary", "operation", "scale", "offset")
    short = [filter_small(image, kernel, *values) for values in options]
    monkeypatch.setattr("fencepost.filtering.images.filter_small", lambda *_: None)
    for values, result in zip(options, short, strict=True):
        expected = fp.filter_image(image, kernel, **dict(zip(names, values, strict=True)))
        assert result is not None
        assert result.dtype == image.dtype
        np.testing.assert_array_equal(result, expected)


def test_a_kernel_that_is_changed_in_place_is_another():
    image, kernel = np.eye(5, dtype=np.float32), np.ones((3, 3))
    before = fp.filter_image(image, kernel)
    kernel[...] = 2
    np.testing.assert_array_equal(fp.filter_image(image, kernel), 2 * before)
    np.testing.assert_array_equal(fp.filter_image(np.asfortranarray(image.T), kernel), 2 * before.T)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"boundary": True}, "boundary must be one of"),
        ({"boundary": 1j}, "boundary must be real for images"),
        ({"operation": "corelate"}, "operation must be one of"),
        ({"scale": np.nan}, "scale must be"),
        ({"scale": True}, "scale must be"),
        ({"dtype": "foo"}, "dtype must be None"),
    ],
)
def test_what_cannot_be_is_refused_the_second_time_too(options, message):
    image = np.zeros((5, 5), np.uint8)
    fp.filter_image(image, np.ones((3, 3)), boundary=1.0, scale=1.0)
    for _ in range(2):
        with pytest.raises(fp.ArgumentError, match=message):
            fp.filter_image(image, np.ones((3, 3)), **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [8, 400])
def test_a_scale_beyond_float32_is_cut_off(dtype, size):
    image = np.zeros((size, size), dtype)
    image[4, 4] = 1
    top = np.iinfo(dtype).max
    result = fp.filter_image(image, np.ones((3, 3)), scale=1e300)
    assert (result[3:6, 3:6] == top).all()
    assert result.sum() == 9 * top
    assert (fp.filter_image(image, np.ones((3, 3)), scale=-1e308, offset=5.0)[3:6, 3:6] == 0).all()
    assert fp.filter_image(image.astype(np.float32), np.full((3, 3), 1e308))[4, 4] == np.inf
