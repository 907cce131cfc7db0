"""3x3 convolutions wide enough for Winograd's algorithm, against float64.

Where the engine changes from taps to tiles is its own affair: the cases lie on both sides.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.network import sizes
from tolerances import FORWARD, TORCH, assert_close

#: name -> (input shape, layers, images): sizes that fill no tile, band or register evenly.
CASES = {
    "even": ((16, 6, 8), [fp.Conv2d(16, 3, padding=1)], 9),
    "odd": ((17, 7, 5), [fp.Conv2d(19, 3, padding=1), fp.ReLU()], 8),
    "one output": ((18, 3, 3), [fp.Conv2d(21, 3)], 1),
    "few channels": ((3, 9, 10), [fp.Conv2d(16, 3), fp.Conv2d(5, 3, padding=1)], 9),
    "no padding, no bias": ((16, 8, 9), [fp.Conv2d(17, 3, bias=False), fp.ReLU()], 9),
    "wide padding": ((16, 4, 5), [fp.Conv2d(20, 3, padding=2), fp.ReLU()], 9),
    "padding beyond the kernel": ((16, 3, 4), [fp.Conv2d(16, 3, padding=((3, 4), (5, 0)))], 8),
    "uneven padding": (
        (23, 9, 6), [fp.Conv2d(18, 3, padding=((2, 0), (0, 1))), fp.ReLU()], 9,
    ),
    "pooled": (
        (21, 8, 6), [fp.Conv2d(20, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2)], 64,
    ),
    "pooled, cropped": (
        (40, 9, 7), [fp.Conv2d(23, 3, padding=1), fp.MaxPool2d(2, remainder="crop")], 9,
    ),
    "pooled before ReLU": (
        (17, 6, 9), [fp.Conv2d(17, 3), fp.MaxPool2d(2, remainder="crop"), fp.ReLU()], 9,
    ),
    "pooled by threes": (
        (18, 10, 11),
        [fp.Conv2d(16, 3, padding=1), fp.ReLU(), fp.MaxPool2d(3, remainder="crop")],
        9,
    ),
    "many tiles": ((16, 33, 19), [fp.Conv2d(37, 3, padding=1), fp.ReLU()], 9),
    "many planes": ((130, 5, 6), [fp.Conv2d(33, 3, padding=1)], 9),
    "wide tiles": ((32, 12, 16), [fp.Conv2d(35, 3, padding=1), fp.ReLU()], 9),
    "wide tiles, cut": (
        (37, 14, 15), [fp.Conv2d(32, 3, padding=((2, 0), (0, 1))), fp.ReLU()], 33,
    ),
    "wide tiles, pooled": (
        (33, 16, 12), [fp.Conv2d(40, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2)], 9,
    ),
    "wide tiles, pooled, cropped": (
        (32, 17, 15), [fp.Conv2d(32, 3), fp.MaxPool2d(2, remainder="crop"), fp.ReLU()], 9,
    ),
    "wide tiles behind each other": (
        (4, 19, 14),
        [fp.Conv2d(32, 3, padding=1), fp.Conv2d(48, 3, padding=1), fp.ReLU(),
         fp.MaxPool2d(2, remainder="crop"), fp.Conv2d(33, 3), fp.Flatten(), fp.Linear(3)], 17,
    ),
    "few tiles": ((64, 4, 4), [fp.Conv2d(64, 3, padding=1), fp.ReLU()], 9),
    "few tiles, uneven": (
        (67, 7, 4), [fp.Conv2d(83, 3, padding=((1, 1), (0, 2)), bias=False), fp.ReLU()], 17,
    ),
    "few tiles, from more": ((64, 6, 6), [fp.Conv2d(65, 3)], 33),
    "few tiles, pooled": (
        (70, 6, 7),
        [fp.Conv2d(64, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2, remainder="crop")], 9,
    ),
    "few tiles in a row": ((33, 3, 11), [fp.Conv2d(40, 3, padding=1), fp.ReLU()], 9),
    "few tiles of eight, pooled": (
        (40, 8, 8), [fp.Conv2d(47, 3, padding=1), fp.MaxPool2d(2), fp.ReLU()], 20,
    ),
    "wide tiles of eight, pooled": (
        (17, 8, 8), [fp.Conv2d(35, 3, padding=1), fp.MaxPool2d(2), fp.ReLU()], 20,
    ),
    "wide tiles of seven": (
        (16, 7, 7), [fp.Conv2d(23, 3, padding=1), fp.Conv2d(16, 3, padding=1)], 9,
    ),
    "few tiles behind each other": (
        (64, 7, 7),
        [fp.Conv2d(100, 3, padding=1), fp.ReLU(), fp.Conv2d(64, 3), fp.ReLU(),
         fp.Residual(fp.Conv2d(64, 3, padding=1)), fp.Flatten(), fp.Linear(3)], 40,
    ),
    "chain": (
        (19, 11, 9),
        [fp.Conv2d(24, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2, remainder="crop"),
         fp.Conv2d(16, 3, padding=(1, 2)), fp.ReLU(), fp.Conv2d(16, 3), fp.Flatten(),
         fp.Linear(5)],
        64,
    ),
    "residual": (
        (17, 7, 6),
        [fp.Residual(fp.Conv2d(16, 3, padding=1), fp.ReLU(), fp.Conv2d(17, 3, padding=1)),
         fp.ReLU()],
        9,
    ),
}  # fmt: skip


@functools.cache
def case(name):
    shape, layers, count = CASES[name]
    net = nets.disturbed(fp.Network(shape, layers))
    images = nets.random_images(net, count)
    return net, images, reference.outputs(net, images).reshape(count, -1)


def gradient(engine, name, threads, plan=None):
    """Return the loss, and its gradients by parameters and by images."""
    net, images, outputs = case(name)
    targets = np.random.default_rng(4).standard_normal(outputs.shape).astype(np.float32)
    plan = plan or nets.plan(engine, net)
    arguments = (*nets.arguments(net, images), targets, {"name": "mse"}, 0, threads, False)
    return plan.gradient(*arguments)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_values(engine, name, threads):
    net, images, outputs = case(name)
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images), threads)
    assert_close(actual, outputs, FORWARD)


@functools.cache
def expected_gradients(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    net, images, outputs = case(name)
    parameters = {
        key: torch.from_numpy(array.astype(np.float64)).requires_grad_()
        for key, array in net.parameters.items()
    }
    inputs = torch.from_numpy(images.astype(np.float64)).requires_grad_()
    values = run(net.layers, inputs, parameters, "").flatten(1)
    targets = np.random.default_rng(4).standard_normal(outputs.shape).astype(np.float32)
    torch.nn.functional.mse_loss(values, torch.from_numpy(targets).double()).backward()
    return np.concatenate([p.grad.numpy().ravel() for p in parameters.values()]), inputs.grad


def run(layers, x, parameters, prefix):
    """Apply layers in PyTorch, in the type of its arguments."""
    from torch.nn import functional

    for index, layer in enumerate(layers):
        here = f"{prefix}{index}."
        match layer:
            case fp.Conv2d():
                (top, bottom), (left, right) = [
                    (w.before, w.after) for w in layer.windows(tuple(x.shape[1:]))
                ]
                x = functional.conv2d(
                    functional.pad(x, (left, right, top, bottom)),
                    parameters[here + "weight"],
                    parameters.get(here + "bias"),
                )
            case fp.ReLU():
                x = functional.relu(x)
            case fp.MaxPool2d():
                x = functional.max_pool2d(x, layer.kernel_size)
            case fp.Flatten():
                x = x.flatten(1)
            case fp.Linear():
                x = functional.linear(x, parameters[here + "weight"], parameters[here + "bias"])
            case fp.Residual():
                x = x + run(layer.layers, x, parameters, here)
            case _:
                raise TypeError(layer)
    return x


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_gradients(engine, name, threads):
    by_parameter, by_image = expected_gradients(name)
    _, actual_by_parameter, actual_by_image = gradient(engine, name, threads)
    assert_close(actual_by_parameter, by_parameter, TORCH)
    assert_close(actual_by_image, by_image.numpy(), TORCH)


@pytest.mark.parametrize(
    "name",
    [
        *("wide tiles", "wide tiles behind each other", "wide tiles of eight, pooled"),
        *("few tiles", "few tiles behind each other"),
    ],
)
def test_errors_of_gradients_are_within_ten_times_those_of_direct_sums(engine, name):
    net, _, _ = case(name)
    steps, _ = sizes.engine_steps(net.rows)
    counts = net.parameter_vector.size, net.state_vector.size
    exact = engine.NetworkPlan(net.input_shape, steps, *counts, exact=True)
    tiles, direct = (gradient(engine, name, 1, plan)[1:] for plan in (None, exact))
    by_parameter, by_image = expected_gradients(name)
    for actual, other, expected in zip(tiles, direct, (by_parameter, by_image), strict=True):
        errors = [np.abs(array - np.asarray(expected)).max() for array in (actual, other)]
        assert 0 < errors[0] < 10 * errors[1]
    assert not np.array_equal(tiles[1], direct[1])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "name", ["pooled", "chain", "many tiles", "wide tiles, pooled", "few tiles, pooled"]
)
def test_repeats_bit_for_bit(engine, name, threads):
    first = gradient(engine, name, threads)
    second = gradient(engine, name, threads)
    for item, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(item, other)


def test_not_a_number_is_passed_on(engine):
    net, images, _ = case("pooled")
    images = images.copy()
    images[1, 3, 2, 2] = np.nan
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    assert np.isnan(actual[1]).any()
    assert not np.isnan(np.delete(actual, 1, axis=0)).any()


@pytest.mark.parametrize(
    ("channels", "size", "expected", "at_16_lanes"),
    [
        ((15, 64), 14, "sums over taps", None),
        ((16, 16), 6, "sums over taps", None),
        ((16, 31), 7, "Winograd 4 x 4", "sums over taps"),
        ((24, 16), 14, "Winograd 4 x 4", "Winograd 2 x 2"),
        ((16, 16), 10, "Winograd 2 x 2", None),
        ((32, 32), 14, "Winograd 4 x 4", None),
        ((64, 64), 7, "Winograd 4 x 4 of few tiles", None),
        ((64, 64), 5, "sums over taps", None),
    ],
)
def test_what_was_measured_to_be_quickest_is_taken(engine, channels, size, expected, at_16_lanes):
    net = fp.Network((channels[0], size, size), [fp.Conv2d(channels[1], 3, padding=1)])
    plan = nets.plan(engine, net)
    (only,) = plan.explain(16, 1, training=True)
    assert only[3] == (at_16_lanes or expected if plan.lanes == 16 else expected)
