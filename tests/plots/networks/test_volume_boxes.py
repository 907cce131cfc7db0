"""Networks as volumes: what is drawn, to which scale, and that it can be read."""

from __future__ import annotations

import pytest
from matplotlib.patches import Polygon

import fencepost as fp
from fencepost.plots import style
from plots.texts import drawn_texts, faults
from plots.volume_networks import NETWORKS, boxes


@pytest.mark.parametrize("name", NETWORKS)
def test_every_size_is_written_and_can_be_read(name):
    network = NETWORKS[name]()
    figure = fp.plots.volumes(network)
    assert not faults(figure)
    written = [text.text for text in drawn_texts(figure)]
    for shape in [network.input_shape, *(row.output_shape for row in network.rows)]:
        assert " × ".join(map(str, shape)) in written
    width, height = figure.get_size_inches()
    assert width <= 7.2
    assert height < 9.5  # a page


def test_field_and_depth_column_are_drawn_where_the_sizes_put_them():
    network = fp.Network((1, 12, 12), [fp.Conv2d(3, 3, stride=3)])
    before, _ = boxes(network)
    axes = fp.plots.volumes(network).axes[0]
    field = axes.collections[1].get_segments()[0]  # after the slices of three channels
    (left, _), (right, top) = field.min(axis=0), field.max(axis=0)
    cell = before.width / 12
    assert right - left == pytest.approx(3 * cell)
    # Output (1, 1) of 4 × 4 looks at rows and columns 3 to 5; rows count from above.
    assert left == pytest.approx(before.left + 3 * cell)
    assert top == pytest.approx(before.bottom + 9 * cell)
    assert len([patch for patch in axes.patches if isinstance(patch, Polygon)]) == 6


def test_small_axes_get_what_there_is_room_for():
    figure = style.new_figure(8, 4)
    left, right = figure.subplots(1, 2)
    assert fp.plots.volumes(fp.models.lenet5(), ax=left) is left
    fp.plots.volumes(NETWORKS["sixty"](), ax=right)
    assert not faults(figure)
    assert any("There is room only for the first" in text.get_text() for text in right.texts)
    assert figure.axes == [left, right]


def test_plan_that_does_not_fit_is_drawn_up_to_there():
    figure = fp.plots.volumes(fp.plan((1, 28, 28), "Conv2d(6, 5), MaxPool2d(2), Conv2d(9, 13)"))
    assert not faults(figure)
    texts = " ".join(text.text for text in drawn_texts(figure))
    assert "6 × 12 × 12" in texts
    assert "layer 2, Conv2d(9, 13) does not fit: " in texts
