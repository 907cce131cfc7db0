"""Which boxes a network is drawn as, and what is said below."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.plots import arguments
from fencepost.plots.networks import volume_layout
from plots.volume_networks import NETWORKS, boxes


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
    assert "visible are drawn larger" in notes(NETWORKS["sixty"]())
    assert "Dashed" not in notes(NETWORKS["features"]())
