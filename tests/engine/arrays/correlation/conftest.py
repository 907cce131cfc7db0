"""Every test of correlation starts from the same random numbers."""

from __future__ import annotations

import numpy as np
import pytest

from array_reference import RANDOM


@pytest.fixture(autouse=True)
def same_random_data():
    """Start every test from the same numbers, whatever ran before it."""
    RANDOM.bit_generator.state = np.random.default_rng(31).bit_generator.state
