"""Which boxes a network is drawn as, and what is said below."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.plots import arguments
from fencepost.plots.networks import volume_layout


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


def boxes(network):
    shown = volume_layout.stages(arguments.as_plan(network))
    return volume_layout.arrange(shown, 7.2, None).boxes


def notes(network):
    shown = volume_layout.stages(arguments.as_plan(network))
    return " ".join(volume_layout.arrange(shown, 7.2, None).notes)


def test_layers_that_only_change_values_make_no_box():
    first, *others = boxes(fp.models.lenet5())
    assert first.stage.lines == ("input",)
    assert [box.stage.shape for box in others] == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,), (120,), (84,), (10,)
    ]  # fmt: skip
    assert others[0].stage.lines[-1] == "+ ReLU"


def test_boxes_are_to_one_scale():
    volumes = [box for box in boxes(fp.models.lenet5()) if not box.stage.is_column]
    cell = volumes[0].width / 28
    for box in volumes:
        channels, rows, columns = box.stage.shape
        assert (box.depth, box.height, box.width) == pytest.approx(
            (channels * cell, rows * cell, columns * cell)
        )


def test_what_is_not_to_scale_is_said():
    assert "depths to another, 47.6 times smaller" in notes(NETWORKS["500 channels"]())
    assert "up to 500, are not drawn one by one" in notes(NETWORKS["500 channels"]())
    assert "drawn larger than it is" in notes(NETWORKS["sixty"]())
    assert "Dashed" not in notes(NETWORKS["features"]())
