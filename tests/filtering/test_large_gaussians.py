"""Kernels that are run axis by axis, some rows at a time: their results, and their memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from fencepost.convolution import passes, stacked
from fencepost.convolution.apply import correlate_planes
from fencepost.filtering import bands, channels, masks
from filtering.random_images import random_image

KERNEL = "gaussian:sigma=20"
BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "none", 0.25]
DTYPES = ["uint8", "uint16", "float32", "float64"]


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    """Have blocks of few rows."""
    monkeypatch.setattr(passes, "_USUAL", 1 << 16)
    monkeypatch.setattr(channels, "_SMALL", 0)
    monkeypatch.setattr(stacked, "_LEAST", 1 << 10)


def exactly(pixels, boundary, fill=0.0, kernel=KERNEL):
    """Return what a kernel makes of pixels (H, W, C), summed in float64 as a matrix."""
    kernel = fp.kernels.parse(kernel)
    column, row = kernel.parts
    names = (boundary, 0.0) if isinstance(boundary, str) else ("fill", fill)
    return correlate_planes(
        pixels[None].astype(np.float64), np.outer(column, row), kernel.origin, *names, np.float64
    )[0]


def inner(pixels, boundary, kernel=KERNEL):
    """Return the pixels that have a result."""
    sizes = fp.kernels.parse(kernel).shape
    rows, columns = (size // 2 if boundary == "none" else 0 for size in sizes)
    return pixels[rows : len(pixels) - rows, columns : pixels.shape[1] - columns]


def transparent(shape, dtype):
    """Return an image that is transparent on the left, opaque on the right, and between between."""
    pixels = random_image(shape, dtype, 3)
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    pixels[..., -1] = (np.clip(np.linspace(-2, 2, shape[1]), 0, 1) * full).astype(dtype)
    return pixels, full


@pytest.mark.parametrize("kernel", [KERNEL, "mean:size=151", "gaussian:sigma=30,boxes=3"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("dtype", "channels"), [*((dtype, 4) for dtype in DTYPES), ("uint8", 2)])
def test_colours_count_as_much_as_they_are_opaque(kernel, boundary, dtype, channels):
    pixels, full = transparent((330, 400, channels), dtype)
    value = 0.25 * full
    boundary = boundary if isinstance(boundary, str) else value
    alpha = pixels[..., -1:].astype(np.float64)
    covered = exactly(alpha, boundary, full, kernel)
    sums = exactly(pixels[..., :-1] * alpha, boundary, full * value, kernel)
    seen = covered > 1e-3 * full
    found = fp.filter_image(pixels, kernel, boundary=boundary)
    assert found.dtype == dtype
    colours = np.where(seen, sums / np.where(seen, covered, 1), found[..., :-1])
    expected = np.concatenate([colours, np.where(covered > 1e-5 * full, covered, 0)], axis=2)
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(found, expected, 0, 2e-4 if dtype == "float32" else 1e-10)
    else:
        off = np.abs(found - np.clip(np.rint(expected), 0, full))
        assert off.max() <= 1
        assert np.mean(off > 0) < 5e-3  # alpha has columns that are halves
    nothing = np.broadcast_to(covered < 1e-6 * full, colours.shape)
    unseen = inner(pixels, boundary, kernel)[..., :-1]
    np.testing.assert_array_equal(found[..., :-1][nothing], unseen[nothing])


@pytest.mark.parametrize("kernel", [KERNEL, "mean:size=151"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_missing_does_not_count(kernel, boundary, dtype):
    pixels = random_image((330, 300, 2), dtype, 1)
    missing = np.random.default_rng(0).random(pixels.shape) < 0.3
    missing[100:160, 50:110] = True
    expected = exactly(np.where(missing, 0, pixels), boundary, 0.25, kernel)
    shares = exactly(~missing, boundary, 1.0, kernel)
    pixels[missing] = np.nan
    found = fp.filter_image(pixels[..., 0], kernel, boundary=boundary, nan="ignore")
    tolerance = 2e-4 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(found, (expected / shares)[..., 0], tolerance)


@pytest.mark.parametrize(
    "kernel",
    [
        "mean:size=5",
        KERNEL,
        "mean:size=151",
        "gaussian:sigma=25",
        np.hypot(*np.mgrid[:35, :35]) / 32014,
    ],
    ids=["box", "gaussian", "large box", "large", "matrix"],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_masked_pixels_are_those_that_are_missing(kernel, dtype, monkeypatch):
    monkeypatch.setattr(masks, "LARGE", 0)
    monkeypatch.setattr(bands, "_BAND", 1 << 12)
    pixels = random_image((330, 300, 3), dtype, 1)
    mask = np.random.default_rng(0).random((330, 300)) < 0.3
    mask[100:160, 50:110] = True
    options = {"nan": "ignore", "scale": 0.5, "offset": 0.1, "dtype": "float64"}
    found = fp.filter_image(pixels, kernel, mask=mask, **options)
    missing = np.where(mask[..., None], np.nan, pixels).astype("float64")
    expected = fp.filter_image(missing, kernel, **options)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    np.testing.assert_allclose(found, expected, 0, 1e-5 * top)
    bytes_of = fp.filter_image(pixels, kernel, mask=mask, nan="ignore")
    assert bytes_of.dtype == dtype
    np.testing.assert_allclose(
        bytes_of, np.nan_to_num(2 * (expected - 0.1), nan=0 if top > 1 else np.nan), 0,
        0.5 + 1e-4 if top > 1 else 1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("kernel", ["mean:size=5", KERNEL, "mean:size=131"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_luma_counts_as_much_as_it_is_opaque(kernel, boundary, dtype):
    pixels, full = transparent((330, 300, 4), dtype)
    value = boundary if isinstance(boundary, str) else boundary * full
    found = fp.filter_image(
        pixels, kernel, boundary=value, luminance=True, scale=0.5, dtype="float64"
    )
    expected = fp.filter_image(
        pixels / full, kernel, boundary=boundary, luminance=True, scale=0.5, dtype="float64"
    )
    np.testing.assert_allclose(found[..., :3] / full, expected[..., :3], 0, 2e-4)
    assert expected.min() < -0.1
    assert expected.max() > 1.05  # chroma stays


@pytest.mark.parametrize("kernel", ["gaussian:sigma=2", KERNEL, "mean:size=131"])
def test_luma_that_is_missing_does_not_count(kernel):
    pixels = random_image((330, 300, 3), "float32", 2)
    pixels[::7, ::5, 1] = np.nan
    found = fp.filter_image(pixels, kernel, luminance=True, nan="ignore")
    missing = np.isnan(pixels).any(axis=2, keepdims=True)  # has no luma
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(missing, found.shape))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_luma_is_filtered_and_chroma_stays(boundary, dtype):
    pixels = random_image((330, 300, 3), dtype, 2)
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    boundary = boundary if isinstance(boundary, str) else 0.25 * full
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    inside = inner(pixels, boundary).astype(np.float64)
    after = exactly(luma[..., None], boundary, boundary if boundary != "none" else 0)
    expected = inside + 0.5 * after + 0.1 * full - inner(luma[..., None], boundary)
    found = fp.filter_image(
        pixels, KERNEL, boundary=boundary, luminance=True, scale=0.5, offset=0.1 * full
    )
    assert found.dtype == dtype
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(found, expected, 0, 1e-5)
    else:
        assert np.abs(found - np.clip(np.rint(expected), 0, full)).max() <= 1


CODE = """
import re, sys
import numpy as np, fencepost as fp

