"""The engine's correlation by Fourier transforms against the sum written out in NumPy.

What is asked of kernels of one column as well, whose columns are transformed each by itself, is
asked `across` 1 here; what concerns them alone, in test_columns.
"""

from __future__ import annotations

import numpy as np
import pytest

from array_reference import BOUNDARIES, RANDOM, random_numbers
from transform_reference import check, transformed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tile", [(16, 16), (16, 32), (32, 16), (64, 32), (128, 64), (16, 256)])
def test_every_length_of_transform(engine, dtype, tile):
    source = random_numbers((1, 70, 91, 1), dtype)
    check(engine, source, RANDOM.standard_normal((1, 7, 9)), tile)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [256, 512, 1024, 4096, 8192])
def test_every_length_of_a_line(engine, dtype, length):
    source = random_numbers((1, 3, 5000, 1), dtype)
    for taps in (1, 2, 100, 256):
        check(engine, source, RANDOM.standard_normal((1, 1, taps)), (1, length))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (5, 1), (16, 16), (9, 12)])
def test_boundaries(engine, boundary, kernel):
    source = random_numbers((2, 41, 37, 1), np.float32)
    kernels = RANDOM.standard_normal((1, *kernel))
    check(engine, source, kernels, (16, 16), boundary=boundary, fill=3.0, offset=-1.5)
    check(engine, source, kernels, (64, 64), boundary=boundary, fill=3.0, offset=-1.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (80, 1), (33, 21), (70, 90)])
def test_results_of_any_size(engine, shape):
    source = random_numbers((1, 50, 60, 1), np.float32)
    check(engine, source, RANDOM.standard_normal((1, 6, 5)), (16, 32), shape=shape)
    check(engine, source, RANDOM.standard_normal((1, 1, 5)), (1, 256), shape=shape)


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_interleaved_channels(engine, dtype, channels):
    source = random_numbers((2, 30, 40, channels), dtype)
    kernels = RANDOM.standard_normal((1, 5, 7)) / 35
    check(engine, source, kernels, (16, 16), boundary="reflect", out_dtype=dtype, offset=9)


@pytest.mark.parametrize("source", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("out", [np.uint8, np.uint16])
@pytest.mark.parametrize("across", [3, 1])
def test_whole_numbers_are_rounded_and_saturated(engine, source, out, across):
    values = random_numbers((1, 40, 50, 1), source)
    if np.dtype(source).kind == "f":
        values = values * 200
    kernels = RANDOM.standard_normal((1, 3, across))
    check(engine, values, kernels, (32, 32), out_dtype=out, offset=20.25)


@pytest.mark.parametrize(("across", "tile"), [(4, (16, 16)), (1, (16, 32))])
def test_planes_and_terms(engine, across, tile):
    source = random_numbers((4, 20, 50, 1), np.float32)
    kernels = RANDOM.standard_normal((3, 3, across))
    planes = [[-1, 0, 1], [0, 1, 2], [3, 3, -1], [-1, -1, -1], [2, 0, 3]]
    check(engine, source, kernels, tile, planes=planes, fill=1.0)


@pytest.mark.parametrize(("across", "tile"), [(9, (32, 64)), (1, (64, 32))])
def test_results_do_not_depend_on_threads(engine, across, tile):
    source = random_numbers((1, 157, 231, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 9, across))
    results = [transformed(engine, source, kernels, tile, threads=n)[0] for n in (1, 2, 5)]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("across", [5, 1])
def test_tiles_that_are_not_finite_are_named_and_spoil_no_other(engine, bad, across):
    source = random_numbers((1, 60, 70, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 5, across))
    clean = transformed(engine, source, kernels, (16, 32))[0]
    source[0, 30, 40] = bad
    out, doubtful, wanted = transformed(engine, source, kernels, (16, 32))
    # Tiles give 12 rows of results; windows that hold it end in rows 28 to 32, columns 38 to 42.
    width = 33 - across
    assert doubtful == [(0, 24, width)]
    spoilt = np.zeros(out.shape, bool)
    spoilt[0, 24:36, width : 2 * width] = True
    assert (np.isfinite(wanted) | spoilt).all()
    assert np.isfinite(out).all()
    assert np.abs(out - clean)[~spoilt].max() <= 1e-5


@pytest.mark.parametrize(("across", "tile"), [(3, (16, 16)), (1, (16, 32))])
def test_tiles_that_overflow_are_named(engine, across, tile):
    source = np.full((1, 20, 20, 1), 3e38, np.float32)
    assert transformed(engine, source, np.ones((1, 3, across)), tile)[1]


@pytest.mark.parametrize(
    ("kernel", "tile", "rule"),
    [
        ((3, 3), (16, 24), "powers of two"),
        ((3, 3), (8, 16), "powers of two"),
        ((3, 3), (1, 256), "powers of two"),
        ((1, 3), (1, 128), "powers of two"),
        ((1, 3), (0, 256), "powers of two"),
        ((3, 3), (-16, 16), "powers of two"),
        ((17, 3), (16, 16), "hold the kernel"),
        ((3, 40), (32, 32), "hold the kernel"),
    ],
)
def test_tiles_that_cannot_be(engine, kernel, tile, rule):
    source = random_numbers((1, 30, 30, 1), np.float32)
    with pytest.raises(ValueError, match=rule):
        transformed(engine, source, np.ones((1, *kernel)), tile)


def test_whole_numbers_of_64_bits_are_refused(engine):
    source = random_numbers((1, 30, 30, 1), np.int64)
    with pytest.raises(ValueError, match="not for int64"):
        transformed(engine, source, np.ones((1, 3, 3)), (16, 16))
