"""Every picture in axes of a caller's that are small, and in a dark figure: still to be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import fencepost as fp
from fencepost.convolution import SharedWeights
from plots.texts import drawn_texts, faults

PICTURES = {
    "kernel": lambda ax: fp.plots.kernel("laplace", ax=ax),
    "kernel of 1D": lambda ax: fp.plots.kernel([0.25, 0.5, 0.25], ax=ax),
    "steps": lambda ax: fp.plots.convolution_steps(
        [[1, 2, 3], [4, 5, 6]], [[1, 2], [3, 4]], (1, 1), ax=ax
    ),
    "steps of 1D": lambda ax: fp.plots.convolution_steps([10, 9, 10, 9], [1 / 3] * 3, 3, ax=ax),
    "layer": lambda ax: fp.plots.shared_weights(
        SharedWeights([1, -1], (6,), padding=(1, 0)), [0, 0, 4, 4, 1, 1], ax=ax
    ),
    "layer of 2D": lambda ax: fp.plots.shared_weights(
        SharedWeights(np.ones((3, 3)), (5, 5)), ax=ax
    ),
    "volumes": lambda ax: fp.plots.volumes(fp.models.lenet5(), ax=ax),
    "stride": lambda ax: fp.plots.stride(13, kernel_size=3, stride=2, ax=ax),
    "stride of 2D": lambda ax: fp.plots.stride((10, 7), kernel_size=3, stride=3, ax=ax),
    "padding": lambda ax: fp.plots.padding((5, 10), kernel_size=3, padding=1, ax=ax),
    "field": lambda ax: fp.plots.receptive_field(fp.models.lenet5(), ax=ax),
}


@pytest.mark.parametrize("inches", [2.0, 2.6, 3.5])
@pytest.mark.parametrize("name", PICTURES)
def test_texts_stay_within_and_apart(name, inches):
    if name == "volumes" and inches < 2.5:
        pytest.skip("what is to be said of the scale takes more room than that")
    figure = Figure(figsize=(inches, inches), facecolor="#222222")
    axes = figure.add_axes((0, 0, 1, 1))
    assert PICTURES[name](axes) is axes
    assert faults(figure) == []
    assert drawn_texts(figure) or name == "layer of 2D"


def test_a_response_without_room_is_left_out_and_that_is_said():
    narrow, wide = (Figure(figsize=(width, 2.5)).add_axes((0, 0, 1, 1)) for width in (2.5, 6.0))
    for axes in (narrow, wide):
        fp.plots.kernel("laplace", ax=axes)
    said = [any("left out" in text.get_text() for text in axes.texts) for axes in (narrow, wide)]
    assert said == [True, False]
    assert len(narrow.child_axes) == 1 < len(wide.child_axes)


def test_weights_with_many_digits_are_rounded_and_that_is_said():
    figure = fp.plots.kernel(fp.kernels.gaussian(sigma=1.0))
    texts = [text.get_text() for text in figure.axes[0].child_axes[0].texts]
    expected = np.rint(1000 * fp.kernels.gaussian(sigma=1.0).matrix).astype(int)
    assert texts == [*map(str, expected.ravel()), "× 0.001, rounded"]
    assert faults(figure) == []


def test_f_is_written_where_y_would_not_fit():
    f = np.arange(144).reshape(12, 12)
    figure = fp.plots.convolution_steps(f, np.ones((3, 3)), (11, 11), origin="centre")
    texts = [text.get_text() for text in figure.axes[0].child_axes[0].texts]
    assert "143" in texts
    assert faults(figure) == []


def test_all_of_y_can_be_written():
    f, g = [[1, 2], [3, 4]], [[1, 1]]
    figure = fp.plots.convolution_steps(f, g, (0, 0), all_of_y=True)
    texts = [text.get_text() for text in figure.axes[0].child_axes[0].texts]
    assert {str(value) for value in fp.convolve(f, g, "same", origin="first").ravel()} <= {*texts}
    assert "7" in texts
    some = fp.plots.convolution_steps(f, g, (0, 0)).axes[0].child_axes[0].texts
    assert "7" not in [text.get_text() for text in some]
