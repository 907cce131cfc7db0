"""Deep pixels are scaled by what the data set uses: never black, and alike in test and predict."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.errors import DataError
from fencepost.files.levels import Levels, range_of

RNG = np.random.default_rng(0)
SHAPE = (12, 12)


def write(root, make, count=6, ending="png"):
    for kind in ("a", "b"):
        (root / kind).mkdir(parents=True)
        for k in range(count):
            Image.fromarray(make(k)).save(root / kind / f"{kind}{k}.{ending}")
    return root


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_bits_that_files_of_sixteen_hold(tmp_path, bits, ending):
    """All pictures by one white, though most of them are darker than the brightest."""

    def make(k):
        top = (1 << bits) // (1 if k == 3 else 3)
        return RNG.integers(0, top, SHAPE).astype(np.uint16)

    data = fp.datasets.image_folder(write(tmp_path / "d", make, ending=ending))
    white = (1 << bits) - 1
    assert data.levels == Levels(integers=(0, white))
    assert data.images.max() > 240
    for index, name in enumerate(["a0", "a1", "a2", "a3"]):
        values = np.asarray(Image.open(tmp_path / "d" / "a" / f"{name}.{ending}"))
        np.testing.assert_array_equal(data.images[index, 0], values >> (bits - 8))
    assert f"from 0 to {white:,} became 0 to 255" in data.description


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (lambda k: RNG.integers(31768, 34768, SHAPE).astype(np.uint16), (31768, 34768)),  # CT
        (lambda k: RNG.integers(-1024, 3000, SHAPE).astype(np.int32), (-1024, 3000)),
        (lambda k: RNG.integers(0, 2, SHAPE).astype(np.uint16), (0, 1)),  # masks
        (lambda k: RNG.integers(1000, 1800, SHAPE).astype(np.uint16), (1000, 1800)),
        (lambda k: RNG.integers(0, 200_000, SHAPE).astype(np.int32), (0, 200_000)),
    ],
)
def test_offsets_and_narrow_ranges_are_stretched(tmp_path, values, expected):
    data = fp.datasets.image_folder(write(tmp_path / "d", values, ending="tif"))
    assert data.levels is not None and data.levels.integers is not None
    np.testing.assert_allclose(data.levels.integers, expected, rtol=0.01, atol=400)
    assert data.images.min() == 0 and data.images.max() == 255


@pytest.mark.parametrize(
    ("top", "white"), [(1, 1), (0.9, 1), (255, 255), (1000, 1023), (65535, 65535), (60_000, 65535)]
)
def test_floats(tmp_path, top, white):
    def make(k):
        return (RNG.uniform(0, top, SHAPE)).astype(np.float32)

    data = fp.datasets.image_folder(write(tmp_path / "d", make, ending="tif"))
    assert data.levels == Levels(floats=(0, white))
    assert data.images.max() > 150
    signed = write(tmp_path / "s", lambda k: RNG.uniform(-1, 1, SHAPE).astype(np.float32), 6, "tif")
    assert fp.datasets.image_folder(signed).images.min() == 0


def test_one_broken_pixel_does_not_make_all_black(tmp_path):
    def make(k):
        values = RNG.integers(0, 1024, (64, 64)).astype(np.uint16)
        values[0, 0] = 65535
        return values

    data = fp.datasets.image_folder(write(tmp_path / "d", make))
    assert data.levels == Levels(integers=(0, 1023))
    assert data.images[0, 0, 0, 0] == 255


def test_numbers_that_are_none_are_refused():
    with pytest.raises(DataError, match="NaN"):
        range_of(np.array([[1.0, np.nan]]))


def test_tests_and_predictions_go_by_the_training_set(tmp_path):
    """A test picture that is darker than all of the training's is as dark for the network."""
    root = tmp_path / "d"
    write(root / "train", lambda k: RNG.integers(0, 4096, SHAPE).astype(np.uint16))
    write(root / "test", lambda k: RNG.integers(0, 200, SHAPE).astype(np.uint16), 2)
    source = fp.datasets.open(root)
    assert source.test is not None
    assert source.test.levels == source.train.levels == Levels(integers=(0, 4095))
    assert source.test.images.max() == 199 >> 4
    preparation = fp.datasets.prepare.Preparation(levels=source.train.levels)
    again = fp.datasets.prepare.Preparation.from_dict(preparation.to_dict())
    assert again == preparation
    prepared = fp.datasets.prepare.photograph(root / "test/a/a0.png", (1, *SHAPE), again)
    np.testing.assert_array_equal(prepared.image, source.test.images[0])


def test_what_is_alone_goes_by_its_own_bits(tmp_path):
    values = RNG.integers(0, 1024, SHAPE).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    prepared = fp.datasets.prepare.photograph(tmp_path / "a.png", (1, *SHAPE))
    np.testing.assert_array_equal(prepared.image[0], values >> 2)
