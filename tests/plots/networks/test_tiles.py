"""Tiles of a grid fit their room."""

from __future__ import annotations

import numpy as np
import pytest

from fencepost.plots.networks import tiles


@pytest.mark.parametrize("count", [1, 2, 7, 24, 64])
@pytest.mark.parametrize("aspect", [0.2, 1.0, 4.0])
def test_grids_fit_their_room(count, aspect):
    grid = tiles.best_grid(count, 5.8, 4.7, aspect, caption=0.3)
    right = max(grid.corner(k)[0] + grid.width for k in range(count))
    bottom = max(grid.corner(k)[1] + grid.height + grid.caption for k in range(count))
    assert grid.height > 0.15
    assert right <= 5.8 + 1e-9
    assert bottom <= 4.7 + 1e-9


def test_pixels_of_any_image():
    grey = tiles.to_pixels(np.array([[[0, 255]]], np.uint8))
    np.testing.assert_allclose(grey, [[[0, 0, 0], [1, 1, 1]]])
    colour = tiles.to_pixels(np.array([[[-1.0]], [[0.0]], [[3.0]]]))
    np.testing.assert_allclose(colour, [[[0, 0.25, 1]]])
    assert tiles.to_pixels(np.full((1, 2, 2), 5.0)).max() == 0
