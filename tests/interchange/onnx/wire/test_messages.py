"""Messages of ONNX: graphs within nodes."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import array_info, small, weight, write  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node


def test_graphs_within_nodes(tmp_path):
    branch = helper.make_graph([node("Relu", ["x"], ["r"])], "b", [], [array_info("r", (1, 3))])
    nodes = [
        node("If", ["yes"], ["a"], then_branch=branch, else_branch=branch, name="choice"),
        node("Relu", ["a"], ["y"]),
    ]
    graph = read_onnx(write(tmp_path, small(nodes=nodes, weights={"yes": np.array(True)})))
    assert [operation.kind for operation in graph.operations] == ["ReLU", "ReLU"]
    (sentence,) = graph.contradictions
    assert sentence.startswith('The file declares "r" as 1 × 3; ReLU makes it 1 × 3 × 8 × 8')


def test_graphs_nested_without_end(tmp_path):
    def field(number, content):
        size, length = len(content), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + content

    inner = b""
    for _ in range(5_000):
        inner = field(6, field(1, field(4, b"If") + field(5, inner)))
    one = field(1, b"c") + field(2, b"y") + field(4, b"If") + field(5, field(1, b"then") + inner)
    graph = field(1, one) + field(11, small().graph.input[0].SerializeToString())
    graph += field(5, weight("c", np.array(True)).SerializeToString())
    refused(write(tmp_path, field(7, graph)), "graphs are nested more than 16 deep")
