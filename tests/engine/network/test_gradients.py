"""Gradients of the engine along random directions, against differences of the definitions."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost import definitions
from gradient_check import check_gradient
from shape_lists import conv_cases, pool_cases
from tolerances import FORWARD, GRADIENT, assert_close

MSE = {"name": "mse"}
CASES = {case.name: case for case in (*conv_cases(), *pool_cases())}
CROSS_ENTROPY = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": None}


def loss_of(loss, outputs, targets):
    """The loss as `definitions` has it."""
    if loss["name"] == "mse":
        weights = loss.get("sample_weight")
        return definitions.mean_squared_error(
            outputs.reshape(targets.shape), targets, sample_weight=weights
        )
    options = {name: value for name, value in loss.items() if name != "name"}
    return definitions.cross_entropy(outputs, targets, **options)


def targets_of(net, loss, count):
    outputs = int(np.prod(net.output_shape))
    generator = np.random.default_rng(2)
    if loss["name"] == "mse":
        return generator.standard_normal((count, outputs)).astype(np.float32)
    return generator.integers(0, outputs, count)


def check(engine, net, images, loss, training=False, threads=1, sample_weight=None):
    """Check the loss and both gradients of one network.

    The engine's image gradient is that of the normalised input, so the reference is asked for it.
    """
    targets = targets_of(net, loss, len(images))
    value, by_parameter, by_image = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), targets, loss, 0, threads, training, 0, sample_weight
    )
    mean, scale = (
        a.astype(np.float64).reshape(-1, *(1,) * (images.ndim - 2))
        for a in net.engine_normalization
    )

    def function(parameters, seen):
        outputs = reference.outputs(net, seen / scale + mean, parameters, training)
        return loss_of({**loss, "sample_weight": sample_weight}, outputs, targets)

    arrays = [net.parameter_vector, (images.astype(np.float64) - mean) * scale]
    gradients = [by_parameter, by_image.reshape(images.shape)]
    if not by_parameter.size:  # a pool has none
        arrays[0] = gradients[0] = np.zeros(0)
    expected = function(*arrays)
    assert value == pytest.approx(expected, rel=FORWARD)
    check_gradient(function, arrays, gradients, tolerance=GRADIENT)


@functools.cache
def case_and_images(name):
    net = nets.network_of(CASES[name])
    return net, nets.random_images(net, min(CASES[name].images, 9))


@pytest.mark.parametrize("name", CASES)
def test_one_layer(engine, name):
    net, images = case_and_images(name)
    check(engine, net, images, MSE)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", nets.LAYERS)
def test_every_layer_in_a_network(engine, name, training):
    net = nets.network(name)
    loss = MSE if len(net.output_shape) > 1 else CROSS_ENTROPY
    check(engine, net, nets.random_images(net, 11), loss, training)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["conv after conv", "residual with batch norm", "linear"])
def test_any_number_of_images_on_any_number_of_threads(engine, name, threads):
    net = nets.network(name)
    lanes = nets.plan(engine, net).lanes
    for count in sorted({2, 3, lanes - 1, lanes, lanes + 1, 64}):
        check(engine, net, nets.random_images(net, count), CROSS_ENTROPY, True, threads)


@pytest.mark.parametrize("name", nets.MODELS)
def test_models(engine, name):
    net = nets.MODELS[name]()
    net.normalization = (100.0, 60.0)
    check(engine, net, nets.random_images(net, 4, np.uint8), CROSS_ENTROPY)


LOSSES = pytest.mark.parametrize(
    "loss",
    [
        MSE,
        CROSS_ENTROPY,
        {**CROSS_ENTROPY, "label_smoothing": 0.1},
        {**CROSS_ENTROPY, "class_weights": np.array([0.2, 1.0, 3.0], np.float32)},
        {
            "name": "cross_entropy",
            "label_smoothing": 0.3,
            "class_weights": np.array([2.0, 0.5, 1.5], np.float32),
        },
    ],
    ids=["mse", "plain", "smoothing", "weights", "both"],
)


@LOSSES
def test_every_loss(engine, loss):
    net = nets.network("linear")
    check(engine, net, nets.random_images(net, 21), loss, threads=2)


@LOSSES
@pytest.mark.parametrize("count", [1, 21])
def test_every_loss_with_sample_weights(engine, loss, count):
    net = nets.network("linear")
    weights = np.random.default_rng(5).uniform(0.1, 3, count).astype(np.float32)
    weights[3:7] = 0
    check(engine, net, nets.random_images(net, count), loss, threads=2, sample_weight=weights)


@LOSSES
def test_sample_weights_of_1_change_no_bit(engine, loss):
    net = nets.network("linear")
    images = nets.random_images(net, 21)
    arguments = (*nets.arguments(net, images), targets_of(net, loss, 21), loss, 0, 2, True, 0)
    plan = nets.plan(engine, net)
    plain, ones = plan.gradient(*arguments), plan.gradient(*arguments, np.ones(21, np.float32))
    assert plain[0] == ones[0]
    np.testing.assert_array_equal(plain[1], ones[1])


@LOSSES
def test_images_of_no_weight_teach_nothing(engine, loss):
    net = nets.network("linear")
    images = nets.random_images(net, 5)
    arguments = (*nets.arguments(net, images), targets_of(net, loss, 5), loss, 0, 1, True, 0)
    value, by_parameter, _ = nets.plan(engine, net).gradient(*arguments, np.zeros(5, np.float32))
    assert value == 0
    assert not by_parameter.any()


def test_cross_entropy_of_large_outputs(engine):
    net = fp.Network((3,), [fp.Linear(3, bias=False)])
    net.parameters["0.weight"][:] = np.eye(3) * 1000
    images = np.eye(3, dtype=np.float32)
    for targets, expected in (([0, 1, 2], 0.0), ([1, 2, 0], 1000.0)):
        value, by_parameter, _ = nets.plan(engine, net).gradient(
            *nets.arguments(net, images), np.array(targets), CROSS_ENTROPY, 0, 1, False
        )
        assert value == pytest.approx(expected)
        assert np.isfinite(by_parameter).all()


@pytest.mark.parametrize("entry", [0, 100, -1])
def test_a_planted_error_is_caught(engine, entry, monkeypatch):
    """A wrong entry among the 230 of the gradient, a tenth of its length, must not pass."""
    net = nets.network("conv after conv")
    plan = nets.plan(engine, net)

    class Planted:
        def gradient(self, *args):
            value, by_parameter, by_image = plan.gradient(*args)
            by_parameter[entry] += 0.1 * np.linalg.norm(by_parameter)
            return value, by_parameter, by_image

    monkeypatch.setattr(nets, "plan", lambda engine, net: Planted())
    with pytest.raises(AssertionError, match="gradient of array 0"):
        check(engine, net, nets.random_images(net, 5), CROSS_ENTROPY)


@pytest.mark.parametrize("threads", [1, 2])
def test_gradients_repeat_bit_for_bit(engine, threads):
    net = nets.network("residual with batch norm")
    images = nets.random_images(net, 61)
    targets = targets_of(net, CROSS_ENTROPY, 61)
    plan = nets.plan(engine, net)
    first, *others = (
        plan.gradient(*nets.arguments(net, images), targets, CROSS_ENTROPY, 3, threads, True)
        for _ in range(4)
    )
    for other in others:
        assert other[0] == first[0]
        np.testing.assert_array_equal(other[1], first[1])
        np.testing.assert_array_equal(other[2], first[2])


def test_a_gradient_changes_nothing(engine):
    net = nets.network("residual with batch norm")
    images = nets.random_images(net, 9)
    arrays = nets.arguments(net, images)
    before = [array.copy() for array in arrays]
    targets = targets_of(net, CROSS_ENTROPY, 9)
    nets.plan(engine, net).gradient(*arrays, targets, CROSS_ENTROPY, 3, 2, True)
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_the_first_largest_cell_takes_the_gradient(engine):
    """Where elements of a window are equal, PyTorch and this engine choose the first of them."""
    net = fp.Network((1, 2, 2), [fp.MaxPool2d(2), fp.Flatten()])
    images = np.full((1, 1, 2, 2), 3, np.float32)
    _, _, by_image = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), np.ones((1, 1), np.float32), MSE, 0, 1, False
    )
    np.testing.assert_array_equal(by_image[0, 0], [[4, 0], [0, 0]])


def test_drop_path_drops_whole_images(engine):
    net = fp.Network((2, 3, 3), [fp.DropPath(0.4), fp.Flatten()])
    images = 1 + nets.random_images(net, 400) ** 2
    args = (*nets.arguments(net, images), np.zeros((400, 18), np.float32), MSE, 7)
    plan = nets.plan(engine, net)
    _, _, by_image = plan.gradient(*args, 1, True)
    kept = by_image.reshape(400, -1) != 0
    assert (kept.all(axis=1) == kept.any(axis=1)).all()
    assert kept[:, 0].mean() == pytest.approx(0.6, abs=0.1)
    factors = kept[:, 0].reshape(-1, 1, 1, 1) / 0.6**2
    assert_close(by_image, factors * images * 2 / images.size, FORWARD)
    np.testing.assert_array_equal(plan.gradient(*args, 2, True)[2], by_image)


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_dropout_in_training(engine, p):
    """With targets 0 the gradient of value x is 2/F · x / (1 - p)² where it is kept, else 0."""
    net = fp.Network((3, 20, 20), [fp.Dropout(p), fp.Flatten()])
    images = 1 + nets.random_images(net, 33) ** 2  # nothing is 0 before dropout
    targets = np.zeros((33, 1200), np.float32)
    plan = nets.plan(engine, net)

    def run(seed, threads):
        args = (*nets.arguments(net, images), targets, MSE, seed, threads, True)
        value, _, by_image = plan.gradient(*args)
        return value, by_image

    value, by_image = run(7, 1)
    kept = by_image != 0
    assert kept.mean() == pytest.approx(1 - p, abs=4 * np.sqrt(p * (1 - p) / kept.size) + 1e-9)
    assert value == pytest.approx(
        np.mean((kept * images / (1 - p)) ** 2, dtype=np.float64), rel=1e-4
    )
    assert_close(by_image, kept * images * 2 / (1 - p) ** 2 / images.size, FORWARD)
    np.testing.assert_array_equal(run(7, 2)[1], by_image)
    if p > 0:
        assert (run(8, 1)[1] != by_image).any()
        assert not (kept == kept[:1]).all()  # each image has a mask of its own
        assert not (kept == kept[:, :1]).all()
