"""Loops that count: how often they run is what ONNX Runtime makes of them, or is not known."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper, numpy_helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import array_info, graph_model, runtime_shapes, write  # noqa: E402

node = helper.make_node

# From the counter "n" and the limit "most" to the condition "on".
CONDITIONS = {
    "Less": [node("Less", ["m", "most"], ["on"])],
    "LessOrEqual": [node("LessOrEqual", ["m", "most"], ["on"])],
    "Greater": [node("Greater", ["most", "m"], ["on"])],
    "of floats": [
        node("Cast", ["m"], ["f"], to=1), node("Cast", ["most"], ["g"], to=1),
        node("Less", ["f", "g"], ["p"]), node("Cast", ["p"], ["on"], to=9),
    ],
    "And": [
        node("Less", ["m", "most"], ["p"]), node("Less", ["n", "most"], ["q"]),
        node("And", ["p", "q"], ["on"]),
    ],
}  # fmt: skip
JUMPS = {
    "Equal": [node("Equal", ["m", "most"], ["p"]), node("Not", ["p"], ["on"])],
    "a number of a truth": [
        node("Less", ["m", "most"], ["p"]), node("Cast", ["p"], ["q"], to=7),
        node("Greater", ["q", "zero"], ["on"]),
    ],
    "the data": [
        node("ReduceMax", ["c"], ["r"], keepdims=0), node("Cast", ["r"], ["s"], to=7),
        node("Add", ["s", "m"], ["t"]), node("Less", ["t", "most"], ["on"]),
    ],
}  # fmt: skip


def counted(condition, start, step, most, times=None):
    """Make a loop that carries a map and a counter, and collects the maps."""
    body = helper.make_graph(
        [node("Add", ["n", "step"], ["m"]), node("Relu", ["c"], ["d"]),
         node("Identity", ["d"], ["e"]), *condition],
        "body",
        [array_info("i", (), np.int64), array_info("go", (), np.bool_),
         array_info("n", (), np.int64), array_info("c", (1, 2, 3))],
        [array_info("on", (), np.bool_), array_info("m", (), np.int64),
         array_info("d", (1, 2, 3)), helper.make_empty_tensor_value_info("e")],
        [numpy_helper.from_array(np.array(step), "step"),
         numpy_helper.from_array(np.array(0), "zero")],
    )  # fmt: skip
    given = ["times" if times is not None else "", "go", "start", "x"]
    names = ["count", "last", "all"]
    weights = {"start": np.array(start), "most": np.array(most), "times": np.array(times or 0)}
    first = node("Less", ["start", "most"], ["go"])
    nodes = [first, node("Loop", given, names, name="loop", body=body)]
    return graph_model(nodes, {"x": (1, 2, 3)}, names, weights)


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("_", range(8))
def test_how_often_a_counting_loop_runs(tmp_path, name, _):
    start, most = (int(n) for n in RANDOM.integers(-30, 60, 2))
    step = int(RANDOM.integers(1, 5))
    times = [None, int(RANDOM.integers(0, 40))][int(RANDOM.integers(2))]
    model = counted(CONDITIONS[name], start, step, most, times)
    graph = read_onnx(write(tmp_path, model))
    assert graph.operations[-1].output_shapes == tuple(runtime_shapes(model).values())


@pytest.mark.parametrize("name", JUMPS)
def test_a_loop_that_jumps_is_not_known(tmp_path, name):
    model = counted(JUMPS[name], 0, 3, 9)
    (operation,) = read_onnx(write(tmp_path, model)).operations
    assert operation.output_shapes[2] == (None, 1, 2, 3)


def test_a_loop_without_an_end_ends_here(tmp_path):
    model = counted(CONDITIONS["Less"], 0, 0, 9)
    assert read_onnx(write(tmp_path, model)).operations[-1].output_shapes[2][0] is None
