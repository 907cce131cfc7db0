"""Saliency: the gradient and the occlusion that are drawn are those of the network."""

from __future__ import annotations

import numpy as np

import fencepost as fp
from fencepost.network import input_gradient, occlusion
from plots.figures import NETWORKS, image_of, panel, written


def test_saliency_draws_gradient_and_occlusion():
    net = NETWORKS["colour"]()
    net.class_names = ["a", "b", "c", "d", "e"]
    image = image_of(net)
    figure = fp.plots.saliency(net, image, "d")
    assert "What the output for class d depends on" in written(figure)
    gradient = np.abs(input_gradient(net, image, 3)[0]).max(axis=0)
    shown, covered = (np.asarray(panel(figure, k).images[0].get_array()) for k in (1, 2))
    np.testing.assert_allclose(shown, gradient, rtol=1e-6)
    np.testing.assert_allclose(covered, 100 * occlusion(net, image, 3).drops, rtol=1e-6)


def test_what_speaks_against_a_class_is_below_zero():
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2, bias=False)], normalization=(0, 1))
    net.parameters["1.weight"][:] = 0
    net.parameters["1.weight"][0, :8] = 1  # the upper half speaks for 0, …
    net.parameters["1.weight"][0, 8:] = -1  # … the lower against it
    image = np.ones((1, 4, 4), np.float32)
    shown = panel(fp.plots.saliency(net, image, 0), 2).images[0]
    values = np.asarray(shown.get_array())
    assert (values[:2] > 0).all()
    assert (values[2:] < 0).all()
    assert shown.norm.vmin == -shown.norm.vmax
    image[0, 2:] = 0
    shown = panel(fp.plots.saliency(net, image, 0), 2).images[0]
    assert shown.norm.vmin == 0


def test_saliency_of_a_signal_keeps_its_signs():
    net = NETWORKS["signals"]()
    signal = image_of(net)
    figure = fp.plots.saliency(net, signal, 1)
    gradient = input_gradient(net, signal, 1)[0]
    for line, values in zip(panel(figure, 1).lines, gradient, strict=True):
        np.testing.assert_allclose(line.get_ydata(), values, rtol=1e-6)
