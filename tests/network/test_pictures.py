"""Pictures as people have them are predicted as the command predicts their files."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.files.levels import Levels
from fencepost.network import pictures

RNG = np.random.default_rng(0)


def network(shape=(3, 12, 10), **options):
    return fp.Network(shape, [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(3)], **options)


def colours(height=40, width=30):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def trained():
    net = network(class_names=("a", "b", "c"))
    images = RNG.integers(0, 256, (60, 3, 12, 10), dtype=np.uint8)
    net.fit(images, np.arange(60) % 3, epochs=1, progress=False)
    return net


def test_a_picture_in_every_form_is_the_same_picture(trained, tmp_path):
    pixels = colours()
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    expected = trained.predict_proba(pictures.prepared(trained, path).image[None])
    for given in (
        path, str(path), [path], (str(path),), tmp_path, [tmp_path],
        Image.fromarray(pixels), [Image.fromarray(pixels)], pixels, pixels[None], [pixels],
        fp.filtering.read_image(path), [fp.filtering.read_image(path)],
        fp.Picture(pixels.astype(np.uint16) << 8, "RGB"),
    ):  # fmt: skip
        assert np.array_equal(trained.predict_proba(given), expected), type(given)
        assert trained.predict(given).tolist() == [expected.argmax()]
        assert trained.evaluate(given, [0]).count == 1


def test_pictures_of_several_sizes_and_kinds_are_a_batch(trained, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path)
    given = [colours(30, 60), colours(12, 10), RNG.integers(0, 256, (9, 9), np.uint8)]
    assert trained.predict(given).shape == (3,)
    assert trained.predict([path, Image.fromarray(given[2]), given[0]]).shape == (3,)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_arrays_of_the_right_size_with_channels_last_are_only_transposed(trained, dtype):
    images = RNG.integers(0, 256, (5, 12, 10, 3)).astype(dtype)
    expected = trained.predict_proba(images.transpose(0, 3, 1, 2))
    assert np.array_equal(trained.predict_proba(images), expected)
    assert np.array_equal(trained.predict_proba(list(images)), expected)
    assert np.array_equal(trained.predict_proba(images[0]), expected[:1])
    first, last = network(), network()
    labels = [0, 1, 2, 0, 1]
    first.fit(images.transpose(0, 3, 1, 2), labels, epochs=1, progress=False)
    last.fit(images, labels, epochs=1, validation=(images, labels), progress=False)
    assert np.array_equal(first.parameter_vector, last.parameter_vector)


def test_arrays_as_the_network_takes_them_are_left_alone():
    net = network((3, 4, 3))  # whose shape can be read both ways
    images = RNG.integers(0, 256, (6, 3, 4, 3), dtype=np.uint8)
    assert pictures.taken(net, images) is images
    grey = network((1, 5, 6))
    for shape in ((5, 6), (7, 5, 6), (7, 1, 5, 6)):
        array = np.zeros(shape, np.uint8)
        assert pictures.taken(grey, array) is array


def test_the_range_is_that_of_the_training():
    net = network((3, 12, 10))
    images = RNG.random((60, 3, 12, 10), np.float32)
    net.fit(images, np.arange(60) % 3, epochs=1, progress=False)
    pixels = np.full((12, 20, 3), 255, np.uint8)
    assert pictures.prepared(net, pixels).image.max() == 1
    net.fit(images - 0.5, np.arange(60) % 3, epochs=1, progress=False)
    net.normalization = (-0.1, 0.3)
    with pytest.raises(fp.DataError, match="trained on other values"):
        net.predict(pixels)


def test_names_are_given_on_request(trained):
    images = RNG.integers(0, 256, (4, 3, 12, 10), dtype=np.uint8)
    indices = trained.predict(images)
    assert trained.predict(images, names=True) == ["abc"[index] for index in indices]
    with pytest.raises(fp.ArgumentError, match=r"Set net\.class_names"):
        network().predict(images, names=True)
    with pytest.raises(fp.ArgumentError, match="names must be True or False"):
        trained.predict(images, names="yes")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.png", "nowhere.png"),
        (["nowhere.png"], "nowhere.png"),
        (np.zeros((2, 3, 40, 30), np.uint8), "images must have shape (N, 3, 12, 10)"),
        (np.zeros((40, 30, 3)), "images must have shape"),
        ([], "images"),
    ],
)
def test_what_is_no_picture_is_refused(trained, given, message):
    with pytest.raises(fp.DataError) as error:
        trained.predict(given)
    assert message in str(error.value)


@pytest.mark.filterwarnings("ignore:the images are far")
def test_deep_pictures_have_the_levels_of_the_training_or_it_is_said_that_they_have_not(
    trained, tmp_path
):
    pixels = RNG.integers(0, 200, (12, 10, 3)).astype(np.uint16)  # dark ones of 10 bits
    fp.filtering.write_image(tmp_path / "a.png", pixels)
    forms = (tmp_path / "a.png", fp.Picture(pixels, "RGB"), Image.open(tmp_path / "a.png"))
    net = trained.copy()
    levels = Levels(integers=(0, 1023))
    net.metadata["training"] = {
        "preparation": fp.datasets.prepare.Preparation(levels=levels).to_dict()
    }
    expected = net.predict_proba((pixels >> 2).astype(np.uint8))
    for form in forms:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*which values became black")
            assert np.array_equal(net.predict_proba(form), expected)
        with pytest.warns(fp.DataWarning, match="which values became black and white in training"):
            assert not np.array_equal(trained.predict_proba(form), expected)
