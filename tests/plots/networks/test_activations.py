"""Feature maps: what is drawn is the output of every layer."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from plots.figures import NETWORKS, deep, image_of, panel, written


def test_feature_maps_are_the_features():
    net = fp.models.lenet5()
    image = image_of(net)
    figure = fp.plots.feature_maps(net, image)
    assert not [text for text in written(figure) if "Flatten" in text]
    features = net.features(image)
    rows = figure.axes[0].child_axes
    assert len(rows) == 12  # the input, and 12 layers without Flatten
    maps = np.stack([np.asarray(shown.get_array())[..., 0] for shown in rows[1].images])
    values = features[0][0]
    expected = (values - values.min()) / np.ptp(values)
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    bars = [bar.get_height() for bar in rows[-1].patches[-10:]]
    np.testing.assert_allclose(bars, features[11][0], rtol=1e-6)


def test_sizes_and_scales_are_written_beside_the_maps():
    net = fp.models.lenet5()
    image = image_of(net)
    texts = written(fp.plots.feature_maps(net, image))
    for row in net.rows:
        if not isinstance(row.layer, fp.Flatten):
            assert " × ".join(map(str, row.output_shape)) in texts
    values = net.features(image)[1][0]
    assert f"0 to {values.max():.0f}" in texts


def test_what_there_is_no_room_for_is_said():
    net = NETWORKS["500 channels"]()
    figure = fp.plots.feature_maps(net, image_of(net), most=8)
    assert "the first 8 are drawn" in " ".join(written(figure))
    assert len(panel(figure, 1).images) == 8
    net = deep()
    figure = fp.plots.feature_maps(net, image_of(net))
    assert "19 of 62 layers are drawn" in " ".join(written(figure))
    assert len(figure.axes[0].child_axes) == 20
    texts = written(figure)
    assert "61: Linear(3)" in texts
    assert not [text for text in texts if "BatchNorm" in text or "ReLU" in text]


def test_signals_are_lines():
    net = NETWORKS["signals"]()
    signal = image_of(net)
    axes = panel(fp.plots.feature_maps(net, signal))
    lines = [line for line in axes.lines if len(line.get_xdata()) == 64]
    assert len(lines) == 2
    for line, values in zip(lines, signal, strict=True):
        assert np.corrcoef(line.get_ydata(), values)[0, 1] == pytest.approx(-1)  # y is downwards
