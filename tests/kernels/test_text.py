"""Kernels as text and in files: what is ambiguous is refused with both readings."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.kernels import parse


@pytest.mark.parametrize("shape", [(3,), (1, 4), (3, 2), (2, 3, 4), (1, 2, 1, 3)])
def test_text_of_any_number_of_axes_reads_back(shape):
    rng = np.random.default_rng(0)
    kernel = fp.Kernel(rng.normal(size=shape) * 10.0 ** rng.integers(-20, 20, shape))
    assert parse(kernel.text) == kernel
    integers = fp.Kernel(rng.integers(-9, 9, shape))
    assert parse(integers.text) == integers


@pytest.mark.parametrize(
    "content, readings",
    [
        ("0,5;1,5\n", ("4 weights, 0 5 1 5", "or 2, 0.5 1.5")),
        ("0,5 1,5\n", ("4 weights, 0 5 1 5", "or 2, 0.5 1.5")),
        ("0,25\n0,5\n0,25\n", ("2 weights, 0 25", "or 1, 0.25")),
        ("# a blur\n-0,5;1,5;-0,5\n", ("6 weights", "or 3, -0.5 1.5 -0.5")),
        ("1;0,5\n", ("3 weights, 1 0 5", "or 2, 1 0.5")),
        ("1,2\n3,4\n", ("2 weights, 1 2", "or 1, 1.2")),
    ],
)
def test_commas_that_may_be_decimal_ones_are_refused(tmp_path, content, readings):
    path = tmp_path / "kernel.txt"
    path.write_text(content)
    with pytest.raises(DataError, match="decimal") as caught:
        parse(f"@{path}")
    assert all(reading in str(caught.value) for reading in readings)


@pytest.mark.parametrize(
    "content, rows",
    [
        ("1,2,1\n", [[1, 2, 1]]),
        ("1, 2\n3, 4\n", [[1, 2], [3, 4]]),
        ("1,-1\n2,1\n", [[1, -1], [2, 1]]),
        ("0.5,1\n1,2\n", [[0.5, 1], [1, 2]]),
        ("1/4,1\n1,2\n", [[0.25, 1], [1, 2]]),
        ("1;2\n3;4\n", [[1, 2], [3, 4]]),
        ("1 2\n3 4\n", [[1, 2], [3, 4]]),
        ("1e-1,2\n3,4\n", [[0.1, 2], [3, 4]]),
    ],
)
def test_commas_that_can_only_stand_between_weights(tmp_path, content, rows):
    path = tmp_path / "kernel.txt"
    path.write_text(content)
    np.testing.assert_array_equal(parse(f"@{path}").matrix, rows)


def test_one_number_for_rows_and_one_for_columns_is_no_number_of_axes():
    for ndim in (1, 2):
        with pytest.raises(
            ArgumentError, match=f"ndim must be {ndim} here. Received: 3. Different sizes for"
        ):
            parse("mean:3,3", ndim=ndim)
    assert parse("mean:3,3").shape == (3, 3, 3)


def test_a_size_that_decimal_commas_would_fit_is_told_so():
    with pytest.raises(ArgumentError, match=r"2 weights announced, but 4 found\. Commas separate"):
        parse("2: 0,5;1,5")
    with pytest.raises(ArgumentError, match=r"2 weights announced, but 3 found\.\n"):
        parse("2: 1,2,3")
    # Where the size leaves no doubt, none is raised.
    np.testing.assert_array_equal(parse("2x2: 0,5;1,5").matrix, [[0, 5], [1, 5]])


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_names_take_the_number_of_axes_that_is_asked_for(ndim):
    for name in ("gaussian:sigma=1.5", "mean:3", "binomial", "laplace", "identity", "sharpen"):
        assert parse(name, ndim).ndim == ndim
    assert parse("1,2,1".join(("3: ", "")), ndim).shape == (1,) * (ndim - 1) + (3,)


def test_names_without_that_number_of_axes():
    with pytest.raises(ArgumentError, match="disk is for images; for 3 axes there are identity"):
        parse("disk", 3)
    with pytest.raises(ArgumentError, match="sobel is for images; for signals there are"):
        parse("sobel", 1)
    assert parse("sobel", 3) == fp.kernels.sobel("x", ndim=3)
    with pytest.raises(ArgumentError, match="For an image, use a matrix, but this is 2 × 2 × 2"):
        parse("2x2x2: 1,2 3,4 5,6 7,8", 2)
