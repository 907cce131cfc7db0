"""Planes of another size by definition, against PyTorch, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from definitions.closeness import CLOSE, tensor
from fencepost import definitions as d


@pytest.mark.parametrize("size", [(7,), (5, 8)])
@pytest.mark.parametrize("output", [1, 3, 5, 12])
def test_adaptive_pooling_and_upsampling(torch, random, size, output):
    x = random.standard_normal((2, 3, *size))
    outputs = (output, output + 2)[: len(size)]
    functional = torch.nn.functional
    pool = functional.adaptive_avg_pool1d if len(size) == 1 else functional.adaptive_avg_pool2d
    actual = d.adaptive_avg_pool(x, outputs)
    np.testing.assert_allclose(actual, pool(tensor(torch, x), outputs).numpy(), **CLOSE)
    for mode, theirs in (("nearest", "nearest"), ("linear", ("linear", "bilinear")[len(size) - 1])):
        expected = functional.interpolate(tensor(torch, x), outputs, mode=theirs).numpy()
        np.testing.assert_allclose(d.upsample(x, outputs, mode), expected, **CLOSE)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "extra", "dilation", "groups"),
    [
        ((3,), (1,), (0,), (0,), (1,), 1),
        ((4,), (3,), (2,), (2,), (2,), 2),
        ((3, 2), (2, 3), (1, 0), (1, 2), (1, 1), 1),
        ((2, 3), (1, 2), (0, 2), (0, 1), (3, 2), 4),
    ],
)
def test_transposed_convolution(torch, random, kernel, stride, padding, extra, dilation, groups):
    x = random.standard_normal((2, 4, 5, 6)[: 2 + len(kernel)])
    weight, bias = random.standard_normal((4, 3, *kernel)), random.standard_normal(3 * groups)
    functional = torch.nn.functional
    theirs = functional.conv_transpose1d if len(kernel) == 1 else functional.conv_transpose2d
    arrays = [tensor(torch, array) for array in (x, weight, bias)]
    expected = theirs(*arrays, stride, padding, extra, groups, dilation).numpy()
    actual = d.conv_transpose(
        x,
        weight,
        bias,
        stride=stride,
        padding=padding,
        output_padding=extra,
        dilation=dilation,
        groups=groups,
    )
    np.testing.assert_allclose(actual, expected, **CLOSE)
