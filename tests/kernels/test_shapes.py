"""Which matrices and origins a kernel takes."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import definitions

RULE = "A kernel must be an array of finite real numbers, at least one. Received: "


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


@pytest.mark.parametrize(
    "matrix, received",
    [
        ([], "an array of shape (0,)"),
        (np.zeros((3, 0)), "an array of shape (3, 0)"),
        (5, "an array of shape ()"),
        (np.zeros((1,) * 9), "an array of shape (1, 1, 1, 1, 1, 1, 1, 1, 1)"),
        ([[1, 2], [3]], "rows of different lengths."),
        ([1, np.nan], "nan at (1,)"),
        ([[1, 2], [np.inf, 0]], "inf at (1, 0)"),
        (["a"], "dtype <U1. If it holds numbers, np.asarray(…, float) makes them so."),
        ([1j], "dtype complex128. Take its real part, .real, or its magnitude, np.abs(…)."),
        ([None], "dtype object. If it holds numbers, np.asarray(…, float) makes them so."),
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
