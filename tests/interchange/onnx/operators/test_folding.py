"""ONNX's constants and arithmetic with sizes: their shapes, as ONNX Runtime's, and failures."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import small, write  # noqa: E402
from interchange.onnx.operators.cases import X, cases_tested, each  # noqa: E402

node = helper.make_node

CASES = [
    *each("Shape Size", [X]),
    ("ConstantOfShape", ["sizes"], {}),
    ("Range", [np.int64(1), np.int64(8), np.int64(3)], {}),
    ("Constant", [], {"value_ints": [1, 2, 3]}),
]  # fmt: skip
test_shapes, test_every_rule_is_tested, _ = cases_tested("folding", CASES)


@pytest.mark.parametrize("ends", [(0.0, 1e300, 1e-300), (0.0, np.inf, 1.0), (5.0, 1.0, 0.0)])
def test_ranges_without_end(tmp_path, ends):
    nodes = [node("Range", ["a", "b", "c"], ["r"]), node("Add", ["x", "r"], ["y"])]
    weights = dict(zip("abc", map(np.float64, ends), strict=True))
    assert "Range m" in read_onnx(write(tmp_path, small(nodes=nodes, weights=weights))).failure


def test_empty_arrays_that_numpy_cannot_hold(tmp_path):
    """No elements, but 2⁹⁰ along the other axes: the size is known, the values are not made."""
    sizes = [2**30, 0, 2**30, 2**30]
    nodes = [node("ConstantOfShape", ["s"], ["c"]), node("Concat", ["c", "x"], ["y"], axis=1)]
    graph = read_onnx(write(tmp_path, small(nodes=nodes, weights={"s": np.array(sizes)})))
    assert "1073741824 × 0 × 1073741824 × 1073741824" in graph.failure


def test_numbers_that_grow_without_end(tmp_path):
    """Squares of squares: what is no size any more is not computed."""
    nodes = [node("Mul", [f"s{k}", f"s{k}"], [f"s{k + 1}"]) for k in range(5_000)]
    nodes += [node("Concat", [f"c{k}", f"c{k}"], [f"c{k + 1}"], axis=0) for k in range(60)]
    nodes.append(node("Reshape", ["x", "s5000"], ["y"], name="r"))
    weights = {"s0": np.array([1, 3, 8, 8]), "c0": np.array([1, 2])}
    graph = read_onnx(write(tmp_path, small(nodes=nodes, weights=weights)))
    assert "an array may have at most" in graph.failure.lower() or graph.unknown
