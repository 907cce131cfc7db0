"""Channels first or last: detected where that is possible, asked for where it is not."""

import numpy as np
import pytest

from fencepost.datasets.layouts import to_nchw
from fencepost.errors import ArgumentError, DataError


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((5, 9), None, (5, 1, 9)),
        ((5, 8, 9), None, (5, 1, 8, 9)),
        ((5, 8, 9, 3), None, (5, 3, 8, 9)),
        ((5, 3, 8, 9), None, (5, 3, 8, 9)),
        ((5, 3, 8, 4), "NCHW", (5, 3, 8, 4)),
        ((5, 3, 8, 4), "NHWC", (5, 4, 3, 8)),
    ],
)
def test_axes(shape, layout, expected):
    array = np.arange(np.prod(shape)).reshape(shape)
    moved = to_nchw(array, "file", layout)
    assert moved.shape == expected
    assert moved.flags.c_contiguous


def test_what_cannot_be_decided_or_is_no_layout():
    with pytest.raises(DataError, match="Both could be it"):
        to_nchw(np.zeros((5, 3, 8, 4)), "file")
    with pytest.raises(DataError, match="Neither could be it"):
        to_nchw(np.zeros((5, 7, 8, 9)), "file")
    with pytest.raises(DataError, match=r"images must have shape \(N, H, W\)"):
        to_nchw(np.zeros(5), "file")
    with pytest.raises(ArgumentError, match='layout must be one of "NCHW", "NHWC"'):
        to_nchw(np.zeros((5, 7, 8, 9)), "file", "CHWN")
