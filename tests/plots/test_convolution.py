"""Kernels, filtered images and the steps of a convolution: what is drawn is what is computed."""

from __future__ import annotations

import base64
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots import style
from plots.texts import drawn_texts, faults

RNG = np.random.default_rng(3)
F, G = RNG.integers(0, 9, (5, 4)), RNG.integers(-4, 5, (2, 3))


def written(figure):
    return [one.text for one in drawn_texts(figure)]


@pytest.mark.parametrize(
    "text",
    ["laplace", "mean:size=3", "sobel:x", "gaussian:sigma=3", "1x3: 1,0,-1", "3x1: 0.25,-1e-5,700"],
)
def test_kernels_can_be_read(text):
    figure = fp.plots.kernel(text)
    assert not faults(figure)


def test_kernel_writes_its_weights_row_by_row():
    figure = fp.plots.kernel([[1, 2, 3], [-4, 5, 60]], response=False)
    assert [text for text in written(figure) if text.lstrip("−").isdigit()] == [
        "1", "2", "3", "−4", "5", "60"
    ]  # fmt: skip


def test_fractions_are_written_as_such():
    texts = written(fp.plots.kernel(fp.kernels.binomial(3), response=False))
    assert "× 1/16" in texts
    assert texts.count("2") == 4


def test_weights_that_would_be_too_small_are_not_written():
    figure = fp.plots.kernel(fp.kernels.gaussian(sigma=5.0))
    (cells,) = figure.axes[0].child_axes[0].collections
    assert len(cells.get_facecolors()) == 41 * 41
    assert not faults(figure)


@pytest.mark.parametrize("kernel", [fp.kernels.sobel("x"), fp.kernels.gaussian(sigma=1, ndim=1)])
def test_frequency_response_is_that_of_the_fft(kernel):
    response = fp.kernels.frequency_response(kernel, 65)
    fine = np.fft.fftn(kernel.matrix, (64,) * kernel.ndim, range(kernel.ndim))
    folded = np.fft.fftshift(np.abs(fine))
    np.testing.assert_allclose(response[(slice(64),) * kernel.ndim], folded, atol=1e-12)


def test_a_set_is_not_one_kernel():
    with pytest.raises(ArgumentError, match=r"g must be one kernel.*set of 2"):
        fp.plots.kernel("sobel")


@pytest.mark.parametrize("kernel", ["laplace", "sobel", "gaussian:sigma=2"])
@pytest.mark.parametrize("shape", [(28, 28), (40, 200), (150, 60, 3)])
def test_filtering_draws_what_filter_image_returns(kernel, shape):
    image = RNG.integers(0, 256, shape).astype(np.uint8)
    figure = fp.plots.filtering(image, kernel, scale=0.5)
    assert not faults(figure)
    before, *_, after = figure.axes[0].child_axes
    expected = fp.filter_image(image, kernel, scale=0.5)
    if image.ndim == 3:
        expected = expected / 255
    np.testing.assert_allclose(after.images[0].get_array(), expected)
    assert before.images[0].get_array().shape == shape


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


def test_step_of_one_axis_marks_the_cells_that_meet():
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
        (np.ones(25), 0, r"at most 24 cells.*\(25,\)"),
        (np.ones((2, 2)), (0, 2), r"at must be a place of f, of shape \(2, 2\).*\(0, 2\)"),
    ],
)
def test_steps_that_cannot_be_drawn(f, at, words):
    g = np.ones((1,) * np.ndim(f))
    with pytest.raises(ArgumentError, match=words):
        fp.plots.convolution_steps(f, g, at)


def test_animation_has_a_frame_for_every_place(tmp_path):
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


def test_no_setting_changes():
    before = dict(mpl.rcParams)
    fp.plots.kernel("laplace")
    fp.plots.convolution_steps(F, G, (1, 1))
    assert dict(mpl.rcParams) == before


def test_a_result_is_darker_than_its_signal_in_a_grey_print():
    from fencepost.plots.grids import brightness, rgb

    figure = fp.plots.signal([1, 2, 3, 1], [1, -1])
    f, y = figure.axes[0].child_axes[0].lines
    assert brightness(rgb(f.get_color())) > brightness(rgb(y.get_color())) + 0.15
