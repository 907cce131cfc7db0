"""Kernels before and after training, on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.plots.arguments import UNTRAINED
from plots.figures import NETWORKS, written
from plots.texts import faults


@pytest.mark.parametrize(
    ("name", "layer"),
    [("lenet5", None), ("lenet5", 3), ("lenet5_1998", 4), ("colour", 0), ("signals", 0),
     ("signals", 3), ("500 channels", None), ("residual", "0.0"), ("one output", None)],
)  # fmt: skip
def test_kernels_of_any_network_can_be_read(name, layer):
    figure = fp.plots.learned_kernels(NETWORKS[name](), layer=layer)
    assert not faults(figure)
    assert UNTRAINED in written(figure)


def test_kernels_before_and_after_have_one_scale():
    net = fp.models.lenet5(seed=4)
    net.parameters["0.weight"][:] *= -3
    figure = fp.plots.learned_kernels(net)
    assert UNTRAINED not in written(figure)
    after, before = net.parameters["0.weight"], fp.models.lenet5(seed=4).parameters["0.weight"]
    for panel, weights in zip(figure.axes[0].child_axes, (before, after), strict=True):
        shown = np.stack([np.asarray(image.get_array())[..., 0] for image in panel.images])
        np.testing.assert_allclose(
            shown, 0.5 + 0.5 * weights[:, 0] / np.abs(after).max(), atol=1e-6
        )


def test_kernels_of_many_channels_are_of_one_channel_in_both_panels():
    net = fp.models.lenet5(seed=4)
    weights = net.parameters["3.weight"]
    weights[:, 2] += 5  # by far the largest
    before, after = fp.plots.learned_kernels(net, layer=3).axes[0].child_axes
    old = fp.models.lenet5(seed=4).parameters["3.weight"]
    for panel, source in ((before, old), (after, weights)):
        shown = np.asarray(panel.images[0].get_array())[..., 0]
        np.testing.assert_allclose(
            shown, 0.5 + 0.5 * source[0, 2] / np.abs(weights).max(), atol=1e-6
        )


def test_two_networks_are_compared():
    one, other = fp.models.lenet5(seed=1), fp.models.lenet5(seed=2)
    texts = written(fp.plots.learned_kernels(one, other))
    assert {"Before", "After"} <= set(texts)
    assert "These kernels are equal in both networks." in written(
        fp.plots.learned_kernels(one, one.copy())
    )


def test_animation_has_a_frame_for_each_network(tmp_path):
    net = fp.models.lenet5()
    images, labels = fp.datasets.mnist("test")
    kept = [net.copy()]
    net.fit(
        images[:500], labels[:500], epochs=2, progress=False,
        on_epoch=lambda epoch: kept.append(net.copy()),
    )  # fmt: skip
    path = fp.plots.learned_kernels_animation(kept, tmp_path / "kernels.gif", seconds=0.1)
    with Image.open(path) as shown:
        assert shown.n_frames == 3
        frames = []
        for index in range(3):
            shown.seek(index)
            frames.append(np.asarray(shown.convert("L"), float)[150:])
    assert np.abs(frames[0] - frames[2]).mean() > 1
    page = fp.plots.learned_kernels_animation(kept[:2], tmp_path / "kernels.html")
    assert page.read_text("utf-8").count("data:image/png;base64,") == 2
