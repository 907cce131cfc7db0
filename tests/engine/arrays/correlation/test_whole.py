"""The engine's correlation by one transform of each array against the sum written out in NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from array_reference import BOUNDARIES, RANDOM, index_list, random_numbers, rounded


def defined(source, kernel, lists, fill, offset):
    """Return the sum as it is defined, over any number of axes, in float64."""
    axes = kernel.ndim
    extended = source.astype(np.float64)
    for axis, along in enumerate(lists, 1):
        missing = (along < 0).reshape([-1 if i == axis else 1 for i in range(axes + 2)])
        extended = np.where(missing, fill, extended.take(along.clip(0), axis=axis))
    outputs = [len(along) - k + 1 for along, k in zip(lists, kernel.shape, strict=True)]
    out = np.full((len(source), *outputs, source.shape[-1]), float(offset))
    if not np.isfinite(source).all():
        return out
    for index in np.ndindex(kernel.shape):
        part = (slice(i, i + n) for i, n in zip(index, outputs, strict=True))
        out += float(kernel[index]) * extended[(slice(None), *part)]
    return out


def transformed(engine, source, kernel, sizes, *, line=0, boundary="fill", outputs=None,
                out_dtype=None, fill=0.0, offset=0.0, threads=2, keep=None):  # fmt: skip
    """Return what the engine computes, whether it was finite, and the sum as it is defined."""
    shape = source.shape[1:-1]
    outputs = outputs or shape
    lists = [
        index_list(n, out, k, boundary)
        for n, out, k in zip(shape, outputs, kernel.shape, strict=True)
    ]
    rows = np.zeros(1, int)
    for n, along in zip(shape[:-1], lists[:-1], strict=True):
        deeper = rows[:, None] * n + along
        rows = np.where((rows[:, None] < 0) | (along < 0), -1, deeper).ravel()
    out = np.full((len(source), *outputs, source.shape[-1]), 77, out_dtype or kernel.dtype)
    axes = list(zip(sizes, map(len, lists), kernel.shape, outputs, strict=True))
    finite = engine.correlate_whole(
        source.reshape(len(source), -1, *source.shape[-2:]),
        kernel.ravel(),
        rows.astype(np.int32),
        lists[-1],
        fill,
        out.reshape(len(source), -1, *out.shape[-2:]),
        axes,
        line,
        offset,
        threads,
        keep,
    )
    return out, finite, defined(source, kernel, lists, fill, offset)


def check(engine, source, kernel, sizes, **options):
    dtype = options.pop("dtype", np.float64)
    kernel = kernel.astype(dtype)
    out, finite, wanted = transformed(engine, source, kernel, sizes, **options)
    assert finite
    largest = max(np.abs(source.astype(float)).max(), abs(options.get("fill", 0)))
    bound = np.finfo(dtype).eps * np.log2(np.prod(sizes)) * largest * np.linalg.norm(kernel)
    bound = 2 * bound + 8 * np.finfo(dtype).eps * np.abs(wanted).max()
    if out.dtype.kind == "u":
        assert np.abs(out.astype(float) - rounded(wanted, out.dtype)).max() <= 1
        away = out != rounded(wanted, out.dtype)
        assert (np.abs(wanted - np.floor(wanted) - 0.5) <= bound)[away].all()
    else:
        bound = max(bound, np.finfo(out.dtype).eps * np.abs(wanted).max())
        assert np.abs(out - wanted).max() <= bound


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", [4, 8, 12, 20, 24, 36, 40, 60, 72, 80, 100, 144, 180, 256])
@pytest.mark.parametrize("last", [2, 4, 6, 10, 18, 30, 90, 128])
def test_every_length_of_transform(engine, dtype, first, last):
    kernel = RANDOM.standard_normal((min(3, first), min(2, last)))
    source = random_numbers((1, first - 2, max(1, last - 1), 1), dtype)
    outputs = tuple(n - k + 1 for n, k in zip((first, last), kernel.shape, strict=True))
    check(engine, source, kernel, (first, last), outputs=outputs, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("rows", "line"), [(4, 2), (8, 6), (20, 10), (36, 18), (300, 128), (100, 256)]
)
def test_every_length_of_a_line(engine, dtype, rows, line):
    length = rows * line
    for taps in {1, 2, length // 3, length}:
        source = random_numbers((2, max(1, length - taps), 1), dtype)
        check(
            engine, source, RANDOM.standard_normal(max(1, taps)), (length,), line=line,
            outputs=(length - max(1, taps) + 1,), dtype=dtype,
        )  # fmt: skip


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    ("shape", "kernel", "sizes"),
    [
        ((31,), (14,), (48,)),
        ((20, 31), (7, 30), (32, 60)),
        ((9, 8, 7), (3, 5, 4), (12, 12, 10)),
        ((3, 5, 4, 6), (2, 3, 3, 2), (4, 8, 6, 8)),
        ((4, 3, 2, 5, 3), (1, 2, 2, 2, 3), (4, 4, 4, 6, 6)),
    ],
)
def test_boundaries_over_any_number_of_axes(engine, boundary, shape, kernel, sizes):
    source = random_numbers((2, *shape, 1), np.float64)
    line = 4 if len(shape) == 1 else 0
    options = {"boundary": boundary, "fill": 3.0, "offset": -1.5, "line": line}
    check(engine, source, RANDOM.standard_normal(kernel), sizes, **options)


@pytest.mark.parametrize("source", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("out", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_channels_and_dtypes(engine, source, out, channels):
    values = random_numbers((2, 20, 30, channels), source)
    kernel = RANDOM.standard_normal((5, 7)) / 35
    check(engine, values, kernel, (24, 36), boundary="reflect", out_dtype=out, offset=9)


def test_alpha_is_kept(engine):
    values = random_numbers((1, 20, 30, 4), np.uint8)
    kernel = RANDOM.standard_normal((5, 7)) / 35
    out, _, wanted = transformed(
        engine, values, kernel, (24, 36), boundary="reflect", out_dtype=np.uint8, keep=(2, 3)
    )
    np.testing.assert_array_equal(out[..., 3], values[..., 3])
    assert np.abs(out[..., :3] - rounded(wanted[..., :3], np.uint8).astype(float)).max() <= 1


def test_results_do_not_depend_on_threads(engine):
    for shape, sizes in (((157, 231), (160, 240)), ((20, 30, 40), (24, 32, 48))):
        source, kernel = random_numbers((1, *shape, 1), np.float64), np.ones((3,) * len(shape))
        results = [
            transformed(engine, source, kernel, sizes, threads=threads)[0] for threads in (1, 2, 5)
        ]
        for one, other in itertools.pairwise(results):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_told(engine, bad):
    source = random_numbers((1, 20, 30, 1), np.float64)
    kernel = RANDOM.standard_normal((5, 5))
    assert transformed(engine, source, kernel, (24, 36))[1]
    source[0, 19, 29] = bad
    assert not transformed(engine, source, kernel, (24, 36))[1]
    source = np.full((1, 20, 30, 1), 1e308)
    with np.errstate(over="ignore"):
        assert not transformed(engine, source, np.ones((5, 5)), (24, 36))[1]


@pytest.mark.parametrize(
    ("kernel", "sizes", "line", "rule"),
    [
        ((3, 3), (34, 32), 0, "no prime factor"),
        ((3, 3), (36, 42), 0, "no prime factor"),
        ((3, 3), (36, 45), 0, "must be even"),
        ((3, 3), (18, 36), 0, "must hold"),
        ((3, 3), (36, 30), 0, "must hold"),
        ((3, 3), (36, 36), 6, "one axis"),
        ((3,), (36,), 0, "no prime factor"),
        ((3,), (36,), 7, "no prime factor"),
        ((3,), (36,), -6, "no prime factor"),
    ],
)
def test_transforms_that_cannot_be(engine, kernel, sizes, line, rule):
    source = random_numbers((1, *(30,) * len(kernel), 1), np.float64)
    with pytest.raises(ValueError, match=rule):
        transformed(engine, source, np.ones(kernel), sizes, line=line)


def test_lists_and_shapes_that_do_not_fit(engine):
    source, kernel = random_numbers((1, 6, 6, 1), np.float64), np.ones(9)
    out, list_8 = np.zeros((1, 6, 6, 1)), np.arange(-1, 7, dtype=np.int32)
    good = index_list(6, 6, 3, "fill")
    axes = [(12, 8, 3, 6), (12, 8, 3, 6)]
    assert engine.correlate_whole(source, kernel, good, good, 0.0, out, axes)
    for rows, columns, weights, result, rule in (
        (list_8, good, kernel, out, "rows must be the source's"),
        (good, list_8, kernel, out, "columns must be the source's"),
        (good[:-1], good, kernel, out, "rows must be those"),
        (good, good[:-1], kernel, out, "columns must be those"),
        (good, good, kernel[:-1], out, "kernel must have"),
        (good, good, kernel, out[:, :-1].copy(), "out must have the results"),
        (good, good, kernel, source, "overlap"),
        (good, good, kernel.astype(int), out, "kernels must be floats"),
    ):
        with pytest.raises(ValueError, match=rule):
            engine.correlate_whole(source, weights, rows, columns, 0.0, result, axes)
