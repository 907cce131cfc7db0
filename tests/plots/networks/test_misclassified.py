"""The mistakes that are drawn are the most confident ones."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style
from fencepost.plots.networks import tiles
from plots.texts import drawn_texts, faults

LONG = [f"a_rather_long_class_name_{k}" for k in range(40)]


def bars():
    """A network that tells which half of an image is brighter, images, and wrong labels."""
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2, bias=False)], class_names=LONG[:2])
    net.parameters["1.weight"][:] = np.repeat([[1.0, -1], [-1, 1]], 8, axis=1)
    images = np.random.default_rng(0).normal(size=(50, 1, 4, 4)).astype(np.float32)
    return net, images, 1 - net.predict(images)


def test_mistakes_are_the_most_confident_first():
    net, images, labels = bars()
    labels[7] = 1 - labels[7]  # one is right
    figure = fp.plots.mistakes(net, images, labels, most=5)
    assert not faults(figure)
    shares = net.predict_proba(images).max(axis=1)
    shares[7] = 0
    most_confident = np.argsort(-shares, kind="stable")[:5]
    shown = figure.axes[0].child_axes[0].images
    for image, index in zip(shown, most_confident, strict=True):
        expected = tiles.to_pixels(images[index])
        np.testing.assert_allclose(np.asarray(image.get_array()), expected, atol=1e-6)
    assert any("49 of 50 are misclassified" in text.text for text in drawn_texts(figure))


@pytest.mark.parametrize("size", [(3, 3), (9, 4)])
def test_as_many_mistakes_as_given_axes_have_room_for(size):
    net, images, labels = bars()
    figure = style.new_figure(*size)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    assert fp.plots.mistakes(net, images, labels, ax=axes) is axes
    assert not faults(figure)
    assert 4 <= len(axes.child_axes[0].images) <= 24


def test_mistakes_of_signals_and_none_at_all():
    net = fp.Network((1, 30), [fp.Flatten(), fp.Linear(2)])
    images = np.random.default_rng(0).normal(size=(9, 1, 30)).astype(np.float32)
    predictions = net.predict(images)
    assert not faults(fp.plots.mistakes(net, images, 1 - predictions))
    figure = fp.plots.mistakes(net, images, predictions)
    assert "none: all 9 are correct" in [text.text for text in drawn_texts(figure)]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n, x, y: fp.plots.mistakes(n, x, y[:9]), "labels.*50"),
        (lambda n, x, y: fp.plots.mistakes(n, x, y + 1), "labels.*2"),
        (lambda n, x, y: fp.plots.mistakes(n, x[:, :, 1:], y), r"4, 4"),
        (lambda n, x, y: fp.plots.mistakes(n, x, y, most=0), "most"),
        (lambda n, x, y: fp.plots.mistakes(y, x, y), "net must be a Network"),
    ],
)
def test_mistakes_of_what_does_not_fit_are_refused(call, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        call(*bars())
