"""Windows on grids: the cells, windows and outputs that are drawn, and the ones never looked at."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import fencepost as fp
from fencepost.errors import ArgumentError, DataError, SizeError
from fencepost.plots import style
from fencepost.plots.images import window_grids
from plots.texts import drawn_texts, faults


def written(figure):
    return [one.text for one in drawn_texts(figure)]


def panel(figure, index=0):
    return figure.axes[0].child_axes[index]


def unseen(axes):
    """Upper left corners (column, row) of the cells that are hatched as never looked at."""
    marked = [one for one in axes.collections if one.get_hatch() == window_grids.UNSEEN_HATCH]
    return {tuple(path.vertices[0]) for one in marked for path in one.get_paths()}


def test_stride_of_the_article_is_drawn_out_to_six_outputs():
    figure = fp.plots.stride(13, 3, 2)
    assert not faults(figure)
    assert "output = (13 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 6" in written(figure)
    axes = panel(figure)
    taps = [patch.get_x() for patch in axes.patches]
    np.testing.assert_allclose(
        np.reshape(taps, (6, 3)), 2 * np.arange(6)[:, None] + np.arange(3) + 0.06
    )
    assert not unseen(axes)


def test_cells_never_looked_at_are_marked():
    assert unseen(panel(fp.plots.stride(10, 3, 2))) == {(9, 0)}
    assert unseen(panel(fp.plots.stride(12, 3, 4, 1))) == {(3, 0), (7, 0), (11, 0), (12, 0)}
    figure = fp.plots.stride((4, 5), 2, (2, 3))
    assert not faults(figure)
    assert unseen(panel(figure)) == {(2, row) for row in range(4)}
    assert any("4 are never looked at" in text for text in written(figure))


@pytest.mark.parametrize(
    "arguments",
    [
        ((7, 10), 3, 2),
        ((5, 5), (1, 3), 1, ((0, 1), (2, 0))),
        ((14, 14), 3, 2, 1, 2),
        (30, 5, 1),
        (1, 1),
        ((2, 2), 2),
        (28, 3, 2, 1, 3),
    ],
)
@pytest.mark.parametrize("draw", [fp.plots.stride, fp.plots.padding])
def test_texts_of_windows_can_be_read(draw, arguments):
    if draw is fp.plots.padding:
        size, kernel, stride, zeros = (*arguments, 1, 0)[:4]
        arguments = (size, kernel, zeros, stride)
    assert not faults(draw(*arguments))


def test_counts_are_those_of_the_windows():
    figure = fp.plots.stride((5, 6), (3, 2), (1, 2))
    expected = np.outer([1, 2, 3, 2, 1], [1, 1, 1, 1, 1, 1])
    numbers = [int(text.get_text()) for text in panel(figure).texts]
    assert numbers[:30] == expected.ravel().tolist()


def test_padding_is_drawn_without_and_with_it():
    figure = fp.plots.padding((5, 10), 3, 1)
    assert not faults(figure)
    assert written(figure)[:2] == ["no padding: 5 × 10 → 3 × 8", "padding 1: 5 × 10 → 5 × 10"]
    without, with_it = figure.axes[0].child_axes
    zeros = [text.get_text() for text in with_it.texts].count("0")
    assert zeros == 7 * 12 - 5 * 10
    assert "0" not in [text.get_text() for text in without.texts]
    cells = [len(one.get_paths()) for one in without.collections]
    assert cells == [50, 24]


def test_windows_that_do_not_fit_are_refused_if_that_is_asked_for():
    with pytest.raises(SizeError):
        fp.plots.stride(10, 3, 2, remainder="error")
    with pytest.raises(ArgumentError, match=r"of at most 32 cells with padding.*33 × 5"):
        fp.plots.stride((33, 5), 3)
    with pytest.raises(ArgumentError, match="one axis or two"):
        fp.plots.padding((3, 3, 3), 2, 1)


def frames(axes):
    return [
        (patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height())
        for patch in axes.patches
        if isinstance(patch, Rectangle) and not patch.get_fill()
    ]


def test_receptive_field_is_drawn_where_the_plan_has_it():
    plan = fp.plan((1, 28, 28), "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5)")
    figure = fp.plots.receptive_field(plan, at=(0, 9))
    assert not faults(figure)
    down, across = (f.elements(i) for f, i in zip(plan.rows[-1].fields, (0, 9), strict=True))
    assert frames(panel(figure))[-1] == (across.start, down.start, len(across), len(down))
    assert "14 × 14 pixels" in written(figure)
    sizes = [frame[2] for frame in frames(panel(figure))]
    assert sizes == [5, 6, 14]


def test_only_the_pixels_in_the_frame_change_the_output():
    network = fp.Network((1, 20, 20), [fp.Conv2d(3, 3), fp.MaxPool2d(2), fp.Conv2d(1, 3, stride=2)])
    figure = fp.plots.receptive_field(network, at=(1, 2))
    x, y, width, height = (int(n) for n in frames(panel(figure))[-1])
    image = np.random.default_rng(0).normal(size=(1, 1, 20, 20)).astype(np.float32)
    changed = np.random.default_rng(1).normal(size=image.shape).astype(np.float32)
    changed[..., y : y + height, x : x + width] = image[..., y : y + height, x : x + width]
    assert network(image)[0, 0, 1, 2] == network(changed)[0, 0, 1, 2]
    changed[..., y, x] += 100
    assert network(image)[0, 0, 1, 2] != network(changed)[0, 0, 1, 2]


def test_many_layers_are_cut_with_a_remark():
    plan = fp.plan((3, 64, 64), [fp.Conv2d(8, 3, padding=1)] * 30)
    figure = fp.plots.receptive_field(plan, at=(2, 60))
    assert not faults(figure)
    assert any("7 of 30 layers drawn" in text for text in written(figure))


def test_field_of_a_residual_is_drawn_for_its_whole_chain():
    block = fp.Residual(fp.Conv2d(8, 3, padding=1), fp.ReLU(), fp.Conv2d(8, 3, padding=1))
    long = fp.Conv2d(8, (3, 11), stride=(1, 2), padding=((1, 2), (3, 4)), remainder="crop")
    plan = fp.plan((3, 32, 32), [fp.Conv2d(8, 3, padding=1), block, long, fp.GlobalAvgPool()])
    figure = fp.plots.receptive_field(plan)
    assert not faults(figure)
    assert "1: Residual, 3 layers" in written(figure)
    assert [frame[2] for frame in frames(panel(figure))] == [3, 7, 17]


def test_receptive_field_on_signals_and_images():
    plan = fp.plan((2, 64), "Conv1d(4, 7, padding=3), ReLU, MaxPool1d(2)")
    signal = np.random.default_rng(0).normal(size=(2, 64))
    assert not faults(fp.plots.receptive_field(plan, signal, at=0))
    images, _ = fp.datasets.mnist("test")
    axes = style.new_figure(7, 4).add_subplot()
    assert fp.plots.receptive_field(fp.models.lenet5(), images[0], ax=axes) is axes


def test_bad_input_of_receptive_field():
    with pytest.raises(ArgumentError, match="a layer with windows"):
        fp.plots.receptive_field(fp.plan((9,), "Linear(3)"))
    with pytest.raises(ArgumentError, match=r"output of layer 0, which is 24 × 24.*\(24, 0\)"):
        fp.plots.receptive_field(fp.plan((1, 28, 28), "Conv2d(6, 5)"), at=(24, 0))
    with pytest.raises(DataError, match=r"input shape, 1 × 28 × 28.*\(9, 9\)"):
        fp.plots.receptive_field(fp.models.lenet5(), np.zeros((9, 9)))
