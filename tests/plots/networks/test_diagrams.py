"""A convolution as a network diagram: neurons, edges, colours, padding."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

import fencepost as fp
from fencepost.convolution import SharedWeights
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style
from plots.texts import faults

RNG = np.random.default_rng(5)


def parts(figure):
    """Circles and edges of the diagram, and the looks of the edges."""
    (axes,) = figure.axes[0].child_axes
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    looks = [(to_hex(line.get_color()), line._dash_pattern) for line in axes.lines]
    return axes, circles, looks


LAYERS = {
    "article": SharedWeights([1, -1], (10,), padding=(1, 0)),
    "stride": SharedWeights([0.25, 0.5, 0.25], (7,), padding=1, stride=2),
    "long": SharedWeights(RNG.normal(size=9), (24,)),
    "one": SharedWeights([2], (1,)),
    "image": SharedWeights(RNG.integers(-3, 4, (3, 3)), (5, 5)),
    "padded": SharedWeights(np.ones((3, 3)) / 9, (4, 6), padding=1),
    "large": SharedWeights(RNG.normal(size=(5, 4)), (12, 12), stride=(7, 2)),
    "small": SharedWeights([[3, -1]], (1, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_neurons_and_edges_are_those_of_the_layer(name):
    layer = LAYERS[name]
    filled = name not in ("stride", "padded")
    figure = fp.plots.shared_weights(
        layer, RNG.integers(0, 9, layer.input_shape) if filled else None
    )
    assert not faults(figure)
    axes, circles, looks = parts(figure)
    padded = np.prod([window.padded for window in layer.windows])
    assert len(circles) == padded + np.prod(layer.output_shape)
    dashed = [circle for circle in circles if circle.get_linestyle() == "--"]
    assert len(dashed) == padded - np.prod(layer.input_shape)
    outputs = len(layer.edges) if len(layer.windows) == 1 else None
    if outputs is not None:
        assert len(looks) == outputs
    drawn = len(looks) // layer.weights_per_neuron
    assert len(set(map(str, looks))) == layer.weights_per_neuron  # one look for each weight
    assert drawn * layer.weights_per_neuron == len(looks)
    assert axes.get_aspect() == 1


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("stride", [1, 2])
def test_edges_lead_to_the_elements_that_they_carry(operation, stride):
    layer = SharedWeights([1, 2, 4], (7,), padding=(2, 0), stride=stride, operation=operation)
    figure = fp.plots.shared_weights(layer)
    axes, _, _ = parts(figure)
    window = layer.windows[0]
    drawn = []
    for line in axes.lines:
        (x, target), _ = line.get_data()
        output = round((target - 1 + window.before) / stride)
        drawn.append((output, round(x) if 0 <= x < 7 else -1, to_hex(line.get_color())))
    colours = [to_hex(style.COLOURS[k]) for k in range(3)]
    edges = layer.edges
    expected = zip(edges.outputs, edges.inputs, (colours[w] for w in edges.weights), strict=True)
    assert sorted(drawn) == sorted((int(o), int(i), c) for o, i, c in expected)


def test_numbers_are_those_of_the_layer_after_the_activation():
    layer = SharedWeights([1, -1], (6,), padding=(1, 0))
    f = [0, 0, 5, 5, 2, 2]
    figure = fp.plots.shared_weights(layer, f, activation=lambda z: np.maximum(z, 0))
    axes, _, _ = parts(figure)
    written = {text.get_position(): text.get_text() for text in axes.texts}
    numbers = [written[(output - 0.5, 0.0)] for output in range(6)]
    assert numbers == ["0", "0", "5", "0", "0", "0"]
    names = [written[(output - 0.5, -0.62)] for output in range(6)]
    assert names == ["σ(y₀)", "σ(y₁)", "σ(y₂)", "σ(y₃)", "σ(y₄)", "σ(y₅)"]


def test_chosen_outputs_are_in_colour():
    figure = fp.plots.shared_weights(LAYERS["stride"], shown=[1])
    _, _, looks = parts(figure)
    assert [colour for colour, _ in looks].count(to_hex(style.GRID)) == len(looks) - 3
    figure = fp.plots.shared_weights(LAYERS["image"], shown=[(1, 1)])
    assert len(parts(figure)[2]) == 9


@pytest.mark.parametrize(
    ("layer", "shown", "words"),
    [
        (SharedWeights(np.ones((2, 3, 3)), (2, 9, 9)), None, "one kernel and no channels"),
        (SharedWeights([1, 1], (25,)), None, "at most 24 inputs"),
        (SharedWeights(np.ones((3, 3)), (11, 11), padding=1), None, r"at most 12.*13 × 13"),
        (LAYERS["stride"], [4], "outputs from 0 to 3.*4"),
        (LAYERS["image"], [(3, 0)], r"of 3 × 3.*\(3, 0\)"),
        (LAYERS["image"], [1], r"by row and column"),
    ],
)
def test_what_cannot_be_drawn(layer, shown, words):
    with pytest.raises(ArgumentError, match=words):
        fp.plots.shared_weights(layer, shown=shown)


def test_values_of_another_shape():
    with pytest.raises(DataError):
        fp.plots.shared_weights(LAYERS["image"], np.zeros((4, 4)))


def test_into_given_axes():
    axes = style.new_figure(8, 4).add_subplot()
    assert fp.plots.shared_weights(LAYERS["article"], ax=axes) is axes
    assert not faults(axes.get_figure())
