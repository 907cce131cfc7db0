"""Layers by definition against PyTorch and by hand, all in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

from definitions.closeness import CLOSE, tensor
from fencepost import definitions as d
from shape_lists import Case, conv_cases, pool_cases


def values_of(case: Case, random):
    """A batch and parameters for a case: random and asymmetric, one or two images."""
    x = random.normal(size=(min(case.images, 2), *case.input))
    bias = random.normal(size=case.out) if case.bias else None
    return x, random.normal(size=case.weight_shape), bias


def pairs(case: Case):
    top, bottom, left, right = case.padding
    return (top, bottom), (left, right)


def torch_padded(torch, case: Case, x, value=0.0):
    top, bottom, left, right = case.padding
    return torch.nn.functional.pad(tensor(torch, x), (left, right, top, bottom), value=value)


@pytest.mark.parametrize("case", conv_cases(), ids=lambda case: case.name)
def test_conv_layer_against_pytorch(torch, random, case):
    x, weight, bias = values_of(case, random)
    y = d.conv_layer(
        x,
        weight,
        bias,
        stride=case.stride,
        padding=pairs(case),
        dilation=case.dilation,
        groups=case.groups,
        connections=case.connections,
    )
    kernels = weight
    if case.connections:  # PyTorch has no tables: a missing connection is a kernel of zeros
        table = np.array(case.connections, bool)
        kernels = np.zeros((*table.shape, *case.kernel))
        kernels[table] = weight
    expected = torch.nn.functional.conv2d(
        torch_padded(torch, case, x),
        tensor(torch, kernels),
        None if bias is None else tensor(torch, bias),
        case.stride,
        0,
        case.dilation,
        case.groups,
    )
    assert y.shape == (len(x), *case.output)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_conv_layer_of_signals_against_pytorch(torch, random):
    x, weight, bias = (random.normal(size=shape) for shape in ((3, 4, 21), (6, 2, 3), (6,)))
    y = d.conv_layer(x, weight, bias, stride=2, padding=((3, 1),), dilation=2, groups=2)
    padded = torch.nn.functional.pad(tensor(torch, x), (3, 1))
    expected = torch.nn.functional.conv1d(
        padded, tensor(torch, weight), tensor(torch, bias), 2, 0, 2, 2
    )
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_connections_in_full_are_a_full_layer(random):
    x, weight = random.normal(size=(2, 3, 5, 5)), random.normal(size=(4, 3, 2, 2))
    table = np.ones((4, 3), int)
    together = d.conv_layer(x, weight.reshape(12, 2, 2), connections=table)
    np.testing.assert_array_equal(together, d.conv_layer(x, weight))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_an_even_kernel_with_same_padding_against_pytorch(torch, random):
    x, weight = random.normal(size=(2, 3, 6, 7)), random.normal(size=(4, 3, 4, 2))
    expected = torch.nn.functional.conv2d(tensor(torch, x), tensor(torch, weight), padding="same")
    y = d.conv_layer(x, weight, padding=((1, 2), (0, 1)))
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


@pytest.mark.parametrize("case", pool_cases(), ids=lambda case: case.name)
def test_pools_against_pytorch(torch, random, case):
    x = random.normal(size=(2, *case.input)) - 3.0  # below 0, so that padding with 0 would show
    functional = torch.nn.functional
    options = {"stride": case.stride, "padding": pairs(case)}
    area = math.prod(case.kernel)
    if case.kind == "max":
        y = d.max_pool(x, case.kernel, **options)
        padded = torch_padded(torch, case, x, -math.inf)
        expected = functional.max_pool2d(padded, case.kernel, case.stride)
    else:
        padded = torch_padded(torch, case, x)
        mean = functional.avg_pool2d(padded, case.kernel, case.stride)
        if case.kind == "sum":
            y, expected = d.sum_pool(x, case.kernel, **options), mean * area
        else:
            y = d.avg_pool(x, case.kernel, **options, count_include_pad=case.count_include_pad)
            inside = torch_padded(torch, case, np.ones_like(x))
            share = functional.avg_pool2d(inside, case.kernel, case.stride)
            expected = mean if case.count_include_pad else mean / share
    assert y.shape == (2, *case.output)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


@pytest.mark.parametrize("include", [True, False])
def test_pools_with_padding_of_pytorchs_own(torch, random, include):
    x = random.normal(size=(2, 3, 9, 11)) - 3.0
    functional = torch.nn.functional
    options = {"stride": (2, 3), "padding": ((1, 1), (0, 0))}
    expected = functional.max_pool2d(tensor(torch, x), (3, 4), (2, 3), (1, 0))
    np.testing.assert_array_equal(d.max_pool(x, (3, 4), **options), expected.numpy())
    expected = functional.avg_pool2d(
        tensor(torch, x), (3, 4), (2, 3), (1, 0), count_include_pad=include
    )
    y = d.avg_pool(x, (3, 4), **options, count_include_pad=include)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)
    expected = functional.avg_pool1d(tensor(torch, x[:, 0]), 3, 2, 1, count_include_pad=include)
    y = d.avg_pool(x[:, 0], 3, stride=2, padding=1, count_include_pad=include)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_linear_against_pytorch(torch, random):
    x, weight, bias = (random.normal(size=shape) for shape in ((5, 7), (3, 7), (3,)))
    for given in (bias, None):
        expected = torch.nn.functional.linear(
            tensor(torch, x),
            tensor(torch, weight),
            None if given is None else tensor(torch, given),
        )
        np.testing.assert_allclose(d.linear(x, weight, given), expected.numpy(), **CLOSE)


def test_flatten_is_channel_by_channel(random):
    x = random.normal(size=(2, 3, 4, 5))
    flat = d.flatten(x)
    assert flat.shape == (2, 60)
    assert flat[1, 2 * 20 + 3 * 5 + 4] == x[1, 2, 3, 4]


def test_affine_by_hand():
    y = d.affine([[[[1.0, 2.0]], [[3.0, 4.0]]]], [10, 100], [0.5, -0.5])
    assert y.tolist() == [[[[10.5, 20.5]], [[299.5, 399.5]]]]
    assert d.affine([[[1.0], [3.0]]], [10, 100], [0.5, -0.5]).tolist() == [[[10.5], [299.5]]]


def test_rbf_against_pytorch(torch, random):
    x, centres = random.normal(size=(4, 6)), random.choice([-1.0, 1.0], (3, 6))
    expected = -(torch.cdist(tensor(torch, x), tensor(torch, centres)) ** 2)
    np.testing.assert_allclose(d.rbf(x, centres), expected.numpy(), rtol=1e-10)
    assert d.rbf(centres, centres).argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 7), (2, 3, 4, 5)])
@pytest.mark.parametrize("given", [True, False], ids=["affine", "plain"])
def test_batch_norm_against_pytorch(torch, random, shape, given):
    mean, variance = random.normal(size=3), random.uniform(0.5, 2, 3)
    weight, bias = (random.normal(size=3), random.normal(size=3)) if given else (None, None)
    parameters = [None if array is None else tensor(torch, array) for array in (weight, bias)]
    running = [tensor(torch, mean), tensor(torch, variance)]
    for _ in range(3):  # the running statistics of a batch enter the next
        x = random.normal(2.0, 3.0, size=shape)
        expected = torch.nn.functional.batch_norm(
            tensor(torch, x), *running, *parameters, training=True, momentum=0.3, eps=1e-3
        )
        y = d.batch_norm_training(x, weight, bias, eps=1e-3)
        np.testing.assert_allclose(y, expected.numpy(), **CLOSE)
        mean, variance = d.batch_norm_running(x, mean, variance, momentum=0.3)
        np.testing.assert_allclose(mean, running[0].numpy(), **CLOSE)
        np.testing.assert_allclose(variance, running[1].numpy(), **CLOSE)
    expected = torch.nn.functional.batch_norm(tensor(torch, x), *running, *parameters, eps=1e-3)
    y = d.batch_norm_inference(x, mean, variance, weight, bias, eps=1e-3)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_dropout_by_hand():
    x, mask = [[1.0, 2.0, 3.0, 4.0]], [[1, 0, 0, 1]]
    assert d.dropout(x, mask, 0.75).tolist() == [[4.0, 0.0, 0.0, 16.0]]
    assert d.dropout(x, [[1, 1, 1, 1]], 0.0).tolist() == x
    assert d.dropout(x, [[0, 0, 0, 0]], 1.0).tolist() == [[0.0] * 4]


def test_dropout_keeps_the_mean(random):
    mask = random.random(200_000) >= 0.3
    assert d.dropout(np.ones(200_000), mask, 0.3).mean() == pytest.approx(1, abs=0.01)


def test_add(random):
    x, other = random.normal(size=(2, 2, 3)), random.normal(size=(2, 2, 3))
    np.testing.assert_array_equal(d.add(x, other), x + other)
