"""Layers whose last may be left out."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.models.completed import completed


@pytest.mark.parametrize(
    ("shape", "layers", "added"),
    [
        ((5,), [], [fp.Linear(3)]),
        ((1, 6, 6), [], [fp.Flatten(), fp.Linear(3)]),
        ((1, 6, 6), [fp.Conv2d(3, 6), fp.GlobalAvgPool()], []),
        ((1, 6, 6), [fp.Conv2d(4, 3)], [fp.Flatten(), fp.Linear(3)]),
        ((1, 6, 6), [fp.GlobalAvgPool()], [fp.Linear(3)]),
        ((5,), [fp.Linear(3)], []),
        ((5,), [fp.Linear(4)], []),
        ((5,), [fp.Linear(4), fp.ReLU()], [fp.Linear(3)]),
    ],
)
def test_what_is_added(shape, layers, added):
    assert completed(layers, shape, 3, seed=0).layers == (*layers, *added)
