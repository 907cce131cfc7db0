"""Targets of mixed images, of mixup and CutMix: losses and gradients against the definitions."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import reference
from fencepost import definitions
from fencepost.training import Augmentation
from gradient_check import check_gradient
from tolerances import FORWARD, GRADIENT

SEED, STEP = 4, 7
LOSSES = [
    {"name": "mse"},
    {"name": "cross_entropy"},
    {"name": "cross_entropy", "label_smoothing": 0.3},
    {"name": "cross_entropy", "class_weights": np.array([2.0, 0.5, 1.5], np.float32)},
]
MIXES = [{"mixup": 0.5}, {"cutmix": 1.0}, {"mixup": 2.0, "cutmix": 1.0, "flip": True}]


def shares(engine, net, settings, count):
    """Return how much each image has of its own target; the rest is the next image's."""
    shape = (*net.input_shape, 1, 1)[:3]
    own = np.ones(count)
    for i in range(count):
        name, values = engine.changes(shape, settings, SEED, STEP, i)[-1]
        mixed = name == "mixup"
        own[i] = values[0] if mixed else 1 - values[2] * values[3] / (shape[1] * shape[2])
    return own


def mixed(own, values):
    """Mix each row with the next, of the last with the first."""
    own = own.reshape(-1, *(1,) * (values.ndim - 1))
    return own * values + (1 - own) * np.roll(values, -1, axis=0)


@pytest.mark.parametrize("mix", MIXES, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_mixed_targets(engine, loss, mix, weighted):
    net, count = nets.network("conv after conv"), 21
    images = nets.random_images(net, count)
    settings = Augmentation(**mix).engine()
    generator = np.random.default_rng(2)
    own = shares(engine, net, settings, count)
    assert 0.1 < own.mean() < 0.9
    if loss["name"] == "mse":
        given = generator.standard_normal((count, 3)).astype(np.float32)
        targets = mixed(own, given.astype(np.float64))
        value_of = definitions.mean_squared_error
    else:
        given = generator.integers(0, 3, count)
        targets = mixed(own, np.eye(3)[given])
        value_of = definitions.cross_entropy
    options = {name: value for name, value in loss.items() if name != "name"}
    weights = None
    if weighted:
        weights = generator.uniform(0.1, 3, count).astype(np.float32)
        options["sample_weight"] = mixed(own, weights.astype(np.float64))
    value, by_parameter, _ = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), given, loss, SEED, 2, True, STEP, weights, settings
    )
    seen = engine.augment(images, settings, SEED, STEP)

    def function(parameters):
        outputs = reference.outputs(net, seen, parameters, True)
        return value_of(outputs, targets, **options)

    assert value == pytest.approx(function(net.parameter_vector), rel=FORWARD)
    check_gradient(function, [net.parameter_vector], [by_parameter], tolerance=GRADIENT)


@pytest.mark.parametrize("mix", MIXES, ids=str)
def test_any_number_of_threads_sees_the_same(engine, mix):
    net = nets.network("linear")
    images, labels = nets.random_images(net, 50), np.arange(50) % 3
    settings = Augmentation(**mix).engine()
    results = [
        nets.plan(engine, net).gradient(
            *nets.arguments(net, images), labels, LOSSES[1], 1, threads, True, 3, None, settings
        )
        for threads in (1, 2, 5)
    ]
    for value, gradient, _ in results[1:]:
        assert value == pytest.approx(results[0][0], rel=1e-6)
        np.testing.assert_allclose(gradient, results[0][1], atol=1e-6)


def test_one_image_is_not_mixed(engine):
    net = nets.network("linear")
    images = nets.random_images(net, 1)
    arguments = (*nets.arguments(net, images), np.array([1]), LOSSES[1], 1, 1, True, 0, None)
    plan = nets.plan(engine, net)
    plain, alone = (
        plan.gradient(*arguments),
        plan.gradient(*arguments, Augmentation(mixup=1).engine()),
    )
    assert plain[0] == alone[0]
