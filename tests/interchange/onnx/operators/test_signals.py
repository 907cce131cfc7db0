"""ONNX's operators of signals: their shapes, as ONNX Runtime's, and failures."""

import random

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from interchange.onnx.operators.cases import cases_tested, i  # noqa: E402


def scalar(number):
    return np.array(number, np.int64)


def _random(seed):
    draw = random.Random(seed)
    size, rows, parts = draw.randint(5, 40), draw.randint(1, 4), draw.choice((1, 2))
    onesided = parts == 1 and draw.random() < 0.5
    given = [(2, rows, size, parts)]
    if draw.random() < 0.5:
        given.append(scalar(draw.randint(1, 60)))
    yield "DFT", given, {"opset": 17, "axis": draw.choice((1, 2)), "onesided": int(onesided)}
    frame, step = draw.randint(2, size), draw.randint(1, 9)
    window = np.ones(frame, np.float32) if draw.random() < 0.6 else None
    given = [(rows, size, 1), scalar(step), window, scalar(frame)]
    yield (
        "STFT",
        given[: 3 if window is not None and draw.random() < 0.5 else 4],
        {"onesided": draw.choice((0, 1))},
    )


CASES = [
    *(case for seed in range(15) for case in _random(seed)),
    ("DFT", [(2, 9, 2)], {"opset": 17, "inverse": 1}),
    ("DFT", [(2, 9, 7, 1), None, scalar(-3)], {"opset": 20, "onesided": 1}),
    ("DFT", [(2, 9, 7, 1)], {"opset": 20}),
]  # fmt: skip

MADE = ("HannWindow", "HammingWindow", "BlackmanWindow", "MelWeightMatrix")

FAILURES = [
    ("STFT", [(1, 9, 1), scalar(2), None, scalar(12)], {}, "at least once. Received: 12 and 1 × 9"),
    ("STFT", [(1, 9, 1), scalar(0), None, scalar(4)], {}, "a step of at least 1. Received: 0"),
    ("DFT", [(1, 9, 1)], {"axis": 4}, "axis 4 of 3 axes"),
]

test_shapes, _, test_what_cannot_run_ends_the_graph = cases_tested("signals", CASES, FAILURES)


def test_windows_have_the_length_that_is_given(tmp_path):
    from onnx import helper

    from fencepost.interchange.onnx.reader import read_onnx
    from interchange.onnx.graphs import graph_model, runtime_shapes, write

    nodes = [
        *(helper.make_node(name, ["n"], [name]) for name in MADE[:3]),
        helper.make_node(MADE[3], ["bands", "n", "rate", "low", "high"], ["mel"]),
        *(helper.make_node("Add", ["x", name], [f"y{name}"]) for name in MADE[:3]),
        helper.make_node("MatMul", ["z", "mel"], ["m"]),
    ]
    weights = {"n": scalar(16), "bands": scalar(5), "rate": scalar(8000)}
    weights |= {"low": np.float32(0), "high": np.float32(4000)}
    outputs = [*(f"y{name}" for name in MADE[:3]), "m"]
    model = graph_model(nodes, {"x": (3, 16), "z": (2, 9)}, outputs, weights)
    expected = runtime_shapes(model)
    graph = read_onnx(write(tmp_path, model))
    shapes = [operation.output_shape for operation in graph.operations]
    assert shapes == [(3, 16)] * 3 + [(2, 5)]
    assert shapes == [expected[name] for name in outputs]


def test_lengths_that_are_not_known(tmp_path):
    from fencepost.interchange.onnx.reader import read_onnx
    from interchange.onnx.graphs import one_node, write

    model = one_node("STFT", [(2, 20, 1), (), None, i(4)[0]])
    (operation,) = read_onnx(write(tmp_path, model)).operations
    assert operation.output_shape == (2, None, 3, 2)
