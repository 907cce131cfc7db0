"""An image that is filtered band by band comes out as it does at once, in little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.filtering import bands
from fencepost.filtering.channels import filter_rows
from fencepost.filtering.options import Options
from fencepost.filtering.responses import full_scale
from fencepost.filtering.steps import as_steps
from filtering.random_images import random_image

KERNELS = [
    "mean:size=3", "gaussian:sigma=1.5", "sobel", "kirsch", "sharpen", "motion:length=7",
    ["gaussian:sigma=1", "sobel"], ["mean:size=5", "sharpen", "mean:size=3"],
    np.arange(12.0).reshape(6, 2), fp.Kernel(np.arange(15.0).reshape(5, 3), origin=(0, 2)),
]  # fmt: skip
BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "zero", "none", 7.5]


@settings(max_examples=250)
@given(
    kernel=st.sampled_from(KERNELS),
    boundary=st.sampled_from(BOUNDARIES),
    dtype=st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
    channels=st.integers(1, 4),
    height=st.integers(20, 90),
    luminance=st.booleans(),
    magnitude=st.booleans(),
    operation=st.sampled_from(["convolve", "correlate"]),
    half_opaque=st.booleans(),
    multiple=st.sampled_from([1, 8]),
)
def test_bands_are_the_whole(
    kernel, boundary, dtype, channels, height, luminance, magnitude, operation, half_opaque,
    multiple,
):  # fmt: skip
    pixels = random_image((height, 16, channels), dtype, height)
    has_alpha = channels in (2, 4)
    if has_alpha and half_opaque:
        pixels[: height // 2, :, -1] = full_scale(pixels.dtype)
    steps = as_steps(kernel)
    options = Options.read(
        boundary, operation=operation, luminance=luminance and channels > 2, magnitude=magnitude
    )
    whole = filter_rows(pixels, has_alpha, False, steps, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "_BAND", 8 * channels)
        made = list(
            bands.filter_bands(
                lambda a, b: pixels[a:b], pixels.shape, has_alpha, False, steps, options,
                multiple=multiple,
            )
        )  # fmt: skip
    assert [at for at, _ in made] == list(np.cumsum([0, *(len(band) for _, band in made)])[:-1])
    assert all(len(band) % multiple == 0 for _, band in made[:-1])
    together = np.concatenate([band for _, band in made])
    assert together.shape == whole.shape
    if np.dtype(dtype).kind == "u":
        np.testing.assert_array_equal(together, whole)
    else:
        np.testing.assert_allclose(together, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kernel", ["sobel", "kirsch", ["gaussian:sigma=1", "sharpen"], "mean"])
@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.uint8, 1), (np.uint8, 4), (np.uint16, 3), (np.float32, 4)]
)
def test_memory_is_a_few_times_the_image(kernel, dtype, channels):
    image = random_image((1200, 1000, channels), dtype)
    fp.filter_image(image[:20, :20], kernel)
    tracemalloc.start()
    result = fp.filter_image(image, kernel)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.shape == image.shape
    assert peak < 4 * image.nbytes + (8 << 20)
