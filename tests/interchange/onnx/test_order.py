"""The order of the nodes, and graphs that have none."""

import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import small, write  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node


def test_nodes_in_any_order(tmp_path):
    nodes = [node("Relu", ["a"], ["y"], name="2"), node("Conv", ["x", "w"], ["a"], name="1")]
    assert [
        operation.name for operation in read_onnx(write(tmp_path, small(nodes=nodes))).operations
    ] == [
        "1",
        "2",
    ]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Relu", ["b"], ["y"], name="r")], 'node "r" takes "b", which nothing produces'),
        (
            [node("Relu", ["y"], ["a"], name="p"), node("Relu", ["a"], ["y"], name="q")],
            'on its own output. Received: node "q" → node "p" → node "q"',
        ),
        (
            [node("Relu", ["x"], ["y"], name="p"), node("Relu", ["x"], ["y"], name="q")],
            '"y" is produced by node "p" and node "q"',
        ),
        ([node("Relu", ["x"], ["w"])], '"w" is produced by an input or weight and node "w"'),
        ([node("Relu", ["x"], ["z"])], "every output of a model must be the output of a node"),
        ([node("Softmax", ["x"], ["y"], axis=0.5, name="s")], 'in node "s", attribute "axis"'),
    ],
)
def test_graphs_that_are_none(tmp_path, nodes, words):
    refused(write(tmp_path, small(nodes=nodes)), words)


def test_names_that_are_given_twice(tmp_path):
    model = small()
    model.graph.initializer.append(model.graph.initializer[0])
    refused(write(tmp_path, model), '"w" is produced by two weights')
    model = small()
    model.graph.input.append(model.graph.input[0])
    refused(write(tmp_path, model), '"x" is produced by two inputs')


def test_a_long_cycle_is_named_in_short(tmp_path):
    nodes = [node("Add", ["x", f"t{(k + 1) % 9}"], [f"t{k}"], name=f"n{k}") for k in range(9)]
    nodes.append(node("Relu", ["t0"], ["y"]))
    refused(write(tmp_path, small(nodes=nodes)), "(9 nodes in all)")


def test_many_nodes(tmp_path):
    """A long chain in the wrong order, then a wide join: neither stack nor time run out."""
    count = 20_000
    nodes = [node("Relu", [f"t{k}"], [f"t{k + 1}"]) for k in range(count)][::-1]
    nodes.append(node("Sum", [f"t{k}" for k in range(count)], ["y"]))
    graph = read_onnx(write(tmp_path, small(nodes=nodes, inputs={"t0": (1, 2)}, weights={})))
    assert len(graph.operations) == count + 1
    assert graph.operations[-1].output_shape == (1, 2)
