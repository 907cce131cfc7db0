"""Chains with large kernels come out as they do of whole images, in little memory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.convolution import passes, stacked
from fencepost.filtering import bands, chains, masks
from fencepost.filtering.channels import filter_rows
from fencepost.filtering.options import Options
from fencepost.filtering.responses import full_scale
from fencepost.filtering.steps import as_steps
from filtering.random_images import random_image
from filtering.test_large_gaussians import transparent

LARGE = ["mean:size=131", "gaussian:sigma=18", "gaussian:sigma=20,boxes=3"]
SMALL = [
    "sobel", "sharpen", "mean:size=5", "kirsch", fp.Kernel(np.ones((3, 4)) / 12, origin=(0, 3)),
]  # fmt: skip
BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "none", 0.25]


@pytest.fixture(scope="module", autouse=True)
def few_rows():
    """Have few rows at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "_USUAL", 1 << 13)
        patch.setattr(stacked, "_LEAST", 1 << 10)
        patch.setattr(chains, "_BAND", 1 << 11)
        patch.setattr(chains, "_SHARE", 40)
        patch.setattr(bands, "LARGE", 0)
        patch.setattr(masks, "LARGE", 0)
        patch.setattr(bands, "CHAINED", 0)
        yield


@settings(max_examples=80, deadline=None)
@given(
    chain=st.lists(st.sampled_from(SMALL), max_size=2),
    large=st.sampled_from(LARGE),
    place=st.integers(0, 2),
    boundary=st.sampled_from(BOUNDARIES),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    channels=st.integers(1, 4),
    height=st.integers(150, 400),
    opaque=st.booleans(),
    luminance=st.booleans(),
    magnitude=st.booleans(),
    kept=st.booleans(),
    operation=st.sampled_from(["convolve", "correlate"]),
    out=st.sampled_from([None, "float32"]),
)
def test_chains_are_the_whole(
    chain, large, place, boundary, dtype, channels, height, opaque, luminance, magnitude, kept,
    operation, out,
):  # fmt: skip
    chain = [*chain[:place], large, *chain[place:]]
    shape, has_alpha = (height, 200, channels), channels in (2, 4)
    pixels = transparent(shape, dtype)[0] if has_alpha else random_image(shape, dtype, height)
    full = full_scale(pixels.dtype)
    if opaque and has_alpha:
        pixels[..., -1] = full
    boundary = boundary if isinstance(boundary, str) else boundary * full
    steps = as_steps(chain)
    options = Options.read(
        boundary, operation=operation, luminance=luminance, magnitude=magnitude,
        scale=0.7, offset=0.1 * full, alpha="keep" if kept else "auto", dtype=out,
    )  # fmt: skip
    try:
        whole = filter_rows(pixels, has_alpha, opaque or not has_alpha, steps, options)
    except fp.SizeError:
        with pytest.raises(fp.SizeError):
            chains.filter_chain(pixels, has_alpha, opaque, steps, options)
        return
    found = chains.filter_chain(pixels, has_alpha, opaque or not has_alpha, steps, options)
    assert found.dtype == whole.dtype
    assert found.shape == whole.shape
    if found.dtype.kind == "u":
        off = np.abs(found.astype(int) - whole)
        assert off.max() <= 1
        assert np.mean(off > 0) < 0.02
    else:
        tolerance = 1e-5 if opaque or not has_alpha or kept else 3e-4  # where little is seen
        tolerance *= 30 if chain.count("kirsch") > 1 else 1  # whose weights add up to as much
        np.testing.assert_allclose(found, whole, 0, tolerance * full)


def with_holes(pixels):
    """Return pixels of which some are NaN: here and there, all of a square, half of the last."""
    pixels[::13, 3::17] = np.nan
    pixels[40:52, 60:75, -1:] = np.nan
    pixels[-20:, 100:] = np.nan
    return pixels


@settings(max_examples=80, deadline=None)
@given(
    chain=st.lists(st.sampled_from(["mean:size=5", SMALL[-1], "gaussian:sigma=1"]), max_size=2),
    large=st.sampled_from(LARGE),
    place=st.integers(0, 2),
    boundary=st.sampled_from(BOUNDARIES),
    dtype=st.sampled_from(["float32", "float64"]),
    channels=st.integers(1, 4),
    height=st.integers(170, 400),
    luminance=st.booleans(),
    magnitude=st.booleans(),
    kept=st.booleans(),
)
def test_what_is_missing_counts_in_no_step(
    chain, large, place, boundary, dtype, channels, height, luminance, magnitude, kept
):
    chain = [*chain[:place], large, *chain[place:]]
    shape, has_alpha = (height, 200, channels), channels in (2, 4)
    pixels = transparent(shape, dtype)[0] if has_alpha else random_image(shape, dtype, height)
    pixels = with_holes(pixels)
    steps = as_steps(chain)
    options = Options.read(
        boundary, operation="convolve", luminance=luminance, magnitude=magnitude,
        scale=0.7, offset=0.1, alpha="keep" if kept else "auto", nan="ignore",
    )  # fmt: skip
    whole = filter_rows(pixels, has_alpha, not has_alpha, steps, options)
    found = chains.filter_chain(pixels, has_alpha, not has_alpha, steps, options)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(whole))
    tolerance = 3e-4 if has_alpha and not kept else 2e-5
    np.testing.assert_allclose(found, whole, 0, tolerance)


