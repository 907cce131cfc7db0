"""Features in the plane in which they vary most."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from plots.figures import panel, written
from plots.texts import faults


def test_embedding_is_the_projection_with_the_largest_variance():
    net = fp.models.lenet5(seed=1)
    images, labels = fp.datasets.mnist("test")
    images, labels = images[:200], labels[:200]
    figure = fp.plots.embedding(net, images, labels)
    assert not faults(figure)
    features = net.features(images)[10].astype(np.float64)
    centred = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    axes = panel(figure)
    shown = np.concatenate([points.get_offsets() for points in axes.collections])
    order = np.argsort(labels, kind="stable")
    for column, vector in ((0, vectors[:, -1]), (1, vectors[:, -2])):
        expected = (centred @ vector)[order]
        sign = np.sign(expected @ shown[:, column])
        np.testing.assert_allclose(shown[:, column], sign * expected, atol=1e-3)
    for text in axes.texts:  # in the middle of its points
        offsets = axes.collections[int(text.get_text())].get_offsets()
        np.testing.assert_allclose(text.get_position(), np.median(np.asarray(offsets), axis=0))
    assert axes.texts
    share = 100 * values[-1] / values.sum()
    assert axes.get_xlabel() == f"first principal component: {share:.0f} % of the variance"
    looks = {
        (tuple(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes())
        for points in axes.collections
    }
    assert len(looks) == len(axes.collections) == 10


def test_embedding_cuts_what_is_too_much():
    generator = np.random.default_rng(0)
    net = fp.Network((3,), [fp.Linear(60)])
    labels = generator.integers(0, 60, 2500)
    figure = fp.plots.embedding(net, generator.normal(size=(2500, 3)), labels)
    assert not faults(figure)
    text = " ".join(written(figure))
    assert "2,000 images out of 2,500" in text
    assert "of 60 classes are named" in text
    assert sum(len(points.get_offsets()) for points in panel(figure).collections) == 2000


@pytest.mark.parametrize("count", [1, 2])
def test_embedding_of_few_features_or_equal_images(count):
    net = fp.Network((count,), [fp.Linear(2)], class_names=["猫", "a $x_1$"])
    figure = fp.plots.embedding(net, np.zeros((4, count)), [0, 1, 0, 1])
    assert not faults(figure)
    assert "first principal component: 0 % of the variance" in written(figure)
