"""What all pictures share: room in a figure or in given axes, paper, no setting that changes."""

from __future__ import annotations

import importlib
import io
import pkgutil
import subprocess
import sys

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import fencepost as fp
from fencepost import plots
from fencepost.convolution import SharedWeights
from fencepost.plots import style
from plots.figures import pixels
from plots.texts import drawn_texts, faults


def test_public_names_are_functions_whatever_is_imported_first():
    modules = {module.name for module in pkgutil.iter_modules(plots.__path__)}
    assert not modules & set(plots.__all__)
    for module in modules:
        importlib.import_module(f"fencepost.plots.{module}")
    for name in plots.__all__:
        assert callable(getattr(plots, name))


def test_matplotlib_is_imported_when_something_is_drawn_and_pyplot_never():
    code = (
        "import sys, fencepost as fp; fp.plots.signal; "
        "assert 'matplotlib' not in sys.modules; "
        "fp.plots.signal([1, 2]); "
        "assert 'matplotlib' in sys.modules; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_setting_changes():
    before = dict(mpl.rcParams)
    fp.plots.signal([1, 2, 3], [1, -1])
    assert dict(mpl.rcParams) == before


def test_canvas_is_a_new_figure_or_the_given_axes():
    own = style.canvas(None, 5, 3)
    assert own.result.get_size_inches().tolist() == [5, 3]
    assert own.result.get_facecolor() == (1, 1, 1, 1)
    left, right = style.new_figure(8, 4).subplots(1, 2)
    given = style.canvas(right, 5, 3)
    assert given.result is right
    assert given.width == pytest.approx(8 * right.get_position().width)
    panel = given.panel(0.25, 0, 0.5, 1)
    box, outer = panel.get_window_extent(), right.get_window_extent()
    assert box.x0 == pytest.approx(outer.x0 + outer.width / 4)
    assert not right.axison
    assert left.axison


DRAWINGS = {
    "signal": lambda: fp.plots.signal([1, 2, 3], [1, -1]),
    "kernel": lambda: fp.plots.kernel("sobel:x"),
    "kernel of one axis": lambda: fp.plots.kernel(fp.kernels.mean(3, ndim=1)),
    "filtering": lambda: fp.plots.filtering(np.eye(9), "mean"),
    "steps": lambda: fp.plots.convolution_steps(np.eye(3), np.eye(2), (1, 1)),
    "rows": lambda: fp.plots.convolution_steps([1, 2, 3], [1, 2], 1),
    "layer": lambda: fp.plots.shared_weights(SharedWeights([1, 2], (4,), padding=1)),
    "sheets": lambda: fp.plots.shared_weights(SharedWeights(np.eye(2), (3, 3))),
    "volumes": lambda: fp.plots.volumes(fp.models.lenet5()),
    "stride": lambda: fp.plots.stride((6, 6), 2, 3),
    "padding": lambda: fp.plots.padding(6, 3, 1),
    "field": lambda: fp.plots.receptive_field(fp.models.lenet5()),
    "field of a signal": lambda: fp.plots.receptive_field(fp.plan((1, 9), "Conv1d(2, 3)")),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_dark_style_of_the_caller_leaves_the_pictures_as_they_are(name):
    usual = pixels(DRAWINGS[name]())
    with mpl.rc_context():
        mpl.rcParams.update(mpl.style.library["dark_background"])
        assert np.array_equal(pixels(DRAWINGS[name]()), usual)
    assert np.array_equal(usual[:4], [255, 255, 255, 255])  # opaque paper


@pytest.mark.parametrize("draw", [fp.plots.signal, fp.plots.kernel])
def test_axes_of_a_dark_figure_get_paper(draw):
    figure = style.new_figure(6, 3)
    figure.set_facecolor("black")
    axes = figure.add_axes((0.2, 0.3, 0.6, 0.5))
    draw([1, 2, 3], ax=axes)
    image = pixels(figure).reshape(180, 360, 4)
    bright = image[60:130, 75:285, :3].max(axis=2) > 100  # paper and colours, not black
    assert bright.mean() > 0.85
    assert (image[:5, :, :3] == 0).all()


def test_notebooks_show_a_figure():
    shown = fp.plots.signal([1, 2, 3])._repr_png_()
    assert Image.open(io.BytesIO(shown)).size == (620, 290)


def test_style_of_numbers():
    assert style.number(-0.5) == "−0.5"


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