@settings(max_examples=60, deadline=None)
@given(
    chain=st.lists(st.sampled_from(["mean:size=5", "gaussian:sigma=1"]), max_size=2),
    large=st.sampled_from([*LARGE, "mean:size=7"]),
    boundary=st.sampled_from(BOUNDARIES),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    channels=st.sampled_from([1, 3]),
    luminance=st.booleans(),
    magnitude=st.booleans(),
)
def test_masks_are_nan(chain, large, boundary, dtype, channels, luminance, magnitude):
    pixels = random_image((230, 200, channels), dtype, len(chain))
    floats = pixels.astype("float64" if dtype in ("uint16", "float64") else "float32")
    missing = np.isnan(with_holes(floats)).any(axis=2)
    floats[missing] = np.nan
    given = {"boundary": boundary, "luminance": luminance, "magnitude": magnitude, "nan": "ignore"}
    options = Options.read(operation="convolve", **given)
    whole = filter_rows(floats, False, True, as_steps([*chain, large]), options)
    found = fp.filter_image(pixels, [*chain, large], mask=missing, **given)
    if found.dtype.kind == "u":
        whole = np.rint(np.nan_to_num(whole)).clip(0, full_scale(pixels.dtype))
        off = np.abs(found - whole)
        assert off.max() <= 1
        assert np.mean(off > 0) < 0.02
    else:
        np.testing.assert_allclose(found, whole, 0, 2e-5)


@pytest.mark.parametrize("origin", [(0, 0), (140, 3), (70, 150)])
@pytest.mark.parametrize("boundary", ["reflect", "mirror", "nearest", "wrap"])
def test_windows_may_reach_to_one_side_only(origin, boundary):
    parts = np.linspace(1, 2, 141), np.ones(151)
    kernel = fp.Kernel.from_factors(*parts, origin=origin)
    pixels = random_image((300, 180, 1), "float32", 5)
    options = Options.read(boundary, operation="correlate", magnitude=True)
    steps = as_steps([kernel, "mean:size=131", kernel])
    whole = filter_rows(pixels, False, True, steps, options)
    found = chains.filter_chain(pixels, False, True, steps, options)
    np.testing.assert_allclose(found, whole, 2e-5)


@pytest.mark.parametrize("layout", ["grey", "RGB", "RGBA"])
def test_of_what_is_between_two_steps_little_is_held(layout):
    shape = (2000, 40, {"grey": 1, "RGB": 3, "RGBA": 4}[layout])
    pixels = transparent(shape, "uint8")[0]
    most, read = 0, chains._Held.read

    def watched(held, *at):
        nonlocal most
        values = read(held, *at)
        most = max(most, sum(len(part[1]) for part in held.parts))
        return values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains._Held, "read", watched)
        fp.filter_image(
            pixels if shape[2] > 1 else pixels[..., 0], ["mean:size=131", "gaussian:sigma=20"]
        )
    assert 0 < most < 700


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.sampled_from([129, 139, 151]), st.sampled_from([1, 3, 21, 39])),
    swapped=st.booleans(),
    boundary=st.sampled_from(["reflect", "mirror", "nearest", "none", "zero"]),
    dtype=st.sampled_from(["uint8", "uint16"]),
    channels=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_integers_under_two_boxes_are_rounded_once(sizes, swapped, boundary, dtype, channels, seed):
    sizes = sizes[::-1] if swapped else sizes
    pixels = random_image((190, 197, channels), dtype, seed)
    if channels in (2, 4):
        pixels[..., -1] = full_scale(pixels.dtype)
    kernels = [f"mean:size={size}" for size in sizes]
    found = fp.filter_image(pixels, kernels, boundary=boundary)
    sums, mode = pixels.astype(np.int64), "same"
    if boundary == "none":
        mode, boundary = "valid", "zero"
    for size in sizes:
        ones = np.ones((size, size), np.int64)
        sums = fp.convolve(
            sums, ones, mode, boundary=boundary, axes=(0, 1), origin=((size - 1) // 2,) * 2
        )
    count = math.prod(size**2 for size in sizes)
    down, left = np.divmod(sums, count)
    up = (2 * left > count) | ((2 * left == count) & (down % 2 == 1))
    if channels in (2, 4):
        found, down, up = found[..., :-1], down[..., :-1], up[..., :-1]
    np.testing.assert_array_equal(found, down + up)
