"""Direct sums: kernels of one row or column, images that are read where they are."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from tolerances import FORWARD, assert_close

#: kernel, stride, padding left and right: as many zeros as a window has columns, and more.
WINDOWS = [
    (3, 1, (1, 1)), (3, 2, (1, 1)), (3, 2, (0, 0)), (3, 2, (2, 0)), (3, 1, (0, 2)), (5, 1, (2, 2)),
    (5, 1, (4, 1)), (3, 2, (3, 3)), (3, 1, (4, 0)), (5, 2, (2, 2)), (7, 2, (3, 3)), (2, 2, (1, 0)),
]  # fmt: skip
WIDTHS = (3, 8, 13, 16, 21, 24, 25, 33, 47, 48, 49, 96, 97)


def first_layer(width, kernel, stride, padding, then=(), *, channels=3, out=16):
    """Return a network of this layer and those behind it, for images of 9 rows."""
    layer = fp.Conv2d(
        out, kernel, stride=stride, padding=((1, kernel - 1), padding), remainder="crop"
    )
    layers = [layer, *then, fp.Flatten()]
    return nets.disturbed(fp.Network((channels, 9, width), layers))


def of_bytes_and_floats(engine, net, count, threads):
    """Return the outputs of bytes, which are spread first, and of the same numbers as floats."""
    plan = nets.plan(engine, net)
    images = nets.random_images(net, count, np.uint8)
    return [
        plan.forward(*nets.arguments(net, np.ascontiguousarray(values)), threads)
        for values in (images, images.astype(np.float32))
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("window", WINDOWS)
def test_every_window_at_every_edge(engine, window, width):
    kernel, stride, padding = window
    if width + sum(padding) < kernel:
        pytest.skip("no window fits")
    net = first_layer(width, kernel, stride, padding, [fp.ReLU()])
    spread, in_place = of_bytes_and_floats(engine, net, 3, 1)
    np.testing.assert_array_equal(in_place, spread)
    images = nets.random_images(net, 3, np.uint8).astype(np.float32)
    expected = reference.features(net, images)[-1].reshape(3, -1)
    found = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    assert_close(found, expected, FORWARD)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 1), (3, 1), (5, 1), (1, 2), (1, 3), (1, 7)])
@pytest.mark.parametrize("channels", [3, 16, 33, 64])
def test_kernels_of_one_row_or_column(engine, channels, kernel):
    layers = [fp.Conv2d(channels, 1), fp.Conv2d(48, kernel, padding="same"), fp.ReLU()]
    net = nets.disturbed(fp.Network((3, 8, 13), [*layers, fp.Flatten()]))
    images = nets.random_images(net, 2)
    expected = reference.features(net, images)[-1].reshape(2, -1)
    found = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
    assert_close(found, expected, FORWARD)


#: What comes behind the first layer.
BEHIND = {
    "another layer of the same kind": [fp.ReLU(), fp.Conv2d(16, 3, padding=1), fp.ReLU()],
    "pooling": [fp.ReLU(), fp.MaxPool2d(2, remainder="crop"), fp.Conv2d(8, 3, padding=1)],
    "an activation": [fp.SiLU(), fp.Conv2d(5, 1)],
    "a depthwise layer": [fp.Conv2d(16, 3, padding=1, groups=16), fp.ReLU(), fp.Conv2d(40, 1)],
}


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
@pytest.mark.parametrize("behind", BEHIND)
def test_only_the_first_layer_reads_them(engine, behind, count, threads):
    net = first_layer(48, 3, 2, (1, 1), BEHIND[behind])
    spread, in_place = of_bytes_and_floats(engine, net, count, threads)
    np.testing.assert_array_equal(in_place, spread)


@pytest.mark.parametrize("channels", [1, 3, 4, 16])
def test_images_that_are_read_twice(engine, channels):
    both = [fp.Residual(fp.Conv2d(channels, 3, padding=1)), fp.ReLU(), fp.Flatten()]
    net = nets.disturbed(fp.Network((channels, 9, 24), both))
    spread, in_place = of_bytes_and_floats(engine, net, 3, 1)
    np.testing.assert_array_equal(in_place, spread)


@pytest.mark.parametrize("normalization", [None, (0.0, 1.0), (0.0, 2.0), (3.0, 1.0)])
def test_normalization_counts(engine, normalization):
    net = first_layer(48, 3, 2, (1, 1), [fp.ReLU()])
    net.normalization = normalization
    spread, in_place = of_bytes_and_floats(engine, net, 3, 1)
    np.testing.assert_array_equal(in_place, spread)


def test_what_lies_beside_an_image_is_not_read(engine):
    net = first_layer(48, 3, 2, (1, 1))
    plan = nets.plan(engine, net)
    images = nets.random_images(net, 3, np.float32)
    among_nan = np.full((5, *images.shape[1:]), np.nan, np.float32)
    among_nan[1:4] = images
    np.testing.assert_array_equal(
        plan.forward(*nets.arguments(net, among_nan[1:4]), 1),
        plan.forward(*nets.arguments(net, images), 1),
    )
