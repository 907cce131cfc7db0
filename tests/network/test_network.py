"""Network: sizes when it is written, arrays that are views, predictions, evaluations."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost import definitions
from tolerances import FORWARD, assert_close

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


# --- sizes ----------------------------------------------------------------------------------------


def test_repr_can_be_typed():
    net = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(3)])
    assert repr(net) == "Network((1, 8, 8), [Flatten(), Linear(3)])"


# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [fp.Network.copy, copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_a_copy_is_a_network_of_its_own(copied):
    net = small(class_names=["a", "b", "c"], normalization=(3.0, 2.0), seed=9)
    net.metadata["background"] = "dark"
    other = copied(net)
    np.testing.assert_array_equal(other.parameter_vector, net.parameter_vector)
    assert other.config() == net.config()
    other.parameters["0.weight"][:] = 0
    assert (other.parameter_vector[:36] == 0).all()
    assert (net.parameter_vector[:36] != 0).all()


# --- images in, outputs out -----------------------------------------------------------------------


def test_predictions():
    net = small()
    images = nets.random_images(net, 20)
    outputs = reference.outputs(net, images)
    classes = net.predict(images)
    assert classes.dtype == np.int64
    np.testing.assert_array_equal(classes, outputs.argmax(axis=1))
    assert_close(net.predict_proba(images), definitions.softmax(outputs), FORWARD)


def test_a_network_of_one_output_has_no_classes():
    net = fp.Network((4,), [fp.Linear(1)])
    with pytest.raises(fp.ArgumentError, match="at least two outputs"):
        net.predict(np.zeros((2, 4)))


def test_features_are_those_of_every_layer():
    net = fp.Network(
        (2, 6, 6),
        [fp.Conv2d(4, 3), fp.Residual(fp.Conv2d(4, 1), fp.ReLU()), fp.Subsample(2), fp.Flatten()],
    )
    images = nets.random_images(net, 3)
    features = net.features(images)
    assert list(features) == [0, 1, 2, 3]
    for index, expected in enumerate(reference.features(net, images)):
        assert_close(features[index], expected, FORWARD)


def test_normalization_can_be_changed():
    net = small()
    assert net.normalization is None
    images = nets.random_images(net, 3, np.uint8)
    plain = net((images.astype(np.float32) - 30) / 80)
    net.normalization = (30.0, 80.0)
    assert_close(net(images), plain, FORWARD)
    mean, std = net.normalization
    np.testing.assert_array_equal(mean, [30])
    np.testing.assert_array_equal(std, [80])


# --- evaluation -----------------------------------------------------------------------------------
