"""Kernels of a layer: convolution with them is what the layer computes."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
from fencepost import definitions

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small() -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS)


@pytest.mark.parametrize(
    ("shape", "layer"), [((2, 6, 7), fp.Conv2d(3, (2, 3))), ((2, 9), fp.Conv1d(3, 4))]
)
def test_convolution_with_the_layer_kernel_is_what_the_layer_computes(shape, layer):
    net = fp.Network(shape, [layer])
    kernel = net.layer_kernel(0)
    image = nets.random_images(net, 1)[0]
    full = definitions.convolve_2d_full if len(shape) == 3 else definitions.convolve_1d_full
    out = sum(full(image[c], kernel[1, c]) for c in range(2))
    valid = tuple(slice(k - 1, n) for k, n in zip(layer.kernel_size, shape[1:], strict=True))
    np.testing.assert_allclose(
        net(image)[0, 1], out[valid] + net.parameters["0.bias"][1], atol=1e-5
    )


def test_the_layer_kernel_is_a_view():
    net = small()
    net.layer_kernel(0)[2, 0, 0, 0] = 77
    assert net.parameters["0.weight"][2, 0, 2, 2] == 77
    assert net.layer_kernel(-5)[2, 0, 0, 0] == 77


@pytest.mark.parametrize("index", [1, 4, -1])
def test_only_convolutions_have_kernels(index):
    with pytest.raises(fp.ArgumentError, match="layer_kernel needs a convolutional layer"):
        small().layer_kernel(index)
