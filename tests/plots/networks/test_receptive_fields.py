"""Receptive fields on the input: the frames that are drawn are those of the plan."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style
from plots.figures import panel, written
from plots.texts import faults


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
