"""The edited digit of the article."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.plots.article import figures, images

FIGURES = figures()


@pytest.fixture(scope="module")
def drawn():
    return {figure.number: figure.draw() for figure in FIGURES}


def test_edited_stroke_is_flatter_and_nothing_else_changes():
    digit = fp.datasets.mnist("test").images[images.TWO, 0]
    edited = images.flattened(digit, images.STROKE, 0.75)
    outside = np.ones(digit.shape, bool)
    outside[images.STROKE] = False
    assert (digit == edited)[outside].all()

    def slope(image):
        stroke = image[images.STROKE].astype(float)
        ink = stroke.sum(axis=0)
        columns = np.flatnonzero(ink)
        middles = (np.arange(len(stroke)) @ stroke)[columns] / ink[columns]
        return np.polyfit(columns, middles, 1, w=np.sqrt(ink[columns]))[0]

    assert abs(slope(edited)) < 0.5 * abs(slope(digit))
    np.testing.assert_array_equal(images.flattened(digit, images.STROKE, 0.0), digit)


def test_bar_stands_at_the_same_answer_in_both(drawn):
    bars = [axes for axes in drawn[7].figure.axes if axes.patches]
    first, second = (axes.patches[0].get_bbox().bounds for axes in bars)
    assert first == second
    for axes in bars:
        pooled = np.asarray(axes.images[0].get_array())
        left, top = round(first[0] + 0.5), round(first[1] + 0.16)
        assert (pooled[top, left : left + 2] > 0.75 * pooled.max()).all()


def test_strongest_run_takes_what_both_have():
    one, other = np.zeros((8, 8)), np.zeros((8, 8))
    one[2, 1:4], other[2, 2:5] = 5, 6
    one[6, :], other[6, :] = 9, 9  # in the lower half
    assert images.strongest_run([one, other]) == (2, slice(2, 4))
