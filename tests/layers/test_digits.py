"""The bitmaps of LeNet-5's output layer."""

from __future__ import annotations

import numpy as np

from fencepost.layers.digits import BITMAPS


def test_bitmaps_of_the_figures():
    assert BITMAPS.shape == (10, 7 * 12)
    assert set(np.unique(BITMAPS)) == {-1, 1}
    differences = (BITMAPS[:, None] != BITMAPS).sum(axis=2)
    assert differences[~np.eye(10, dtype=bool)].min() >= 8
    # Figures that look alike have codes that are near, as the paper has it.
    assert differences[3, 8] < differences[1, 8]
    zero = BITMAPS[0].reshape(12, 7)
    np.testing.assert_array_equal(zero, zero[:, ::-1])
    np.testing.assert_array_equal(zero, zero[::-1])
