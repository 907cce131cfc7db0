"""What a Kernel is: its matrix, what it knows of itself, and what can be made of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fencepost as fp
from fencepost import definitions
from fencepost.kernels import analysis

INTEGERS = st.integers(-9, 9)
SIDE = st.integers(1, 5)


@st.composite
def kernels(draw, ndim=2):
    shape = tuple(draw(SIDE) for _ in range(ndim))
    matrix = draw(arrays(np.float64, shape, elements=INTEGERS))
    return fp.Kernel(matrix, origin=tuple(draw(st.integers(0, n - 1)) for n in shape))


def asymmetric(*shape):
    return fp.Kernel(np.random.default_rng(3).normal(size=shape))


# ---------------------------------------------------------------- what it is


def test_matrix_is_a_read_only_copy_in_float64():
    mine = np.arange(6, dtype=np.uint8).reshape(2, 3)
    kernel = fp.Kernel(mine)
    mine[0, 0] = 99
    assert kernel.matrix.dtype == np.float64
    assert kernel.matrix[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        kernel.matrix[0, 0] = 1
    with pytest.raises(AttributeError):
        kernel.name = "mine"


@pytest.mark.parametrize("size, centre", [(1, 0), (2, 1), (3, 1), (4, 2), (7, 3)])
def test_centre_of_an_even_size_is_the_element_after_the_middle(size, centre):
    assert fp.Kernel(np.ones(size)).origin == (centre,)
    assert fp.Kernel(np.ones((size, 1))).origin == (centre, 0)


@pytest.mark.parametrize("n", range(1, 7))
def test_centre_is_scipys(n):
    ndimage = pytest.importorskip("scipy.ndimage")
    rng = np.random.default_rng(n)
    f, kernel = rng.normal(size=20), fp.Kernel(rng.normal(size=n))
    for ours, theirs in (
        (definitions.convolve_1d, ndimage.convolve),
        (definitions.correlate_1d, ndimage.correlate),
    ):
        result = ours(f, kernel.matrix, kernel.origin[0])
        np.testing.assert_allclose(result, theirs(f, kernel.matrix, mode="constant"), atol=1e-12)


def test_text_reads_back():
    rng = np.random.default_rng(0)
    for shape in [(3,), (1, 4), (3, 2)]:
        kernel = fp.Kernel(rng.normal(size=shape) * 10.0 ** rng.integers(-20, 20, shape))
        assert fp.kernels.parse(kernel.text) == kernel


def test_equal_by_matrix_and_origin_whatever_the_name():
    one, other = fp.Kernel([1, 2], name="a"), fp.Kernel([1.0, 2.0], name="b")
    assert one == other
    assert hash(one) == hash(other)
    assert hash(fp.Kernel([0.0, 1])) == hash(fp.Kernel([-0.0, 1]))
    assert one != fp.Kernel([1, 2], origin=0)
    assert one != fp.Kernel([[1, 2]])
    assert one != [1, 2]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda k: pickle.loads(pickle.dumps(k))])
def test_copies_are_kernels_too(duplicate):
    kernel = fp.kernels.sobel("y", size=5)
    other = duplicate(kernel)
    assert other == kernel
    assert (other.name, other.parameters, other.source) == (
        "sobel",
        {"direction": "y", "size": 5},
        kernel.source,
    )
    assert not other.matrix.flags.writeable


def test_numpy_takes_it_as_an_array():
    kernel = fp.Kernel([[1, 2], [3, 4]])
    np.testing.assert_array_equal(np.asarray(kernel), kernel.matrix)
    assert np.asarray(kernel) is kernel.matrix
    assert np.asarray(kernel, np.float32).dtype == np.float32
    assert np.array(kernel).flags.writeable
    assert np.float64(2) * kernel == 2 * kernel


def test_printed_as_a_table():
    assert str(fp.Kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], name="mine")) == (
        "mine: 3 × 3\n 0 -1  0\n-1  5 -1\n 0 -1  0"
    )
    assert str(fp.kernels.mean(2)) == "mean(size=2): 2 × 2\n1/4 ×\n1 1\n1 1"
    assert str(fp.Kernel([0.123456, -2], origin=0)) == ("kernel: 2 weights, origin at 0\n0.1235 -2")
    assert repr(fp.kernels.mean((3, 5))) == "<Kernel mean(size=3×5): 3 × 5>"


def test_large_tables_leave_out_the_middle():
    lines = str(fp.Kernel(np.arange(10_000).reshape(100, 100))).splitlines()
    assert len(lines) == 1 + 15
    assert lines[1].split() == ["0", "1", "2", "3", "4", "5", "6", "…", *map(str, range(93, 100))]
    assert set(lines[8].split()) == {"…"}
    assert lines[-1].split()[-1] == "9999"


def test_html_escapes_names():
    shown = fp.Kernel([[1, -1]], name="<b>&")._repr_html_()
    assert "&lt;b&gt;&amp;" in shown
    assert shown.count("<td") == 2


# ---------------------------------------------------------------- what it knows


@pytest.mark.parametrize(
    "matrix, expected",
    [
        ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], ("even", "odd", "odd", "none")),
        ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], ("even", "even", "even", "even")),
        ([[0, 1], [-1, 0]], ("none", "none", "odd", "odd")),
        ([[1, 2], [3, 4]], ("none", "none", "none", "none")),
        ([1, 0, -1], ("even", "odd", "odd", "none")),
        ([[1, 2, 3], [2, 4, 5], [3, 5, 6]], ("none", "none", "none", "even")),
    ],
)
def test_symmetry(matrix, expected):
    assert tuple(fp.Kernel(matrix).symmetry) == expected


def test_symmetry_in_words():
    assert str(fp.kernels.sobel("x").symmetry) == "odd left to right, even up and down"
    assert str(fp.kernels.motion(5, 30).symmetry) == "even under half a turn"
    assert str(fp.Kernel([[1, 2], [3, 4]]).symmetry) == "none"


@given(kernels())
def test_factors_make_up_the_matrix_and_are_as_many_as_the_rank(kernel):
    total = sum((np.multiply.outer(*pair) for pair in kernel.factors), np.zeros(kernel.shape))
    np.testing.assert_allclose(total, kernel.matrix, atol=1e-12)
    assert kernel.rank == np.linalg.matrix_rank(kernel.matrix)
    assert kernel.separable == (kernel.rank <= 1)


def test_factors_of_integers_are_integers():
    ((column, row),) = fp.kernels.sobel("x").factors
    np.testing.assert_array_equal(column, [1, 2, 1])
    np.testing.assert_array_equal(row, [1, 0, -1])
    ((only,),) = fp.Kernel([1, 2, 3]).factors
    np.testing.assert_array_equal(only, [1, 2, 3])


@pytest.mark.parametrize("size", [3, 5, 31, 201])
def test_gaussians_and_boxes_are_separable_whatever_their_size(size):
    assert fp.kernels.gaussian(size=size).rank == 1
    assert fp.kernels.mean(size).rank == 1
    assert fp.kernels.laplace().rank == 2


# ---------------------------------------------------------------- what can be made of it


@given(kernels())
def test_flipping_makes_correlation_of_convolution(kernel):
    f = np.random.default_rng(0).normal(size=(7, 6))
    flipped = kernel.flipped()
    np.testing.assert_allclose(
        definitions.convolve_2d(f, kernel.matrix, kernel.origin),
        definitions.correlate_2d(f, flipped.matrix, flipped.origin),
    )
    assert flipped.flipped() == kernel
    assert kernel.flipped(0).flipped(1) == flipped
    assert kernel.flipped(-1) == kernel.flipped(1)


@given(kernels())
def test_quarter_turns_turn_the_response_with_the_image(kernel):
    f = np.random.default_rng(0).normal(size=(7, 6))
    turned = kernel.rotated(90)
    np.testing.assert_allclose(
        definitions.convolve_2d(np.rot90(f), turned.matrix, turned.origin),
        np.rot90(definitions.convolve_2d(f, kernel.matrix, kernel.origin)),
    )
    assert turned.rotated(270) == kernel
    assert kernel.rotated(180) == kernel.flipped()
    assert kernel.rotated(-90) == kernel.rotated(270)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_turning_by_45_degrees_turns_rings(size):
    kernel = asymmetric(size, size)
    assert kernel.rotated(45).rotated(45) == kernel.rotated(90)
    assert kernel.rotated(-45).rotated(45) == kernel
    assert kernel.rotated(405) == kernel.rotated(45)
    one = np.zeros((5, 5))
    one[2, 4] = 1.0  # right
    assert fp.Kernel(one).rotated(45).matrix[0, 4] == 1.0  # upper right


@given(kernels(), kernels())
def test_composition_is_one_after_the_other(one, other):
    # Composed kernels reach further; a margin of zeros keeps what the first lets run over.
    f = np.pad(np.random.default_rng(0).normal(size=(3, 4)), 8)
    both = one * other
    steps = definitions.convolve_2d(f, one.matrix, one.origin)
    steps = definitions.convolve_2d(steps, other.matrix, other.origin)
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(
        definitions.convolve_2d(f, both.matrix, both.origin)[inside], steps[inside], atol=1e-9
    )
    assert both == other * one
    np.testing.assert_array_equal(
        both.matrix, definitions.convolve_2d_full(one.matrix, other.matrix)
    )


@given(kernels(ndim=1), kernels(ndim=1), kernels(ndim=1))
def test_composition_is_associative_and_distributes_over_sums(a, b, c):
    assert (a * b) * c == a * (b * c)
    left, right = a * (b + c), a * b + a * c
    assert left == right


@given(kernels(), kernels())
def test_sums_are_sums_of_responses(one, other):
    f = np.random.default_rng(0).normal(size=(6, 7))

    def response(kernel):
        return definitions.convolve_2d(f, kernel.matrix, kernel.origin)

    np.testing.assert_allclose(response(one + other), response(one) + response(other), atol=1e-9)
    np.testing.assert_allclose(response(one - other), response(one) - response(other), atol=1e-9)
    np.testing.assert_allclose(response(-one), -response(one))
    np.testing.assert_allclose(response(2.5 * one), 2.5 * response(one), atol=1e-9)
    assert one * 2 == 2 * one == one.scaled(2)


def test_identity_composed_changes_nothing():
    kernel = asymmetric(3, 4)
    assert fp.kernels.identity() * kernel == kernel
    assert kernel * kernel == kernel.composed(kernel)


def test_normalised():
    assert fp.Kernel([1, 2, 1]).normalised().sum == 1.0
    assert fp.Kernel([-1, -3]).normalised().sum == 1.0
    zero = fp.kernels.scharr("x").normalised().matrix
    assert zero[zero > 0].sum() == pytest.approx(1.0)
    assert zero[zero < 0].sum() == pytest.approx(-1.0)


def test_names_of_what_was_made():
    kernel = 2 * fp.kernels.sobel("x").flipped()
    assert kernel.label == "2 * sobel(direction=x, size=3), flipped"
    assert kernel.source.startswith("Sobel and Feldman 1968")
    for _ in range(30):
        kernel = kernel + kernel
    assert len(kernel.label) == 100


# ---------------------------------------------------------------- what is refused

RULE = "A kernel must be an array of finite real numbers, at least one. Received: "


@pytest.mark.parametrize(
    "matrix, received",
    [
        ([], "an array of shape (0,)"),
        (np.zeros((3, 0)), "an array of shape (3, 0)"),
        (5, "an array of shape ()"),
        (np.zeros((1,) * 9), "an array of shape (1, 1, 1, 1, 1, 1, 1, 1, 1)"),
        ([[1, 2], [3]], "rows of different lengths"),
        ([1, np.nan], "nan at (1,)"),
        ([[1, 2], [np.inf, 0]], "inf at (1, 0)"),
        (["a"], "an array of str32"),
        ([1j], "an array of complex128"),
        ([None], "an array of object"),
    ],
)
def test_matrices_that_are_none(matrix, received):
    with pytest.raises(fp.ArgumentError) as caught:
        fp.Kernel(matrix)
    assert str(caught.value) == RULE + received


def test_too_many_weights():
    with pytest.raises(fp.ArgumentError, match=r"at most 16,777,216 weights\. Received: 4097 × 40"):
        fp.Kernel(np.broadcast_to(np.zeros(1), (4097, 4096)))
    large = fp.Kernel(np.ones((1, 9_000_000)))
    with pytest.raises(fp.ArgumentError, match="at most 16,777,216 weights"):
        large * large


@pytest.mark.parametrize("origin", [3, -1, (1, 1), 0.5, "centre", (None,)])
def test_origins_outside(origin):
    with pytest.raises(fp.ArgumentError, match=r"origin must be one index for each axis, inside 3"):
        fp.Kernel([1, 2, 3], origin=origin)


@pytest.mark.parametrize(
    "do, message",
    [
        (lambda k: k.rotated(30), "degrees must be a multiple of 90, or of 45 for a square"),
        (lambda k: k.rotated(45), "not a square of odd size .* Received: degrees=45 for 2 × 3"),
        (lambda k: k.rotated(np.nan), "degrees must be a number"),
        (lambda k: fp.Kernel([1, 2]).rotated(90), "rotated takes a 2D kernel"),
        (lambda k: k.flipped(2), "axis must be an integer, at most 1. Received: axis=2"),
        (lambda k: k * fp.Kernel([1, 2]), "Only kernels of as many axes can be composed. "),
        (lambda k: k + fp.Kernel([1, 2]), "Only kernels of as many axes can be added. "),
        (lambda k: k + 1, "A kernel can be added to a kernel only. Received: 1"),
        (lambda k: k * "2", "factor must be a finite number. Received: factor='2'"),
        (lambda k: k.scaled(np.inf), "factor must be a finite number"),
        (lambda k: (0 * k).normalised(), "Only a kernel with a weight other than 0"),
    ],
)
def test_what_cannot_be_done(do, message):
    with pytest.raises(fp.ArgumentError, match=message):
        do(asymmetric(2, 3))


def test_rings_of_a_square_keep_every_weight():
    matrix = np.arange(49.0).reshape(7, 7)
    for steps in range(8):
        turned = analysis.turn_rings(matrix, steps)
        assert sorted(turned.ravel()) == sorted(matrix.ravel())


# ---------------------------------------------------------------- taken over from another


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 4)])
def test_a_kernel_of_a_kernel_is_the_same_kernel(shape):
    kernel = fp.Kernel(np.ones(shape), origin=(0,) * len(shape), name="mine", source="me")
    other = fp.Kernel(kernel)
    assert other == kernel
    assert (other.name, other.parameters, other.source) == ("mine", {}, "me")
    moved = fp.Kernel(kernel, origin=tuple(n - 1 for n in shape), name="moved")
    assert moved.origin == tuple(n - 1 for n in shape)
    assert moved.name == "moved"
    assert kernel.origin == (0,) * len(shape)
    gaussian = fp.kernels.gaussian(2.0)
    assert fp.Kernel(gaussian).label == gaussian.label
    assert fp.Kernel(gaussian, origin=(0, 0)).factors is not None


@pytest.mark.parametrize(
    "origin",
    [np.array([1, 0]), np.array([1, 0], np.uint8), [1, 0], (np.int64(1), 0), range(1, -1, -1)],
)
def test_origins_of_any_sequence_of_integers(origin):
    assert fp.Kernel(np.ones((2, 2)), origin=origin).origin == (1, 0)
    assert fp.Kernel([1, 2], origin=np.array(1)).origin == (1,)


@pytest.mark.parametrize("origin", [np.array([[1, 0]]), np.array([1.0, 0.0]), np.array([1]), "10"])
def test_arrays_that_are_no_origin(origin):
    with pytest.raises(fp.ArgumentError, match="origin must be one index for each axis"):
        fp.Kernel(np.ones((2, 2)), origin=origin)


def test_a_kernel_divided_by_a_number():
    assert fp.Kernel([1, 2, 1]) / 4 == fp.Kernel([0.25, 0.5, 0.25])
    assert (fp.kernels.sobel("x") / 8).label == "sobel(direction=x, size=3) / 8"
    assert fp.kernels.sobel("x") / np.float32(2) == 0.5 * fp.kernels.sobel("x")
    for divisor, message in ((0, "divided by 0"), (np.inf, "divisor must be"), ("2", "divisor")):
        with pytest.raises(fp.ArgumentError, match=message):
            fp.Kernel([1, 2]) / divisor
    with pytest.raises(TypeError):
        2 / fp.Kernel([1, 2])


@pytest.mark.parametrize("name", ["mean", "binomial", "identity"])
@pytest.mark.parametrize("size", [2, 4])
def test_an_even_size_has_one_element_more_on_the_side_that_the_text_says(name, size):
    """Before the centre in the matrix is after the pixel in the image: a kernel is flipped."""
    kernel = getattr(fp.kernels, name)(size, ndim=1)
    before, after = kernel.origin[0], size - 1 - kernel.origin[0]
    assert before == after + 1
    rising = np.arange(20.0)
    mean = fp.convolve(rising, kernel, "same", boundary="nearest")[10]
    assert mean == (10 if name == "identity" else 10.5)
    assert "one pixel more after" in " ".join((fp.kernels.mean.__doc__ or "").split())
