"""ONNX's operators of detection, and what undoes windows: their shapes, and failures."""

import random

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import one_node, write  # noqa: E402
from interchange.onnx.operators.cases import cases_tested, f, i  # noqa: E402


def _unpool(draw):
    kernel = [draw.randint(1, 4) for _ in range(2)]
    attributes = {"kernel_shape": kernel, "strides": [draw.randint(1, 3) for _ in kernel]}
    pads = [draw.randint(0, (k - 1) // 2) for k in kernel] * 2
    if draw.random() < 0.5:
        attributes["pads"] = pads
    x = (1, draw.randint(1, 3), draw.randint(2, 5), draw.randint(2, 5))
    return "MaxUnpool", [x, np.zeros(x, np.int64)], attributes


def _fold(draw):
    image, block = ([draw.randint(low, high) for _ in "hw"] for low, high in ((6, 12), (1, 4)))
    strides, dilations = ([draw.randint(1, 2) for _ in "hw"] for _ in range(2))
    pads = [draw.randint(0, 2) for _ in range(4)]
    sizes = zip(image, block, strides, dilations, pads[:2], pads[2:], strict=True)
    counts = [(n + a + b - d * (k - 1) - 1) // s + 1 for n, k, s, d, a, b in sizes]
    x = (draw.randint(1, 2), 3 * block[0] * block[1], counts[0] * counts[1])
    attributes = {"strides": strides, "dilations": dilations, "pads": pads, "opset": 18}
    return "Col2Im", [x, i(*image), i(*block)], attributes


def _crop(draw):
    shape = [draw.randint(1, 9) for _ in range(4)]
    axes = draw.sample(range(4), draw.randint(1, 4))
    axes = [axis - 4 if draw.random() < 0.3 else axis for axis in axes]
    wanted = [draw.randint(1, 12) for _ in axes]
    return "CenterCropPad", [tuple(shape), i(*wanted)], {"axes": axes, "opset": 18}


def _grid(draw):
    axes = draw.choice((2, 3))
    sizes = [draw.randint(1, 6) for _ in range(axes + 2)]
    return "AffineGrid", [(sizes[0], axes, axes + 1), i(*sizes)], {"opset": 20}


def _align(draw):
    count, height, width = draw.randint(1, 9), draw.randint(1, 7), draw.randint(1, 7)
    sizes = {"output_height": height, "output_width": width} if draw.random() < 0.7 else {}
    return "RoiAlign", [(2, 3, 9, 8), (count, 4), np.zeros(count, np.int64)], sizes


def _roi_pool(draw):
    pooled = [draw.randint(1, 7) for _ in range(2)]
    return "MaxRoiPool", [(2, 3, 9, 8), (draw.randint(1, 9), 5)], {"pooled_shape": pooled}


def _random(seed):
    draw = random.Random(seed)
    return [make(draw) for make in (_unpool, _fold, _crop, _grid, _align, _roi_pool)]


CASES = [
    *(case for seed in range(12) for case in _random(seed)),
    ("MaxUnpool", [(1, 1, 3, 3), np.zeros((1, 1, 3, 3), np.int64), i(1, 1, 7, 7)],
     {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("NonMaxSuppression", [(1, 6, 4), (1, 2, 6)], {}),
    ("NonMaxSuppression", [(1, 6, 4), (1, 2, 6), i(0)], {}),
]  # fmt: skip

FAILURES = [
    ("Col2Im", [(1, 27, 5), i(5, 5), i(3, 3)], {"opset": 18}, "5 for 9 positions in 5 × 5"),
    ("Col2Im", [(1, 8, 9), i(5, 5), i(3, 3)], {"opset": 18}, "1 × 8 × 9 and blocks of 3 × 3"),
    ("CenterCropPad", [(4, 5), i(3)], {"opset": 18}, "Received: [3] for 4 × 5"),
    ("AffineGrid", [(1, 2, 3), i(1, 2, 3)], {"opset": 20}, "4 or 5 axes. Received: [1, 2, 3]"),
    ("RoiAlign", [(1, 2, 5, 5), (3, 4), np.zeros(3, np.int64)], {"output_width": 0}, "(1, 0)"),
]  # fmt: skip

test_shapes, test_each_rule_has_a_case, test_what_cannot_run_ends_the_graph = cases_tested(
    "regions", CASES, FAILURES
)


def test_how_many_boxes_are_left_is_not_known(tmp_path):
    graph = read_onnx(write(tmp_path, one_node("NonMaxSuppression", [(1, 6, 4), (1, 2, 6), i(3)])))
    (operation,) = graph.operations
    assert operation.output_shape == (None, 3)
    assert "how many boxes are left depends on the data" in graph.unknown[0]


@pytest.mark.parametrize("seed", range(8))
def test_deformable_convolutions_are_as_the_reference_makes_them(tmp_path, seed):
    draw = random.Random(seed)
    kernel, strides, dilations = ([draw.randint(1, n) for _ in "hw"] for n in (3, 2, 2))
    pads, sizes = [draw.randint(0, 2) for _ in range(4)], [draw.randint(7, 10) for _ in "hw"]
    axes = zip(sizes, pads[:2], pads[2:], kernel, strides, dilations, strict=True)
    out = [(n + a + b - d * (k - 1) - 1) // s + 1 for n, a, b, k, s, d in axes]
    offset = np.zeros((1, 2 * kernel[0] * kernel[1], *out), np.float32)
    given = [(1, 2, *sizes), f(4, 2, *kernel), offset]
    attributes = {"strides": strides, "pads": pads, "dilations": dilations, "opset": 19}
    model = one_node("DeformConv", given, kernel_shape=kernel, **attributes)
    (expected,) = ReferenceEvaluator(model).run(None, {"x0": np.zeros(given[0], np.float32)})
    model.graph.node.append(helper.make_node("Relu", ["y0"], ["after"]))
    first, _ = read_onnx(write(tmp_path, model)).operations
    assert first.output_shape == expected.shape == (1, 4, *out)
    assert first.kind == "DeformConv2d" and first.parameters == 4 * 2 * kernel[0] * kernel[1]


@pytest.mark.parametrize("name", ["strides", "dilations", "pads"])
@pytest.mark.parametrize("values", [[0, 0, 0], [-1, 1], [1], [0, 0, -9, 0], [2**40, 1]])
def test_settings_of_windows_out_of_range_are_named(tmp_path, name, values):
    model = one_node("Col2Im", [(1, 12, 16), i(5, 5), i(2, 2)], opset=18, **{name: values})
    assert f"{name} must have" in read_onnx(write(tmp_path, model)).failure


@pytest.mark.parametrize("operator", ["Col2Im", "MaxUnpool"])
def test_strides_of_zero_are_named(tmp_path, operator):
    given = {"Col2Im": [(1, 12, 16), i(5, 5), i(2, 2)], "MaxUnpool": [(1, 1, 2, 2), (1, 1, 2, 2)]}
    kernel = {"kernel_shape": [2, 2]} if operator == "MaxUnpool" else {}
    model = one_node(operator, given[operator], opset=18, strides=[0, 0], **kernel)
    assert "strides must have 2 integers from 1" in read_onnx(write(tmp_path, model)).failure
