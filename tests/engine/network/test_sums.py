"""Sums over as many elements as an image has: their rounding must not grow with their number."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp

LENGTH = 2**19
TOLERANCE = 2e-5  # a plain sum in float32 of so many equal numbers is off by 1e-3 and more


def constant_images(count: int, value: float) -> np.ndarray:
    return np.full((count, 1, 1, LENGTH), value, np.float32)


@pytest.mark.parametrize("count", [1, 9])
def test_global_average(engine, count):
    net = fp.Network((1, 1, LENGTH), [fp.AvgPool2d((1, LENGTH))])
    out = nets.plan(engine, net).forward(*nets.arguments(net, constant_images(count, 0.1)), 1)
    np.testing.assert_allclose(out, 0.1, rtol=TOLERANCE)


@pytest.mark.parametrize("shape", [(2048, 2048), (2**20, 2), (4, 2**20)])
def test_rounding_is_bounded_whatever_the_number(engine, shape):
    net = fp.Network((1, *shape), [fp.AvgPool2d(shape)])
    images = np.full((1, 1, *shape), 0.1, np.float32)
    forward = nets.plan(engine, net).forward
    np.testing.assert_allclose(forward(*nets.arguments(net, images), 1), 0.1, rtol=258 * 2.0**-24)
    images[..., -1, -1] = np.inf
    assert forward(*nets.arguments(net, images), 1) == np.inf


def test_batch_statistics(engine):
    net = fp.Network((1, 1, LENGTH), [fp.BatchNorm2d(), fp.AvgPool2d((1, LENGTH))])
    images = constant_images(2, 0.1)
    images[:, :, :, ::2] = 0.3
    state = net.state_vector.copy()
    plan, before = nets.plan(engine, net), nets.arguments(net, images)
    loss = {"name": "mse", "label_smoothing": 0.0, "class_weights": None}
    optimizer = {"name": "sgd", "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    trainer = engine.Trainer(plan, 2, loss, optimizer, None, 0, 1)
    trainer.run(
        net.parameter_vector.copy(), state, np.empty((0, 0), np.float32), *before[2:],
        np.zeros((2, 1), np.float32), np.arange(2), np.zeros(1, np.float32),
    )  # fmt: skip
    mean, variance = state - 0.9 * net.state_vector
    np.testing.assert_allclose([mean, variance], [0.02, 0.001], rtol=1e-4)


def test_squared_error_of_many_features(engine):
    net = fp.Network((1, 1, LENGTH), [fp.ReLU()])
    images = constant_images(3, 0.1)
    loss = {"name": "mse", "label_smoothing": 0.0, "class_weights": None}
    targets = np.zeros((3, LENGTH), np.float32)
    value, *_ = nets.plan(engine, net).gradient(*nets.arguments(net, images), targets, loss, 0, 1)
    assert value == pytest.approx(0.01, rel=TOLERANCE)


def test_cross_entropy_of_many_classes(engine):
    net = fp.Network((1, 1, LENGTH), [fp.Flatten()])
    images = constant_images(3, 0.1)
    loss = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": None}
    value, *_ = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), np.array([0, 1, 7]), loss, 0, 1
    )
    assert value == pytest.approx(np.log(LENGTH), rel=1e-6)
