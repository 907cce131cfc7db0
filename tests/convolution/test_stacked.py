"""Boxes, and boxes of boxes, against the sums of their matrix: at once, and some rows at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fencepost.convolution import passes, stacked
from fencepost.convolution.apply import correlate_planes
from fencepost.convolution.boundaries import edges_of
from fencepost.convolution.stacked import BoxPasses, correlate_boxes

BOUNDARIES = ["reflect", "mirror", "nearest", "wrap", "zero", "fill", "none"]
DTYPES = ["uint8", "uint16", "float32", "float64"]
FILL = 3.0


@pytest.fixture(params=["at once", "some rows"])
def _rows(request, monkeypatch):
    """Have images summed at once, or few rows and columns at a time."""
    if request.param == "some rows":
        for module, name, value in (
            (stacked, "_SMALL", 0), (stacked, "_RUNNING", 0), (stacked, "_COLUMNS", 4),
            (stacked, "_LEAST", 20), (passes, "_USUAL", 40),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, value)


def image_of(generator, shape, dtype):
    top = {"uint8": 256, "uint16": 65536}.get(dtype, 1)
    return (generator.random(shape) * top).astype(dtype)


def matrix_of(boxes):
    matrix = np.ones((1, 1))
    for rows, columns in boxes:
        matrix = sum(
            np.pad(matrix, ((i, rows - 1 - i), (j, columns - 1 - j)))
            for i in range(rows)
            for j in range(columns)
        )
    return matrix


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    "boxes", [[(3, 4)], [(5, 3), (2, 4)], [(3, 3), (3, 3), (3, 1)], [(2, 2)] * 5]
)
def test_boxes_are_the_matrix(dtype, boundary, boxes):
    image = image_of(np.random.default_rng(len(boxes)), (31, 13, 2), dtype)
    matrix, count = matrix_of(boxes), math.prod(map(math.prod, boxes))
    origin = (matrix.shape[0] - 1, matrix.shape[1] // 2)
    sums = correlate_planes(
        image[None].astype(np.float64), matrix, origin, boundary, FILL, np.float64
    )[0]
    integers = image.dtype.kind == "u"
    found = correlate_boxes(image, boxes, 1.0, origin, boundary, FILL, dtype)
    if integers:  # the sums are exact, and what is a half goes to the even one
        np.testing.assert_array_equal(found, np.rint(sums / count).astype(dtype))
        exact = correlate_boxes(image, boxes, float(count), origin, boundary, FILL, np.float64)
        np.testing.assert_array_equal(exact, sums)
    else:
        np.testing.assert_allclose(found, sums / count, 0, 64 * np.finfo(dtype).eps)


@pytest.mark.usefixtures("_rows")
def test_the_last_channel_of_one_box_is_kept():
    image = image_of(np.random.default_rng(1), (20, 30, 4), "uint8")
    kept = correlate_boxes(image, [(5, 7)], 1.0, (2, 3), "none", 0, np.uint8, keeps_alpha=True)
    filtered = correlate_boxes(image, [(5, 7)], 1.0, (2, 3), "none", 0, np.uint8)
    np.testing.assert_array_equal(kept[..., :3], filtered[..., :3])
    np.testing.assert_array_equal(kept[..., 3], image[2:18, 3:27, 3])


@pytest.mark.usefixtures("_rows")
def test_sums_of_many_integers_are_exact():
    image = np.random.default_rng(0).integers(60000, 65536, (300, 300, 1)).astype(np.uint16)
    boxes = [(31, 41), (29, 27), (31, 23)]
    count = math.prod(map(math.prod, boxes))
    assert 2**45 < 65535 * count < 2**53
    sums = image.astype(object)[..., 0]
    for rows, columns in boxes:
        sums = _window_sums(_window_sums(sums, rows).T, columns).T
    found = correlate_boxes(image, boxes, float(count), (0, 0), "none", 0, np.float64)
    assert (found[..., 0] == sums).all()
    means = correlate_boxes(image, boxes, 1.0, (0, 0), "none", 0, np.uint16)
    assert (means[..., 0] == np.vectorize(lambda s: round(s / count))(sums)).all()


def _window_sums(values, size):
    upto = np.concatenate([np.zeros_like(values[:1]), values.cumsum(axis=0)])
    return upto[size:] - upto[:-size]


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("step", [1, 5, 100])
def test_planes_are_read_some_columns_at_a_time(boundary, step):
    image = image_of(np.random.default_rng(step), (40, 23, 3), "float64")
    edges = edges_of(boundary, FILL)
    fill = edges.value.real
    over = BoxPasses.of(
        image.shape, image.dtype, [(5, 3), (2, 2)], 2.5, (1, 2), edges, np.dtype(np.float64)
    )
    matrix = matrix_of(over.boxes)
    expected = correlate_planes(
        image[None], matrix * (2.5 / matrix.sum()), (1, 2), boundary, FILL, np.float64
    )[0]

    def read(first, last, left):
        planes = image[first:last, left : left + step].transpose(2, 0, 1)
        return np.ascontiguousarray(planes)[..., None]

    room, found = over.room(1, 3), []
    for start in over.starts:
        passed = over.down(read, start, fill, room)
        found.append(over.along(passed, fill)[..., 0].transpose(1, 2, 0))
    np.testing.assert_allclose(np.concatenate(found), expected, 1e-12)
    one = over.times(3.0, 2.0).results(lambda *at: read(*at)[1], fill, 0.5)
    rows = dict(one)
    assert list(rows) == sorted(rows)
    np.testing.assert_allclose(
        np.concatenate(list(rows.values()))[..., 0], 1.5 * expected[..., 1] + 0.5, 1e-12
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_what_is_between_the_passes_is_bounded_by_the_image(dtype):
    exact = np.dtype(np.float32 if dtype in ("uint8", "float32") else np.float64)
    for size in (129, 301, 1001, 5001):
        shape, edges = (2100, 2100, 4), edges_of("reflect", 0)
        over = BoxPasses.of(
            shape, np.dtype(dtype), [(size, size)], 1.0, (size // 2,) * 2, edges, exact
        )
        assert (
            over.block * math.prod(shape[1:]) * exact.itemsize
            <= 2 * math.prod(shape) * np.dtype(dtype).itemsize
        )
