"""Parameters and state: flat arrays, and views of them by name."""

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


def test_parameters_are_views_of_one_array():
    net = small()
    assert list(net.parameters) == ["0.weight", "0.bias", "4.weight", "4.bias"]
    assert net.parameters["0.weight"].shape == (4, 1, 3, 3)
    assert net.parameter_vector.dtype == np.float32
    assert net.parameter_vector.size == net.parameter_count == 151
    images = nets.random_images(net, 2)
    before = net(images)
    net.parameters["4.bias"][1] += 5
    np.testing.assert_allclose(net(images) - before, [[0, 5, 0]] * 2, atol=1e-5)


def test_a_parameter_cannot_be_replaced_by_mistake():
    with pytest.raises(TypeError):
        small().parameters["0.weight"] = np.zeros((4, 1, 3, 3))


def test_weights_follow_from_the_seed():
    np.testing.assert_array_equal(small(seed=3).parameter_vector, small(seed=3).parameter_vector)
    assert (small(seed=3).parameter_vector != small(seed=4).parameter_vector).all()


def test_state_holds_running_statistics_and_centres():
    net = fp.Network((4,), [fp.Linear(2), fp.BatchNorm1d(), fp.RBF([[1, 2], [3, 4], [5, 6]])])
    assert list(net.state) == ["1.running_mean", "1.running_var", "2.centres"]
    np.testing.assert_array_equal(net.state_vector, [0, 0, 1, 1, 1, 2, 3, 4, 5, 6])
