"""Depthwise sums of rows of every width, against the definition."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from tolerances import FORWARD, assert_close

#: Of the output: all that fit one window of registers, and all remainders of the widest.
WIDTHS = (*range(1, 27), 30, 31, 36, 41, 47, 48, 49, 55)
#: What follows the sums: nothing, a ReLU, another activation, the sum with another value.
ENDS = {
    "nothing": lambda layer: [layer],
    "ReLU": lambda layer: [layer, fp.ReLU()],
    "SiLU": lambda layer: [layer, fp.SiLU()],
    "1 x 1": lambda layer: [layer, fp.ReLU(), fp.Conv2d(33, 1)],
}


def outputs(engine, net):
    """Return what the engine makes of two images, and the definition."""
    images = nets.random_images(net, 2)
    expected = reference.features(net, images)[-1].reshape(2, -1)
    return nets.plan(engine, net).forward(*nets.arguments(net, images), 1), expected


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2), (2, 1)])
def test_widths(engine, kernel, stride, width):
    rng = np.random.default_rng(width)
    end = ENDS[list(ENDS)[rng.integers(len(ENDS))]]
    padding = int(rng.integers(kernel))
    columns = (width - 1) * stride + kernel - 2 * padding
    if columns < 1:
        padding, columns = 0, (width - 1) * stride + kernel
    rows = int(rng.integers(kernel, 3 * kernel + 2))
    layer = fp.Conv2d(
        17, kernel, stride=stride, groups=17, padding=((0, 0), (padding, padding)), remainder="crop"
    )
    net = nets.disturbed(fp.Network((17, rows, columns), [*end(layer), fp.Flatten()]))
    assert_close(*outputs(engine, net), FORWARD)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("width", [1, 2, 7, 24, 31])
def test_ends(engine, end, width):
    layer = fp.Conv2d(17, 3, padding=1, groups=17)
    net = nets.disturbed(fp.Network((17, 5, width), [*ENDS[end](layer), fp.Flatten()]))
    assert_close(*outputs(engine, net), FORWARD)


@pytest.mark.parametrize("width", [1, 2, 7, 24, 31])
def test_sums_with_another_value(engine, width):
    layers = [fp.Residual(fp.Conv2d(17, 3, padding=1, groups=17), fp.ReLU()), fp.ReLU()]
    net = nets.disturbed(fp.Network((17, 5, width), [fp.Conv2d(17, 1), *layers, fp.Flatten()]))
    assert_close(*outputs(engine, net), FORWARD)


@pytest.mark.parametrize("channels", [64, 128, 256])
@pytest.mark.parametrize("width", range(1, 27))
def test_pairs_of_every_width(engine, channels, width):
    """By Strassen's algorithm even and odd rows or columns lie apart."""
    layers = [fp.Conv2d(channels, 3, padding=1, groups=channels), fp.ReLU()]
    net = nets.disturbed(
        fp.Network((channels, 6, width), [*layers, fp.Conv2d(channels, 1), fp.Flatten()])
    )
    assert_close(*outputs(engine, net), FORWARD)
