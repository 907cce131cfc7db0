"""The confusion matrix that is drawn is that of the evaluation."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.network import RegressionEvaluation
from fencepost.plots import style
from plots.texts import drawn_texts, faults


@pytest.mark.parametrize("classes", [1, 2, 10, 14, 20, 100])
def test_confusion_of_any_number_of_classes_can_be_read(classes):
    counts = np.random.default_rng(0).integers(0, 30, (classes, classes)) + 900 * np.eye(
        classes, dtype=int
    )
    figure = fp.plots.confusion(counts, [f"kind $x_{k}$" for k in range(classes)])
    assert not faults(figure)
    numbers = {text.text for text in drawn_texts(figure)} & set(map(str, counts.ravel()))
    assert bool(numbers) == (classes <= 20)


def test_confusion_is_that_of_the_evaluation():
    net = fp.Network((2,), [fp.Linear(2, bias=False)], class_names=["left", "right"])
    net.parameters["0.weight"][:] = [[1, 0], [0, 1]]
    evaluation = net.evaluate([[2, 1], [1, 2], [3, 1], [1, 4]], [0, 0, 0, 1])
    axes = fp.plots.confusion(evaluation).axes[0].child_axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert {place: written[place] for place in ((0, 0), (1, 0), (1, 1))} == {
        (0, 0): "2", (1, 0): "1", (1, 1): "1"
    }  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["left", "right"]
    figure = style.new_figure(4, 4)
    axes = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    assert fp.plots.confusion(evaluation, ["a", "b"], ax=axes) is axes
    assert not faults(figure)


@pytest.mark.parametrize(
    ("bad", "names", "words"),
    [
        ([[1, 2]], None, r"a square matrix of counts.*\(1, 2\)"),
        ([[1.5]], None, "float64"),
        ([[-1]], None, "from 0 on"),
        ([], None, "square"),
        ([[1]], ["a", "b"], "as many as the classes, 1.*2"),
        (RegressionEvaluation(1, 0.0, 1.0), None, "that of a regression"),
    ],
)
def test_what_is_no_confusion_is_refused(bad, names, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        fp.plots.confusion(bad, names)
