"""ONNX's windowed operators: their shapes, as ONNX Runtime's, and failures."""

import random

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from fencepost.sizing import Window  # noqa: E402
from interchange.onnx.graphs import one_node, runtime_shapes, write  # noqa: E402
from interchange.onnx.operators.cases import S, X, Z, cases_tested, each, f, ones  # noqa: E402

CASES = [
    *each("GlobalAveragePool GlobalMaxPool GlobalLpPool", [X]),
    ("AveragePool", [X], {"kernel_shape": [3, 3], "dilations": [2, 1], "opset": 19}),
    ("QLinearConv", ["uint8", S, Z, np.ones((4, 6, 3, 3), np.uint8), S, Z, S, Z], {}),
    ("DeformConv", [(1, 2, 9, 8), f(4, 2, 3, 2), f(1, 12, 4, 4) * 0, f(4)],
     {"opset": 22, "strides": [2, 2], "pads": [0, 0, 1, 1]}),
    ("ConvInteger", ["uint8", np.ones((4, 6, 3, 3), np.uint8)], {"strides": [2, 1]}),
    ("Conv", [(1, 4, 20), f(6, 2, 3)], {"group": 2, "pads": [1, 0]}),
    ("Conv", [(1, 2, 5, 6, 7), f(3, 2, 3, 1, 2), f(3)], {"strides": [1, 2, 2]}),
    ("ConvTranspose", [(1, 4, 5, 6), f(4, 3, 3, 2), f(6)],
     {"group": 2, "strides": [2, 3], "output_padding": [1, 2], "pads": [1, 0, 0, 1]}),
    ("ConvTranspose", [(1, 4, 5, 6), f(4, 3, 3, 3)], {"strides": [2, 2], "output_shape": [10, 12]}),
    ("ConvTranspose", [(1, 4, 5, 6), f(4, 3, 3, 3)], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("LpPool", [X], {"kernel_shape": [3, 2], "strides": [2, 2], "p": 3}),
    ("MaxPool", [X], {"kernel_shape": [3, 3], "strides": [2, 2], "outputs": 2}),
]  # fmt: skip


FAILURES = [
    ("Conv", [(1, 5, 8, 8), ones(4, 3, 3, 3)], {}, "an input of 1 × 5 × 8 × 8 and a weight"),
    ("Conv", [(1, 3, 2, 8), ones(4, 3, 3, 3)], {}, "output = (2 + 0 + 0 − 1·(3 − 1) − 1) / 1"),
    ("Conv", [(1, 3, 8), ones(4, 3, 3, 3)], {}, "Conv2d takes arrays of 4 axes"),
    ("Conv", [(1, 4, 8, 8), ones(5, 2, 3, 3)], {"group": 2}, "groups must divide out_channels"),
    ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3), ones(5)], {}, "a bias of 5 for 4 channels"),
    ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"strides": [0, 1]}, "strides must have 2"),
    ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"auto_pad": "SAM"}, "auto_pad must be"),
    ("Conv", [(1, 3, 8, 8), ones(4, 3, 3, 3)], {"kernel_shape": [3, 4]}, "3 × 4 and 3 × 3"),
    (
        "ConvTranspose",
        [(1, 3, 1, 1), ones(3, 3, 1, 1)],
        {"pads": [1] * 4},
        "must have at least",
    ),
    ("MaxPool", [(1, 3, 8, 8)], {"kernel_shape": [9, 1]}, "The kernel must fit"),
]
test_shapes, test_every_rule_is_tested, test_failures = cases_tested("windows", CASES, FAILURES)


def random_windows(generator):
    """Arguments of a convolution or a pool, some of which do not fit."""
    operator = generator.choice(["Conv", "MaxPool", "AveragePool", "LpPool"])
    axes = generator.choice([1, 2, 2])
    kernel = [generator.randint(1, 4) for _ in range(axes)]
    attributes = {"strides": [generator.randint(1, 4) for _ in range(axes)]}
    extent = kernel
    if generator.random() < 0.4 and operator != "LpPool":
        attributes["dilations"] = [generator.randint(1, 3) for _ in range(axes)]
        extent = [d * (k - 1) + 1 for k, d in zip(kernel, attributes["dilations"], strict=True)]
    mode = generator.choice(["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    if mode == "NOTSET":
        attributes["pads"] = [generator.randint(0, k - 1) for k in kernel * 2]
    else:
        attributes["auto_pad"] = mode
        if mode != "VALID":
            # ONNX Runtime 1.32 refuses dilation then (Conv) or leaves it out of the padding
            # (pools), where the specification has it in; and it refuses to pad less than nothing.
            attributes.pop("dilations", None)
            steps = zip(attributes["strides"], kernel, strict=True)
            attributes["strides"] = [min(pair) for pair in steps]
    if operator != "Conv":
        attributes |= {"kernel_shape": kernel, "ceil_mode": generator.randint(0, 1), "opset": 22}
    if operator == "AveragePool":
        attributes["count_include_pad"] = generator.randint(0, 1)
    sizes = [generator.randint(max(1, r - 1), r + 9) for r in extent]
    given = [(1, 2, *sizes)] + ([f(3, 2, *kernel)] if operator == "Conv" else [])
    return operator, given, attributes


def test_windows_at_random(tmp_path):
    generator = random.Random(4)
    outcomes = {"fits": 0, "fails": 0}
    for _ in range(600):
        operator, given, attributes = random_windows(generator)
        model = one_node(operator, given, **attributes)
        graph = read_onnx(write(tmp_path, model))
        (operation,) = graph.operations
        if graph.failure:
            # ONNX Runtime refuses most of them, and lays one window over the edge of others.
            assert any(window.span < 0 for window in operation.windows)
            assert operation.windows[0].equation[:8] in graph.failure
            outcomes["fails"] += 1
            continue
        (expected,) = runtime_shapes(model).values()
        assert operation.output_shapes == (expected,), (operator, given[0], attributes)
        outcomes["fits"] += 1
    assert min(outcomes.values()) > 15, outcomes


def test_a_failure_keeps_its_windows(tmp_path):
    graph = read_onnx(write(tmp_path, one_node("MaxPool", [(1, 3, 8, 8)], kernel_shape=[9, 2])))
    (last,) = graph.operations
    assert last.windows == (Window(8, 9), Window(8, 2))
    assert last.describe() == "MaxPool2d((9, 2), stride=1)"
