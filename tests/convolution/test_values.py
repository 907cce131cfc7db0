"""Values against the definitions, NumPy, SciPy and OpenCV: every mode, boundary and method."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import fencepost as fp
from fencepost import definitions as d

MODES = ["full", "same", "valid"]
BOUNDARIES = ["reflect", "mirror", "nearest", "wrap"]
METHODS = ["direct", "separable", "fft"]
# Sizes of f and g: odd and even, a kernel of one element, as large as f, thin, more axes.
SHAPES = [
    ((9,), (3,)),
    ((9,), (4,)),
    ((7,), (7,)),
    ((5,), (1,)),
    ((1,), (1,)),
    ((6, 7), (3, 3)),
    ((7, 6), (2, 4)),
    ((5, 9), (1, 3)),
    ((9, 5), (4, 1)),
    ((5, 4, 6), (3, 2, 3)),
    ((3, 4, 3, 5), (2, 1, 2, 3)),
]
CLOSE = {"rtol": 0, "atol": 1e-11}


@pytest.fixture
def random():
    return np.random.default_rng(23)


def arrays(random, shapes, method="direct"):
    """Return f and a kernel that the method can compute: of rank 1 to be separable."""
    f, g = (random.normal(size=shape) for shape in shapes)
    if method == "separable":
        if sum(size > 1 for size in g.shape) < 2:
            pytest.skip("a kernel along one axis has nothing to separate")
        g = np.ones(())
        for size in shapes[1]:
            g = np.multiply.outer(g, random.normal(size=size))
    return f, g


def in_scipy(boundary):
    return (
        {"mode": boundary} if isinstance(boundary, str) else {"mode": "constant", "cval": boundary}
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shapes", SHAPES)
def test_modes_against_the_definition(random, shapes, mode, method):
    f, g = arrays(random, shapes, method)
    middle = tuple((size - 1) // 2 for size in g.shape)
    expected = d.convolve(f, g, mode, middle)
    result = fp.convolve(f, g, mode, method=method)
    np.testing.assert_allclose(result, expected, **CLOSE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("boundary", [*BOUNDARIES, 0.0, 2.5])
@pytest.mark.parametrize("shapes", SHAPES)
def test_boundaries_against_the_definition(random, shapes, boundary, method):
    f, g = arrays(random, shapes, method)
    origin = tuple(random.integers(0, size) for size in g.shape)
    name, fill = (boundary, 0.0) if isinstance(boundary, str) else ("fill", boundary)
    expected = d.convolve(f, g, "same", origin, name, fill)
    result = fp.convolve(f, g, "same", boundary=boundary, origin=origin, method=method)
    np.testing.assert_allclose(result, expected, **CLOSE)
    expected = [d.correlation_at(f, g, at, origin, name, fill) for at in np.ndindex(f.shape)]
    result = fp.correlate(f, g, boundary=boundary, origin=origin, method=method)
    np.testing.assert_allclose(result.ravel(), expected, **CLOSE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(9, 3), (9, 4), (9, 9), (9, 1), (1, 1), (300, 40)])
def test_1d_against_numpy(random, sizes, mode):
    f, g = (random.normal(size=size) for size in sizes)
    np.testing.assert_allclose(fp.convolve(f, g, mode), np.convolve(f, g, mode), **CLOSE)
    np.testing.assert_allclose(fp.correlate(f, g, mode), np.correlate(f, g, mode), **CLOSE)


def test_same_is_as_large_as_f_where_numpy_takes_the_longer(random):
    f, g = random.normal(size=3), random.normal(size=8)
    result = fp.convolve(f, g, "same")
    assert len(result) == 3
    assert len(np.convolve(f, g, "same")) == 8
    np.testing.assert_allclose(result, scipy.signal.convolve(f, g, "same"), **CLOSE)
    np.testing.assert_allclose(fp.convolve(f, g), np.convolve(f, g), **CLOSE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shapes", SHAPES)
def test_any_axes_against_scipy_signal(random, shapes, mode):
    f, g = arrays(random, shapes)
    expected = scipy.signal.convolve(f, g, mode, method="direct")
    np.testing.assert_allclose(fp.convolve(f, g, mode), expected, **CLOSE)
    expected = scipy.signal.correlate(f, g, mode, method="direct")
    np.testing.assert_allclose(fp.correlate(f, g, mode), expected, **CLOSE)


@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize(
    ("boundary", "name"), [("wrap", "wrap"), ("reflect", "symm"), (3.0, "fill")]
)
def test_boundaries_of_every_mode_against_scipy_signal(random, mode, boundary, name):
    f, g = random.normal(size=(6, 7)), random.normal(size=(3, 4))
    fill = boundary if name == "fill" else 0
    expected = scipy.signal.convolve2d(f, g, mode, name, fill)
    np.testing.assert_allclose(fp.convolve(f, g, mode, boundary=boundary), expected, **CLOSE)


@pytest.mark.parametrize("boundary", [*BOUNDARIES, -1.5])
@pytest.mark.parametrize("shapes", SHAPES)
def test_boundaries_against_scipy_ndimage(random, shapes, boundary):
    f, g = arrays(random, shapes)
    expected = scipy.ndimage.correlate(f, g, **in_scipy(boundary))
    np.testing.assert_allclose(fp.correlate(f, g, boundary=boundary), expected, **CLOSE)
    expected = scipy.ndimage.convolve(f, g, **in_scipy(boundary))
    middle = tuple(size // 2 for size in g.shape)  # where ndimage has it, of an even kernel too
    result = fp.convolve(f, g, "same", boundary=boundary, origin=middle)
    np.testing.assert_allclose(result, expected, **CLOSE)


@pytest.mark.parametrize("boundary", [*BOUNDARIES, 4.0])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_kernel_wider_than_the_array_meets_its_repetitions(random, size, boundary):
    f, g = random.normal(size=size), random.normal(size=11)
    expected = scipy.ndimage.correlate1d(f, g, **in_scipy(boundary))
    np.testing.assert_allclose(fp.correlate(f, g, boundary=boundary), expected, **CLOSE)


@pytest.mark.parametrize(
    ("boundary", "drawn"),
    [
        ("zero", "0 0 0 0 | 1 2 3 4 | 0 0 0 0"),
        (7, "7 7 7 7 | 1 2 3 4 | 7 7 7 7"),
        ("reflect", "4 3 2 1 | 1 2 3 4 | 4 3 2 1"),
        ("mirror", "3 4 3 2 | 1 2 3 4 | 3 2 1 2"),
        ("nearest", "1 1 1 1 | 1 2 3 4 | 4 4 4 4"),
        ("wrap", "1 2 3 4 | 1 2 3 4 | 1 2 3 4"),
    ],
)
def test_boundaries_as_they_are_drawn(boundary, drawn):
    extended = [int(value) for value in drawn.split() if value != "|"]
    found = [
        fp.correlate([1, 2, 3, 4], np.eye(9, dtype=int)[place], boundary=boundary)[element]
        for place, element in [
            *((i, 0) for i in range(4)),
            *((4, i) for i in range(4)),
            *((i, 3) for i in range(5, 9)),
        ]
    ]
    assert found == extended


@pytest.mark.parametrize("shapes", [((6, 7), (3, 3)), ((7,), (4,))])
def test_boundary_none_leaves_the_border_out(random, shapes):
    f, g = arrays(random, shapes)
    valid = fp.convolve(f, g, "valid")
    for mode in MODES:
        np.testing.assert_allclose(fp.convolve(f, g, mode, boundary="none"), valid, **CLOSE)


@pytest.mark.parametrize(("size", "convolution", "correlation"), [(4, 1, 2), (5, 2, 2), (1, 0, 0)])
def test_which_cell_is_the_centre(random, size, convolution, correlation):
    f, g = random.normal(size=9), random.normal(size=size)
    for function, middle in ((fp.convolve, convolution), (fp.correlate, correlation)):
        centred = function(f, g, "same")
        np.testing.assert_allclose(function(f, g, "same", origin=middle), centred, **CLOSE)
        np.testing.assert_allclose(function(f, g, "same", origin=(middle,)), centred, **CLOSE)


def test_origin_first_looks_back_only():
    impulse = [0, 0, 1, 0, 0]
    assert fp.convolve(impulse, [1, 2, 3], "same", origin="first").tolist() == [0, 0, 1, 2, 3]
    assert fp.correlate(impulse, [1, 2, 3], origin="first").tolist() == [3, 2, 1, 0, 0]


def test_the_numbers_of_the_smoothed_signal():
    f, g = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8], [1 / 3] * 3
    full = np.array([10, 19, 29, 28, 29, 20, 21, 20, 29, 27, 18, 8])
    np.testing.assert_allclose(3 * fp.convolve(f, g), full, rtol=1e-15)
    np.testing.assert_allclose(3 * fp.convolve(f, g, "same", origin="first"), full[:10], rtol=1e-15)
    np.testing.assert_allclose(3 * fp.convolve(f, g, "valid"), full[2:10], rtol=1e-15)


# --- axes and layouts --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["direct", "fft"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((4, 30), 1),
        ((30, 4), 0),
        ((3, 30, 4), 1),
        ((3, 30, 4), -2),
        ((2, 8, 9), (1, 2)),
        ((8, 9, 3), (0, 1)),
        ((8, 9, 3), (1, 0)),
        ((8, 3, 9), (0, 2)),
        ((8, 3, 9), (-1, 0)),
        ((2, 6, 5, 7, 2), (1, 2, 3)),
        ((6, 2, 5, 7, 2), (3, 0, 2)),
    ],
)
def test_axes_and_batches(random, shape, axes, method):
    f = random.normal(size=shape)
    along = (axes,) if isinstance(axes, int) else axes
    g = random.normal(size=(3, 2, 4)[: len(along)])
    result = fp.convolve(f, g, "full", axes=axes, method=method)
    others = tuple(axis for axis in range(f.ndim) if axis not in {a % f.ndim for a in along})
    last = np.moveaxis(f, (*others, *along), range(f.ndim))
    expected = np.empty(
        (*last.shape[: len(others)], *np.add(last.shape[len(others) :], g.shape) - 1)
    )
    for index in np.ndindex(last.shape[: len(others)]):
        expected[index] = scipy.signal.convolve(last[index], g, method="direct")
    moved = np.moveaxis(result, (*others, *along), range(f.ndim))
    np.testing.assert_allclose(moved, expected, **CLOSE)


@pytest.mark.parametrize("method", METHODS)
def test_arrays_need_not_be_contiguous(random, method):
    f, g = random.normal(size=(12, 20)), np.outer([1.0, 2, 3], [4.0, -1])
    for view in (f.T, f[::2, ::-3], f[::-1], np.asfortranarray(f)):
        expected = fp.convolve(view.copy(), g, method=method)
        np.testing.assert_array_equal(fp.convolve(view, g, method=method), expected)
    f.flags.writeable = False
    before = f.copy()
    fp.convolve(f, g, method=method)
    np.testing.assert_array_equal(f, before)


# --- kernels of higher rank, large arrays ------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("boundary", ["zero", "reflect", 2.0])
def test_low_rank_runs_separably(random, rank, boundary):
    f = random.normal(size=(40, 50))
    g = random.normal(size=(9, rank)) @ random.normal(size=(rank, 8))
    direct = fp.convolve(f, g, "same", boundary=boundary, method="direct")
    result = fp.convolve(f, g, "same", boundary=boundary, method="separable")
    np.testing.assert_allclose(result, direct, rtol=0, atol=1e-12 * np.abs(direct).max() * 10)


def test_a_rank_just_above_rounding_is_not_dropped(random):
    f = random.normal(size=(30, 30))
    noise = random.normal(size=(15, 15))
    g = np.ones((15, 15)) + 1e-9 * noise
    result = fp.convolve(f, g, "same") - fp.convolve(f, np.ones((15, 15)), "same")
    expected = 1e-9 * fp.convolve(f, noise, "same", method="direct")
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "kernel"),
    [
        ((200_000,), (301,)),
        ((1000, 700), (41, 33)),
        ((40, 50, 60), (9, 8, 7)),
        ((30, 900), (1, 60)),
    ],
)
def test_tiles_of_the_fft_meet_without_a_seam(random, shape, kernel, dtype):
    f, g = random.normal(size=shape).astype(dtype), random.normal(size=kernel).astype(dtype)
    result = fp.convolve(f, g, "same", boundary="reflect", method="fft")
    expected = fp.convolve(
        f.astype(float), g.astype(float), "same", boundary="reflect", method="direct"
    )
    assert result.dtype == dtype
    # The bound that the module states: rms of f times the length of g, some roundings of it.
    bound = 4 * np.finfo(dtype).eps * np.log2(f.size) * np.linalg.norm(g)
    assert np.abs(result - expected).max() < bound


def test_float32_by_fft_is_within_its_bound_where_the_mean_is_large(random):
    f = (1000 + random.normal(size=(600, 600))).astype(np.float32)
    g = random.normal(size=(31, 31)).astype(np.float32)
    g -= g.mean()
    result = fp.convolve(f, g, "valid", method="fft")
    expected = fp.convolve(f.astype(float), g.astype(float), "valid", method="direct")
    bound = 4 * np.finfo(np.float32).eps * np.log2(f.size) * 1000 * np.linalg.norm(g)
    assert np.abs(result - expected).max() < bound


@pytest.mark.parametrize("size", [3, 5, 11, 31])
def test_correlation_against_opencv(random, size):
    f = random.normal(size=(70, 90)).astype(np.float32)
    g = random.normal(size=(size, size)).astype(np.float32)
    names = {"zero": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT}
    names |= {"mirror": cv2.BORDER_REFLECT_101, "nearest": cv2.BORDER_REPLICATE}
    for boundary, border in names.items():
        expected = cv2.filter2D(f, -1, g, borderType=border)
        result = fp.correlate(f, g, boundary=boundary)
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
