"""Predicting in bfloat16: products of numbers of 8 bits, sums of float32; where it is refused."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
from fencepost import _engine, definitions
from fencepost.network import running

RANDOM = np.random.default_rng(0)
needed = pytest.mark.skipif(
    not _engine.multiplies_bfloat16(), reason="the processor does not multiply bfloat16"
)
# Where Winograd's algorithm is none of the candidates. Channels that leave half a pair and half a
# block empty, widths that leave a remainder, bands of rows, strides, dilation, what follows.
CASES = {
    "1 x 1, an odd channel": ((41, 9, 13), [fp.Conv2d(20, 1)]),
    "stride, batch normalisation, ReLU": (
        (16, 33, 33), [fp.Conv2d(64, 3, stride=2, padding=1), fp.BatchNorm2d(), fp.ReLU()],
    ),
    "dilation, padding of two sizes": (
        (24, 30, 31), [fp.Conv2d(16, 5, padding=(4, 2), dilation=2)],
    ),
    "pooling": (
        (19, 23, 22), [fp.Conv2d(33, 5), fp.ReLU(), fp.MaxPool2d(2, remainder="crop")],
    ),
    "a residual": ((32, 14, 14), [fp.Residual(fp.Conv2d(32, 1), fp.ReLU()), fp.ReLU()]),
    "bands": ((64, 70, 90), [fp.Conv2d(16, 5, padding=2)]),
}  # fmt: skip


def rounded(values):
    """Return float32 numbers to the nearest of bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def network(case):
    shape, layers = CASES[case]
    return fp.Network(shape, layers, seed=1)


def outputs(net, images):
    return running.outputs(net, images, "bfloat16").reshape(-1, *net.output_shape)


@needed
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("count", [1, 3, 20])
def test_products_are_those_of_rounded_numbers(case, count):
    net = network(case)
    images = RANDOM.normal(size=(count, *net.input_shape)).astype(np.float32)
    methods = [report[3] for report in running.plan(net, "bfloat16").explain(count)]
    assert methods[0] == "direct sums in bfloat16"
    # The same network of rounded weights on rounded images; a residual's own branch is not rounded.
    same = network(case)
    weights = next(name for name in same.parameters if name.endswith("weight"))
    same.parameters[weights][:] = rounded(same.parameters[weights])
    expected = same(rounded(images))
    tolerance = (0.005 if case == "a residual" else 0.0015) * abs(expected).max()
    np.testing.assert_allclose(outputs(net, images), expected, rtol=0, atol=tolerance)


@needed
def test_it_is_other_than_float32_and_near():
    net = network("bands")
    images = RANDOM.normal(size=(2, *net.input_shape)).astype(np.float32)
    difference = abs(outputs(net, images) - net(images)).max() / abs(net(images)).max()
    assert 1e-5 < difference < 0.01


@needed
def test_weights_that_change_are_seen():
    net = network("1 x 1, an odd channel")
    images = RANDOM.normal(size=(1, *net.input_shape)).astype(np.float32)
    before = outputs(net, images)
    net.parameters["0.weight"][:] *= 2
    net.parameters["0.bias"][:] *= 2
    np.testing.assert_allclose(outputs(net, images), 2 * before, rtol=1e-6)


@needed
def test_predictions_take_it():
    layers = [*CASES["1 x 1, an odd channel"][1], fp.GlobalAvgPool(), fp.Linear(4)]
    net = fp.Network((41, 9, 13), layers)
    images = RANDOM.normal(size=(30, 41, 9, 13)).astype(np.float32)
    classes = net.predict(images, precision="bfloat16")
    probabilities = net.predict_proba(images, precision="bfloat16")
    assert (probabilities.argmax(axis=1) == classes).all()
    assert net.evaluate(images, classes, precision="bfloat16").accuracy == 1


def test_where_it_cannot_be_had(monkeypatch):
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(3)])
    images = np.zeros((1, 1, 4, 4), np.float32)
    monkeypatch.setattr(_engine, "multiplies_bfloat16", lambda: False)
    with pytest.raises(fp.ArgumentError, match="needs a processor that multiplies it"):
        net.predict(images, precision="bfloat16")


def test_other_precisions_and_exact_networks_refuse():
    images = np.zeros((1, 1, 4, 4), np.float32)
    layers = [fp.Flatten(), fp.Linear(3)]
    with pytest.raises(fp.ArgumentError, match="precision must be one of"):
        fp.Network((1, 4, 4), layers).predict(images, precision="float16")
    with pytest.raises(fp.ArgumentError, match="rounds every product"):
        fp.Network((1, 4, 4), layers, exact=True).predict(images, precision="bfloat16")


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
