"""The picture of a learning-rate test: its points, its line, its suggestion."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.training import LearningRates
from plots.texts import faults

RATES = np.geomspace(1e-6, 10, 40)
LOSSES = 2.3 - np.log10(RATES / 1e-6) / 4 + 8 * (RATES > 1)


def test_what_was_measured_is_drawn():
    figure = fp.plots.learning_rates(LearningRates(RATES, LOSSES, LOSSES + 0.1, 3e-3))
    axes = figure.axes[0].child_axes[0]
    points, line, mark = axes.lines
    np.testing.assert_array_equal(points.get_ydata(), LOSSES)
    np.testing.assert_array_equal(line.get_ydata(), LOSSES + 0.1)
    assert list(mark.get_xdata()) == [3e-3, 3e-3]
    assert axes.get_xscale() == "log"
    assert not faults(figure)


def test_other_things_are_refused():
    with pytest.raises(ArgumentError, match="found must be what find_lr returned"):
        fp.plots.learning_rates(fp.training.History())
