"""What a Kernel is: its matrix, what it knows of itself, and what can be made of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given

import fencepost as fp
from fencepost import definitions
from kernels.samples import asymmetric, kernels


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
        (lambda k: k + 1, "A kernel can only be added to another kernel. Received: 1"),
        (lambda k: k * "2", "factor must be a finite number. Received: factor='2'"),
        (lambda k: k.scaled(np.inf), "factor must be a finite number"),
        (lambda k: fp.Kernel(k, name=np.ones(2)), r"name must be a string\. Received: name=array"),
        (lambda k: fp.Kernel(k, source=b"1968"), "source must be a string"),
        (lambda k: fp.Kernel(k, parameters="sigma=2"), "parameters must be a mapping"),
        (lambda k: (0 * k).normalised(), "A kernel with no weight other than 0"),
    ],
)
def test_what_cannot_be_done(do, message):
    with pytest.raises(fp.ArgumentError, match=message):
        do(asymmetric(2, 3))


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
