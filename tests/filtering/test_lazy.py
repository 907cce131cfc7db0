"""Images of Dask are filtered as whole images are, wherever their chunks are cut."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

da = pytest.importorskip("dask.array")

BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "zero", "none", 0.3]
KERNELS = [
    "gaussian:sigma=1.5", "sobel", ["gaussian:sigma=1", "sharpen"], ["mean:3", "kirsch"],
    np.random.default_rng(1).normal(size=(2, 4)),
]  # fmt: skip
OPTIONS = [
    {}, {"scale": 0.5, "offset": 20}, {"luminance": True}, {"dtype": "float64"},
    {"operation": "correlate", "magnitude": True},
]  # fmt: skip


def image_of(shape, dtype):
    random = np.random.default_rng(2)
    if np.dtype(dtype).kind == "f":
        return random.random(shape).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def same(lazy, whole):
    assert isinstance(lazy, da.Array)
    computed = lazy.compute(scheduler="sync")
    assert lazy.shape == computed.shape == whole.shape
    assert lazy.dtype == computed.dtype == whole.dtype
    if whole.dtype.kind == "u":  # sums within 1e-4 of a half may be rounded to either side
        assert np.abs(computed.astype(int) - whole).max() <= 1
        assert (computed != whole).mean() < 1e-3
    else:
        np.testing.assert_allclose(computed, whole, rtol=1e-4, atol=1e-4 * np.nanmax(abs(whole)))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_results_are_those_of_the_whole_image(kernel, boundary):
    for index, channels in enumerate([(), (1,), (2,), (3,), (4,)]):
        dtype = ("u1", "f4", "u2", "f8", "u1")[index]
        image = image_of((29, 33, *channels), dtype)
        x = da.from_array(
            image, chunks=((7, 13), (9, 5), (40, 6))[index % 3] + (2,) * len(channels)
        )
        options = {"boundary": boundary, **OPTIONS[index]}
        same(fp.filter_image(x, kernel, **options), fp.filter_image(image, kernel, **options))


@pytest.mark.parametrize("alpha", ["auto", "keep", "premultiply"])
def test_alpha(alpha):
    image = image_of((40, 30, 4), "f4")
    image[:, 10:, 3] = 1  # some chunks are opaque
    x = da.from_array(image, chunks=(11, 9, 4))
    kernel = "gaussian:sigma=1"
    same(fp.filter_image(x, kernel, alpha=alpha), fp.filter_image(image, kernel, alpha=alpha))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_masks(channels):
    image = image_of((31, 30, *channels), "u1")
    mask = np.random.default_rng(4).random((31, 30)) < 0.4
    expected = fp.filter_image(image, "mean:5", nan="ignore", mask=mask, boundary="none")
    x = da.from_array(image, chunks=(8, 7, *channels))
    for given in (mask, da.from_array(mask, chunks=10)):
        same(fp.filter_image(x, "mean:5", nan="ignore", mask=given, boundary="none"), expected)


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(block):
        raise AssertionError("computed")

    x = da.ones((90, 90), chunks=9).map_blocks(fail, dtype=float, meta=np.empty((0, 0)))
    fp.filter_image(x, ["gaussian:sigma=2", "sobel"], boundary="wrap")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fp.filter_image(da.ones((5, 5))[da.ones(5) > 0], "sobel"), "compute_chunk_sizes"),
        (lambda: fp.filter_image(da.ones((5, 5), dtype=int), "sobel"), "image must be an array of"),
        (lambda: fp.filter_image(da.ones((0, 5)), "sobel"), "at least one pixel"),
        (lambda: fp.filter_image(da.ones((3, 5, 5)), "sobel"), "The channels come first"),
        (lambda: fp.filter_image(da.ones((5, 5)), ["mean:3", "mean:5"], boundary="none"),
         "a kernel of 5 × 5, an image of 3 × 3"),
        (lambda: fp.filter_image(da.ones((5, 5)), "mean:3", mask=np.ones((5, 5), bool)),
         'mask needs nan="ignore"'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_once(make, said):
    with pytest.raises(fp.FencepostError) as raised:
        make()
    assert said in str(raised.value)
