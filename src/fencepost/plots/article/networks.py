"""Figures 9 to 11 of the article: a convolution as a layer of shared weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...convolution import SharedWeights, convolve
from ...text import format_shape
from .. import style
from ..networks.diagrams import shared_weights
from .drawn import Drawn
from .sequences import BLOCKS, EDGES

IMAGE, KERNEL = (5, 5), (3, 3)
FEATURE = (1, 3, 1)
WEIGHTS = (-1, 2, -1)
POSITIONS = (0, 2, 5)
INPUTS = 8


def layer_of_a_signal() -> Drawn:
    """Draw f ∗ [1, −1] as a layer, with the neuron that is added as padding."""
    layer = SharedWeights(EDGES, (len(BLOCKS),), padding=(len(EDGES) - 1, 0))
    slid = convolve(BLOCKS, EDGES, "same", origin="first")
    equal = int((layer(BLOCKS) == slid).sum())
    links = layer.fully_connected_weights
    return Drawn(
        shared_weights(layer, BLOCKS),
        "The same convolution as a layer of a network. Edges of one colour share one weight; the "
        "dashed neuron is the padding that keeps y as long as f.",
        f"{equal} of {slid.size} outputs equal those of the slid kernel, exactly. The layer has "
        f"{layer.weight_count} weights; a fully connected one would have {links}.",
    )


def layer_of_an_image() -> Drawn:
    """Draw a kernel over an image as a layer."""
    rng = np.random.default_rng(1)
    image = rng.integers(0, 10, IMAGE)
    kernel = rng.permutation([-4, -3, -2, -1, 1, 2, 3, 4, 5]).reshape(KERNEL)  # all differ
    layer = SharedWeights(kernel, IMAGE)
    equal = int((layer(image) == convolve(image, kernel, "valid")).sum())
    grid = format_shape(KERNEL)
    return Drawn(
        shared_weights(layer, image),
        f"Shared weights in 2D: each downstream neuron takes its input from a {grid} grid of the "
        "layer before it. Two of them are drawn with their edges.",
        f"{equal} of {layer(image).size} outputs equal those of the kernel slid over the image, "
        f"with {layer.weight_count} weights for {layer.edge_count} edges.",
    )


def location_invariance() -> Drawn:
    """Draw a layer with a nonlinearity, its input a feature at three positions."""
    layer = SharedWeights(WEIGHTS, (INPUTS,), operation="correlate")
    figure = style.new_figure(7.0, 6.9)
    outputs = []
    for line, position in enumerate(POSITIONS):
        x = np.zeros(INPUTS)
        x[position : position + len(FEATURE)] = FEATURE
        axes = figure.add_axes((0, 1 - (line + 1) / len(POSITIONS), 1, 1 / len(POSITIONS)))
        shared_weights(layer, x, activation=_sigma, shown=[position], ax=axes)
        outputs.append(float(_sigma(layer(x))[position]))
    difference = max(outputs) - min(outputs)
    return Drawn(
        figure,
        "A small convolutional layer with the nonlinearity σ(z) = 1 / (1 + exp(−z)). The output "
        "over the feature is the same wherever the feature stands.",
        f"The output of the neuron above the feature {list(FEATURE)} is "
        f"{', '.join(f'{output:.4f}' for output in outputs)} as the feature stands at "
        f"{', '.join(map(str, POSITIONS))}: the outputs differ by {difference:g}.",
    )


def _sigma(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-z)))
