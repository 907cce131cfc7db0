"""Grids of numbers: colours that keep the sign, and numbers that fit."""

from __future__ import annotations

import numpy as np

from fencepost.plots import grids, style


def test_signed_colours_are_blue_above_zero_and_vermillion_below():
    colours, dark = grids.signed_colours(np.array([[-2.0, 0.0, 2.0, 1.0]]))
    np.testing.assert_allclose(colours[0, 1], [1, 1, 1])
    assert colours[0, 0].argmax() == 0
    assert colours[0, 2].argmax() == 2
    assert (colours[0, 3] > colours[0, 2]).all()
    assert dark.tolist() == [[False, False, True, False]]


def test_numbers_are_written_if_they_fit():
    axes = style.new_figure(2, 2).add_axes((0, 0, 1, 1))
    side = grids.sheet(axes, 0, 0, 2, 2)
    assert side == 1
    assert grids.draw_numbers(axes, (0, 0), np.array([["1", ""], ["−20", "3"]]), side)
    assert [(text.get_position(), text.get_text()) for text in axes.texts] == [
        ((0.5, 0.5), "1"), ((0.5, 1.5), "−20"), ((1.5, 1.5), "3"),
    ]  # fmt: skip
    assert not grids.draw_numbers(axes, (0, 0), np.array([["12345678"]]), 0.2)
    assert len(axes.texts) == 3
