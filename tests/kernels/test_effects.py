"""Kernels that change how a picture looks."""

from __future__ import annotations

import pytest

import fencepost as fp
from kernels.samples import response


@pytest.mark.parametrize("light, x, y", [("NW", 1, 1), ("E", -1, 0), ("S", 0, -1), ("sw", 1, -1)])
def test_emboss_brightens_what_rises_away_from_the_light(light, x, y):
    kernel = fp.kernels.emboss(light)
    assert kernel.sum == 1
    assert response(kernel, lambda i, j: x * i + y * j) > 0
    assert response(kernel, lambda i, j: y * i - x * j) == pytest.approx(0)
