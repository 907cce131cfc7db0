"""Normalisation of each image by definition, against PyTorch, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from definitions.closeness import CLOSE, tensor
from fencepost import definitions as d


@pytest.mark.parametrize("shape", [(3, 6), (3, 6, 5), (3, 6, 4, 5)])
@pytest.mark.parametrize("affine", [False, True])
def test_group_and_layer_normalization(torch, random, shape, affine):
    x = random.standard_normal(shape)
    functional = torch.nn.functional

    def scales(size):
        return [random.standard_normal(size) if affine else None for _ in range(2)]

    def theirs(arrays):
        return [None if array is None else tensor(torch, array) for array in arrays]

    pair = scales(6)
    expected = functional.group_norm(tensor(torch, x), 3, *theirs(pair)).numpy()
    np.testing.assert_allclose(d.group_norm(x, 3, *pair), expected, **CLOSE)
    last = np.moveaxis(x, 1, -1).copy()
    expected = functional.layer_norm(tensor(torch, last), (6,), *theirs(pair)).numpy()
    actual = d.layer_norm(x, *pair, over="channels")
    np.testing.assert_allclose(np.moveaxis(actual, 1, -1), expected, **CLOSE)
    pair = scales(shape[1:])
    expected = functional.layer_norm(tensor(torch, x), shape[1:], *theirs(pair)).numpy()
    np.testing.assert_allclose(d.layer_norm(x, *pair), expected, **CLOSE)
