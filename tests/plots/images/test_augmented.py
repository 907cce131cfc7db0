"""Pictures of augmented images show what the engine makes of them."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.plots.images.augmented import SHOWN
from fencepost.training import Augmentation
from plots.texts import drawn_texts, faults


def images(count, *shape):
    return np.random.default_rng(1).integers(0, 256, (count, *shape), dtype=np.uint8)


def tiles_of(figure):
    return [np.asarray(tile.get_array()) for tile in figure.axes[0].child_axes[0].images]


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 12, 30), (4, 30, 12)])
@pytest.mark.parametrize("count", [1, 9])
def test_rows_are_originals_and_what_fit_sees(shape, count):
    given = images(count, *shape)
    figure = fp.plots.augmentations(given, "strong", versions=3, seed=5)
    assert not faults(figure)
    shown = tiles_of(figure)
    rows = min(count, SHOWN)
    assert len(shown) == 4 * rows
    made = Augmentation.parse("strong", shape)
    for row in range(rows):
        for column in range(4):
            expected = given[row].astype(float)
            if column:
                expected = made.apply(given[:rows], seed=5, step=column - 1)[row]
            expected = np.floor(expected.clip(0, 255))[:3].transpose(1, 2, 0) / 255
            tile = shown[4 * row + column][..., : expected.shape[2]]
            np.testing.assert_allclose(tile, expected, atol=1 / 254)


def test_the_recipe_and_the_names_are_written():
    figure = fp.plots.augmentations(images(2, 3, 8, 8), "light,vflip", names=["cat", "dog" * 20])
    assert not faults(figure)
    texts = [text.text for text in drawn_texts(figure)]
    recipe = "crop=0.6, flip, vflip, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05"
    assert recipe in " ".join(texts)
    assert "cat" in texts


def test_signals_are_lines():
    figure = fp.plots.augmentations(images(2, 2, 40), "shift=3,noise=2", versions=2)
    assert not faults(figure)
    panel = figure.axes[0].child_axes[0]
    assert len(panel.lines) == 2 * 3 * 2


def test_floats_of_any_range_and_given_axes():
    given = images(2, 3, 8, 8).astype(np.float32) - 100
    figure = fp.plots.style.new_figure(6, 3)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    assert fp.plots.augmentations(given, "flip,shift=1", ax=axes, versions=2) is axes
    first = np.asarray(axes.child_axes[0].images[0].get_array())
    spread = np.ptp(given)
    np.testing.assert_allclose(
        first, (given[0] - given.min()).transpose(1, 2, 0) / spread, atol=1 / 254
    )


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fp.plots.augmentations(images(2, 3, 8, 8), "flip", versions=0), ArgumentError,
         "versions must be an integer, at least 1"),
        (lambda: fp.plots.augmentations(np.zeros((0, 3, 8, 8)), "flip"), DataError,
         "must not be empty"),
        (lambda: fp.plots.augmentations(np.zeros((4, 9)), "noise=1"), DataError,
         "shape \\(4, 9\\), features"),
        (lambda: fp.plots.augmentations(images(2, 1, 8), "crop=0.5"), ArgumentError,
         "crop is for images"),
    ],
)  # fmt: skip
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
