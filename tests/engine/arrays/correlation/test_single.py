"""Single results, computed as they are defined, against the correlation of the whole array."""

from __future__ import annotations

import numpy as np
import pytest

from array_reference import BOUNDARIES, RANDOM, index_list, random_numbers
from tolerances import FORWARD, assert_close


def arguments(shape, kernel, boundary="fill", planes=None, dtype=np.float32, fill=0.0):
    """Return what `correlate` and `correlate_at` take alike, up to fill."""
    source = random_numbers(shape, dtype)
    kernels = RANDOM.standard_normal(kernel).astype(dtype)
    planes = np.arange(len(source))[:, None] if planes is None else np.array(planes)
    rows = index_list(shape[1], shape[1] + kernel[1] - 1, kernel[1], boundary, kernel[1] - 1)
    columns = index_list(shape[2], shape[2] + kernel[2] - 1, kernel[2], boundary, kernel[2] - 1)
    return source, kernels, planes.astype(np.int32), rows, columns, fill


def check(engine, given, count=40, offset=0.0, threads=2):
    source, kernels, planes, rows, columns, _ = given
    shape = (
        len(planes),
        len(rows) - kernels.shape[1] + 1,
        len(columns) - kernels.shape[2] + 1,
        source.shape[3],
    )
    wanted = np.empty(shape, source.dtype)
    engine.correlate(*given, wanted, offset, threads)
    positions = RANDOM.choice(wanted.size, min(count, wanted.size), replace=False)
    out = np.full(shape, 77, source.dtype)
    engine.correlate_at(*given, out, positions.astype(np.int64), offset, threads)
    untouched = np.ones(out.size, bool)
    untouched[positions] = False
    assert_close(out.ravel()[positions], wanted.ravel()[positions], FORWARD)
    assert (out.ravel()[untouched] == 77).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("fill", [0.0, 2.5])
@pytest.mark.parametrize(("channels", "kernel"), [(1, (1, 5, 40)), (1, (1, 3, 2)), (3, (1, 4, 17))])
def test_boundaries_and_channels(engine, dtype, boundary, fill, channels, kernel):
    given = arguments((2, 13, 57, channels), kernel, boundary, dtype=dtype, fill=fill)
    check(engine, given, offset=0.5)


def test_terms_from_any_plane_or_fill(engine):
    for fill in (0.0, -1.5):
        planes = [[0, 1, -1], [2, -1, 0]]
        check(engine, arguments((3, 9, 30, 1), (3, 4, 19), planes=planes, fill=fill), count=300)


@pytest.mark.parametrize("threads", [1, 3, 7])
def test_many_on_all_threads(engine, threads):
    check(engine, arguments((1, 90, 90, 1), (1, 33, 31)), count=3000, threads=threads)


def test_none_is_nothing(engine):
    check(engine, arguments((1, 4, 5, 1), (1, 2, 2)), count=0)


@pytest.mark.parametrize("position", [-1, 42])
def test_positions_are_checked(engine, position):
    given = arguments((1, 5, 5, 1), (1, 2, 3))
    out = np.empty((1, 6, 7, 1), np.float32)
    with pytest.raises(ValueError, match="positions must be those of elements of out"):
        engine.correlate_at(*given, out, np.array([position], np.int64))


def test_integers_are_refused(engine):
    source, kernels, *rest = arguments((1, 5, 5, 1), (1, 2, 3))
    for kind in (np.uint8, np.int64):
        weights = kernels if kind is np.uint8 else kernels.astype(kind)
        out = np.empty((1, 6, 7, 1), weights.dtype)
        with pytest.raises(ValueError, match="single results are of floats"):
            engine.correlate_at(source.astype(kind), weights, *rest, out, np.array([0], np.int64))
