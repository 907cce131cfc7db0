"""The engine's sums over windows of equal weights against the sum written out in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from array_reference import index_list

RANDOM = np.random.default_rng(16)
BOUNDARIES = ["fill", "reflect", "mirror", "nearest", "wrap", "none"]
#: (rows, columns, channels), window
CASES = [
    ((9, 40, 1), (3, 3)),
    ((9, 41, 3), (5, 4)),
    ((30, 7, 4), (13, 1)),
    ((1, 300, 1), (1, 21)),
    ((2, 5000, 2), (1, 300)),
    ((70, 50, 2), (101, 33)),
    ((40, 90, 1), (9, 9)),
    ((17, 33, 3), (2, 70)),
    ((1, 1, 1), (7, 8)),
    ((600, 20, 1), (37, 15)),
]


@pytest.fixture(autouse=True)
def same_random_data():
    """Start every test from the same numbers, whatever ran before it."""
    RANDOM.bit_generator.state = np.random.default_rng(16).bit_generator.state


def random_source(shape, dtype):
    if np.dtype(dtype).kind == "f":
        return RANDOM.standard_normal(shape).astype(dtype)
    high = min(np.iinfo(dtype).max, 2**40)
    low = 0 if np.dtype(dtype).kind == "u" else -high
    return RANDOM.integers(low, high, shape, dtype, endpoint=True)


def roundings(window):
    """Return how many roundings a sum of floats may be off by, as box.h states it."""
    height, width = window
    return min(height, 32 + height / 32) + 2 * math.log2(width) + 4


def lists(shape, window, boundary):
    """Return the source index of each row and column of the extended array."""
    if boundary == "none":
        return [np.arange(size, dtype=np.int32) for size in shape[1:3]]
    return [index_list(size, size, k, boundary) for size, k in zip(shape[1:3], window, strict=True)]


def windows_summed(source, window, rows, columns, fill):
    """Return the sums as exact Python numbers would give them: int64, or of 64 bits and more."""
    wide = source.astype(np.int64 if source.dtype.kind in "iu" else np.longdouble)
    extended = wide[:, rows][:, :, columns]
    extended[:, rows < 0] = fill
    extended[:, :, columns < 0] = fill
    views = np.lib.stride_tricks.sliding_window_view(extended, window, axis=(1, 2))
    return views.sum((-2, -1))


def run(engine, source, window, rows, columns, fill, dtype, **options):
    height, width = len(rows) - window[0] + 1, len(columns) - window[1] + 1
    out = np.empty((source.shape[0], height, width, source.shape[3]), dtype)
    engine.box(source, window, rows, columns, fill, out, **options)
    return out


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
@pytest.mark.parametrize(("result", "roundings"), [(np.float64, 2), (np.float32, 3)])
def test_means_of_integers_are_as_exact_as_the_floats_they_are_kept_in(
    engine, case, dtype, result, roundings
):
    shape, window = case
    source = random_source((2, *shape), dtype)
    rows, columns = lists(source.shape, window, "reflect")
    sums = windows_summed(source, window, rows, columns, 0)
    divisor = float(math.prod(window))
    means = run(engine, source, window, rows, columns, 0, result, divisor=divisor, offset=0.0)
    expected = sums.astype(np.longdouble) / divisor
    errors = np.abs(means - expected) / np.maximum(np.abs(expected), np.finfo(result).tiny)
    assert errors.max() <= roundings * np.finfo(result).eps / 2


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_integers_are_exact(engine, case, boundary, dtype):
    shape, window = case
    source = random_source((2, *shape), dtype)
    rows, columns = lists(source.shape, window, boundary)
    if len(rows) < window[0] or len(columns) < window[1]:
        pytest.skip("no window fits")
    fill = 7
    expected = windows_summed(source, window, rows, columns, fill)
    for threads in (1, 2):
        actual = run(engine, source, window, rows, columns, fill, np.int64, threads=threads)
        np.testing.assert_array_equal(actual, expected)
    if dtype is np.int64:
        return
    size = math.prod(window)
    actual = run(engine, source, window, rows, columns, fill, dtype, divisor=size)
    doubled = 2 * (expected % size)
    up = (doubled > size) | ((doubled == size) & (expected // size % 2 == 1))
    np.testing.assert_array_equal(actual, expected // size + up)
    actual = run(engine, source, window, rows, columns, fill, np.float32, divisor=size)
    np.testing.assert_allclose(actual, expected / size, rtol=2e-7)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats(engine, case, boundary, dtype):
    shape, window = case
    source = random_source((2, *shape), dtype)
    rows, columns = lists(source.shape, window, boundary)
    if len(rows) < window[0] or len(columns) < window[1]:
        pytest.skip("no window fits")
    expected = windows_summed(source, window, rows, columns, 0.25)
    magnitudes = windows_summed(np.abs(source), window, rows, columns, 0.25)
    actual = run(engine, source, window, rows, columns, 0.25, dtype)
    bound = roundings(window) * np.finfo(dtype).eps / 2 * magnitudes
    assert (np.abs(actual - expected) <= bound).all()


@pytest.mark.parametrize("height", [32, 33, 64, 65, 100, 999])
def test_roundings_do_not_grow_with_the_height(engine, height):
    # All roundings of a sum of equal numbers may be in the same direction.
    source = np.full((1, height + 150, 20, 1), 0.1, np.float32)
    rows, columns = lists(source.shape, (height, 3), "none")
    expected = windows_summed(source, (height, 3), rows, columns, 0)
    actual = run(engine, source, (height, 3), rows, columns, 0, np.float32)
    bound = roundings((height, 3)) * 2.0**-24 * expected
    assert (np.abs(actual - expected) <= bound).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_every_small_window(engine, dtype):
    """Sums of integers, in whatever type: windows of 1 × 1 to 14 × 24, rows of 1 to 70 elements."""
    for height in range(1, 15):
        for width in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 19, 20, 24):
            more = RANDOM.integers(0, (20, 50)).tolist()
            shape = (2, height + more[0], width + more[1], 1)
            source = RANDOM.integers(0, 256, shape).astype(dtype)
            channels = int(RANDOM.choice((1, 2, 3, 4, 5)))
            source = np.repeat(source, channels, 3) + np.arange(channels, dtype=dtype)
            rows, columns = lists(source.shape, (height, width), str(RANDOM.choice(BOUNDARIES)))
            expected = windows_summed(source, (height, width), rows, columns, 3)
            out = np.float64 if dtype == np.uint16 else np.float32
            out = dtype if np.dtype(dtype).kind == "f" else out
            actual = run(engine, source, (height, width), rows, columns, 3, out)
            np.testing.assert_array_equal(actual, expected, f"{source.shape}, {height} × {width}")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_means_are_quotients(engine, dtype):
    """Bit for bit those of a division, in every magnitude; of infinity and NaN, too."""
    shape = (1, 60, 70, 1)
    source = RANDOM.standard_normal(shape) * 10.0 ** RANDOM.integers(-30, 30, shape)
    source = source.astype(dtype)
    source[0, 20, 30], source[0, 40, 50], source[0, 5, 5] = np.inf, -np.inf, np.nan
    rows, columns = np.arange(60, dtype=np.int32), np.arange(70, dtype=np.int32)
    for window in ((1, 1), (1, 3), (3, 3), (5, 7), (14, 31)):
        for divisor in (math.prod(window), 7.5, 1 / 3, 1e-42):
            sums = run(engine, source, window, rows, columns, 0.0, dtype)
            with np.errstate(over="ignore", divide="ignore"):
                expected = sums / dtype(divisor)
            actual = run(engine, source, window, rows, columns, 0.0, dtype, divisor=divisor)
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_elements_stay_in_their_windows(engine, dtype):
    source = np.ones((1, 80, 90, 1), dtype)
    source[0, 20, 30], source[0, 40, 70], source[0, 60, 5] = 1e30, np.nan, np.inf
    rows, columns = np.arange(80, dtype=np.int32), np.arange(90, dtype=np.int32)
    out = run(engine, source, (9, 11), rows, columns, 0.0, dtype)[0, :, :, 0]
    views = np.lib.stride_tricks.sliding_window_view(source[0, :, :, 0], (9, 11))
    ordinary = views.max((-2, -1)) == 1
    np.testing.assert_array_equal(out[ordinary], 99)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(views).any((-2, -1)))
    np.testing.assert_array_equal(np.isposinf(out), np.isposinf(views).any((-2, -1)))


def test_wide_sums_and_offsets(engine):
    """More than 31 bits, and a tie that a rounded quotient would miss."""
    source = np.full((1, 300, 300, 1), 65535, np.uint16)
    index = np.arange(300, dtype=np.int32)
    total = run(engine, source, (300, 300), index, index, 0, np.int64)
    assert total.item() == 65535 * 90000
    source = np.zeros((1, 1, 6, 1), np.uint8)
    for ones, rounded in ((3, 0), (9, 2), (15, 2), (21, 4)):  # 0.5, 1.5, 2.5, 3.5
        source[0, 0, 0] = ones
        one = np.arange(1, dtype=np.int32)
        out = run(engine, source, (1, 6), one, np.arange(6, dtype=np.int32), 0, np.uint8, divisor=6)
        assert out.item() == rounded
        out = run(
            engine, source, (1, 6), one, np.arange(6, dtype=np.int32), 0, np.uint8,
            divisor=6, offset=254,
        )  # fmt: skip
        assert out.item() == min(255, 254 + rounded)


def test_fill_of_integers_may_be_any_number(engine):
    source = random_source((1, 9, 9, 1), np.uint8)
    rows, columns = lists(source.shape, (3, 3), "fill")
    out = run(engine, source, (3, 3), rows, columns, 0.5, np.float64)
    assert out[0, 0, 0, 0] == source[0, :2, :2].sum() + 2.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": (0, 3)}, "elements"),
        ({"kernel": (3, 4)}, "columns"),
        ({"rows": np.arange(1, 9, dtype=np.int32)}, "rows"),
        ({"out": np.zeros((2, 6, 4, 1), np.float32)}, "planes"),
        ({"divisor": 0.0}, "divisor"),
    ],
)
def test_arguments_are_checked(engine, change, message):
    good = {
        "source": np.zeros((1, 8, 6, 1), np.float32),
        "kernel": (3, 3),
        "rows": np.arange(8, dtype=np.int32),
        "columns": np.arange(6, dtype=np.int32),
        "fill": 0.0,
        "out": np.zeros((1, 6, 4, 1), np.float32),
    }
    engine.box(**good)
    with pytest.raises(ValueError, match=message):
        engine.box(**{**good, **change})


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("boundary", ["fill", "reflect", "mirror", "nearest", "none"])
@pytest.mark.parametrize(
    ("shape", "first", "second"),
    [
        ((1, 40, 30, 1), (9, 7), (5, 21)),
        ((2, 33, 50, 3), (1, 12), (30, 1)),
        ((1, 50, 21, 4), (50, 21), (1, 1)),
        ((1, 24, 26, 5), (4, 3), (8, 2)),
        ((1, 400, 9, 2), (37, 2), (60, 9)),
    ],
)
def test_a_box_of_a_box_is_exact(engine, shape, first, second, boundary, dtype):
    if boundary == "none" and first == shape[1:3]:
        second = (1, 1)
    source, fill = random_source(shape, dtype), 7 if boundary == "fill" else 0
    rows, columns = lists(shape, first, boundary)
    between = windows_summed(source, first, rows, columns, fill)
    if boundary == "none" and any(np.less(between.shape[1:3], second)):
        pytest.skip("the second does not fit")
    more = lists(between.shape, second, boundary)
    sums = windows_summed(between, second, *more, fill * math.prod(first))
    divisor = math.prod(first) * math.prod(second)
    arguments = source, first, second, rows, columns, *more, float(fill)
    exactly = np.empty(sums.shape)
    engine.box_pair(*arguments, exactly, 1.0, 0.0)
    np.testing.assert_array_equal(exactly, sums)
    down, left = np.divmod(sums, divisor)
    up = (2 * left > divisor) | ((2 * left == divisor) & (down % 2 == 1))
    for threads in (1, 3):
        rounded = np.empty(sums.shape, dtype)
        engine.box_pair(*arguments, rounded, float(divisor), 0.0, threads)
        np.testing.assert_array_equal(rounded, down + up)


def test_a_box_of_a_box_takes_what_it_can_hold(engine):
    source, out = np.ones((1, 4, 5, 1), np.uint8), np.empty((1, 4, 5, 1), np.uint8)
    ahead = [np.arange(size, dtype=np.int32) for size in (4, 5)]

    def run(source=source, rows=ahead[0], fill=0.0, box=(1, 1), divisor=1.0):
        engine.box_pair(source, (1, 1), box, *ahead, rows, ahead[1], fill, out, divisor)

    run()
    for wrong, words in [
        ({"rows": np.array([0, 2, 3, 1], np.int32)}, "follow one another"),
        ({"rows": np.array([1, -1, 0, 1], np.int32)}, "follow one another"),
        ({"rows": np.array([0, 1, 2, 4], np.int32)}, "no such row"),
        ({"fill": 0.5}, "fill"),
        ({"fill": 256.0}, "fill"),
        ({"divisor": 0.0}, "divisor"),
        ({"box": (0, 1)}, "elements"),
        ({"box": (2, 1)}, "rows"),
        ({"source": source.astype(np.float32)}, "integers"),
    ]:
        with pytest.raises(ValueError, match=words):
            run(**wrong)
