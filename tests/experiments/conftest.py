"""The experiments in their quick form, run once for all tests."""

from __future__ import annotations

import pytest

from estimation.copies import original
from fencepost import experiments
from fencepost.plots.images.samples import read_portrait


@pytest.fixture(scope="module")
def portrait():
    return original()


@pytest.fixture(scope="session")
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
