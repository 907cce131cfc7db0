"""Small images take a short way: it gives what the long way gives, and refuses what it does."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import fencepost as fp
from fencepost.filtering.quick import filter_known

KERNELS = {
    "matrix": np.array([[1.0, 2, 0, -1], [0, 3, 1, 0], [2, 0, -2, 1]]),
    "integers": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "text": "gaussian:sigma=1",
    "Kernel": fp.Kernel([[1.0, 2, 3], [4, 5, 6]], origin=(0, 2)),
}


def assert_same(result, expected):
    """Compare, to the rounding of another order of sums: of integers where one is almost ½."""
    assert result.dtype == expected.dtype
    if result.dtype.kind == "u":
        off = np.abs(result.astype(int) - expected.astype(int))
        assert off.max() <= 1
        assert off.sum() <= max(1, off.size // 1000)
    else:
        eps = np.finfo(result.dtype).eps
        np.testing.assert_allclose(result, expected, rtol=0, atol=2e4 * eps)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 11), (12, 10, 3), (9, 9, 1), (70, 90)])
def test_the_short_way_gives_what_the_long_way_gives(monkeypatch, kernel, dtype, shape):
    image = np.random.default_rng(1).uniform(0, 255, shape).astype(dtype)
    options = list(
        itertools.product(
            ["reflect", "wrap", "none", 7.5], ["convolve", "correlate"], [1.0, -0.5], [0.0, 128.0]
        )
    )
    names = ("boundary", "operation", "scale", "offset")
    short = [filter_known(image, kernel, *values, "auto") for values in options]
    again = [filter_known(image, kernel, *values, "auto") for values in options]
    monkeypatch.setattr("fencepost.filtering.images.filter_known", lambda *_: None)
    for values, result, second in zip(options, short, again, strict=True):
        expected = fp.filter_image(image, kernel, **dict(zip(names, values, strict=True)))
        assert_same(result, expected)
        np.testing.assert_array_equal(second, result)


@pytest.mark.parametrize("kernel", ["mean:3", "gaussian:sigma=1.5", "laplace", "mean:9"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("boundary", ["reflect", "none", "wrap"])
def test_alpha_is_kept_as_the_colours_are_written(monkeypatch, kernel, dtype, channels, boundary):
    generator = np.random.default_rng(2)
    full = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    image = (generator.uniform(0, 1, (40, 33, channels)) * full).astype(dtype)
    opaque = image.copy()
    opaque[..., -1] = full
    for pixels, alpha in ((image, "keep"), (opaque, "auto")):
        known = filter_known(pixels, kernel, boundary, "convolve", 1.0, 0.0, alpha)
        with monkeypatch.context() as patched:
            patched.setattr("fencepost.filtering.images.filter_known", lambda *_: None)
            slow = fp.filter_image(pixels, kernel, boundary=boundary, alpha=alpha)
        colours = fp.filter_image(pixels[..., :-1].copy()[..., :1], kernel, boundary=boundary)
        assert_same(known, slow)
        assert_same(known[..., :1], colours)
        half = (image.shape[0] - known.shape[0]) // 2
        inside = slice(half, half + known.shape[0]), slice(half, half + known.shape[1])
        np.testing.assert_array_equal(known[..., -1], pixels[inside][..., -1])


def test_a_transparent_image_goes_the_long_way_under_a_blur():
    image = np.full((8, 8, 4), 200, np.uint8)
    image[..., 3] = 255
    arguments = "mean:3", "reflect", "convolve", 1.0, 0.0, "auto"
    assert filter_known(image, *arguments) is not None
    image[3, 3, 3] = 7
    assert filter_known(image, *arguments) is None
    assert fp.filter_image(image, "mean:3")[3, 3, 3] != 7


@pytest.mark.parametrize("side", [3, 5, 7, 9, 11, 13, 15])
def test_means_of_bytes_are_rounded_exactly(side):
    generator = np.random.default_rng(side)
    image = generator.integers(0, 256, (60, 70)).astype(np.uint8)
    image[:20] = 255
    padded = np.pad(image, side // 2, "symmetric").astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    expected = np.rint(windows.sum(axis=(2, 3)) / side**2)
    np.testing.assert_array_equal(fp.filter_image(image, f"mean:{side}"), expected)


def test_a_kernel_that_is_changed_in_place_is_another():
    image, kernel = np.eye(5, dtype=np.float32), np.ones((3, 3))
    before = fp.filter_image(image, kernel)
    kernel[...] = 2
    np.testing.assert_array_equal(fp.filter_image(image, kernel), 2 * before)
    np.testing.assert_array_equal(fp.filter_image(np.asfortranarray(image.T), kernel), 2 * before.T)


def test_a_file_of_weights_that_is_changed_is_another_kernel(tmp_path):
    image, path = np.eye(5, dtype=np.float32), tmp_path / "kernel.txt"
    for weight in (1, 2):
        path.write_text(f"0 0 0\n0 {weight} 0\n0 0 0\n", encoding="utf-8")
        np.testing.assert_array_equal(fp.filter_image(image, f"@{path}"), weight * image)


@pytest.mark.parametrize("number", [np.float16(200), np.array(200), Fraction(200), Decimal(200)])
def test_scale_and_offset_are_any_number(number):
    image = np.full((5, 5), 0.5)
    options = {"scale": number, "offset": number}
    np.testing.assert_allclose(fp.filter_image(image, "mean:3", **options), 300)
    np.testing.assert_allclose(fp.filter_image(image, ["mean:3", "mean:3"], **options), 300)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": np.array(["auto", "keep"])}, "alpha must be one of"),
        ({"nan": np.array(["ignore", "ignore"])}, "nan must be one of"),
        ({"scale": np.ma.masked}, "scale must be a finite number"),
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


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("size", [2, 3, 5, 31])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_means_are_rounded_half_to_even_whatever_computes_them(dtype, size, parts):
    """Exact halves: the same in a small image, a large one, or one that is not contiguous."""
    largest = np.iinfo(dtype).max
    image = np.random.default_rng(size).integers(0, largest, (90, 70), dtype, endpoint=True)
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(np.int64), (size, size))
    sums, divisor = windows.sum((2, 3)), size**2 * parts
    quotients, remainders = np.divmod(sums, divisor)
    up = (2 * remainders > divisor) | ((2 * remainders == divisor) & (quotients % 2 == 1))
    name, options = f"mean:{size}", {"scale": 1 / parts, "boundary": "none"}
    for source in (image, np.asfortranarray(image)):
        np.testing.assert_array_equal(fp.filter_image(source, name, **options), quotients + up)
    whole = fp.filter_image(np.tile(image, (8, 8)), name, **options)
    np.testing.assert_array_equal(whole[: len(sums), : sums.shape[1]], quotients + up)
