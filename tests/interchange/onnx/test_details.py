"""Nodes that compute in integers, or otherwise than their names say: read, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

GENERATOR = np.random.default_rng(0)
BYTES = GENERATOR.integers(-99, 99, (4, 3, 3, 3)).astype(np.int8)
WEIGHTS = (BYTES * 0.01).astype(np.float32)
ZERO = np.array(0, np.int8)
SCALES = np.array([0.01, 0.02, 0.03, 0.04], np.float32)


def written(path, nodes, element=TensorProto.FLOAT, **arrays):
    """Write nodes from x to y as a file; arrays are its weights."""
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, outputs, **more) for kind, inputs, outputs, more in nodes],
        "graph",
        [helper.make_tensor_value_info("x", element, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", element, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("scale", "zero", "axis"),
    [(SCALES[0], ZERO + 3, 1), (SCALES, np.arange(4, dtype=np.int8), 0), (SCALES, None, 0)],
)
def test_weights_in_8_bits_are_read(tmp_path, scale, zero, axis):
    given = ["b", "s"] if zero is None else ["b", "s", "z"]
    arrays = {"b": BYTES, "s": np.asarray(scale)} | ({} if zero is None else {"z": zero})
    nodes = [
        ("DequantizeLinear", given, ["w"], {"axis": axis}),
        ("Conv", ["x", "w"], ["y"], {}),
    ]
    net = fp.from_onnx(written(tmp_path / "a.onnx", nodes, **arrays))  # it compares them
    assert net.metadata["imported"]["compared"]
    assert net.parameters["0.weight"].shape == BYTES.shape


QUANTIZED = [
    ("QuantizeLinear", ["x", "s", "z"], ["q"], {}),
    ("QLinearConv", ["q", "s", "z", "b", "s", "z", "s", "z"], ["r"], {}),
    ("DequantizeLinear", ["r", "s", "z"], ["y"], {}),
]
TRAINED = [
    ("Conv", ["x", "w"], ["c"], {}),
    ("BatchNormalization", ["c", "o", "o", "o", "o"], ["y", "m", "v"], {"training_mode": 1}),
]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (QUANTIZED, ['"q", Quantize()', "in integers, with scales", '"y", DeQuantize()']),
        (TRAINED, ["uses the statistics of each batch (training_mode=1)"]),
    ],
)
def test_what_is_no_layer_is_named(tmp_path, nodes, words):
    ones = np.ones(4, np.float32)
    arrays = {"s": SCALES[0], "z": ZERO, "b": BYTES} if nodes is QUANTIZED else {}
    arrays |= {} if arrays else {"w": WEIGHTS, "o": ones}
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    with pytest.raises(fp.DataError) as caught:
        fp.from_onnx(written(tmp_path / "a.onnx", nodes, **arrays))
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("element", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_types_are_not_compared(tmp_path, element):
    dtype = helper.tensor_dtype_to_np_dtype(element)
    nodes = [("Relu", ["x"], ["r"], {}), ("GlobalAveragePool", ["r"], ["p"], {})]
    nodes += [("Flatten", ["p"], ["f"], {}), ("MatMul", ["f", "w"], ["y"], {})]
    weights = {"w": np.ones((3, 2), dtype)}
    path = written(tmp_path / "a.onnx", nodes, element, **weights)
    with pytest.raises(fp.DataError, match=r"verify=False"):
        fp.from_onnx(path)
    assert fp.from_onnx(path, verify=False).output_shape == (2,)
