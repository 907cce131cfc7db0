"""Loss and errors from epoch to epoch."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots import style
from fencepost.plots.networks.training_curve import Curve, draw_training_curve
from fencepost.training import Epoch, History
from plots.texts import drawn_texts, faults


def test_curve_draws_errors_in_per_cent_and_zero_at_the_foot():
    figure = style.new_figure(5, 5)
    upper, lower = figure.subplots(2)
    draw_training_curve(upper, lower, Curve([0.5, 0.1], [0.9, 1.0]), test_accuracy=0.95)
    training, test = lower.lines
    np.testing.assert_allclose(training.get_ydata(), [10, 2.5])
    assert lower.get_ylim()[0] == pytest.approx(2.5)
    assert "0" in [text.get_text() for text in lower.texts]
    np.testing.assert_allclose(test.get_ydata(), [5])


def record(epochs=4, *, regression=False, validated=True, best=None):
    accuracy = [None if regression else 1 - 0.1 / k for k in range(1, epochs + 1)]
    return History(
        [
            Epoch(k, 1 / k, a, *((0.9 / k, a) if validated else (None, None)), 0.01, 2.0, 3000.0)
            for k, a in enumerate(accuracy, start=1)
        ],
        best_epoch=best,
    )


@pytest.mark.parametrize(
    ("made", "panels"),
    [
        (record(), 2),
        (record(1, validated=False), 2),
        (record(300, best=17), 2),
        (record(regression=True), 1),
        (record(regression=True, validated=False, best=2), 1),
    ],
)
def test_history_of_any_training_can_be_read(made, panels):
    figure = fp.plots.history(made, test_accuracy=None if panels == 1 else 0.97)
    assert not faults(figure)
    assert len(figure.axes[0].child_axes) == panels
    loss = figure.axes[0].child_axes[0].lines[0]
    np.testing.assert_allclose(loss.get_ydata(), made["loss"])


def test_history_marks_the_epoch_that_was_kept():
    figure = fp.plots.history(record(best=3))
    for axes in figure.axes[0].child_axes:
        assert [line.get_xdata()[0] for line in axes.lines if line.get_label() == "best"] == [3]
    texts = [text.text for text in drawn_texts(figure)]
    assert texts.count("best") == 1
    assert "best" not in [text.text for text in drawn_texts(fp.plots.history(record()))]


def test_history_is_drawn_into_given_axes():
    figure = style.new_figure(5, 4)
    axes = figure.add_axes((0.1, 0.05, 0.85, 0.9))
    assert fp.plots.history(record(best=2), ax=axes) is axes
    assert not faults(figure)


@pytest.mark.parametrize(
    ("bad", "words"), [([1.0], "the History that fit returned.*list"), (History(), "one epoch")]
)
def test_what_is_no_history_is_refused(bad, words):
    with pytest.raises(ArgumentError, match=words):
        fp.plots.history(bad)
