"""Windows on grids: the elements, windows and outputs that are drawn, and what is not covered."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, SizeError
from fencepost.plots.images import window_grids
from plots.figures import panel, written
from plots.texts import faults


def uncovered(axes):
    """Upper left corners (column, row) of the elements that are hatched as not covered."""
    marked = [
        drawn for drawn in axes.collections if drawn.get_hatch() == window_grids.UNCOVERED_HATCH
    ]
    return {tuple(path.vertices[0]) for drawn in marked for path in drawn.get_paths()}


def test_stride_of_the_article_is_drawn_out_to_six_outputs():
    figure = fp.plots.stride(13, 3, 2)
    assert not faults(figure)
    assert "output = (13 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 6" in written(figure)
    axes = panel(figure)
    taps = [patch.get_x() for patch in axes.patches]
    np.testing.assert_allclose(
        np.reshape(taps, (6, 3)), 2 * np.arange(6)[:, None] + np.arange(3) + 0.06
    )
    assert not uncovered(axes)


def test_elements_that_no_window_covers_are_marked():
    assert uncovered(panel(fp.plots.stride(10, 3, 2))) == {(9, 0)}
    assert uncovered(panel(fp.plots.stride(12, 3, 4, 1))) == {(3, 0), (7, 0), (11, 0), (12, 0)}
    figure = fp.plots.stride((4, 5), 2, (2, 3))
    assert not faults(figure)
    assert uncovered(panel(figure)) == {(2, row) for row in range(4)}
    assert any("4 elements not covered" in text for text in written(figure))


@pytest.mark.parametrize(
    "arguments",
    [
        ((7, 10), 3, 2),
        ((5, 5), (1, 3), 1, ((0, 1), (2, 0))),
        ((14, 14), 3, 2, 1, 2),
        (30, 5, 1),
        (1, 1),
        ((2, 2), 2),
        (28, 3, 2, 1, 3),
    ],
)
@pytest.mark.parametrize("draw", [fp.plots.stride, fp.plots.padding])
def test_texts_of_windows_can_be_read(draw, arguments):
    if draw is fp.plots.padding:
        size, kernel, stride, zeros = (*arguments, 1, 0)[:4]
        arguments = (size, kernel, zeros, stride)
    assert not faults(draw(*arguments))


def test_counts_are_those_of_the_windows():
    figure = fp.plots.stride((5, 6), (3, 2), (1, 2))
    expected = np.outer([1, 2, 3, 2, 1], [1, 1, 1, 1, 1, 1])
    numbers = [int(text.get_text()) for text in panel(figure).texts]
    assert numbers[:30] == expected.ravel().tolist()


def test_padding_is_drawn_without_and_with_it():
    figure = fp.plots.padding((5, 10), 3, 1)
    assert not faults(figure)
    assert written(figure)[:2] == ["no padding: 5 × 10 → 3 × 8", "padding 1: 5 × 10 → 5 × 10"]
    without, with_it = figure.axes[0].child_axes
    zeros = [text.get_text() for text in with_it.texts].count("0")
    assert zeros == 7 * 12 - 5 * 10
    assert "0" not in [text.get_text() for text in without.texts]
    counts = [len(drawn.get_paths()) for drawn in without.collections]
    assert counts == [50, 24]


def test_windows_that_do_not_fit_are_refused_if_that_is_asked_for():
    with pytest.raises(SizeError):
        fp.plots.stride(10, 3, 2, remainder="error")
    with pytest.raises(ArgumentError, match=r"of at most 32 elements with padding.*33 × 5"):
        fp.plots.stride((33, 5), 3)
    with pytest.raises(ArgumentError, match="one axis or two"):
        fp.plots.padding((3, 3, 3), 2, 1)
