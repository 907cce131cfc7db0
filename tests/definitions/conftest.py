"""What the tests of the definitions share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def random():
    return np.random.default_rng(11)
