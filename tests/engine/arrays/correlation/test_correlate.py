"""The engine's correlation of planes against the sum written out in NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from array_reference import (
    ARITHMETIC,
    BOUNDARIES,
    RANDOM,
    expected,
    index_list,
    random_numbers,
    rounded,
)
from tolerances import FORWARD, assert_close


def check(engine, source, kernels, *, out_dtype=None, shape=None, boundary="fill", before=None,
          planes=None, fill=0.0, offset=0.0, threads=2):  # fmt: skip
    """Correlate in both ways and compare."""
    dtype = ARITHMETIC[source.dtype.type]
    kernels = np.ascontiguousarray(kernels, dtype)
    out_dtype = out_dtype or dtype
    count, height, width, channels = source.shape
    out_height, out_width = shape or (height, width)
    planes = np.arange(count)[:, None] if planes is None else np.asarray(planes)
    planes = planes.astype(np.int32)
    before = before or (None, None)
    rows = index_list(height, out_height, kernels.shape[1], boundary, before[0])
    columns = index_list(width, out_width, kernels.shape[2], boundary, before[1])
    out = np.full((len(planes), out_height, out_width, channels), 77, out_dtype)
    engine.correlate(source, kernels, planes, rows, columns, fill, out, offset, threads)
    wanted = expected(source, kernels, planes, rows, columns, fill, offset)
    if np.dtype(out_dtype).kind == "f":
        assert_close(out, wanted, FORWARD)
    elif out_dtype is np.int64:
        np.testing.assert_array_equal(out, wanted)
    else:
        # Float32 sums may fall on the other side of a half.
        assert np.abs(out - rounded(wanted, out_dtype)).max(initial=0) <= 1
        assert (out == rounded(wanted, out_dtype)).mean() > 0.9


@pytest.mark.parametrize("width", range(1, 41))
def test_widths(engine, width):
    for height, kernel in ((1, (1, 3)), (2, (2, 2)), (5, (3, 3)), (9, (5, 4)), (7, (6, 1))):
        source = random_numbers((1, height, width, 1), np.float32)
        check(engine, source, RANDOM.standard_normal((1, *kernel)))


@pytest.mark.parametrize("dtype", ARITHMETIC)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("kernel", [(1, 1), (1, 4), (5, 1), (2, 3), (3, 3), (4, 7), (11, 12)])
def test_dtypes_and_boundaries(engine, dtype, boundary, kernel):
    source = random_numbers((2, 13, 37, 1), dtype)
    kernels = RANDOM.integers(-9, 10, (1, *kernel))
    check(engine, source, kernels, boundary=boundary, fill=3)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.float64, np.int64])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("width", [1, 2, 7, 33, 150])
def test_interleaved_channels(engine, dtype, channels, width):
    source = random_numbers((2, 6, width, channels), dtype)
    check(engine, source, RANDOM.integers(-9, 10, (1, 3, 5)), boundary="reflect")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("taps", [47, 48, 96, 97, 119, 120, 200, 389])
def test_long_rows(engine, dtype, channels, taps):
    kernel = RANDOM.standard_normal((1, 1, taps))
    for height, width in ((1, 9), (1, 96), (2, 97), (1, 131), (3, 500), (1, 2000)):
        source = random_numbers((1, height, width, channels), dtype)
        check(engine, source, kernel, boundary="reflect", offset=3)


@pytest.mark.parametrize("taps", [100, 301])
def test_nan_reaches_no_further_along_a_long_row(engine, taps):
    source = random_numbers((1, 1, 3000, 1), np.float32)
    source[0, 0, 1234] = np.nan
    kernel, plane = np.ones((1, 1, taps), np.float32), np.zeros((1, 1), np.int32)
    axis = np.arange(3000, dtype=np.int32)
    out = np.empty((1, 1, 3001 - taps, 1), np.float32)
    engine.correlate(source, kernel, plane, axis[:1], axis, 0.0, out)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(out)), np.arange(1235 - taps, 1235))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    ("shape", "kernel"), [((1, 1), (5, 5)), ((3, 2), (7, 9)), ((2, 9), (9, 2)), ((1, 20), (1, 41))]
)
def test_kernel_larger_than_the_source(engine, boundary, shape, kernel):
    source = random_numbers((1, *shape, 1), np.float32)
    check(engine, source, RANDOM.standard_normal((1, *kernel)), boundary=boundary)


@pytest.mark.parametrize("boundary", ["fill", "wrap"])
@pytest.mark.parametrize("before", [(0, 0), (2, 4), (6, 6), (-1, -2), (9, 30)])
def test_origins_and_modes_are_lists(engine, boundary, before):
    source = random_numbers((1, 9, 70, 1), np.float32)
    kernels = RANDOM.standard_normal((1, 3, 5))
    for shape in ((9, 70), (11, 74), (7, 66), (1, 1), (30, 200)):
        check(engine, source, kernels, shape=shape, boundary=boundary, before=before, fill=-2.5)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
def test_planes_and_terms(engine, dtype):
    source = random_numbers((4, 8, 50, 2), dtype)
    kernels = RANDOM.integers(-9, 10, (3, 3, 4))
    planes = [[-1, 0, 1], [0, 1, 2], [3, 3, -1], [-1, -1, -1], [2, 0, 3]]
    check(engine, source, kernels, planes=planes, fill=1.0)


@pytest.mark.parametrize(
    ("source", "out"),
    [(np.uint8, np.uint8), (np.uint8, np.uint16), (np.uint16, np.uint8), (np.uint16, np.uint16),
     (np.float32, np.uint8), (np.float64, np.uint16)],
)  # fmt: skip
@pytest.mark.parametrize("width", [3, 64, 129])
def test_outputs_of_whole_numbers(engine, source, out, width):
    values = random_numbers((1, 20, width, 3), source)
    if np.dtype(source).kind == "f":
        values = values * 200
    check(engine, values, RANDOM.standard_normal((1, 3, 3)), out_dtype=out, offset=20.25)


@pytest.mark.parametrize("out", [np.uint8, np.uint16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounds_half_to_even_and_saturates(engine, dtype, out):
    most = np.iinfo(out).max
    values = np.array(
        [
            -np.inf,
            -1e30,
            -1,
            -0.5,
            0,
            0.5,
            1.5,
            2.5,
            2.500001,
            126.5,
            127.5,
            most - 0.5,
            most - 1.5,
            most + 0.4,
            most + 1,
            1e30,
            np.inf,
            np.nan,
        ],
        dtype,
    )
    wanted = [0, 0, 0, 0, 0, 0, 2, 2, 3, 126, 128, most - 1, most - 1, most, most, most, most, 0]
    wanted[11] = 2 * round((most - 0.5) / 2)  # of most - 1 and most, the even one
    wanted[12] = 2 * round((most - 1.5) / 2)
    result = np.empty((1, 1, len(values), 1), out)
    one, axis = np.ones((1, 1, 1), dtype), np.arange(len(values), dtype=np.int32)
    source = values.reshape(1, 1, -1, 1)
    plane = np.zeros((1, 1), np.int32)
    engine.correlate(source, one, plane, axis[:1], axis, 0.0, result)
    np.testing.assert_array_equal(result.ravel(), wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("separable", [False, True])
def test_nan_reaches_the_windows_that_hold_it(engine, dtype, separable):
    source = random_numbers((1, 12, 90, 1), dtype)
    source[0, 5, 40], source[0, 0, 0], source[0, 11, 89] = np.nan, np.inf, np.nan
    rows, columns = index_list(12, 12, 3), index_list(90, 90, 5)
    out = np.empty_like(source)
    vertical, horizontal = np.array([[1, 0, 2]], dtype), np.array([[1, 2, 0, 0, 1]], dtype)
    if separable:
        engine.correlate_separable(source, vertical, horizontal, rows, columns, 0.0, out)
    else:
        kernel = (vertical.T * horizontal)[None]
        plane = np.zeros((1, 1), np.int32)
        engine.correlate(source, kernel, plane, rows, columns, 0.0, out)
    touched = np.zeros(source.shape, bool)
    for y, x in ((5, 40), (0, 0), (11, 89)):
        touched[0, max(y - 1, 0) : y + 2, max(x - 2, 0) : x + 3] = True
    # Infinity times a weight that is not 0 is infinite, but not finite in any case.
    np.testing.assert_array_equal(~np.isfinite(out), touched)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize(
    ("shape", "kernel"),
    [((1, 300, 1100, 1), (3, 3)), ((1, 301, 997, 1), (9, 9)), ((1, 1, 200_003, 1), (1, 31)),
     ((5, 67, 400, 3), (4, 5)), ((1, 100_001, 3, 1), (7, 2)), ((1, 140, 2500, 1), (33, 3)),
     ((1, 3, 31747, 1), (65, 1))],
)  # fmt: skip
def test_large_arrays_are_cut_among_threads(engine, threads, dtype, shape, kernel):
    source = random_numbers(shape, dtype)
    kernels = RANDOM.standard_normal((1, *kernel)) / np.prod(kernel)
    check(engine, source, kernels, boundary="mirror", threads=threads)


def test_results_do_not_depend_on_threads(engine):
    source = random_numbers((1, 257, 1031, 1), np.float32)
    kernel = RANDOM.standard_normal((1, 5, 5)).astype(np.float32)
    rows, columns = index_list(257, 257, 5), index_list(1031, 1031, 5)
    plane, results = np.zeros((1, 1), np.int32), []
    for threads in (1, 2, 5):
        out = np.empty_like(source)
        engine.correlate(source, kernel, plane, rows, columns, 0.0, out, 0.0, threads)
        results.append(out)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def exact(engine, source, kernel, fill=0):
    """Correlate signals of Python integers with the engine and return a list."""
    source, kernel = np.array([[source]], np.int64), np.array([[kernel]], np.int64)
    n, m = source.shape[2], kernel.shape[2]
    out = np.empty((1, 1, n, 1), np.int64)
    plane, row = np.zeros((1, 1), np.int32), np.zeros(1, np.int32)
    engine.correlate(
        source[..., None], kernel, plane, row, index_list(n, n, m, before=0), fill, out
    )
    return out.ravel().tolist()


def test_int64_is_exact(engine):
    big = 2**53 + 1
    assert exact(engine, [big, 1, -big], [1, 1]) == [big + 1, 1 - big, -big]
    assert exact(engine, [2**40, 3], [2**22 + 1]) == [2**62 + 2**40, 3 * (2**22 + 1)]
    most, least = 2**63 - 1, -(2**63)
    assert exact(engine, [most, least], [1]) == [most, least]
    # Partial sums may leave int64 as long as the result does not.
    assert exact(engine, [most, most, most, most], [1, 1, -1, -1], fill=most) == [0, 0, 0, 0]
    assert exact(engine, [1, 2], [1, 1], fill=2**60 + 1) == [3, 2**60 + 3]


@pytest.mark.parametrize(
    ("source", "kernel"),
    [([2**62, 2**62], [1, 1]), ([-(2**63)], [-1]), ([2**40], [2**23]), ([3, -(2**63)], [2])],
)
def test_int64_that_does_not_fit_is_an_error(engine, source, kernel):
    with pytest.raises(OverflowError, match="does not fit int64"):
        exact(engine, source, kernel)


@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize("source_dtype", [np.float32, np.float64, np.uint8, np.uint16])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_separable_is_the_sum_of_outer_products(engine, rank, source_dtype, boundary):
    dtype = ARITHMETIC[source_dtype]
    for (height, width, channels), (kh, kw) in itertools.product(
        [(1, 1, 1), (9, 30, 1), (23, 70, 3), (200, 520, 1)], [(1, 1), (3, 5), (4, 2), (15, 9)]
    ):
        source = random_numbers((2, height, width, channels), source_dtype)
        vertical = RANDOM.standard_normal((rank, kh)).astype(dtype)
        horizontal = RANDOM.standard_normal((rank, kw)).astype(dtype)
        kernel = np.einsum("ri,rj->ij", vertical, horizontal)[None]
        rows = index_list(height, height, kh, boundary)
        columns = index_list(width, width, kw, boundary)
        out = np.empty(source.shape, dtype)
        engine.correlate_separable(source, vertical, horizontal, rows, columns, 2.0, out, 0.5, 2)
        wanted = expected(source, kernel, np.arange(2)[:, None], rows, columns, 2.0, 0.5)
        parts = (np.abs(a).astype(np.float64) for a in (source, vertical, horizontal))
        scale = np.prod([part.max() for part in parts]) * np.sqrt(rank * kh * kw)  # of the terms
        assert np.abs(out - wanted).max() <= FORWARD * max(1.0, scale)


def test_separable_rounds_and_saturates(engine):
    source = random_numbers((1, 40, 90, 3), np.uint8)
    tent = np.array([[1, 2, 1]], np.float32)
    out = np.empty_like(source)
    rows, columns = index_list(40, 40, 3), index_list(90, 90, 3)
    engine.correlate_separable(source, tent / 16, tent, rows, columns, 0.0, out)
    kernel = tent.T * tent / 16
    wanted = expected(source, kernel[None], np.zeros((1, 1), int), rows, columns)
    np.testing.assert_array_equal(out, np.rint(wanted))  # sixteenths are exact


GOOD = {
    "source": np.zeros((1, 4, 6, 2), np.float32),
    "kernels": np.zeros((1, 3, 3), np.float32),
    "planes": np.zeros((1, 1), np.int32),
    "rows": np.zeros(6, np.int32),
    "columns": np.zeros(8, np.int32),
    "fill": 0.0,
    "out": np.zeros((1, 4, 6, 2), np.float32),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": np.full(6, 4, np.int32)}, "rows"),
        ({"rows": np.full(6, -2, np.int32)}, "rows"),
        ({"rows": np.zeros(5, np.int32)}, "rows"),
        ({"columns": np.full(8, 6, np.int32)}, "columns"),
        ({"columns": np.zeros(9, np.int32)}, "columns"),
        ({"planes": np.ones((1, 1), np.int32)}, "plane"),
        ({"planes": np.zeros((2, 1), np.int32)}, "planes"),
        ({"planes": np.zeros((1, 2), np.int32)}, "planes"),
        ({"kernels": np.zeros((1, 3, 3))}, "dtype"),
        ({"kernels": np.zeros((1, 0, 3), np.float32)}, "elements"),
        ({"kernels": np.zeros((0, 3, 3), np.float32)}, "kernels"),
        ({"out": np.zeros((1, 4, 6, 1), np.float32)}, "channels"),
        ({"out": np.zeros((1, 4, 6, 2), np.float64)}, "dtype"),
        ({"out": np.zeros((1, 4, 6, 2), np.int64)}, "dtype"),
        ({"source": np.zeros((1, 4, 6, 2), np.int8)}, "arrays must be"),
    ],
)
def test_sizes_and_indices_are_checked(engine, change, message):
    engine.correlate(**GOOD)
    with pytest.raises(ValueError, match=message):
        engine.correlate(**{**GOOD, **change})
    if "kernels" in change or "planes" in change:
        return
    separable = {k: v for k, v in {**GOOD, **change}.items() if k not in ("kernels", "planes")}
    tent = np.zeros((1, 3), np.float32)
    with pytest.raises(ValueError, match=message):
        engine.correlate_separable(vertical=tent, horizontal=tent, **separable)


def test_other_arrays_are_refused(engine):
    with pytest.raises(TypeError):
        engine.correlate(**{**GOOD, "source": np.zeros((1, 4, 12, 2), np.float32)[:, :, ::2]})
    read_only = np.zeros((1, 4, 6, 2), np.float32)
    read_only.setflags(write=False)
    engine.correlate(**{**GOOD, "source": read_only})
    with pytest.raises(TypeError):
        engine.correlate(**{**GOOD, "out": read_only})


def test_out_is_not_the_source(engine):
    arrays = np.zeros((2, 4, 6, 2), np.float32)
    engine.correlate(**{**GOOD, "source": arrays[:1], "out": arrays[1:]})
    with pytest.raises(ValueError, match="overlap"):
        engine.correlate(**{**GOOD, "source": arrays, "out": arrays[1:]})


def test_nothing_in_nothing_out(engine):
    for shape in ((0, 4, 6, 1), (1, 0, 6, 1), (1, 4, 0, 1)):
        out = np.zeros(shape, np.float32)
        planes = np.zeros((shape[0], 1), np.int32)
        rows, columns = np.zeros(shape[1] + 2, np.int32), np.zeros(shape[2] + 2, np.int32)
        source = np.zeros((1, 4, 6, 1), np.float32)
        engine.correlate(source, GOOD["kernels"], planes, rows, columns, 0.0, out)
    nothing = np.zeros((1, 0, 0, 1), np.float32)
    out = np.empty((1, 2, 3, 1), np.float32)
    lists = np.full(4, -1, np.int32), np.full(5, -1, np.int32)
    engine.correlate(nothing, np.ones((1, 3, 3), np.float32), GOOD["planes"], *lists, 2.0, out)
    np.testing.assert_array_equal(out, 18.0)
