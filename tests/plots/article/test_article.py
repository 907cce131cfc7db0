"""The figures of the article: texts that can be read, and claims that are true."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.plots.article import figures, images
from fencepost.plots.images import samples
from plots.texts import drawn_texts, faults

FIGURES = figures()


@pytest.fixture(scope="module")
def drawn():
    return {figure.number: figure.draw() for figure in FIGURES}


@pytest.mark.parametrize("number", range(1, 15))
def test_texts_can_be_read(drawn, number):
    figure = drawn[number].figure
    assert not faults(figure)
    assert len(drawn_texts(figure)) > 2
    assert figure.get_facecolor() == (1, 1, 1, 1)
    width, height = figure.get_size_inches()
    assert width <= 7.2
    assert height <= 9


def test_claims_have_the_numbers_of_the_article(drawn):
    claims = {number: one.claim for number, one in drawn.items()}
    assert "f(5) = 1" in claims[1]
    assert "y begins at 3.33" in claims[2]
    assert "lowers y at 5, 6, 7, as many steps as g has weights: 3" in claims[2]
    assert "4 terms" in claims[4]
    assert "10 of 10 outputs equal those of the slid kernel" in claims[9]
    assert "9 of 9 outputs" in claims[10]
    assert "differ by 0." in claims[11]
    assert "learns 2 kernels" in claims[12]
    assert "is 8 × 3; with a padding of 1 on all sides it is 10 × 5" in claims[13]
    assert "(13 − 3) / 2 + 1 = 6" in claims[14]
    assert "4.5: impossible" in claims[14]


def test_names_and_titles_differ():
    assert len({figure.stem for figure in FIGURES}) == len(FIGURES) == 14
    assert len({figure.title for figure in FIGURES}) == 14


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


def test_portrait_is_scaled(tmp_path):
    from PIL import Image

    Image.new("RGB", (600, 900), (200, 0, 0)).save(tmp_path / "a.jpg")
    assert samples.read_portrait(tmp_path / "a.jpg").shape == (300, 200)
    assert samples.read_portrait(None).shape == (300, 256)
