"""Graphs within nodes: what they take is used, and sizes are known where all ways agree."""

import numpy as np
import pytest

import fencepost as fp

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper, numpy_helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import array_info, graph_model, runtime_shapes, write  # noqa: E402
from interchange.onnx.operators.cases import ones  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node
IMAGE = {"x": (1, 3, 8, 8)}
WEIGHT = {"w": ones(4, 3, 3, 3)}


def anything(name):
    return helper.make_empty_tensor_value_info(name)


def graph(nodes, outputs, inputs=(), weights=()):
    """Make the graph of a node: what it does not make is of the graph around it."""
    tensors = [numpy_helper.from_array(array, name) for name, array in dict(weights).items()]
    return helper.make_graph(
        nodes, "body", list(inputs), [anything(name) for name in outputs],
        tensors,
    )  # fmt: skip


def depending(nodes, then, other, **more):
    """Make a model in which an If on the data chooses between two graphs for its output."""
    reduced = [
        node("ReduceSum", ["x"], ["total"], keepdims=0),
        node("Greater", ["total", "zero"], ["yes"]),
    ]
    chosen = node("If", ["yes"], ["y"], name="either", then_branch=then, else_branch=other)
    weights = {**WEIGHT, "zero": np.array(0, np.float32), **more}
    return graph_model([*nodes, *reduced, chosen], IMAGE, ["y"], weights)


def codes(path):
    return [finding.code for finding in fp.check.check(path).findings]


CONV = node("Conv", ["x", "w"], ["a"], name="conv")


def test_what_a_branch_reads_is_used(tmp_path):
    model = depending(
        [CONV],
        graph([node("Relu", ["a"], ["p"])], ["p"]),
        graph([node("Neg", ["a"], ["q"])], ["q"]),
    )
    path = write(tmp_path, model)
    read = read_onnx(path)
    chosen = read.operations[-1]
    assert (chosen.name, chosen.kind, chosen.role) == ("either", "If", "unknown")
    assert chosen.output_shape == runtime_shapes(model)["y"] == (1, 4, 6, 6)
    assert (1, 4, 6, 6) in chosen.input_shapes and not read.unused and not read.unknown
    assert "FP401" not in codes(path)
    (finding,) = (f for f in fp.check.check(path).findings if f.code == "FP402")
    assert finding.message.startswith("which of its branches runs depends on the data;")


def test_what_no_branch_reads_is_not_used(tmp_path):
    other = node("Conv", ["x", "w"], ["b"], name="idle")
    body = graph([node("Relu", ["a"], ["p"])], ["p"])
    path = write(tmp_path, depending([CONV, other], body, body))
    (finding,) = (f for f in fp.check.check(path).findings if f.code == "FP401")
    assert finding.operation == "idle"


def test_what_a_graph_within_a_branch_reads_is_used(tmp_path):
    inner = node("If", ["yes"], ["r"], then_branch=graph([node("Relu", ["a"], ["p"])], ["p"]),
                 else_branch=graph([node("Abs", ["a"], ["q"])], ["q"]))  # fmt: skip
    model = depending([CONV], graph([inner], ["r"]), graph([node("Sin", ["a"], ["s"])], ["s"]))
    path = write(tmp_path, model)
    assert read_onnx(path).operations[-1].output_shape == (1, 4, 6, 6)
    assert "FP401" not in codes(path)


def test_branches_that_make_other_sizes(tmp_path):
    pool = node("MaxPool", ["a"], ["q"], kernel_shape=[2, 2], strides=[2, 2])
    model = depending([CONV], graph([node("Relu", ["a"], ["p"])], ["p"]), graph([pool], ["q"]))
    read = read_onnx(write(tmp_path, model))
    assert read.operations[-1].output_shape == (1, 4, None, None)
    (sentence,) = read.unknown
    assert sentence == '"either": the sizes that its branches make are not the same.'
    flat = graph([node("Flatten", ["a"], ["q"])], ["q"])
    read = read_onnx(
        write(tmp_path, depending([CONV], graph([node("Relu", ["a"], ["p"])], ["p"]), flat))
    )
    assert read.operations[-1].output_shape is None


