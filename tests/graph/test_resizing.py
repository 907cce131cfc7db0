"""Sizes of a model for other inputs: those that PyTorch has when it meets them."""

from __future__ import annotations

import pytest

from fencepost.graph.resizing import nearest_inputs, resized
from graph.graph_builder import GraphBuilder


def sizes_of(model):
    return [operation.output_shape for operation in model.operations]


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "mobilenet_v2", "googlenet"])
@pytest.mark.parametrize("size", [193, 200, 227, 258])
def test_known_networks_at_other_sizes(name, size):
    torch = pytest.importorskip("torch")
    from fencepost.interchange.torch.trace import read_module
    from interchange.torch.architectures import build

    with torch.device("meta"):
        network = build(name)
    model = read_module(network, [(3, 224, 224)])
    outputs, fits = resized(model, [(1, 3, size, size)])
    assert fits
    assert outputs == sizes_of(read_module(network, [(3, size, size)]))


def test_what_does_not_fit_ends_it():
    graph = GraphBuilder((1, 1, 28, 28))
    graph.linear(graph.flatten(graph.pool(graph.input, 2)), 10)
    model = graph.model()
    assert resized(model, [(1, 1, 28, 28)]) == (sizes_of(model), True)
    assert resized(model, [(1, 1, 29, 29)]) == (sizes_of(model), True)  # the last row is dropped
    assert not resized(model, [(1, 1, 29, 29)], exact=True)[1]
    outputs, fits = resized(model, [(1, 1, 30, 30)])
    assert not fits
    assert outputs == [(1, 1, 15, 15), (1, 225)]
    assert not resized(model, [(1, 3, 28, 28)])[1]


def test_what_does_not_follow_is_not_guessed():
    graph = GraphBuilder((1, 1, 28, 28))
    graph.conv(graph.add("Wobble", "unknown", [graph.input], (1, 1, 28, 28)), 4, 3, stride=2)
    model = graph.model()
    outputs, fits = resized(model, [(1, 1, 27, 27)])
    assert (outputs, fits) == ([None, None], False)
    assert nearest_inputs(model, (1, 2), exact=True) == []
    # A crop may have been computed from other sizes.
    graph = GraphBuilder((1, 1, 28, 28))
    graph.conv(graph.pad(graph.input, -2, -2), 4, 3, stride=2)
    assert nearest_inputs(graph.model(), (1, 2), exact=True) == []


def test_the_nearest_on_both_sides():
    graph = GraphBuilder((1, 1, 32, 32))
    graph.pool(graph.conv(graph.input, 4, 3), 4)
    found = nearest_inputs(graph.model(), (1, 2), exact=True)
    assert found == [((1, 1, 30, 30),), ((1, 1, 34, 34),)]
    # One axis by itself, where both together do not lead anywhere.
    graph = GraphBuilder((1, 1, 32, 33))
    graph.pool(graph.input, 2)
    found = nearest_inputs(graph.model(), (1, 2), exact=True)
    assert found == [((1, 1, 32, 32),), ((1, 1, 32, 34),)]


def test_axes_that_are_moved():
    graph = GraphBuilder((1, 31, 32, 3))  # rows, columns, channels
    dims = {"dims": (0, 3, 1, 2)}
    value = graph.reshape(graph.input, 1, 3, 31, 32, kind="Permute", arguments=dims)
    graph.pool(value, 2)
    model = graph.model()
    assert resized(model, [(1, 30, 40, 3)]) == ([(1, 3, 30, 40), (1, 3, 15, 20)], True)
    assert nearest_inputs(model, (0, 1), exact=True) == [((1, 30, 32, 3),), ((1, 32, 32, 3),)]


def test_inputs_of_unknown_size_or_without_axes():
    graph = GraphBuilder((None, 1, 28, 28))
    graph.pool(graph.input, 3)
    assert nearest_inputs(graph.model(), (1, 2), exact=True) == []
    graph = GraphBuilder((1, 784))
    graph.linear(graph.input, 10)
    assert nearest_inputs(graph.model(), (), exact=True) == []
