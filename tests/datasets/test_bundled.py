"""MNIST as it is bundled."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError


def test_mnist_is_complete():
    images, labels = fp.datasets.mnist("train")
    assert (images.shape, images.dtype) == ((60000, 1, 28, 28), np.uint8)
    # As its makers count them.
    assert np.bincount(labels).tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    test = fp.datasets.mnist("test")
    assert len(test) == 10000
    assert test.class_names == tuple("0123456789")
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]


def test_mnist_statistics():
    mean, std = fp.datasets.mnist("train").statistics()
    np.testing.assert_allclose([mean[0] / 255, std[0] / 255], [0.1307, 0.3081], atol=5e-5)


def test_mnist_has_two_splits():
    with pytest.raises(ArgumentError, match='"train", "test"'):
        fp.datasets.mnist("valid")
