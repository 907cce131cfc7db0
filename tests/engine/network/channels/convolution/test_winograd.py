"""3 × 3 convolutions by Winograd's F(4 × 4), channels in the lanes, against float64."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.network import sizes
from tolerances import FORWARD, assert_close

#: name -> (input shape, layers): maps that are and are not tiles, channels that are not whole vecs.
CASES = {
    "whole tiles": ((16, 8, 8), [fp.Conv2d(32, 3, padding=1), fp.ReLU()]),
    "cut tiles": ((19, 9, 7), [fp.Conv2d(37, 3, padding=1)]),
    "no padding": ((33, 6, 11), [fp.Conv2d(16, 3, bias=False)]),
    "uneven padding": ((16, 5, 6), [fp.Conv2d(17, 3, padding=((2, 0), (0, 3))), fp.ReLU()]),
    "pooled": ((20, 12, 9), [fp.Conv2d(48, 3, padding=1), fp.ReLU(),
                             fp.MaxPool2d(2, remainder="crop")]),
    "batch norm": ((17, 6, 6), [fp.Conv2d(40, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]),
    "sum": (
        (18, 7, 6),
        [fp.Residual(fp.Conv2d(18, 3, padding=1), fp.BatchNorm2d(), fp.ReLU(),
                     fp.Conv2d(18, 3, padding=1), fp.BatchNorm2d()), fp.ReLU()],
    ),
    "sum of ReLU": ((16, 4, 4), [fp.Residual(fp.Conv2d(16, 3, padding=1), fp.ReLU()),
                                 fp.MaxPool2d(2)]),
}  # fmt: skip
WIDE = ((96, 16, 16), [fp.Conv2d(64, 3, padding=1)])


def exact_plan(engine, net):
    """Return the plan that keeps to direct sums."""
    steps, _ = sizes.engine_steps(net.rows)
    counts = net.parameter_vector.size, net.state_vector.size
    return engine.NetworkPlan(net.input_shape, steps, *counts, exact=True)


def methods(plan, images):
    return [stage[3] for stage in plan.explain(images, 1)]


@pytest.mark.parametrize("count", [1, 3, 37])
@pytest.mark.parametrize("name", CASES)
def test_values(engine, name, count):
    net = nets.disturbed(fp.Network(*CASES[name]))
    images = nets.random_images(net, count)
    expected = reference.features(net, images[:3])[-1].reshape(min(count, 3), -1)
    for plan in (nets.plan(engine, net), exact_plan(engine, net)):
        for threads in (1, 2):
            outputs = plan.forward(*nets.arguments(net, images), threads)
            assert_close(outputs[:3], expected, FORWARD)
            again = plan.forward(*nets.arguments(net, images), threads)
            np.testing.assert_array_equal(outputs, again)


def test_error_is_within_ten_times_that_of_direct_sums(engine):
    net = fp.Network(*WIDE)
    images = nets.random_images(net, 3)
    plan, exact = nets.plan(engine, net), exact_plan(engine, net)
    assert "Winograd 4 x 4" in methods(plan, 3)
    assert methods(exact, 3) == ["direct sums"]
    expected = reference.features(net, images)[-1].reshape(3, -1)
    errors = [
        np.abs(p.forward(*nets.arguments(net, images), 1) - expected).max() for p in (plan, exact)
    ]
    assert errors[1] < errors[0] < 10 * errors[1]


def test_what_it_declines_is_said(engine):
    net = fp.Network((32, 9, 9), [fp.Conv2d(32, 3, stride=2)])
    (stage,) = nets.plan(engine, net).explain(1, 1)
    assert "Winograd 4 x 4: stride or dilation is not 1" in stage[4]


def test_statistics_that_change_are_folded_anew(engine):
    net = nets.disturbed(fp.Network(*CASES["batch norm"]))
    plan, images = nets.plan(engine, net), nets.random_images(net, 2)
    before = plan.forward(*nets.arguments(net, images), 1)
    net.state["1.running_var"][3] += 1
    after = plan.forward(*nets.arguments(net, images), 1)
    assert not np.array_equal(before, after)
    fresh = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    np.testing.assert_array_equal(after, fresh)
