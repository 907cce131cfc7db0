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


def test_a_column_spoils_no_other(engine):
    """Only the one that it shares a lane with feels how large it is."""
    source = random_numbers((1, 64, 64, 1), np.float64)
    source[0, 20, 5] = 1e17
    out, _, wanted = transformed(engine, source, RANDOM.standard_normal((1, 9, 1)), (64, 32))
    off = np.abs(out - wanted)[0, :, :, 0].max(axis=0)
    assert np.sum(off > 1e-6) <= 2
