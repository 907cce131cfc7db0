"""filter_image against SciPy, OpenCV and its own definition, on every kind of image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from filtering.exact_sums import DTYPES, SCIPY, exact
from filtering.random_images import random_image

# Names of OpenCV's borders that mean what ours do.
OPENCV = {"reflect": cv2.BORDER_REFLECT, "mirror": cv2.BORDER_REFLECT_101,
          "nearest": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT}  # fmt: skip


def random_kernel(shape, seed=1):
    return np.random.default_rng(seed).normal(0, 0.4, shape)


def assert_rounded(result, sums):
    """Rounded half to even and cut off; either neighbour where the sum is within 1e-3 of a half."""
    limit = np.iinfo(result.dtype).max
    tie = np.abs(sums - np.floor(sums) - 0.5) < 1e-3
    right = np.clip(np.rint(sums), 0, limit) == result
    near = np.abs(np.clip(sums, 0, limit) - result) <= 0.5 + 1e-3
    assert (right | (tie & near)).all()
    assert tie.mean() < 0.02, "the images are meant to have few ties"


@pytest.mark.parametrize("boundary", SCIPY)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("size", [(3, 3), (4, 5), (1, 7)])
def test_as_scipy(dtype, channels, boundary, size):
    image, matrix = random_image((13, 17, *channels), dtype), random_kernel(size)
    for operation in ("convolve", "correlate"):
        result = fp.filter_image(image, matrix, boundary=boundary, operation=operation)
        assert result.dtype == dtype
        assert result.shape == image.shape
        sums = exact(image, matrix, boundary, operation)
        if np.dtype(dtype).kind == "u":
            assert_rounded(result, sums)
        else:
            tolerance = 1e-5 if dtype == np.float32 else 1e-12
            np.testing.assert_allclose(result, sums, atol=tolerance)


@pytest.mark.parametrize("boundary", OPENCV)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_as_opencv(dtype, channels, boundary):
    image, matrix = random_image((19, 23, *channels), dtype), random_kernel((5, 3))
    theirs = cv2.filter2D(image, -1, matrix, borderType=OPENCV[boundary])
    ours = fp.filter_image(image, matrix, boundary=boundary, operation="correlate")
    # OpenCV sums words in float32, which moves some of them across a half.
    assert np.abs(ours.astype(np.float64) - theirs).max() <= (1 if dtype == np.uint16 else 1e-5)


def test_a_window_that_leaves_the_image_has_no_result():
    image, matrix = random_image((9, 12, 4), np.uint8), random_kernel((3, 4))
    whole = fp.filter_image(image, matrix, boundary="zero", alpha="keep")
    inner = fp.filter_image(image, matrix, boundary="none", alpha="keep")
    assert inner.shape == (7, 9, 4)
    np.testing.assert_array_equal(inner, whole[1:8, 1:10])
    with pytest.raises(fp.SizeError):
        fp.filter_image(image, np.ones((10, 3)), boundary="none")


def test_nothing_wraps():
    image = np.array([[0, 255], [255, 0]], np.uint8)
    np.testing.assert_array_equal(fp.filter_image(image, [[2]]), image)
    np.testing.assert_array_equal(fp.filter_image(image, [[-1]]), np.zeros((2, 2)))
    np.testing.assert_array_equal(fp.filter_image(image, [[-1]], offset=255), 255 - image)


def test_rounds_half_to_even():
    image = np.arange(8, dtype=np.uint8)[None]
    np.testing.assert_array_equal(fp.filter_image(image, [[0.5]])[0], [0, 0, 1, 2, 2, 2, 3, 4])
    np.testing.assert_array_equal(
        fp.filter_image(image, [[1]], scale=0.5)[0], [0, 0, 1, 2, 2, 2, 3, 4]
    )


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([np.uint8, np.uint16]),
    st.floats(-3, 3), st.floats(-300, 300),
)  # fmt: skip
def test_scale_and_offset_are_applied_before_rounding(seed, dtype, scale, offset):
    image, matrix = random_image((6, 7), dtype, seed), random_kernel((3, 2), seed)
    sums = scale * exact(image, matrix, "reflect") + offset
    result = fp.filter_image(image, matrix, scale=scale, offset=offset)
    expected = np.clip(sums, 0, np.iinfo(dtype).max)
    assert (np.abs(result - expected) <= 0.5 + 1e-3).all()


def test_float_results_keep_what_integers_cannot():
    image, matrix = random_image((9, 9), np.uint8), [[1, -1]]
    result = fp.filter_image(image, matrix, dtype=np.float32)
    assert result.dtype == np.float32
    assert result.min() < 0
    np.testing.assert_allclose(result, exact(image, matrix, "reflect"), atol=1e-4)
    with pytest.raises(fp.ArgumentError, match="float32 or float64"):
        fp.filter_image(image, matrix, dtype=np.uint8)


def test_a_chain_rounds_once():
    image = random_image((30, 31, 3), np.uint8)
    halves = [[0.5, 0.5]]
    chain = [fp.Kernel(halves)] * 6
    sums = image.astype(np.float64)
    stepwise = image
    for item in chain:
        sums = exact(sums, item.matrix, "reflect")
        stepwise = fp.filter_image(stepwise, item)
    assert_rounded(fp.filter_image(image, chain), sums)
    assert (stepwise != fp.filter_image(image, chain)).any(), "rounding each time differs"


def test_not_contiguous_or_foreign_byte_order():
    image = random_image((20, 30, 3), np.uint16)
    expected = fp.filter_image(np.ascontiguousarray(image[::-2, ::3]), "mean:size=3")
    np.testing.assert_array_equal(fp.filter_image(image[::-2, ::3], "mean:size=3"), expected)
    swapped = image.astype(image.dtype.newbyteorder())[::-2, ::3]
    np.testing.assert_array_equal(fp.filter_image(swapped, "mean:size=3"), expected)


def test_the_image_is_not_touched():
    image = random_image((9, 9, 4), np.float32)
    before = image.copy()
    image.flags.writeable = False
    for options in ({}, {"luminance": True}, {"magnitude": True, "scale": 2.0}):
        fp.filter_image(image, ["mean:size=3", "sharpen"], **options)
    np.testing.assert_array_equal(image, before)


class TestLuminance:
    def test_chroma_stays(self):
        image = random_image((15, 16, 3), np.float64)
        result = fp.filter_image(image, "sharpen", luminance=True)
        weights = np.array([0.299, 0.587, 0.114])
        before, after = image @ weights, result @ weights
        np.testing.assert_allclose(after, exact(before, fp.kernels.sharpen().matrix, "reflect"))
        # Blue and red less luma are chroma.
        np.testing.assert_allclose(result - after[..., None], image - before[..., None], atol=1e-12)

    def test_alpha_stays(self):
        image = random_image((9, 9, 4), np.uint8)
        result = fp.filter_image(image, "mean:size=3", luminance=True)
        np.testing.assert_array_equal(result[..., 3], image[..., 3])

    def test_of_grey_is_grey(self):
        image = random_image((9, 9), np.uint8)
        np.testing.assert_array_equal(
            fp.filter_image(image, "sharpen", luminance=True), fp.filter_image(image, "sharpen")
        )


class TestPairs:
    @pytest.mark.parametrize("degrees", [0, 30, 45, 90, 135, 180, -60, -90])
    def test_direction_and_magnitude_of_a_ramp(self, degrees):
        """A plane that rises by 1 a pixel towards `degrees`, measured clockwise from the right."""
        rows, columns = np.mgrid[:20, :20].astype(np.float64)
        angle = np.radians(degrees)
        plane = np.cos(angle) * columns + np.sin(angle) * rows
        gradient = fp.image_gradient(plane, "sobel")
        inside = np.s_[2:-2, 2:-2]
        turned = np.angle(np.exp(1j * (gradient.direction[inside] - angle)))
        np.testing.assert_allclose(turned, 0, atol=1e-9)
        steepness = fp.image_gradient(columns, "sobel").responses[0][5, 5]
        assert steepness > 0
        np.testing.assert_allclose(gradient.magnitude[inside], steepness)

    def test_filter_image_gives_the_magnitude(self):
        image = random_image((14, 15, 3), np.uint8)
        x, y = (exact(image, fp.kernels.sobel(d).matrix, "reflect") for d in "xy")
        assert_rounded(fp.filter_image(image, "sobel"), np.hypot(x, y))
        assert_rounded(
            fp.filter_image(image, "sobel", scale=0.1, offset=3), 0.1 * np.hypot(x, y) + 3
        )

    def test_gradient_of_luma_and_of_colours(self):
        image = random_image((14, 15, 4), np.uint8)
        colours, grey = fp.image_gradient(image), fp.image_gradient(image, luminance=True)
        for response, three in zip(grey.responses, colours.responses, strict=True):
            assert three.shape == (14, 15, 3)
            assert three.dtype == np.float32
            np.testing.assert_allclose(response, three @ [0.299, 0.587, 0.114], atol=1e-3)

    def test_magnitude_of_one_kernel(self):
        image = random_image((14, 15), np.uint8)
        sums = np.abs(exact(image, fp.kernels.sobel("x").matrix, "reflect"))
        assert_rounded(fp.filter_image(image, "sobel:x", magnitude=True, scale=0.31), 0.31 * sums)

    def test_a_compass_gives_its_largest_response(self):
        image = random_image((14, 15), np.float64)
        kernels = fp.kernels.parse("kirsch")
        answers = [exact(image, kernel.matrix, "reflect") for kernel in kernels]
        np.testing.assert_allclose(fp.filter_image(image, "kirsch"), np.max(answers, axis=0))
        assert len(fp.image_gradient(image, "kirsch").responses) == 8

    def test_needs_a_set(self):
        with pytest.raises(fp.ArgumentError, match="set of kernels"):
            fp.image_gradient(np.zeros((5, 5)), "mean:size=3")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((0, 4), np.uint8), ["pixel", r"\(0, 4\)"]),
        (np.zeros((4, 0, 3), np.uint8), ["pixel"]),
        (np.zeros((3, 40, 50), np.uint8), ["shape", r"transpose\(1, 2, 0\)"]),
        (np.zeros((2, 3, 4, 3), np.uint8), ["one by one"]),
        (np.zeros(5, np.uint8), [r"\(5,\)"]),
        (np.zeros((4, 4), bool), ["bool", "255"]),
        (np.zeros((4, 4), np.int32), ["int32", "float32"]),
        (np.array([["a"]]), ["numbers"]),
        (np.zeros((4, 4), object), ["object"]),
        (np.zeros((4, 4), complex), ["complex"]),
    ],
)
def test_arrays_that_are_no_image(image, words):
    with pytest.raises(fp.DataError) as caught:
        fp.filter_image(image, [[1]])
    for word in words:
        assert caught.match(word)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"boundary": "reflct"}, "reflect"),
        ({"boundary": np.nan}, "boundary"),
        ({"alpha": "drop"}, "premultiply"),
        ({"operation": "both"}, "correlate"),
        ({"scale": np.inf}, "scale"),
        ({"offset": "1"}, "offset"),
        ({"luminance": 1}, "luminance"),
        ({"kernel": [[np.nan]]}, "finite"),
        ({"kernel": []}, "kernel"),
        ({"kernel": [1, 2, 1]}, "two axes"),
        ({"kernel": "gausian"}, "gaussian"),
    ],
)
def test_arguments_that_cannot_be(options, word):
    options = {"kernel": [[1.0]], **options}
    with pytest.raises(fp.ArgumentError, match=word):
        fp.filter_image(np.zeros((4, 4), np.uint8), **options)


@pytest.mark.parametrize("shape", [(20, 30), (15, 18, 3)])
@pytest.mark.parametrize("boundary", ["reflect", "zero", 0.5])
def test_nan_is_ignored_as_convolve_does(shape, boundary):
    random = np.random.default_rng(3)
    image = random.uniform(size=shape)
    image[random.random(shape) < 0.3] = np.nan
    kernel = random.uniform(0.1, 1, (3, 5))
    result = fp.filter_image(image, kernel, boundary=boundary, nan="ignore", scale=2.0, offset=1.0)
    expected = fp.convolve(image, kernel, "same", boundary=boundary, nan="ignore", axes=(0, 1))
    np.testing.assert_allclose(result, 2 * expected + 1, atol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(35, 1500), (65, 31), (65, 65)])
def test_chains_under_transforms_of_the_whole_are_rounded_once(shape, dtype):
    top = np.iinfo(dtype).max
    image = np.random.default_rng(0).integers(0, top + 1, (100, 1000)).astype(dtype)
    weights = np.random.default_rng(1).random(shape)
    chain = ["sharpen", fp.Kernel(weights * 1.02 / weights.sum())]
    exact = fp.filter_image(image, chain, dtype="float64")
    found = fp.filter_image(image, chain)
    assert found.dtype == dtype
    assert np.abs(found - exact.clip(0, top)).max() <= 0.5 + top * 1e-6


def test_masked_pixels_do_not_count():
    random = np.random.default_rng(4)
    image = random.integers(0, 256, (30, 40, 3)).astype(np.uint8)
    mask = random.random((30, 40)) < 0.2
    mask[:8, :8] = True
    spoiled = np.where(mask[..., None], 255 - image, image).astype(np.uint8)
    options = {"mask": mask, "nan": "ignore", "boundary": "mirror"}
    result = fp.filter_image(image, "mean:size=3", **options)
    np.testing.assert_array_equal(fp.filter_image(spoiled, "mean:size=3", **options), result)
    assert result.dtype == np.uint8
    assert (result[:7, :7] == 0).all()
    with pytest.raises(fp.ArgumentError, match='mask needs nan="ignore"'):
        fp.filter_image(image, "mean:size=3", mask=mask)
    with pytest.raises(fp.DataError, match="mask must be True or False for each pixel"):
        fp.filter_image(image, "mean:size=3", mask=mask[:3], nan="ignore")
    with pytest.raises(fp.DataError, match="must not be a masked array"):
        fp.filter_image(np.ma.masked_array(image[..., 0], mask), "mean:size=3")
    with pytest.raises(fp.ArgumentError, match="must not add up to 0"):
        fp.filter_image(np.array([[np.nan, 1.0]]), [[1.0, -1.0]], nan="ignore")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("boundary", ["reflect", "wrap", "zero", 7.0])
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize(
    "kernel",
    [fp.kernels.gaussian((17, 20), ndim=2), fp.kernels.mean(60) * fp.kernels.mean((80, 90))],
)
def test_large_kernels_by_their_factors(dtype, boundary, channels, kernel):
    image = random_image((150, 160, channels), dtype)
    matrix = fp.Kernel(kernel.matrix, origin=kernel.origin)
    for options in (
        {"alpha": "keep"},
        {"alpha": "premultiply", "scale": 0.5},
        {"luminance": channels == 4, "offset": 3.0},
        {"operation": "correlate", "dtype": np.float64},
    ):
        found, expected = (
            fp.filter_image(image, k, boundary=boundary, **options) for k in (kernel, matrix)
        )
        assert found.dtype == expected.dtype
        if found.dtype.kind == "u":
            assert np.abs(found.astype(int) - expected).max() <= 1
            assert (found != expected).mean() < 1e-3
        else:
            largest = np.abs(expected).max()
            bound = 1e-4 if image.dtype in (np.uint8, np.float32) else 1e-9
            np.testing.assert_allclose(found, expected, 0, bound * largest)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("boundary", ["reflect", "zero"])
@pytest.mark.parametrize("shape", [(150, 160), (20, 30)])
@pytest.mark.parametrize("smallest", [1.0, 1e-9, 0.0])
def test_kept_alpha_is_no_sum(dtype, boundary, shape, smallest):
    image = random_image((*shape, 4), dtype)
    image[..., 3] *= smallest
    image[::7, ::5, 3] = 0.4
    for size in ((137, 161), (31, 31), (1, 9)):
        weights = np.random.default_rng(5).random(size)
        kernel = fp.Kernel(weights / weights.sum())
        found = fp.filter_image(image, kernel, boundary=boundary, alpha="keep")
        np.testing.assert_array_equal(found[..., 3], image[..., 3])


@pytest.mark.parametrize("sigma", [600.0, 20_000.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_gaussians_of_any_sigma(sigma, dtype):
    image = random_image((24, 31), dtype)
    radius = int(4 * sigma + 0.5)
    expected = image.astype(np.float64)
    for axis, size in enumerate(image.shape):
        weights = np.exp(-(((np.arange(2 * radius + 1) - radius) / sigma) ** 2) / 2)
        weights /= weights.sum()
        phase = np.arange(-radius, size + radius) % (2 * size)
        padded = np.minimum(phase, 2 * size - 1 - phase)
        rows = np.moveaxis(expected, axis, 0)
        expected = np.moveaxis(
            np.stack(
                [
                    np.bincount(padded[y : y + 2 * radius + 1], weights, size) @ rows
                    for y in range(size)
                ]
            ),
            0,
            axis,
        )
    found = fp.filter_image(image, f"gaussian:sigma={sigma}")
    if dtype == np.uint8:
        assert np.abs(found - expected).max() <= 0.501
    else:
        np.testing.assert_allclose(found, expected, 1e-9)


def test_nan_is_ignored_under_large_kernels_by_their_factors():
    image = np.random.default_rng(5).random((140, 150))
    image[3, 4] = image[70, 80:90] = np.nan
    kernel = fp.kernels.gaussian(18)
    found, expected = (
        fp.filter_image(image, k, nan="ignore") for k in (kernel, fp.Kernel(kernel.matrix))
    )
    np.testing.assert_allclose(found, expected, 1e-9)


@pytest.mark.parametrize("kernel", ["sobel", "kirsch"])
@pytest.mark.parametrize("shape", [(500, 400), (300, 250, 3), (7, 9)])
def test_magnitude_and_direction_are_those_of_the_responses(kernel, shape):
    gradient = fp.image_gradient(random_image(shape, "uint8"), kernel)
    kernels, responses = gradient.kernels, gradient.responses
    np.testing.assert_array_equal(gradient.magnitude, kernels.magnitude(responses))
    np.testing.assert_array_equal(gradient.direction, kernels.direction(responses))
