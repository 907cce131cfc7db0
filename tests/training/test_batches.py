"""How an epoch is cut into batches, and batches that batch normalisation cannot learn from."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.training.batches import batch_sizes


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 4]), (8, 4, [4, 4]), (1, 4, [1]), (3, 1, [1, 1, 1])],
)
def test_a_last_batch_of_one_is_left_out(images, batch_size, sizes):
    assert batch_sizes(images, batch_size).tolist() == sizes


ONE_VALUE = [fp.GlobalAvgPool(), fp.Linear(4), fp.BatchNorm1d(), fp.ReLU(), fp.Linear(2)]


@pytest.mark.parametrize("layers", [ONE_VALUE, [fp.Residual(fp.BatchNorm2d()), *ONE_VALUE]])
def test_batches_of_one_value_are_refused(layers):
    net = fp.Network((1, 4, 4), layers)
    images, labels = np.arange(64, dtype=np.float32).reshape(4, 1, 4, 4), np.array([0, 1, 0, 1])
    with pytest.raises(fp.ArgumentError) as caught:
        net.fit(images, labels, epochs=1, batch_size=1)
    assert "more than one value of each channel" in str(caught.value)
    assert "BatchNorm1d" in str(caught.value)
    net.fit(images, labels, epochs=1, batch_size=2)


def test_batches_of_one_image_with_many_pixels_are_taken():
    net = fp.Network((1, 4, 4), [fp.BatchNorm2d(), fp.GlobalAvgPool(), fp.Linear(2)])
    images, labels = np.arange(64, dtype=np.float32).reshape(4, 1, 4, 4), np.array([0, 1, 0, 1])
    net.fit(images, labels, epochs=1, batch_size=1)
