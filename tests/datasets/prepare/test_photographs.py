"""Photographs brought to what a model was trained on."""

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.datasets import ChannelStatistics
from fencepost.datasets.prepare import Preparation, glyphs, photograph
from fencepost.errors import ArgumentError, DataError

MNIST = Preparation("mnist", "dark")
SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def digits():
    return fp.datasets.mnist("test").images[:40, 0]


def as_photo(digit, *, side=240, light_on_dark=False, shadow=0.0, tilt=0.0, noise=2.0, seed=0):
    """Return a digit as a pen on paper: magnified, off the centre, unevenly lit, noisy."""
    rng = np.random.default_rng(seed)
    big = Image.fromarray(digit).crop((2, 2, 26, 26)).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.zeros((side + 90, side + 160))
    ink[20 : 20 + side, 130 : 130 + side] = np.clip((np.asarray(big) / 255 - 0.35) / 0.3, 0, 1)
    y, x = np.indices(ink.shape) / max(ink.shape)
    brightness = (215 - 165 * ink) * (1 - tilt * x) * np.where(x > 0.5 + 0.2 * y, 1 - shadow, 1)
    brightness += rng.normal(0, noise, ink.shape)
    brightness = 255 - brightness if light_on_dark else brightness
    return brightness.clip(0, 255).astype(np.uint8)


def likeness(a, b):
    """Return the correlation of two images, the best within one pixel of shift."""
    return max(
        np.corrcoef(np.roll(a.astype(float), (i, j), (0, 1)).ravel(), b.ravel())[0, 1]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    )


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"light_on_dark": True},
        {"tilt": 0.5},
        {"shadow": 0.35},
        {"noise": 9.0},
        {"side": 500},
        {"side": 30},
        {"shadow": 0.3, "tilt": 0.3, "noise": 6.0},
    ],
    ids=str,
)
def test_photographed_digits_come_out_as_they_were(digits, conditions):
    """The original is known: what comes out must look like it, whatever the conditions."""
    alike = [
        likeness(photograph(as_photo(d, seed=k, **conditions), SHAPE, MNIST).image[0], d)
        for k, d in enumerate(digits[:12])
    ]
    assert np.min(alike) > 0.75
    assert np.median(alike) > 0.9


def test_it_is_made_as_mnist_was(digits):
    for k, digit in enumerate(digits[:12]):
        image = photograph(as_photo(digit, seed=k), SHAPE, MNIST).image
        assert glyphs.is_normalised(image[0].astype(np.float32))


def test_what_was_done_is_said(digits):
    said = photograph(as_photo(digits[0]), SHAPE, MNIST).sentences
    assert said[0] == "Found dark strokes on a light background and inverted them."
    assert said[-1] == "Centred it by its centre of mass."
    said = photograph(as_photo(digits[0], light_on_dark=True), SHAPE, MNIST).sentences
    assert said[0] == "Found light strokes on a dark background."


def test_mnist_images_are_left_as_they_are(digits):
    for digit in digits:
        result = photograph(digit, SHAPE, MNIST)
        np.testing.assert_array_equal(result.image[0], digit)
        assert result.sentences[0].startswith("Left it as it is")
        inverted = photograph(255 - digit, SHAPE, MNIST)
        np.testing.assert_array_equal(inverted.image[0], digit)
        assert inverted.sentences[0].startswith("Inverted it")


def test_hairlines_are_thickened():
    paper = np.full((400, 400), 240, np.uint8)
    paper[60:340, 199:202] = 20
    paper[60:63, 120:202] = 20
    result = photograph(paper, SHAPE, MNIST)
    assert any("Thickened the strokes" in s for s in result.sentences)
    thick = glyphs._stroke_width(result.image[0] / np.float32(255))
    assert 1.5 < thick < 3.5


def test_specks_and_the_edge_of_the_table_are_left_out(digits):
    photo = as_photo(digits[0])
    expected = photograph(photo, SHAPE, MNIST).image
    photo[:, :12] = 40  # beside the paper
    photo[5:8, 60:63] = 60  # a speck
    np.testing.assert_allclose(photograph(photo, SHAPE, MNIST).image, expected, atol=40)


def test_a_transparent_drawing(tmp_path, digits):
    for ink in (0, 255):
        drawing = np.full((28, 28, 4), ink, np.uint8)
        drawing[..., 3] = digits[0]
        Image.fromarray(drawing).resize((280, 280)).save(tmp_path / "a.png")
        result = photograph(tmp_path / "a.png", SHAPE, MNIST)
        assert likeness(result.image[0], digits[0]) > 0.9


