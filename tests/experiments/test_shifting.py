"""The feature map moves with the input."""

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


def test_the_feature_map_moves_with_the_input(results):
    cases = results["location_invariance"].cases
    comparable = [case for case in cases if case.comparable]
    assert min(case.elements for case in comparable) > 300
    assert all(case.equal == case.elements for case in comparable)
    assert [case.shift for case in cases if not case.comparable] == [1]
    unpadded = [case.border for case in cases if "no padding" in case.network]
    padded = [case.border for case in cases if "padding 2" in case.network]
    assert all(item < other for item, other in zip(unpadded, padded, strict=True))
