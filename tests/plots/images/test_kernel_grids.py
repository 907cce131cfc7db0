"""Kernels and filtered images: what is drawn is what is computed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots.images.kernel_card import kernel_card
from plots.figures import written
from plots.texts import faults


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
    (squares,) = figure.axes[0].child_axes[0].collections
    assert len(squares.get_facecolors()) == 41 * 41
    assert not faults(figure)


def test_a_set_is_not_one_kernel():
    with pytest.raises(ArgumentError, match=r"g must be one kernel.*set of 2"):
        fp.plots.kernel("sobel")


@pytest.mark.parametrize("kernel", ["laplace", "sobel", "gaussian:sigma=2"])
@pytest.mark.parametrize("shape", [(28, 28), (40, 200), (150, 60, 3)])
def test_filtering_draws_what_filter_image_returns(kernel, shape):
    image = np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)
    figure = fp.plots.filtering(image, kernel, scale=0.5)
    assert not faults(figure)
    before, *_, after = figure.axes[0].child_axes
    expected = fp.filter_image(image, kernel, scale=0.5)
    if image.ndim == 3:
        expected = expected / 255
    np.testing.assert_allclose(after.images[0].get_array(), expected)
    assert before.images[0].get_array().shape == shape


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


@pytest.mark.parametrize(
    "text", ["gaussian:sigma=100", "mean:size=1x100000", "mean:size=4000x3", "log:sigma=40"]
)
def test_large_kernels_are_drawn_as_an_image(text, tmp_path):
    kernel = fp.kernels.parse(text)
    figure = fp.plots.kernel(kernel)
    axes = figure.axes[0].child_axes[0]
    (image,) = axes.images
    assert not axes.collections
    assert image.get_extent() == [0, kernel.shape[1], kernel.shape[0], 0]
    assert max(image.get_array().shape) <= 2048
    origin = axes.patches[-1]
    assert (origin.get_y(), origin.get_x()) == kernel.origin
    assert not faults(figure)
    assert fp.plots.save(figure, tmp_path / "kernel.svg").stat().st_size < 500_000


@pytest.mark.parametrize("draw", [fp.plots.kernel, kernel_card])
def test_kernels_of_volumes_are_not_drawn(draw):
    with pytest.raises(ArgumentError, match=r"one axis or two to be drawn\. Received: 3 × 3 × 3"):
        draw(fp.kernels.mean(3, ndim=3))