def test_a_branch_that_cannot_run_is_no_failure_of_the_model(tmp_path):
    bad = graph([node("Conv", ["a", "w"], ["q"])], ["q"])  # for 3 channels, of which there are 4
    model = depending([CONV], graph([node("Relu", ["a"], ["p"])], ["p"]), bad)
    read = read_onnx(write(tmp_path, model))
    assert not read.failure and read.operations[-1].output_shape is None
    assert "its else_branch fails: The weight must have" in read.unknown[0]


def test_parameters_of_branches_count(tmp_path):
    then = graph([node("Conv", ["x", "own"], ["p"])], ["p"], weights={"own": ones(4, 3, 3, 3)})
    other = graph([node("Conv", ["x", "w"], ["q"])], ["q"])
    read = read_onnx(write(tmp_path, depending([], then, other)))
    chosen = read.operations[-1]
    assert (chosen.parameters, chosen.multiply_adds) == (216, 4 * 27 * 36) and not read.unused


def test_the_branch_of_a_condition_on_sizes_is_read_in_place(tmp_path):
    """As torch.onnx.export writes it: is the size of an axis 1? Then it is squeezed."""
    nodes = [
        CONV,
        node("Shape", ["a"], ["s"]),
        node("Gather", ["s", "one"], ["n"]),
        node("Equal", ["n", "four"], ["yes"]),
        node("If", ["yes"], ["b"], name="either",
             then_branch=graph([node("Relu", ["a"], ["p"], name="relu")], ["p"]),
             else_branch=graph([node("Squeeze", ["a"], ["q"])], ["q"])),
        node("GlobalAveragePool", ["b"], ["y"]),
    ]  # fmt: skip
    weights = {**WEIGHT, "one": np.array(1), "four": np.array(4)}
    path = write(tmp_path, graph_model(nodes, IMAGE, ["y"], weights))
    read = read_onnx(path)
    assert [operation.name for operation in read.operations] == ["conv", "relu", "y"]
    assert not read.unknown and codes(path) == ["FP302"]
    weights["four"] = np.array(5)
    read = read_onnx(write(tmp_path, graph_model(nodes, IMAGE, ["y"], weights)))
    assert [(one.kind, one.output_shape) for one in read.operations[1:2]] == [
        ("Squeeze", (4, 6, 6))
    ]


def loop(nodes, outputs, times, carried=("a",), condition=("", None), names=("c",)):
    inputs = [array_info("i", (), np.int64), array_info("go", (), np.bool_), *map(anything, names)]
    body = graph([node("Identity", ["go"], ["on"]), *nodes], ["on", *outputs], inputs)
    made = [f"out{index}" for index in range(len(outputs))]
    nodes = [CONV, node("Loop", [times, condition[0], *carried], made, name="loop", body=body)]
    weights = {**WEIGHT, "five": np.array(5), "true": np.array(True)}
    return graph_model(nodes, IMAGE, made, weights, opset=17)


def test_a_loop_that_keeps_sizes(tmp_path):
    steps = [node("Relu", ["c"], ["d"]), node("Add", ["d", "a"], ["e"])]
    model = loop([*steps, node("ReduceMean", ["e"], ["m"], axes=[2, 3])], ["e", "m"], "five",
                 condition=("true", True))  # fmt: skip
    path = write(tmp_path, model)
    read = read_onnx(path)
    made = runtime_shapes(model)
    assert read.operations[-1].output_shapes == (made["out0"], made["out1"])
    assert made["out1"] == (5, 1, 4, 1, 1)
    assert "FP401" not in codes(path) and read.operations[-1].reason.endswith("5 times")