def test_path_pil_and_array_agree(tmp_path, digits):
    photo = as_photo(digits[3])
    Image.fromarray(photo).save(tmp_path / "a.png")
    results = [
        photograph(source, SHAPE, MNIST).image
        for source in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(photo), photo)
    ]
    assert all((results[0] == other).all() for other in results[1:])


def test_a_wider_frame_and_three_channels(digits):
    image = photograph(as_photo(digits[0]), (3, 32, 32), MNIST).image
    assert image.shape == (3, 32, 32)
    assert glyphs.is_normalised(image[1].astype(np.float32))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.full((90, 80), 200, np.uint8), "shows nothing that differs from its background"),
        (np.zeros((2, 2), np.uint8), "has only 2 × 2 pixels"),
    ],
)
def test_no_drawing(picture, words):
    with pytest.raises(DataError, match=f"image: must be an image.*{words}"):
        photograph(picture, SHAPE, MNIST)


def test_faint_strokes():
    paper = np.full((90, 80), 200, np.uint8)
    paper[30:60, 38:42] = 185
    with pytest.raises(DataError, match="differ from their background by only 15 of 255"):
        photograph(paper, SHAPE, MNIST)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "two.png"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"two.png: .* one that is not an image that can be read"):
        photograph(path, SHAPE, MNIST)
    with pytest.raises(DataError, match="No such file"):
        photograph(tmp_path / "none.png", SHAPE)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(3, np.uint8),
    ],
)
def test_arrays_that_are_no_pictures(array):
    with pytest.raises(ArgumentError, match="must be uint8 of shape"):
        photograph(array, SHAPE)


@pytest.mark.parametrize("shape", [(10,), (2, 8, 8), (1, 50)])
def test_models_that_take_no_pictures(shape):
    with pytest.raises(ArgumentError, match=r"takes \(1, H, W\) or \(3, H, W\)"):
        photograph(np.zeros((9, 9), np.uint8), shape)


def test_models_trained_on_other_values():
    with pytest.raises(DataError, match="trained on other values"):
        photograph(np.zeros((9, 9), np.uint8), SHAPE, Preparation(white=None))


def test_too_small_a_model_for_mnists_way():
    with pytest.raises(ArgumentError, match="at least 28 × 28"):
        photograph(np.zeros((9, 9), np.uint8), (1, 16, 16), MNIST)


# plain pictures


def test_plain_resize_and_crop():
    wide = np.zeros((50, 90, 3), np.uint8)
    wide[:, 20:70] = (10, 200, 30)
    result = photograph(wide, (3, 25, 25))
    assert result.image.shape == (3, 25, 25)
    assert result.image[:, 12, 12].tolist() == [10, 200, 30]
    assert (np.abs(result.image[:, 12, :].T - [10.0, 200.0, 30.0]) < 20).all()  # no black sides
    assert result.sentences == [
        "Resized it from 50 × 90 to 25 × 45 pixels.",
        "Cut out the 25 × 25 pixels in its centre.",
    ]


def test_plain_picture_that_fits_is_not_touched():
    picture = np.random.default_rng(0).integers(0, 256, (9, 11), np.uint8)
    result = photograph(picture, (1, 9, 11))
    np.testing.assert_array_equal(result.image[0], picture)
    assert result.sentences == []


def test_plain_background_is_inverted_to_what_was_trained():
    picture = np.full((8, 8), 250, np.uint8)
    picture[3:5, 3:5] = 0
    result = photograph(picture, (1, 8, 8), Preparation("plain", "dark"))
    assert result.image[0, 0, 0] == 5
    assert result.sentences == ["Inverted it: the training images have a dark background."]
    assert photograph(picture, (1, 8, 8), Preparation("plain", "light")).sentences == []


def test_units_of_the_training_images():
    result = photograph(np.full((8, 8), 255, np.uint8), (1, 8, 8), Preparation(white=1.0))
    assert result.image.dtype == np.float32
    assert result.image.max() == 1


def test_pictures_far_from_the_training_images_are_remarked_on():
    statistics = ChannelStatistics(np.float32([30]), np.float32([40]))
    said = photograph(np.full((8, 8), 240, np.uint8), (1, 8, 8), statistics=statistics).sentences
    assert "Its mean brightness, 240, is far from that of the training images, 30" in said[0]
    assert not photograph(np.full((8, 8), 50, np.uint8), (1, 8, 8), statistics=statistics).sentences
