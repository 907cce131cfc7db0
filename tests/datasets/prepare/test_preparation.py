"""How training images were made, as `detect` finds it out."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets import prepare
from fencepost.datasets.prepare import Preparation
from fencepost.errors import ArgumentError, DataError

MNIST = Preparation("mnist", "dark")


@pytest.fixture(scope="module")
def digits():
    return fp.datasets.mnist("test").images[:40, 0]


def test_detect(digits):
    images = digits[:, None]
    assert prepare.detect(images) == MNIST
    assert prepare.detect(images / np.float32(255)) == Preparation("mnist", "dark", 1.0)
    assert prepare.detect(np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))) == MNIST
    assert prepare.detect(np.roll(images, 5, axis=3)) == Preparation("plain", "dark")
    assert prepare.detect(255 - images) == Preparation("plain", "light")
    assert prepare.detect(np.repeat(images, 3, axis=1)) == Preparation("plain", "dark")
    noise = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), np.uint8)
    assert prepare.detect(noise) == Preparation("plain", "any")
    assert prepare.detect(images.astype(np.float32) - 33).white is None
    assert prepare.detect(np.zeros((4, 1, 50), np.float32)).white is None


def test_a_preparation_goes_through_a_model_file():
    assert Preparation.from_dict(MNIST.to_dict()) == MNIST
    with pytest.raises(DataError, match="must have style, background and white"):
        Preparation.from_dict({"colour": 1})
    with pytest.raises(ArgumentError, match='style "mnist" or "plain"'):
        Preparation("odd")
