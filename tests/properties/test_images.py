"""Images: filtered as integers and real numbers say, and files that hold what was written."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fencepost as fp
from fencepost.filtering import read_frames, read_image, write_frames, write_image
from properties.draws import LAYOUTS, PADS, drawn, laid_out

CHANNELS = {None: "L", 1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
LOSSLESS = ("png", "tif", "bmp", "ppm", "tga", "gif", "qoi", "sgi", "pcx", "apng")


@st.composite
def images(draw, dtypes=("u1", "u2", "f4", "f8"), channels=tuple(CHANNELS), most=9):
    """Draw an image, (H, W) or (H, W, C)."""
    dtype, count = np.dtype(draw(st.sampled_from(dtypes))), draw(st.sampled_from(channels))
    shape = draw(st.tuples(st.integers(1, most), st.integers(1, most)))
    shape += () if count is None else (count,)
    if dtype.kind == "f":
        elements = st.floats(0, 1, width=8 * dtype.itemsize)
        return draw(hnp.arrays(dtype, shape, elements=elements))
    return draw(hnp.arrays(dtype, shape))


@drawn(120, images(("u1", "u2"), (None, 1, 3)), st.sampled_from(list(PADS)), st.data())
def test_integers_are_the_exact_sums_rounded(image, boundary, data):
    weights = st.integers(-20, 20)
    sides = (data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7)))
    kernel = data.draw(hnp.arrays(np.int64, sides, elements=weights))
    if data.draw(st.booleans()):
        kernel[...] = 1
    divisor = data.draw(st.sampled_from([1, 2, 3, 9, kernel.size]))
    around = [(k - 1 - k // 2, k // 2) for k in sides] + [(0, 0)] * (image.ndim - 2)
    padded = np.pad(image.astype(np.int64), around, PADS[boundary])
    windows = np.lib.stride_tricks.sliding_window_view(padded, sides, (0, 1))
    sums = np.tensordot(windows, np.flip(kernel), ((-2, -1), (0, 1)))
    laid = laid_out(image, data.draw(st.sampled_from(LAYOUTS)))
    result = fp.filter_image(laid, fp.Kernel(kernel / divisor), boundary=boundary)
    assert result.dtype == image.dtype
    assert result.shape == image.shape
    top = np.iinfo(image.dtype).max
    for value, total in zip(result.flat, sums.flat, strict=True):
        exact = min(max(Fraction(int(total), divisor), 0), top)
        assert abs(int(value) - exact) <= Fraction(1, 2) + Fraction(1, 1000)


@drawn(80, images(), st.sampled_from(["mean:3", "gaussian:1", "sharpen", "mean:5x1"]), st.data())
def test_twice_and_in_any_layout_is_the_same(image, kernel, data):
    expected = fp.filter_image(image, kernel)
    laid = laid_out(image, data.draw(st.sampled_from(LAYOUTS)))
    for _ in range(2):  # floats are summed in another order the second time
        np.testing.assert_allclose(fp.filter_image(laid, kernel), expected, rtol=0, atol=1e-6)
    turned = fp.filter_image(np.swapaxes(image, 0, 1), kernel if "x" not in kernel else "mean:1x5")
    if image.dtype.kind == "u":  # sums in another order
        assert (np.abs(np.swapaxes(turned, 0, 1).astype(int) - expected.astype(int)) <= 1).all()
    else:
        np.testing.assert_allclose(np.swapaxes(turned, 0, 1), expected, atol=1e-5)


@drawn(60, st.integers(0, 255), st.sampled_from(["u1", "u2", "f4", "f8"]), st.data())
def test_blurs_keep_what_is_constant(level, dtype, data):
    kernel = data.draw(st.sampled_from(["mean:4", "mean:9", "gaussian:0.3", "gaussian:2.7"]))
    image = np.full((12, 9, 3), level, dtype) * (257 if dtype == "u2" else 1)
    boundary = data.draw(st.sampled_from(list(PADS)))
    result = fp.filter_image(image, kernel, boundary=boundary)
    if np.dtype(dtype).kind == "u":
        np.testing.assert_array_equal(result, image)
    else:
        np.testing.assert_allclose(result, image, rtol=8 * np.finfo(dtype).eps)


def seen(pixels):
    """Return (H, W, C) as RGB and alpha, black where nothing can be seen, as a GIF keeps it."""
    opaque = np.full((*pixels.shape[:2], 1), 255, pixels.dtype)
    alpha = pixels[..., -1:] if pixels.shape[2] in (2, 4) else opaque
    colours = pixels[..., :3] if pixels.shape[2] > 2 else np.repeat(pixels[..., :1], 3, axis=2)
    return np.concatenate([np.where(alpha > 0, colours, 0), alpha], axis=2)


@pytest.mark.parametrize("ending", LOSSLESS)
def test_files_hold_what_was_written(ending):
    outcomes = []

    @drawn(40, images(("u1", "u2", "f4", "f8")))
    def check(image):
        colours = CHANNELS[None if image.ndim == 2 else image.shape[2]]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"a.{ending}")
            try:
                write_image(path, image)
            except fp.DataError:
                outcomes.append("refused")
                assert not path.exists()
                return
            picture = read_image(path)
            outcomes.append("read")
            expected = image.reshape(*image.shape[:2], -1)
            assert picture.pixels.dtype == expected.dtype
            if ending == "gif" and "A" in colours:
                np.testing.assert_array_equal(seen(picture.pixels), seen(expected))
                return
            if expected.shape[2] == 1 and picture.colours == "RGB":  # formats without grey
                expected = np.repeat(expected, 3, axis=2)
            elif expected.shape[2] == 3 and picture.colours == "RGBA":
                assert (picture.pixels[..., 3] == 255).all()
                picture = picture.with_pixels(picture.pixels[..., :3])
            else:
                assert picture.colours == colours
            np.testing.assert_array_equal(picture.pixels, expected)

    check()
    check.hypothesis.inner_test(np.full((2, 3, 3), 7, np.uint8))  # which every format holds
    assert outcomes[-1] == "read"


@pytest.mark.parametrize("ending", ["tif", "apng"])
def test_frames_are_kept(ending):
    @drawn(15, images(("u1", "u2"), (1, 3, 4), most=6), st.integers(2, 4))
    def check(image, count):
        assume(image.dtype == np.uint8 or ending == "tif")
        frames = [np.roll(image, k, axis=1) + np.uint8(k) for k in range(count)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"a.{ending}")
            write_frames(path, frames)
            read = read_frames(path)
        assert len(read) == count
        for picture, frame in zip(read, frames, strict=True):
            seen = picture.pixels[..., : frame.shape[2]]
            np.testing.assert_array_equal(seen, frame)

    check()
