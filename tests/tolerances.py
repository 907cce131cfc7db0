"""How far float32 may be from what is compared with it: the one table of the tests.

All are relative to the largest value of the array that is compared (for a directional derivative:
to the length of the gradient), since an entry near 0 is a difference of large terms.
"""

from __future__ import annotations

import numpy as np

FORWARD = 1e-5  # one layer or a small network against float64: about 100 roundings of 6e-8
GRADIENT = 2e-5  # a gradient along one direction against a central difference in float64
TORCH = 2e-5  # values and gradients against PyTorch's, which is in float32 itself
UPDATE = 1e-5  # parameters after a few steps of an optimizer against float64


def assert_close(actual, expected, tolerance):
    """Raise AssertionError unless shapes agree and no value is farther off than allowed."""
    expected = np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(scale, 1e-3))
