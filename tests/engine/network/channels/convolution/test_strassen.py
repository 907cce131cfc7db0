"""1 × 1 products behind a depthwise convolution by Strassen's algorithm, against float64."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.network import sizes
from tolerances import FORWARD, assert_close

METHOD = "depthwise, then 1 x 1 by Strassen"


def depthwise(channels, kernel=3, **options):
    return fp.Conv2d(channels, kernel, groups=channels, **{"padding": 1, **options})


#: name -> (input shape, layers): pairs of rows and within rows, rows in one strip and in several,
#: columns that are and are not tiles, tiles of channels that are not whole, and everything that is
#: taken along.
CASES = {
    "whole tiles": ((128, 6, 12), [depthwise(128), fp.ReLU(), fp.Conv2d(128, 1), fp.ReLU()]),
    "cut tiles": ((128, 8, 13), [depthwise(128), fp.Conv2d(256, 1)]),
    "many channels of few pixels": ((256, 2, 2), [depthwise(256), fp.Conv2d(256, 1)]),
    "uneven tiles of channels": ((128, 10, 7), [depthwise(128), fp.Conv2d(160, 1), fp.ReLU()]),
    "lanes left empty": ((128, 4, 9), [depthwise(128), fp.Conv2d(255, 1), fp.ReLU()]),
    "stride": ((128, 11, 9), [depthwise(128, stride=2), fp.ReLU(), fp.Conv2d(256, 1)]),
    "kernel of any size": (
        (128, 6, 9), [depthwise(128, (2, 4), padding=((1, 0), (2, 1))), fp.Conv2d(192, 1)],
    ),
    "batch norm": (
        (128, 6, 6),
        [depthwise(128, bias=False), fp.BatchNorm2d(), fp.ReLU(), fp.Conv2d(256, 1, bias=False),
         fp.BatchNorm2d(), fp.ReLU()],
    ),
    "sum": (
        (128, 6, 7),
        [fp.Residual(depthwise(128), fp.ReLU(), fp.Conv2d(128, 1), fp.BatchNorm2d()), fp.ReLU()],
    ),
    "sum of ReLU": ((128, 4, 6), [fp.Residual(depthwise(128), fp.Conv2d(128, 1), fp.ReLU())]),
    "pairs of rows": (
        (128, 8, 8), [depthwise(128), fp.SiLU(), fp.Conv2d(128, 1, bias=False), fp.ReLU()],
    ),
    "pairs within an odd number of rows": (
        (128, 5, 6), [depthwise(128), fp.SiLU(), fp.Conv2d(256, 1), fp.GELU()],
    ),
    "sum of pairs within rows": (
        (128, 10, 14),
        [fp.Residual(depthwise(128, 5, padding=2), fp.Conv2d(128, 1), fp.BatchNorm2d()), fp.ReLU()],
    ),
    "activation": ((128, 6, 5), [depthwise(128), fp.SiLU(), fp.Conv2d(256, 1), fp.GELU()]),
}  # fmt: skip


def exact_plan(engine, net):
    """Return the plan that keeps to direct sums."""
    steps, _ = sizes.engine_steps(net.rows)
    counts = net.parameter_vector.size, net.state_vector.size
    return engine.NetworkPlan(net.input_shape, steps, *counts, exact=True)


def methods(plan):
    return [stage[3] for stage in plan.explain(1, 1)]


def forward(net, plan, images, threads=1):
    return plan.forward(*nets.arguments(net, images), threads)


@pytest.mark.parametrize("name", CASES)
def test_values_whatever_the_batch_and_the_threads(engine, name):
    net = nets.disturbed(fp.Network(*CASES[name]))
    images = nets.random_images(net, 3)
    plan, exact = nets.plan(engine, net), exact_plan(engine, net)
    assert METHOD in methods(plan)
    assert METHOD not in methods(exact)
    expected = reference.features(net, images)[-1].reshape(3, -1)
    outputs = forward(net, plan, images)
    assert_close(outputs, expected, FORWARD)
    assert_close(forward(net, exact, images), expected, FORWARD)
    for threads in (1, 2, 3, 4, 5):
        np.testing.assert_array_equal(forward(net, plan, images, threads), outputs)
        for image, output in zip(images, outputs, strict=True):
            np.testing.assert_array_equal(forward(net, plan, image[None], threads)[0], output)


@pytest.mark.parametrize("side", [6, 8])  # pairs within rows, pairs of rows
def test_error_is_within_ten_times_that_of_direct_sums(engine, side):
    net = fp.Network((256, side, side), [depthwise(256), fp.Conv2d(256, 1)])
    images = nets.random_images(net, 3)
    expected = reference.features(net, images)[-1].reshape(3, -1)
    errors = [
        np.abs(forward(net, plan, images) - expected).max()
        for plan in (nets.plan(engine, net), exact_plan(engine, net))
    ]
    assert errors[1] < errors[0] < 10 * errors[1]


@pytest.mark.parametrize(
    ("shape", "channels", "reason"),
    [
        ((128, 7, 7), 128, "an odd number of pixels"),
        ((126, 6, 6), 128, "channels that do not fill two halves of vecs"),
        ((128, 6, 6), 129, "channels that do not fill two halves of vecs"),
        ((32, 6, 6), 32, "slower"),
    ],
)
def test_what_it_declines_is_said(engine, shape, channels, reason):
    net = fp.Network(shape, [depthwise(shape[0]), fp.Conv2d(channels, 1)])
    (stage,) = nets.plan(engine, net).explain(1, 1)
    assert f"{METHOD}: {reason}" in stage[4]


def test_statistics_that_change_are_folded_anew(engine):
    net = nets.disturbed(fp.Network(*CASES["batch norm"]))
    plan, images = nets.plan(engine, net), nets.random_images(net, 2)
    before = forward(net, plan, images)
    net.state["4.running_var"][3] += 1
    after = forward(net, plan, images)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, forward(net, nets.plan(engine, net), images))
