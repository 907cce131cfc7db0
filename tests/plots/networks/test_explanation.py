"""One prediction on one page: every step is there, and is what the network computes."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.plots import style
from plots.figures import NETWORKS, image_of, written


def test_explain_has_every_step_of_lenet5():
    net = fp.models.lenet5()
    figure = fp.plots.explain(net, image_of(net))
    texts = written(figure)
    steps = ["Input", "Kernels", "Feature maps", "Pooling", "Features", "Probabilities",
             "Gradient", "Occlusion"]  # fmt: skip
    assert [text for text in texts if text[2:] in steps] == [
        f"{k} {name}" for k, name in enumerate(steps, start=1)
    ]
    for size in ("1 × 28 × 28", "6 kernels of 1 × 5 × 5", "6 maps of 28 × 28", "6 maps of 14 × 14"):
        assert size in texts
    panels = figure.axes[0].child_axes
    pooled = np.asarray(panels[3].images[0].get_array())[..., 0]
    values = net.features(image_of(net))[2][0]
    expected = (values - values.min()) / np.ptp(values)
    np.testing.assert_allclose(pooled, expected[0], atol=1e-6)
    shares = net.predict_proba(image_of(net))[0]
    bars = np.array([patch.get_width() for patch in panels[5].patches])
    np.testing.assert_allclose(bars / bars.sum(), shares, rtol=1e-5, atol=1e-6)


def test_explain_names_the_most_likely_of_many_classes():
    net = NETWORKS["long names"]()
    shares = net.predict_proba(image_of(net))[0]
    texts = written(fp.plots.explain(net, image_of(net)))
    assert sum(text.endswith(" %") for text in texts) == 10
    assert f"{100 * shares.max():.1f} %" in texts


def test_explain_says_what_a_network_lacks():
    dense, unpooled = NETWORKS["dense"](), NETWORKS["outputs of 1 × 1"]()
    assert "no convolution" in " ".join(written(fp.plots.explain(dense, image_of(dense))))
    assert "no pooling" in " ".join(written(fp.plots.explain(unpooled, image_of(unpooled))))


def test_axes_that_are_too_small_for_the_page_are_refused():
    axes = style.new_figure(4, 4).add_axes((0, 0, 1, 1))
    with pytest.raises(ArgumentError, match=r"at least 5\.6 × 3\.6 inches.*4\.0 × 4\.0"):
        fp.plots.explain(fp.models.lenet5(), np.eye(28), ax=axes)
