"""Columns that are transformed each by itself against the sum written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from array_reference import BOUNDARIES, RANDOM, random_numbers
from transform_reference import check, transformed


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.uint16, np.float64])
@pytest.mark.parametrize("height", [16, 32, 64, 128, 256, 1024, 2048])
def test_every_length_of_transform(engine, dtype, height):
    source = random_numbers((1, 200, 70, 1), dtype)
    for taps in (2, height // 2, height):
        check(engine, source, RANDOM.standard_normal((1, taps, 1)) / taps, (height, 32))


@pytest.mark.parametrize("width", [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100])
@pytest.mark.parametrize("tile", [(16, 16), (64, 32), (64, 128)])
def test_every_number_of_columns(engine, width, tile):
    source = random_numbers((2, 50, width, 1), np.float32)
    check(engine, source, RANDOM.standard_normal((1, 9, 1)), tile)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", [(1, 37), (41, 1), (20, 30), (60, 50)])
def test_boundaries_and_results_of_any_size(engine, boundary, shape):
    source = random_numbers((2, 41, 37, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 6, 1))
    options = {"boundary": boundary, "fill": 3.0, "offset": -1.5, "shape": shape}
    check(engine, source, kernels, (16, 32), **options)


@pytest.mark.parametrize("source", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("out", [np.uint8, np.uint16])
def test_whole_numbers_are_rounded_and_saturated(engine, source, out):
    values = random_numbers((1, 40, 50, 1), source)
    if np.dtype(source).kind == "f":
        values = values * 200
    kernels = RANDOM.standard_normal((1, 3, 1))
    check(engine, values, kernels, (32, 32), out_dtype=out, offset=20.25)


def test_planes_and_terms(engine):
    source = random_numbers((4, 20, 50, 1), np.float32)
    kernels = RANDOM.standard_normal((3, 3, 1))
    planes = [[-1, 0, 1], [0, 1, 2], [3, 3, -1], [-1, -1, -1], [2, 0, 3]]
    check(engine, source, kernels, (16, 32), planes=planes, fill=1.0)


def test_results_do_not_depend_on_threads(engine):
    source = random_numbers((1, 157, 231, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 9, 1))
    results = [
        transformed(engine, source, kernels, (64, 32), threads=threads)[0] for threads in (1, 2, 5)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_tiles_that_are_not_finite_are_named_and_spoil_no_other(engine, bad):
    source = random_numbers((1, 60, 70, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 5, 1))
    clean = transformed(engine, source, kernels, (16, 32))[0]
    source[0, 30, 40] = bad
    out, doubtful, wanted = transformed(engine, source, kernels, (16, 32))
    # Tiles give 12 x 32 results; windows that hold it end in rows 28 to 32, column 40.
    assert doubtful == [(0, 24, 32)]
    spoilt = np.zeros(out.shape, bool)
    spoilt[0, 24:36, 32:64] = True
    assert (np.isfinite(wanted) | spoilt).all()
    assert np.isfinite(out).all()
    assert np.abs(out - clean)[~spoilt].max() <= 1e-5


def test_tiles_that_overflow_are_named(engine):
    source = np.full((1, 20, 20, 1), 3e38, np.float32)
    assert transformed(engine, source, np.ones((1, 3, 1)), (16, 32))[1]


def test_a_column_spoils_no_other(engine):
    """Only the one that it shares a lane with feels how large it is."""
    source = random_numbers((1, 64, 64, 1), np.float64)
    source[0, 20, 5] = 1e17
    out, _, wanted = transformed(engine, source, RANDOM.standard_normal((1, 9, 1)), (64, 32))
    off = np.abs(out - wanted)[0, :, :, 0].max(axis=0)
    assert np.sum(off > 1e-6) <= 2