def status(key):
    return int(re.search(key + r":\\s*(\\d+)", open("/proc/self/status").read())[1]) << 10

fp.set_num_threads(2)  # each has rows of its own
dtype, channels, sigma, option = sys.argv[1:]
shape = (2000, 2000, int(channels))
image = np.random.default_rng(0).integers(0, 256, shape, np.uint8).astype(dtype)
options = {"boundary": option} if option in ("wrap", "nearest", "none") else {}
if option == "luminance":
    options = {"luminance": True}
if option == "nan":
    image[::7, ::5], options = np.nan, {"nan": "ignore"}
if option == "keep":
    options = {"alpha": "keep"}
kernel = sigma if ":" in sigma else f"gaussian:sigma={sigma}"
fp.filter_image(image[:600, :600].copy(), "gaussian:sigma=20", **options)
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak begins again
before = status("VmRSS")
result = fp.filter_image(image, kernel, **options)
print((status("VmHWM") - before) / max(image.nbytes, result.nbytes))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
@pytest.mark.parametrize(
    ("dtype", "channels", "sigma", "option"),
    [
        ("uint8", 1, 30, ""), ("uint8", 1, 200, "nearest"), ("uint8", 2, 100, ""),
        ("uint8", 3, 30, "luminance"), ("uint8", 3, 60, "wrap"), ("uint8", 4, 30, ""),
        ("uint8", 4, 200, ""), ("uint8", 4, 60, "keep"), ("uint16", 1, 100, ""),
        ("uint16", 4, 30, ""), ("float32", 1, 30, "nan"), ("float32", 4, 100, ""),
        ("float64", 2, 100, "none"), ("uint8", 4, 30, "luminance"),
        ("uint8", 4, "mean:size=301", ""), ("uint8", 2, "mean:size=1001", ""),
        ("uint16", 4, "mean:size=129", "wrap"), ("uint16", 1, "mean:size=1001", ""),
        ("uint8", 3, "gaussian:sigma=100,boxes=4", ""), ("uint8", 4, "mean:size=301", "luminance"),
    ],
)  # fmt: skip
def test_memory_is_four_times_the_image_at_most(dtype, channels, sigma, option):
    done = subprocess.run(  # not here, where memory is kept for results to come
        [sys.executable, "-c", CODE, dtype, str(channels), str(sigma), option],
        env={**os.environ, "PYTHONPATH": str(Path(fp.__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    assert float(done.stdout) <= 4