def test_a_loop_that_changes_sizes(tmp_path):
    model = loop([node("Concat", ["c", "a"], ["e"], axis=1)], ["e"], "five")
    read = read_onnx(write(tmp_path, model))
    assert read.operations[-1].output_shape == (1, None, 6, 6)


def test_how_often_a_loop_runs_may_not_be_known(tmp_path):
    still = [node("ReduceSum", ["c"], ["sum"], keepdims=0), node("Cast", ["sum"], ["more"], to=9)]
    inputs = [array_info("i", (), np.int64), array_info("go", (), np.bool_), anything("c")]
    body = graph([*still, node("Relu", ["c"], ["e"]), node("Abs", ["e"], ["f"])],
                 ["more", "e", "f"], inputs)  # fmt: skip
    nodes = [CONV, node("Loop", ["five", "", "a"], ["u", "v"], body=body)]
    model = graph_model(nodes, IMAGE, ["u", "v"], {**WEIGHT, "five": np.array(5)})
    read = read_onnx(write(tmp_path, model))
    assert read.operations[-1].output_shapes == ((1, 4, 6, 6), (None, 1, 4, 6, 6))


def test_scan(tmp_path):
    body = graph(
        [node("Add", ["state", "slice"], ["sum"]), node("Relu", ["sum"], ["r"])],
        ["sum", "r"], [array_info("state", (4,)), array_info("slice", (4,))],
    )  # fmt: skip
    nodes = [node("Scan", ["s0", "x"], ["s", "y"], body=body, num_scan_inputs=1,
                  scan_input_axes=[1], scan_output_axes=[1])]  # fmt: skip
    model = graph_model(nodes, {"x": (4, 9)}, ["s", "y"], {"s0": ones(4)})
    read = read_onnx(write(tmp_path, model))
    made = runtime_shapes(model)
    assert read.operations[-1].output_shapes == (made["s"], made["y"]) == ((4,), (4, 9))


@pytest.mark.parametrize("operator", ["Shape", "Size"])
def test_a_shape_is_a_use_of_its_own_kind(tmp_path, operator):
    nodes = [
        CONV,
        node(operator, ["a"], ["n"]),
        node("Cast", ["n"], ["f"], to=1),
        node("ReduceProd", ["f"], ["p"], keepdims=0),
        node("Mul", ["x", "p"], ["y"]),
    ]
    path = write(tmp_path, graph_model(nodes, IMAGE, ["y"], WEIGHT))
    assert "FP401" not in codes(path)


def test_what_a_graph_takes_must_be_there(tmp_path):
    body = graph([node("Relu", ["gone"], ["p"])], ["p"])
    refused(write(tmp_path, depending([CONV], body, body)), 'takes "gone", which nothing produces')


def test_nodes_wait_for_what_their_graphs_take(tmp_path):
    body = graph([node("Relu", ["a"], ["p"])], ["p"])
    model = depending([], body, body)
    model.graph.node.append(CONV)  # after the If that takes what it makes
    assert read_onnx(write(tmp_path, model)).operations[-1].output_shape == (1, 4, 6, 6)


def test_graphs_may_be_nested_sixteen_deep(tmp_path):
    body = other = graph([node("Relu", ["a"], ["p"])], ["p"])
    for _ in range(20):
        inner = node("If", ["yes"], ["p"], then_branch=body, else_branch=other)
        body = graph([inner], ["p"])
    refused(write(tmp_path, depending([CONV], body, body)), "nested more than 16 deep")


def test_loops_in_loops_end(tmp_path):
    body_nodes, name = [node("Relu", ["c"], ["e"])], "e"
    inputs = [array_info("i", (), np.int64), array_info("go", (), np.bool_), anything("c")]
    for _ in range(12):
        body = graph([node("Identity", ["go"], ["on"]), *body_nodes], ["on", name], inputs)
        body_nodes = [node("Loop", ["five", "", "c"], ["e"], body=body)]
        name = "e"
    model = loop(body_nodes, ["e"], "five")
    assert read_onnx(write(tmp_path, model)).operations[-1].kind == "Loop"
