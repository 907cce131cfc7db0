"""What the engine computes, against the definitions in float64."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.network import sizes
from shape_lists import conv_cases, pool_cases
from tolerances import FORWARD, assert_close

CASES = {case.name: case for case in (*conv_cases(), *pool_cases())}


@functools.cache
def case_and_outputs(name):
    net = nets.network_of(CASES[name])
    images = nets.random_images(net, CASES[name].images)
    return net, images, reference.outputs(net, images)


@functools.cache
def network_and_features(name, dtype=np.float32, count=64):
    net = nets.MODELS[name]() if name in nets.MODELS else nets.network(name)
    if dtype is np.uint8:
        net.normalization = (100.0, 60.0)
    images = nets.random_images(net, count, dtype)
    return net, images, reference.features(net, images)


@pytest.mark.parametrize("name", CASES)
def test_one_layer_against_its_definition(engine, name):
    net, images, expected = case_and_outputs(name)
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    assert actual.dtype == np.float32
    assert_close(actual, expected.reshape(len(images), -1), FORWARD)


@pytest.mark.parametrize("name", nets.LAYERS)
def test_every_layer_of_a_network_against_its_definition(engine, name):
    net, images, expected = network_and_features(name)
    values = nets.plan(engine, net).features(*nets.arguments(net, images), 1)
    for step, layer_values in zip(sizes.engine_steps(net.rows)[1], expected, strict=True):
        assert_close(values[step].reshape(layer_values.shape), layer_values, FORWARD)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    "name", ["conv after conv", "pools 1d", "residual with batch norm", "linear"]
)
def test_any_number_of_images_of_either_kind_on_any_number_of_threads(engine, name, dtype, threads):
    net, images, expected = network_and_features(name, dtype)
    plan = nets.plan(engine, net)
    for count in sorted({1, 2, 3, plan.lanes - 1, plan.lanes, plan.lanes + 1, 64}):
        actual = plan.forward(*nets.arguments(net, images[:count]), threads)
        assert_close(actual, expected[-1][:count].reshape(count, -1), FORWARD)


@pytest.mark.parametrize("count", [1, 5, 33])
@pytest.mark.parametrize("name", nets.MODELS)
def test_models_against_their_definition(engine, name, count):
    net, images, expected = network_and_features(name, np.uint8, 33 if "small" in name else 40)
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images[:count]), 2)
    assert_close(actual, expected[-1][:count], FORWARD)


@pytest.mark.parametrize("name", ["batch norm 2d", "max pool, overlapping and padded", "rbf"])
def test_outputs_repeat_bit_for_bit(engine, name):
    net, images, _ = network_and_features(name)
    plan = nets.plan(engine, net)
    first = plan.forward(*nets.arguments(net, images), 2)
    for threads in (1, 2, 2):
        np.testing.assert_array_equal(plan.forward(*nets.arguments(net, images), threads), first)


def test_dropout_does_nothing_outside_training(engine):
    net = fp.Network((4, 5, 5), [fp.Dropout(0.7), fp.Flatten()])
    images = nets.random_images(net, 3)
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    np.testing.assert_array_equal(actual, images.reshape(3, -1))


def test_no_images_give_no_outputs(engine):
    net = nets.network("max pool")
    images = nets.random_images(net, 0)
    assert nets.plan(engine, net).forward(*nets.arguments(net, images), 2).shape == (0, 3)


def test_a_plan_says_its_shapes(engine):
    plan = nets.plan(engine, nets.network("max pool"))
    assert tuple(plan.output_shape) == (3, 1, 1)
    assert plan.lanes >= 4
