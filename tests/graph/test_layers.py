"""fencepost's layers as a graph: its operations, their costs, and where their weights are."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.graph import Value, size_layers

LAYERS = [
    fp.Conv2d(8, 3, padding=1),
    fp.Residual(fp.Conv2d(8, 3, padding="same"), fp.Residual(fp.BatchNorm2d(), fp.ReLU())),
    fp.GlobalAvgPool(),
    fp.Linear(10),
]


def test_a_residual_is_its_operations_and_a_join():
    graph = size_layers((3, 12, 12), LAYERS).graph
    names = ["0", "1.0", "1.1.0", "1.1.1", "1.1", "1", "2", "3"]
    assert [operation.name for operation in graph.operations] == names
    inner, outer = graph.operations[4], graph.operations[5]
    assert (inner.kind, inner.role, inner.inputs) == ("Add", "join", (Value(3), Value(1)))
    assert outer.inputs == (Value(4), Value(0))
    assert outer.layer is LAYERS[1]
    assert graph.outputs == (Value(7),)
    assert [operation.role for operation in graph.operations[6:]] == ["global", "dense"]


def test_chains_meet_in_a_join():
    layers = [
        fp.Residual(fp.Conv2d(8, 1), shortcut=[fp.Conv2d(8, 1), fp.BatchNorm2d()]),
        fp.Concat([], fp.Conv2d(4, 1), fp.Gate(fp.GlobalAvgPool(), fp.Linear(8))),
    ]
    operations = size_layers((3, 12, 12), layers).graph.operations
    assert [operation.name for operation in operations] == [
        "0.0", "0.shortcut.0", "0.shortcut.1", "0", "1.1.0", "1.2.0.0", "1.2.0.1", "1.2.0", "1",
    ]  # fmt: skip
    joins = {operation.name: operation for operation in operations if operation.role == "join"}
    assert {name: (join.kind, join.inputs) for name, join in joins.items()} == {
        "0": ("Add", (Value(0), Value(2))),
        "1.2.0": ("Mul", (Value(3), Value(6))),
        "1": ("Cat", (Value(3), Value(4), Value(7))),
    }
    assert joins["1"].input_shapes == ((1, 8, 12, 12), (1, 4, 12, 12), (1, 8, 12, 12))
    assert joins["1"].output_shape == (1, 20, 12, 12)


def test_views_of_layers_are_the_layers():
    chain = size_layers((3, 12, 12), LAYERS)
    shape = (3, 12, 12)
    for index, (sized, layer) in enumerate(zip(chain.layers, LAYERS, strict=True)):
        assert (sized.place, sized.index, sized.layer) == (str(index), index, layer)
        assert sized.input_shape == shape
        assert sized.output_shape == layer.output_shape(shape)
        assert sized.windows == layer.windows(shape)
        assert sized.parameters == sum(spec.size for spec in layer.parameters(shape).values())
        assert sized.connections == layer.connection_count(shape)
        assert sized.multiply_adds == layer.multiply_adds(shape)
        named = {f"{index}.{name}": spec for name, spec in layer.parameters(shape).items()}
        assert sized.parameter_specs == named
        shape = sized.output_shape
    assert [inner.place for inner in chain.layers[1].inner] == ["1.0", "1.1"]
    assert [inner.place for inner in chain.layers[1].inner[1].inner] == ["1.1.0", "1.1.1"]


def test_operations_say_where_their_weights_are():
    network = fp.Network((3, 12, 12), LAYERS)
    operations = size_layers((3, 12, 12), LAYERS).graph.operations
    arrays = {**network.parameters, **network.state}
    named = [name for operation in operations for name in operation.weights.values()]
    assert sorted(named) == sorted(arrays)
    norm = operations[2]
    assert norm.weights["running_mean"] == "1.1.0.running_mean"
    for operation in operations:
        if operation.weight_shape is not None:
            assert arrays[operation.weights["weight"]].shape == operation.weight_shape


def test_what_does_not_fit_is_the_last_operation():
    layers = [fp.ReLU(), fp.Residual(fp.ReLU(), fp.Conv2d(3, 3, stride=2)), fp.ReLU()]
    chain = size_layers((3, 12, 12), layers)
    assert [sized.place for sized in chain.layers] == ["0"]
    assert [sized.place for sized in chain.unfinished] == ["1.0"]
    assert chain.misfit is not None
    assert chain.misfit.layer.startswith("layer 1, Residual(")
    failing = chain.graph.operations[-1]
    assert (failing.name, failing.output_shapes, failing.multiply_adds) == ("1.1", (), None)
    assert failing.windows[0].remainder == 1
    assert chain.graph.failure
    assert chain.graph.outputs == ()


def test_a_chain_that_does_not_keep_the_size_fails_at_its_sum():
    chain = size_layers((3, 12, 12), [fp.Residual(fp.Conv2d(3, 3))])
    failing = chain.graph.operations[-1]
    assert (failing.kind, failing.output_shapes) == ("Add", ())
    assert failing.input_shapes == ((1, 3, 10, 10), (1, 3, 12, 12))


@pytest.mark.parametrize(
    ("shape", "layer", "name"),
    [
        ((10**5, 10**5, 10**5), fp.ReLU(), ""),
        ((1, 9, 9), fp.Conv2d(10**12, 3), "layer 0, Conv2d(1000000000000, 3)"),
        ((1, 9, 9), fp.Residual(fp.Conv2d(10**12, 1), fp.Conv2d(1, 1)), "layer 0, Residual("),
    ],
)
def test_values_that_the_engine_could_not_count(shape, layer, name):
    chain = size_layers(shape, [layer, fp.ReLU()])
    assert chain.layers == ()
    assert chain.misfit is not None
    assert "at most 2,147,483,647 values" in chain.misfit.rule
    assert chain.misfit.layer.startswith(name)
