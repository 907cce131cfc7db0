"""LeNet-5 with and without pooling on shifted digits."""

from __future__ import annotations

import numpy as np

from fencepost.experiments.robustness import NETWORKS, _shifted


def test_both_networks_have_the_same_kernels_and_parameters():
    one, other = (build(0) for build in NETWORKS.values())
    shapes = [[array.shape for array in net.parameters.values()] for net in (one, other)]
    assert shapes[0] == shapes[1]
    assert one.parameter_count == other.parameter_count == 61_706


def test_shifting():
    image = np.arange(1, 10, dtype=np.uint8).reshape(1, 1, 3, 3)
    assert _shifted(image, 1, 0)[0, 0].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert _shifted(image, 0, -1)[0, 0].tolist() == [[2, 3, 0], [5, 6, 0], [8, 9, 0]]
