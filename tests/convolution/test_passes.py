"""Kernels without a matrix, axis by axis, against the sums of the matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fencepost.convolution import passes
from fencepost.convolution.apply import correlate_planes
from fencepost.convolution.boundaries import edges_of
from fencepost.convolution.passes import Passes, correlate_passes

BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "zero", "fill"]
DTYPES = ["uint8", "uint16", "float32", "float64"]
FILL = 3.0


def _image(generator, shape, dtype):
    top = {"uint8": 256, "uint16": 65536}.get(dtype, 1)
    return (generator.random((2, *shape)) * top).astype(dtype)


@pytest.fixture
def few_rows(monkeypatch):
    """Have blocks of few rows."""
    monkeypatch.setattr(passes, "_USUAL", 40)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("boundary", [*BOUNDARIES, "none"])
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [((19, 12, 1), (5, 4)), ((6, 5, 3), (31, 40)), ((1, 4, 2), (9, 8)), ((33, 4, 4), (3, 3))],
)
def test_passes_are_the_outer_product(dtype, boundary, shape, sizes):
    if boundary == "none" and (sizes[0] > shape[0] or sizes[1] > shape[1]):
        pytest.skip("the kernel does not fit")
    generator = np.random.default_rng(len(boundary) + sizes[0])
    image = _image(generator, shape, dtype)
    column, row = (generator.uniform(-1, 1, size) / size for size in sizes)
    origin = (sizes[0] // 3, sizes[1] - 1)
    exact = "float32" if dtype in ("uint8", "float32") else "float64"
    expected = correlate_planes(
        image.astype(np.float64), np.outer(column, row), origin, boundary, FILL, np.float64, 1.5
    )
    found = correlate_passes(image[0], (column, row), origin, boundary, FILL, exact, 1.5)
    assert found.dtype == exact
    np.testing.assert_allclose(
        found, expected[0], 0, 64 * np.finfo(exact).eps * max(float(image.max()), FILL)
    )


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("boundary", [*BOUNDARIES, "none"])
@pytest.mark.parametrize("step", [1, 5, 100])
def test_what_is_read_is_each_row_and_column_that_is_needed(boundary, step):
    image = _image(np.random.default_rng(step), (40, 23, 2), "float64")[0]
    column, row = np.arange(1.0, 6), np.arange(1.0, 4)
    over = Passes.over(image.shape, image.dtype, (column, row), (1, 2), edges_of(boundary, FILL))
    asked = []

    def read(first, last, left):
        asked.append((first, last, left))
        return np.ascontiguousarray(image[first:last, left : left + step])

    assert len(over.starts) > 1
    fill = edges_of(boundary, FILL).value.real
    room, found = over.room(2), []
    for start in over.starts:
        asked.clear()
        passed = over.down(read, start, fill, room)
        assert [left for *_, left in asked] == list(range(0, 23, step))
        if boundary != "wrap":
            assert all(last - first <= len(passed) + 4 for first, last, _ in asked)
        found += [over.along(passed[at : at + 3], fill) for at in range(0, len(passed), 3)]
    expected = correlate_planes(
        image[None], np.outer(column, row), (1, 2), boundary, FILL, np.float64
    )
    np.testing.assert_allclose(np.concatenate(found), expected[0], 1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_between_the_passes_is_bounded_by_the_image(dtype, channels):
    for side in (2100, 4000):  # smaller ones are no matter
        for taps in (161, 481, 1601, 3201):
            weights = np.ones(taps)
            shape = (side, side, channels)
            over = Passes.over(
                shape, np.dtype(dtype), (weights, weights), (taps // 2,) * 2, edges_of("reflect", 0)
            )
            between = over.block * side * channels * over.column.itemsize
            assert between <= 2 * math.prod(shape) * np.dtype(dtype).itemsize
            made = over.few * over.column.itemsize
            assert made <= math.prod(shape) * np.dtype(dtype).itemsize / 8
