"""What all plots share: lazy names, room in a figure or in given axes, files written whole."""

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
from PIL import Image

import fencepost as fp
from fencepost import plots
from fencepost.convolution import SharedWeights
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style
from plots.texts import faults


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


def pixels(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=60)
    return np.frombuffer(buffer.getvalue(), np.uint8)


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


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml")])
def test_pictures_are_saved_by_their_ending(tmp_path, name, start):
    path = fp.plots.save(fp.plots.signal([1, 2, 3]), tmp_path / name)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_picture_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"must end in \.png or \.svg.*a\.jpg.*Name it a\.png"):
        fp.plots.save(style.new_figure(1, 1), tmp_path / "a.jpg")


def test_unwritable_picture_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match=r"could not be written to .*nowhere"):
        fp.plots.save(style.new_figure(1, 1), tmp_path / "nowhere" / "out.png")
    assert not list(tmp_path.iterdir())


def signals(count):
    return (fp.plots.signal([0] * k + [1] + [0] * (count - k)) for k in range(count))


def test_animated_gif_has_all_frames(tmp_path):
    path = fp.plots.save_animation(signals(4), tmp_path / "a.gif", seconds=0.5)
    with Image.open(path) as image:
        assert image.n_frames == 4
        assert image.info["duration"] == 500
        assert image.info["loop"] == 0
        image.seek(3)
        assert image.info["duration"] == 1500


def test_frames_must_be_of_one_size(tmp_path):
    with pytest.raises(ArgumentError, match=r"at least one\. Received: none"):
        fp.plots.save_animation([], tmp_path / "a.gif")
    figures = [style.new_figure(1, 1), style.new_figure(2, 1)]
    with pytest.raises(ArgumentError, match="Received: 100 × 100 and 200 × 100"):
        fp.plots.save_animation(figures, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("draw", "kind", "words"),
    [
        (lambda: fp.plots.signal([]), DataError, "f must have at least one cell"),
        (lambda: fp.plots.signal("ab"), DataError, "f must be an array of numbers"),
        (lambda: fp.plots.signal([1j, 2]), DataError, "f must be real to be drawn"),
        (lambda: fp.plots.convolution_steps([1], [1j], 0), DataError, "g must be real"),
        (lambda: fp.plots.volumes([fp.ReLU()]), ArgumentError, "a Network or a Plan.*list"),
        (lambda: fp.plots.shared_weights([1, -1]), ArgumentError, "a SharedWeights.*list"),
        (lambda: fp.plots.kernel("nope"), ArgumentError, "no kernel named"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, kind, words):
    with pytest.raises(kind, match=words):
        draw()


def test_animated_page_needs_nothing_else(tmp_path):
    text = fp.plots.save_animation(signals(3), tmp_path / "a.html").read_text("utf-8")
    assert text.count("data:image/png;base64,") == 3
    assert "http" not in text
    assert 'max="2"' in text


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


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 61, "1"])
def test_times_that_cannot_be(tmp_path, seconds):
    with pytest.raises(ArgumentError, match="seconds must be"):
        fp.plots.convolution_steps_animation([1, 2], [1], tmp_path / "a.gif", seconds=seconds)


def test_what_is_no_figure_is_not_saved(tmp_path):
    with pytest.raises(ArgumentError, match=r"a figure or axes of matplotlib.*int"):
        fp.plots.save(3, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_images_that_are_not_finite():
    image = np.zeros((28, 28))
    image[3, 4] = np.nan
    with pytest.raises(DataError, match=r"image must be finite.*nan at \(3, 4\)"):
        fp.plots.filtering(image, "laplace")
    with pytest.raises(DataError, match=r"image must be finite.*nan at \(0, 3, 4\)"):
        fp.plots.receptive_field(fp.models.lenet5(), image)
    with pytest.raises(DataError, match="x must be an array of numbers"):
        fp.plots.shared_weights(SharedWeights([1, -1], (2,)), ["a", "b"])
