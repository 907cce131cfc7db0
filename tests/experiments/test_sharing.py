"""A slid kernel, a sparse matrix and a layer give the same numbers."""

from __future__ import annotations

import pytest

from fencepost import experiments
from fencepost.plots.images.samples import read_portrait


@pytest.fixture(scope="module")
def results():
    return {
        "shared_weights": experiments.shared_weights(),
        "location_invariance": experiments.location_invariance(),
        "pooling_robustness": experiments.pooling_robustness(
            seeds=2, epochs=1, images=3000, tests=500
        ),
        "hand_made_and_learned": experiments.hand_made_and_learned(epochs=1, images=2000),
        "kernel_lessons": experiments.kernel_lessons(
            read_portrait(None)[60:160, 50:150], epochs=40
        ),
    }


def test_shared_weights_are_the_slid_kernel(results):
    for case in results["shared_weights"].cases:
        assert case.by_edges < 1e-9
        assert case.by_matrix < 1e-9
        assert case.by_network < 1e-2  # of pixels up to 255, in float32
    assert results["shared_weights"].article[-1][1:] == (196_608, 27)
