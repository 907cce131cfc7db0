"""Ranges of values: of every layer within every other, as its own output has them."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, network, random_images
from fencepost.interchange.c.int8.calibration import ranges


@pytest.mark.parametrize("name", ["subsample", "nested concat", "u-net", "residual in a residual"])
def test_ranges_are_those_of_each_layer(name):
    net = network(name)
    images = random_images(net, 40)
    found = ranges(net, images)
    for index, values in net.features(images).items():
        assert found[str(index)] == (float(values.min()), float(values.max()))

    def places(rows):
        return [p for row in rows for p in (row.place, *places(row.inner))]

    assert {*places(net.rows), "input"} <= found.keys()
    assert LAYERS[name]


def test_bytes_are_never_cut_off():
    net = network("residual with shortcut")
    images = np.full((2, *net.input_shape), 100, np.uint8)
    mean, scale = net.engine_normalization
    low, high = ranges(net, images)["input"]
    assert low == pytest.approx(float((-mean * scale).min()))
    assert high == pytest.approx(float(((255 - mean) * scale).max()))


def test_values_that_overflow_are_refused():
    net = fp.Network((3,), [fp.Linear(2), fp.Linear(2)])
    for array in net.parameters.values():
        array[:] = 1e30
    with pytest.raises(fp.DataError, match="NaN or infinity from 1 layer, first from 1"):
        ranges(net, np.ones((4, 3), np.float32))
