"""ONNX's operators that index anew or join: their shapes, as ONNX Runtime's, and failures."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from interchange.onnx.operators.cases import I64, X, cases_tested, each, f, i  # noqa: E402

CASES = [
    *each("Flatten Transpose NonZero", [X]),
    ("ScatterElements", [X, np.zeros((1, 1, 1, 2), I64), f(1, 1, 1, 2)], {"axis": 1}),
    ("Concat", [X, (2, 3, 9, 8), f(2, 1, 9, 8)], {"axis": 1}),
    ("Concat", [X, (2, 6, 9, 1)], {"axis": -1}),
    ("Split", [X], {"axis": 1, "outputs": 3}),
    ("Split", [X, i(4, 2)], {"axis": 1, "outputs": 2}),
    ("Split", [X], {"axis": 2, "outputs": 4, "num_outputs": 4, "opset": 18}),
    ("Split", [X], {"axis": 2, "outputs": 2, "split": [4, 5], "opset": 11}),
    ("Reshape", [X, i(0, -1, 4)], {}),
    ("Reshape", [X, i(2, 432)], {}),
    ("Reshape", [(2, 3), i(3, 2)], {"allowzero": 1}),
    ("Flatten", [X], {"axis": 0}),
    ("Flatten", [X], {"axis": -1}),
    ("Transpose", [X], {"perm": [0, 2, 3, 1]}),
    ("ReverseSequence", [(5, 2, 3), i(4, 5)], {"time_axis": 0, "batch_axis": 1}),
    ("Squeeze", [(2, 1, 3, 1)], {}),
    ("Squeeze", [(2, 1, 3, 1), i(-1)], {}),
    ("Squeeze", [(2, 1, 3, 1)], {"axes": [1], "opset": 11}),
    ("Unsqueeze", [X, i(0, -1)], {}),
    ("Unsqueeze", [X], {"axes": [1], "opset": 11}),
    ("Expand", [(2, 1, 4), i(3, 1, 5, 1)], {}),
    ("Tile", [X, i(1, 2, 1, 3)], {}),
    ("Gather", [X, i(0, 2)], {"axis": 1}),
    ("Gather", [X, np.int64(0)], {"axis": 2}),
    ("Gather", [f(20, 7), "int"], {}),
    ("GatherElements", [X, np.zeros((2, 6, 1, 8), I64)], {"axis": 2}),
    ("GatherND", [X, np.zeros((5, 2), I64)], {}),
    ("ScatterND", [X, np.zeros((1, 4), I64), f(1)], {}),
    ("TopK", [X, i(3)], {"outputs": 2}),
    ("OneHot", ["int", i(11), f(2)], {}),
    ("Scatter", [X, np.zeros((1, 1, 1, 2), I64), f(1, 1, 1, 2)], {"opset": 9}),
]  # fmt: skip


FAILURES = [
    ("Concat", [(1, 3, 8, 8), (1, 3, 7, 7)], {"axis": 1}, "along axis 1 must match"),
    ("TopK", [(1, 16), np.array([17])], {"outputs": 2}, "17 of 16"),
    ("Reshape", [(1, 16, 4, 4), np.array([1, 400])], {}, "256 for 1 × 400 = 400"),
    ("Reshape", [(1, 16, 5, 5), np.array([-1, 256])], {}, "400 for −1 × 256"),
    ("Transpose", [(1, 3)], {"perm": [0, 0]}, "every axis once"),
    ("Squeeze", [(1, 3), np.array([1])], {}, "Only axes of size 1"),
    ("Split", [(1, 5)], {"axis": 1, "split": [4], "opset": 11}, "add up to the axis"),
    ("Gather", [(1, 5), np.array(5)], {"axis": 1}, "index 5 of 5"),
    ("Expand", [(1, 3), np.array([2**62])], {}, "an integer from 0"),
    ("Tile", [(2**30, 3), np.array([2**30, 1])], {}, "may have at most"),
]
test_shapes, test_every_rule_is_tested, test_failures = cases_tested("layouts", CASES, FAILURES)
