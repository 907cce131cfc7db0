"""Images that come one by one and are too many for memory: the same as if they were not."""

import numpy as np
import pytest

import fencepost as fp
from datasets.image_folders import picture
from fencepost.datasets import spool
from fencepost.datasets.lazy_images import LazyImages
from fencepost.errors import DataError

IMAGES = [picture(8, 9 + k % 2, colour=k % 3 == 0) for k in range(20)]


def items():
    return ((image, ("cat", "dog")[k % 2]) for k, image in enumerate(IMAGES))


@pytest.fixture
def few_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(spool, "IN_MEMORY", 500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fencepost"


@pytest.mark.parametrize("size", [None, (6, 5)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_the_same_as_in_memory(few_in_memory, size, fit):
    streamed = fp.datasets.from_items(items(), size, fit=fit)
    size = streamed.input_shape[1:]
    whole = fp.datasets.from_items(items(), size, 3, fit=fit, cache=None)
    assert isinstance(streamed.images, LazyImages) and isinstance(whole.images, np.ndarray)
    np.testing.assert_array_equal(np.asarray(streamed.images), whole.images)
    assert streamed.fit == whole.fit == fit
    assert f"in {few_in_memory}" in streamed.description
    assert list(few_in_memory.iterdir()) == []  # the file has no name


def test_they_train_and_resume(few_in_memory, tmp_path):
    data = fp.datasets.from_items(items(), (8, 8))
    train, validation = data.split(0.25)
    nets = [fp.models.small_cnn(data.input_shape, classes=2, seed=0) for _ in range(2)]
    settings = {"epochs": 2, "batch_size": 4, "validation": tuple(validation)}
    nets[0].fit(*train, **settings)
    kept = tmp_path / "run.ckpt"
    nets[1].fit(*train, **settings, checkpoint=kept)
    again = fp.datasets.from_items(items(), (8, 8)).split(0.25)
    nets[1].fit(
        *again[0], **{**settings, "validation": tuple(again[1])}, checkpoint=kept, resume=True
    )
    images = validation.images[:4]
    np.testing.assert_array_equal(nets[0].predict_proba(images), nets[1].predict_proba(images))


def test_places_without_room(few_in_memory, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        DataError, match=r"the cache must be a folder. Received: .*, which is a file"
    ):
        fp.datasets.from_items(items(), (8, 8), cache=tmp_path / "file" / "cache")


def test_floats_among_pictures(few_in_memory):
    mixed = [*items(), (np.zeros((1, 8, 9), np.float32), "cat")]
    with pytest.raises(DataError, match=r"all be image files or uint8, or all be floats"):
        fp.datasets.from_items(mixed, (8, 8))
