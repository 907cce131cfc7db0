"""Networks as volumes: what is drawn, to which scale, and that it can be read."""

from __future__ import annotations

import pytest
from matplotlib.patches import Polygon

import fencepost as fp
from fencepost.plots import arguments, style
from fencepost.plots.networks import volume_layout
from plots.texts import drawn_texts, faults


def deep():
    """Sixty layers, three pools among them, up to 500 channels."""
    layers = []
    for block in range(19):
        layers += [fp.Conv2d(min(500, 16 + 32 * block), 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]
        if block in (4, 9, 14):
            layers.append(fp.MaxPool2d(2))
    return fp.Network((3, 32, 32), layers)


NETWORKS = {
    "lenet5": fp.models.lenet5,
    "lenet5_1998": fp.models.lenet5_1998,
    "deep": deep,
    "sixty": lambda: fp.Network((1, 121, 121), [fp.Conv2d(2, 3) for _ in range(60)]),
    "one output": lambda: fp.Network((1, 5, 5), [fp.Conv2d(8, 5)]),
    "500 channels": lambda: fp.Network((500, 14, 14), [fp.Conv2d(500, 3, padding=1)]),
    "signals": lambda: fp.Network(
        (2, 128), [fp.Conv1d(8, 7, dilation=2), fp.MaxPool1d(2), fp.GlobalMaxPool(), fp.Linear(3)]
    ),
    "features": lambda: fp.Network((9,), [fp.Linear(4), fp.ReLU(), fp.Linear(1000)]),
    "residual": lambda: fp.Network(
        (4, 8, 8), [fp.Residual(fp.Conv2d(4, 3, padding=1), fp.ReLU()), fp.GlobalAvgPool()]
    ),
    "wide": lambda: fp.Network((1, 4, 300), [fp.Conv2d(3, (3, 9), stride=(1, 3))]),
}


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


def boxes(network):
    shown = volume_layout.stages(arguments.as_plan(network))
    return volume_layout.arrange(shown, 7.2, None).boxes


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
