"""The steps of a convolution: what is drawn is what is computed."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots import style
from plots.figures import written
from plots.texts import faults

RNG = np.random.default_rng(3)


F, G = RNG.integers(0, 9, (5, 4)), RNG.integers(-4, 5, (2, 3))


@pytest.mark.parametrize("origin", ["first", "centre"])
@pytest.mark.parametrize("at", [(0, 0), (2, 3), (4, 3)])
def test_step_of_two_axes_writes_the_sum_and_y_up_to_there(origin, at):
    figure = fp.plots.convolution_steps(F, G, at, origin=origin)
    assert not faults(figure)
    y = fp.convolve(F, G, "same", origin=origin)
    assert f"= {y[at]}".replace("-", "−") in written(figure)
    axes = figure.axes[0].child_axes[0]
    numbers = [text.get_text() for text in axes.texts if not text.get_text().startswith("×")]
    known = [str(value).replace("-", "−") for value in y.ravel()[: at[0] * 4 + at[1] + 1]]
    assert numbers[F.size + G.size :][: len(known)] == known
    terms = fp.convolution_terms(F, G, at, origin=origin)
    weights = sorted(text.get_text()[1:] for text in axes.texts if text.get_text()[0] == "×")
    assert weights == sorted(str(term.g).replace("-", "−") for term in terms)


def test_step_of_one_axis_marks_the_elements_that_meet():
    f = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
    figure = fp.plots.convolution_steps(f, [1 / 3, 1 / 3, 1 / 3], 5)
    assert not faults(figure)
    assert "y(5) = 9·0.333 + 10·0.333 + 1·0.333" in written(figure)
    assert "= 6.667" in written(figure)
    axes = figure.axes[0].child_axes[0]
    window = axes.collections[1].get_paths()
    assert [path.vertices[0, 0] for path in window] == [3, 4, 5]


def test_a_long_sum_is_cut_with_a_remark():
    figure = fp.plots.convolution_steps(np.ones((12, 12)) / 7, np.ones((9, 9)) / 7, (9, 9))
    assert any("(81 terms in all)" in text for text in written(figure))
    assert not faults(figure)


def test_step_into_given_axes():
    left, right = style.new_figure(12, 4).subplots(1, 2)
    assert fp.plots.convolution_steps(F, G, (1, 1), ax=right) is right
    assert left.axison


@pytest.mark.parametrize(
    ("f", "at", "words"),
    [
        (np.ones((2, 2, 2)), (0, 0, 0), r"a matrix of at most 12.*\(2, 2, 2\)"),
        (np.ones(25), 0, r"at most 24 elements.*\(25,\)"),
        (np.ones((2, 2)), (0, 2), r"at must be a position in f, of shape \(2, 2\).*\(0, 2\)"),
    ],
)
def test_steps_that_cannot_be_drawn(f, at, words):
    g = np.ones((1,) * np.ndim(f))
    with pytest.raises(ArgumentError, match=words):
        fp.plots.convolution_steps(f, g, at)


def test_animation_has_a_frame_for_every_position(tmp_path):
    path = fp.plots.convolution_steps_animation(
        [[1, 2, 3], [4, 5, 6]], [[1, -1]], tmp_path / "a.gif"
    )
    with Image.open(path) as image:
        assert image.n_frames == 6


def test_frames_of_an_animation_are_of_one_size(tmp_path):
    f, g = RNG.integers(-500, 500, (1, 8)), RNG.integers(-500, 500, (1, 7))
    path = fp.plots.convolution_steps_animation(f, g, tmp_path / "a.html", origin="centre")
    frames = re.findall(r"base64,([^\"]*)", path.read_text("utf-8"))
    sizes = {Image.open(io.BytesIO(base64.b64decode(frame))).size for frame in frames}
    assert len(frames) == 8
    assert len(sizes) == 1


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


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 61, "1"])
def test_times_that_cannot_be(tmp_path, seconds):
    with pytest.raises(ArgumentError, match="seconds must be"):
        fp.plots.convolution_steps_animation([1, 2], [1], tmp_path / "a.gif", seconds=seconds)
