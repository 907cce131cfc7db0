"""Sequences of arrays in ONNX files: each array is followed, with the sizes that run."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import graph_model, runtime_shapes, write  # noqa: E402

X = (2, 7, 3)


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def relu(name):
    return node("Relu", name, "y")


CHAINS = {
    "at": [node("SequenceConstruct", "x z", "s"), node("SequenceAt", "s one", "a"), relu("a")],
    "from the end": [
        node("SequenceConstruct", "x z", "s"), node("SequenceAt", "s minus", "a"), relu("a"),
    ],
    "insert": [
        node("SequenceEmpty", "", "e"), node("SequenceInsert", "e x", "s"),
        node("SequenceInsert", "s z zero", "t"), node("SequenceAt", "t zero", "a"), relu("a"),
    ],
    "erase": [
        node("SequenceConstruct", "x z x", "s"), node("SequenceErase", "s zero", "t"),
        node("SequenceAt", "t zero", "a"), relu("a"),
    ],
    "length": [
        node("SequenceConstruct", "x z x", "s"), node("SequenceLength", "s", "n"),
        node("Unsqueeze", "n axes", "m"), node("Expand", "k m", "a"), node("Add", "a v", "b"),
        relu("b"),
    ],
    "split by a size": [
        node("SplitToSequence", "x two", "s", axis=1), node("SequenceAt", "s minus", "a"),
        relu("a"),
    ],
    "split by sizes": [
        node("SplitToSequence", "x sizes", "s", axis=1), node("SequenceAt", "s one", "a"),
        relu("a"),
    ],
    "split one by one": [
        node("SplitToSequence", "x", "s", axis=1), node("SequenceAt", "s one", "a"), relu("a"),
    ],
    "split without the axis": [
        node("SplitToSequence", "x", "s", axis=1, keepdims=0), node("SequenceAt", "s one", "a"),
        relu("a"),
    ],
    "concat": [
        node("SequenceConstruct", "x z", "s"), node("ConcatFromSequence", "s", "a", axis=1),
        relu("a"),
    ],
    "stack": [
        node("SequenceConstruct", "x x x", "s"),
        node("ConcatFromSequence", "s", "a", axis=-1, new_axis=1), relu("a"),
    ],
    "split and concat": [
        node("SplitToSequence", "x two", "s", axis=1),
        node("ConcatFromSequence", "s", "a", axis=1), relu("a"),
    ],
}  # fmt: skip


def made_of(nodes):
    weights = {
        "zero": np.array(0), "one": np.array(1), "minus": np.array(-1), "two": np.array(2),
        "sizes": np.array([1, 4, 2]), "axes": np.array([0]), "k": np.ones(1, np.float32),
    }  # fmt: skip
    return graph_model(nodes, {"x": X, "z": (2, 5, 3), "v": (3,)}, ["y"], weights)


@pytest.mark.parametrize("name", CHAINS)
def test_sizes_are_those_that_run(tmp_path, name):
    model = made_of(CHAINS[name])
    graph = read_onnx(write(tmp_path, model))
    assert not graph.failure
    assert not graph.unknown
    assert graph.operations[-1].output_shapes == tuple(runtime_shapes(model).values())
    if name != "stack":  # along the last axis, arrays lie one after the other
        assert "unknown" not in {operation.role for operation in graph.operations}


def test_a_position_that_depends_on_the_data_leaves_what_all_arrays_have(tmp_path):
    nodes = [
        node("SequenceConstruct", "x z", "s"),
        node("ReduceMax", "i", "j", keepdims=0),
        node("SequenceAt", "s j", "a"),
        relu("a"),
    ]
    model = made_of(nodes)
    model.graph.input.append(helper.make_tensor_value_info("i", onnx.TensorProto.INT64, [1]))
    graph = read_onnx(write(tmp_path, model))
    picked = next(o for o in graph.operations if o.kind == "SequenceAt")
    assert picked.output_shape == (2, None, 3)
    assert len(picked.inputs) == 3  # either array, and the position
    assert "depends on the data" in graph.unknown[0]


def test_a_position_outside_is_an_error(tmp_path):
    nodes = [node("SequenceConstruct", "x", "s"), node("SequenceAt", "s two", "a"), relu("a")]
    assert "2 of 1 arrays" in read_onnx(write(tmp_path, made_of(nodes))).failure


def test_a_sequence_that_is_an_output_uses_its_arrays(tmp_path):
    import fencepost as fp

    nodes = [node("Relu", "x", "r"), node("Tanh", "z", "t"), node("SequenceConstruct", "r t", "y")]
    model = made_of(nodes)
    found = fp.check.check(write(tmp_path, model)).findings
    assert not [item for item in found if item.code == "FP401"]


def test_an_array_that_may_be_missing_is_there(tmp_path):
    nodes = [
        node("Optional", "x", "o"),
        node("OptionalHasElement", "o", "h"),
        node("OptionalGetElement", "o", "a"),
        node("Where", "h a k", "b"),
        relu("b"),
    ]
    model = made_of(nodes)
    model.opset_import[0].version = 18
    graph = read_onnx(write(tmp_path, model))
    assert graph.operations[-1].output_shape == X
    assert not graph.unknown


def test_arrays_that_a_sequence_takes_into_a_loop_are_used(tmp_path):
    """Which array a Loop takes depends on its turn, so that all may be."""
    body = onnx.helper.make_graph(
        [node("SequenceAt", "s i", "c"), node("Identity", "on", "still")],
        "body",
        [
            helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, []),
        ],
        [helper.make_empty_tensor_value_info(name) for name in ("still", "c")],
    )
    nodes = [
        node("Relu", "x", "r"),
        node("Tanh", "x", "t"),
        node("SequenceConstruct", "r t", "s"),
        node("Loop", "two ", "y", body=body),
    ]
    nodes[-1].input[:] = ["two", ""]
    graph = read_onnx(write(tmp_path, made_of(nodes)))
    assert not graph.failure
    loop = graph.operations[-1]
    assert {graph.operations[value.operation].kind for value in loop.inputs} == {"ReLU", "Tanh"}
    assert loop.output_shape == (2, *X)
