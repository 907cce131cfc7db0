"""What ONNX Runtime refuses, or makes another size of, is what is said of it."""

import random

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import helper  # noqa: E402

import fencepost as fp  # noqa: E402
from fencepost.interchange.facts import shape_text  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import graph_model, one_node, runtime_shapes, write  # noqa: E402

ONES = np.ones((2, 2, 3), np.float32)
F4 = np.ones(4, np.float32)


def runs(model):
    """The shape that ONNX Runtime makes, without batch and channels; None if it refuses."""
    try:
        return runtime_shapes(model)["y0"][2:]
    except Exception:
        return None


@pytest.mark.parametrize(
    ("operator", "given", "attributes", "words"),
    [
        ("MaxPool", [(1, 2, 8)], {"kernel_shape": [2], "pads": [2, 0]}, "2 and 2. PyTorch allows"),
        ("AveragePool", [(1, 2, 8)], {"kernel_shape": [3], "pads": [0, 4]}, "4 and 3"),
        ("LpPool", [(1, 2, 8)], {"kernel_shape": [1], "pads": [1, 1]}, "half the kernel, 0"),
        (
            "MaxPool", [(1, 2, 8)],
            {"kernel_shape": [2], "strides": [4], "auto_pad": "SAME_UPPER"}, "a padding of -2",
        ),
        (
            "MaxPool", [(1, 2, 3, 5)],
            {"kernel_shape": [3, 2], "dilations": [3, 2], "auto_pad": "SAME_UPPER"}, "3 × 5",
        ),
        ("Conv", [(1, 2, 8), ONES], {"dilations": [2], "auto_pad": "SAME_LOWER"}, "dilations [2]"),
        ("ConvTranspose", [(1, 2, 5), ONES], {"strides": [2], "output_padding": [2]}, "2 and 2"),
        ("ConvTranspose", [(1, 2, 5), ONES], {"dilations": [2], "output_padding": [1]}, "1 and 1"),
        ("ConvTranspose", [(1, 2, 5), ONES], {"strides": [2], "output_shape": [13]}, "11 to 12"),
        ("ConvTranspose", [(1, 2, 5), ONES], {"output_shape": [1, 2, 7]}, "it needs 1 sizes"),
        (
            "ConvTranspose", [(1, 2, 5), ONES],
            {"auto_pad": "SAME_UPPER", "pads": [0, 1]}, "pads beside auto_pad",
        ),
        ("MaxPool", [(1, 2, 8)], {"kernel_shape": [2], "pads": [0, 2], "auto_pad": "VALID"}, "2"),
        ("LRN", [(1, 4, 5, 7)], {"size": 4}, "not odd: 4"),
        ("InstanceNormalization", [(2, 4), F4, F4], {}, "fewer than 3 axes: 2 × 4"),
        ("Split", [(6, 4)], {"opset": 18, "outputs": 2}, "neither sizes nor num_outputs"),
        (
            "Resize", [(1, 4, 6, 3), None, np.float32([2, 1, 1, 1])],
            {"mode": "linear"}, "1 × 4 × 6 × 3 to 2 × 4 × 6 × 3",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, operator, given, attributes, words):
    model = one_node(operator, given, **attributes)
    assert runs(model) is None
    report = fp.check.check(write(tmp_path, model))
    (finding,) = (f for f in report.findings if f.code == "FP108")
    assert finding.severity == "error" and finding.operation == "node" and not report.ok
    assert words in finding.message and finding.message.startswith("ONNX Runtime rejects")


def test_two_nodes_of_one_name_are_refused(tmp_path):
    nodes = [helper.make_node("Relu", [a], [b], name="n") for a, b in ("xa", "ab")]
    model = graph_model([*nodes, helper.make_node("Relu", ["b"], ["y0"])], {"x": (1, 2)}, ["y0"])
    assert runs(model) is None
    report = fp.check.check(write(tmp_path, model))
    (finding,) = (f for f in report.findings if f.severity == "error")
    assert finding.code == "FP108" and 'two nodes of one name: "n"' in finding.message
    model.graph.node[1].name = ""
    assert runs(model) == () and fp.check.check(write(tmp_path, model)).ok


F, L = np.ones, np.zeros  # of floats, and of indices


@pytest.mark.parametrize(
    ("operator", "given", "more", "words"),
    [
        ("Clip", [(3, 4), F(2, "f")], {}, "one number. Received: 2"),
        ("CumSum", [(3, 4), np.array(2)], {}, "axis 2 of 2 axes"),
        ("Hardmax", [(3, 4)], {"axis": -3}, "axis -3 of 2 axes"),
        ("GatherElements", [(3, 4), L((4, 2), int)], {"axis": 1}, "Received: 4 × 2 for 3 × 4"),
        ("GatherElements", [(3, 4), L(2, int)], {}, "as many axes as the array. Received: 2"),
        ("GridSample", [(1, 2, 4, 4), F((2, 3, 3, 2), "f")], {}, "the batch of its input"),
        ("GridSample", [(1, 2, 4, 4), F((1, 3, 3, 3), "f")], {}, "the last has 2 elements"),
        ("ScatterElements", [(3, 4), L((1, 2), int), F((3, 4), "f")], {}, "for each index"),
        ("ScatterElements", [(3, 4), L(2, int), F(2, "f")], {}, "as many axes as the array"),
        ("Slice", [(4, 5), *map(np.array, ([0, 0], [2, 2], [0, -2]))], {}, "cut once"),
        ("OneHot", [(2,), np.array([3]), F(1, "f")], {}, "two values, off and on. Received: 1"),
        ("PRelu", [(1, 4, 8, 5), F4], {}, "1 × 4 × 8 × 5 and 4"),
        ("BatchNormalization", [(1, 4, 3), *[F4] * 3, F4[None]], {}, "along one axis"),
        ("LayerNormalization", [(2, 4), F4, F(3, "f")], {}, "added"),
        ("GroupNormalization", [(1, 4, 3), F4, F4], {"num_groups": 2, "opset": 18}, "2 groups"),
    ],
)  # fmt: skip
def test_what_the_specification_rules_out(tmp_path, operator, given, more, words):
    model = one_node(operator, given, **more)
    assert runs(model) is None
    assert words in read_onnx(write(tmp_path, model)).failure


@pytest.mark.parametrize(
    ("operator", "given", "attributes"),
    [
        ("LpPool", [(1, 2, 5)], {"kernel_shape": [3], "dilations": [3], "auto_pad": "SAME_UPPER"}),
        ("ConvTranspose", [(1, 2, 3), ONES[..., :1]], {"strides": [4], "auto_pad": "SAME_UPPER"}),
        (
            "ConvTranspose", [(1, 2, 3), ONES[..., :2]],
            {"strides": [4], "output_padding": [1], "auto_pad": "SAME_LOWER"},
        ),
    ],
)  # fmt: skip
def test_what_is_disputed(tmp_path, operator, given, attributes):
    model = one_node(operator, given, opset=19, **attributes)
    made = runs(model)
    report = fp.check.check(write(tmp_path, model))
    (finding,) = (f for f in report.findings if f.code == "FP109")
    assert finding.severity == "note" and report.ok
    ours = report.graph.operations[0].output_shape[2:]
    assert made != ours
    assert f"gives {shape_text(ours)}" in finding.message
    assert f"gives {shape_text(made)}." in finding.message


def any_node(draw):
    """A windowed operator with arguments at their edges."""
    operator = draw.choice(["MaxPool", "AveragePool", "LpPool", "Conv", "ConvTranspose"])
    axes, opset = draw.choice([1, 2]), draw.choice([13, 17, 18, 19, 22])
    sizes = tuple(draw.choice([1, 2, 4, 5, 8]) for _ in range(axes))
    kernel = [draw.choice([1, 2, 3]) for _ in range(axes)]
    more = {"strides": [draw.choice([1, 2, 3, 4]) for _ in range(axes)]}
    if draw.random() < 0.5:
        more["pads"] = [draw.choice([0, 0, 1, 2]) for _ in range(2 * axes)]
    else:
        more["auto_pad"] = draw.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    if "Conv" in operator or opset > 18 or operator == "MaxPool":
        more["dilations"] = [draw.choice([1, 1, 2]) for _ in range(axes)]
    if "Pool" in operator:
        if operator != "LpPool" or opset > 17:
            more["ceil_mode"] = draw.choice([0, 1])
        return one_node(operator, [(1, 2, *sizes)], opset=opset, kernel_shape=kernel, **more)
    if operator == "ConvTranspose" and draw.random() < 0.5:
        more["output_padding"] = [draw.choice([0, 1, 2]) for _ in range(axes)]
    weight = np.ones((2, 2, *kernel), np.float32)
    return one_node(operator, [(1, 2, *sizes), weight], opset=opset, **more)


def test_at_the_edges_of_every_operator(tmp_path):
    draw, said = random.Random(8), 0
    for _ in range(150):
        model = any_node(draw)
        graph = read_onnx(write(tmp_path, model))
        if graph.failure:
            continue  # where not one window fits, ONNX Runtime makes arrays of nothing
        made = runs(model)
        text = str(model.graph.node[0])
        ours = graph.operations[0].output_shape[2:]
        assert (made is None) == bool(graph.refused), text
        if made is not None:
            # The rounding of windows that lie in the padding alone is not copied.
            assert (made == ours) or graph.disputed, text
        said += bool(graph.refused or graph.disputed)
    assert said > 20
