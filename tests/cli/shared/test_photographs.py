"""Image files as a model takes them, and its most likely classes."""

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.cli.shared.photographs import image_paths, prediction_of, prepared
from fencepost.errors import DataError


def test_the_size_and_style_of_the_training_images(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (9, 12), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    net = fp.models.small_cnn((1, 9, 12), 3)
    pixels, done = prepared(net, tmp_path / "a.png")
    assert (pixels[0] == picture).all() and done == []
    net.metadata["training"] = {"data": "photos", "size": [9, 12]}
    pixels, done = prepared(net, tmp_path / "a.png")
    assert (pixels[0] == picture).all()
    assert done == ["Resized it to 9 × 12 pixels (stretch), as the training images were."]
    (tmp_path / "b.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"b.png: is not an image"):
        prepared(net, tmp_path / "b.png")


def test_the_three_most_likely_classes():
    prediction = prediction_of(np.array([0.1, 0.05, 0.25, 0.6]), ("a", "b", "c", "d"))
    assert prediction["class"] == "d" and prediction["probability"] == 0.6
    assert [entry["class"] for entry in prediction["top"]] == ["d", "c", "a"]


def test_folders_stand_for_their_images(tmp_path):
    for name in ("b.png", "a.jpg", "in/c.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.name for path in image_paths([tmp_path / "b.png", tmp_path])]
    assert names == ["b.png", "a.jpg", "b.png", "c.png"]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"none: a folder must contain images"):
        image_paths([tmp_path / "none"])
