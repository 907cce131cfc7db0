"""Learned kernels beside those made by hand."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import experiments


def test_a_network_of_hand_made_kernels_is_recognised():
    net = fp.Network((1, 12, 12), [fp.Conv2d(3, 5)])
    made = [fp.kernels.sobel("x").matrix, -fp.kernels.laplace(4).matrix]
    for channel, matrix in enumerate(made):
        net.layer_kernel(0)[channel, 0] = np.pad(matrix, 1)
    net.layer_kernel(0)[2, 0] = 1
    matches = experiments.hand_made_and_learned(net).matches
    assert [match.correlation for match in matches] == pytest.approx([1, 1, 1])
    assert [match.name.split(",")[0] for match in matches] == ["Sobel", "Laplace", "mean 5 × 5"]
    np.testing.assert_allclose(matches[1].hand_made, matches[1].kernel, atol=1e-6)


def test_random_kernels_are_a_measure(results):
    median, rare = results["hand_made_and_learned"].by_chance
    assert 0.3 < median < rare < 0.9


def test_a_network_without_grey_kernels_is_refused():
    with pytest.raises(fp.ArgumentError, match="must have one input channel"):
        experiments.hand_made_and_learned(fp.Network((3, 8, 8), [fp.Conv2d(2, 3)]))
    with pytest.raises(fp.ArgumentError, match="more than one weight"):
        experiments.hand_made_and_learned(fp.Network((1, 8, 8), [fp.Conv2d(2, 1)]))
