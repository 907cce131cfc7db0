"""How an epoch is cut into batches, and batches that batch normalisation cannot learn from."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import find_lr
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


@pytest.mark.parametrize("find", [find_lr, fp.Network.fit])
def test_a_search_for_the_rate_asks_the_same(find):
    net = fp.Network((1, 4, 4), ONE_VALUE)
    images, labels = np.arange(64, dtype=np.float32).reshape(4, 1, 4, 4), np.array([0, 1, 0, 1])
    with pytest.raises(fp.ArgumentError, match="more than one value of each channel"):
        find(net, images, labels, batch_size=1)
    find(net, images, labels, batch_size=3)


@pytest.mark.parametrize(
    ("layer", "normalises"),
    [
        (fp.GroupNorm(4), False),
        (fp.GroupNorm(2), True),
        (fp.BatchNorm2d(), True),
        (fp.LayerNorm(), True),
        (fp.LayerNorm(over="channels"), True),
    ],
)
def test_a_group_of_one_value_is_refused_in_batches_of_any_size(layer, normalises):
    # PyTorch leaves the bias alone of it, whatever the image.
    net = fp.Network((1, 4, 4), [fp.Conv2d(4, 4), layer, fp.Flatten(), fp.Linear(2)])
    images, labels = np.arange(64, dtype=np.float32).reshape(4, 1, 4, 4), np.array([0, 1, 0, 1])
    if normalises:
        net.fit(images, labels, epochs=1)
        return
    with pytest.raises(fp.ArgumentError, match="more than one value to normalise together") as e:
        net.fit(images, labels, epochs=1)
    assert "layer 1, GroupNorm(groups=4), on an input of 4 × 1 × 1" in str(e.value)


def test_channels_of_one_are_refused_at_each_pixel():
    layers = [fp.LayerNorm(over="channels"), fp.Flatten(), fp.Linear(2)]
    images, labels = np.arange(64, dtype=np.float32).reshape(4, 1, 4, 4), np.array([0, 1, 0, 1])
    with pytest.raises(fp.ArgumentError, match="to normalise together"):
        fp.Network((1, 4, 4), layers).fit(images, labels, epochs=1)
    with pytest.raises(fp.ArgumentError, match="to normalise together"):
        find_lr(fp.Network((1, 4, 4), layers), images, labels)
