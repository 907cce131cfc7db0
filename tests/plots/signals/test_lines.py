"""A signal, and its convolution over it."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots import style
from plots.texts import faults


def test_signal_draws_the_numbers_of_the_convolution():
    f = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
    axes = style.new_figure(6, 3).add_subplot()
    assert fp.plots.signal(f, [1, 1, 1], ax=axes) is axes
    before, after = axes.lines
    assert before.get_ydata().tolist() == f
    assert after.get_ydata().tolist() == [10, 19, 29, 28, 29, 20, 21, 20, 29, 27]


@pytest.mark.parametrize("count", [1, 10, 300, 5000])
def test_signals_of_any_length_can_be_read(count):
    figure = fp.plots.signal(range(count), fp.kernels.mean(3, ndim=1))
    assert not faults(figure)


def test_signal_of_two_axes_is_refused():
    with pytest.raises(ArgumentError, match=r"f must be a row of numbers.*\(2, 2\)"):
        fp.plots.signal([[1, 2], [3, 4]])


def test_a_result_is_darker_than_its_signal_in_a_grey_print():
    from fencepost.plots.grids import brightness, rgb

    figure = fp.plots.signal([1, 2, 3, 1], [1, -1])
    f, y = figure.axes[0].child_axes[0].lines
    assert brightness(rgb(f.get_color())) > brightness(rgb(y.get_color())) + 0.15
