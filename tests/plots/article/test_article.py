"""The figures of the article: texts that can be read, and claims that are true."""

from __future__ import annotations

import pytest

from fencepost.plots.article import figures
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
    claims = {number: item.claim for number, item in drawn.items()}
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
