"""Operators that ONNX Runtime adds to ONNX: the sizes are those that it makes."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import helper  # noqa: E402

from fencepost.interchange.onnx.operators.microsoft import MICROSOFT  # noqa: E402
from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import (  # noqa: E402
    array_info,
    graph_model,
    runtime_shapes,
    write,
)
from interchange.onnx.operators.cases import ones  # noqa: E402

ONE, ZERO = np.float32(1), np.uint8(0)
QUANTIZED = (ONE, ZERO)


def u8(*shape):
    return np.ones(shape, np.uint8)


def i8(*shape):
    return np.ones(shape, np.int8)


def model(operator, given, outputs=1, **attributes):
    """Make a model of one node: of tuples (inputs; float32, or with a dtype first) and arrays."""
    inputs, weights, names = {}, {}, []
    for index, array in enumerate(given):
        name = "" if array is None else f"a{index}"
        names.append(name)
        if isinstance(array, tuple):
            kind = array[0] if array and isinstance(array[0], type) else np.float32
            shape = array[1:] if array and isinstance(array[0], type) else array
            inputs[name] = array_info(name, shape, kind)
        elif array is not None:
            weights[name] = np.asarray(array)
    results = [f"y{index}" for index in range(outputs)]
    node = helper.make_node(operator, names, results, "node", domain="com.microsoft", **attributes)
    return graph_model([node], inputs, results, weights, domains=["com.microsoft"])


U8 = np.uint8
CASES = {
    "FusedConv": [
        (((1, 3, 9, 8), ones(4, 3, 3, 3), ones(4)), {"activation": "Relu", "strides": [2, 1]}),
        (((1, 4, 9), ones(4, 1, 3)), {"group": 4, "activation": "Relu", "pads": [1, 1]}),
    ],
    "NhwcConv": [],  # only ONNX Runtime for CUDA runs it
    "QLinearAdd": [(((U8, 2, 1, 4), *QUANTIZED, (U8, 3, 4), *QUANTIZED, *QUANTIZED), {})],
    "QLinearMul": [(((U8, 2, 3, 4), *QUANTIZED, u8(4), *QUANTIZED, *QUANTIZED), {})],
    "QLinearLeakyRelu": [(((U8, 2, 3), *QUANTIZED, *QUANTIZED), {"alpha": 0.1})],
    "QLinearSigmoid": [(((U8, 2, 3), *QUANTIZED, *QUANTIZED), {})],
    "QLinearSoftmax": [(((U8, 2, 3), *QUANTIZED, *QUANTIZED), {"opset": 13})],
    "QLinearWhere": [
        (((np.bool_, 2, 1), (U8, 3), *QUANTIZED, (U8, 4, 1, 1), *QUANTIZED, *QUANTIZED), {}),
    ],
    "QLinearConcat": [((*QUANTIZED, (U8, 2, 3), *QUANTIZED, (U8, 2, 5), *QUANTIZED), {"axis": 1})],
    "QLinearGlobalAveragePool": [
        (((U8, 2, 3, 5, 7), *QUANTIZED, *QUANTIZED), {}),
        (((U8, 2, 5, 7, 3), *QUANTIZED, *QUANTIZED), {"channels_last": 1}),
    ],
    "QLinearAveragePool": [
        (((U8, 1, 3, 9, 8), *QUANTIZED, *QUANTIZED), {"kernel_shape": [3, 2], "strides": [2, 2]}),
    ],
    "DynamicQuantizeMatMul": [(((2, 3, 4), i8(4, 5), ONE), {})],
    "MatMulIntegerToFloat": [(((U8, 2, 3, 4), u8(4, 5), ONE, ONE), {})],
    "MatMulInteger16": [],
    "FusedMatMul": [
        (((2, 4, 3), (2, 5, 4)), {"transA": 1, "transB": 1}),
        (((2, 3, 4), ones(4, 5)), {"alpha": 0.5}),
        (((3, 2, 4), (2, 4, 5)), {"transBatchA": 1}),
    ],
    "TransposeMatMul": [(((2, 4, 3), (2, 4, 5)), {"transA": 1})],
    "FusedGemm": [(((2, 4), ones(5, 4), ones(5)), {"transB": 1, "activation": "Relu"})],
    "QGemm": [(((U8, 2, 4), *QUANTIZED, u8(5, 4), *QUANTIZED), {"transB": 1})],
    "MatMulNBits": [
        (((2, 3, 32), u8(5, 1, 16), ones(5)), {"K": 32, "N": 5, "bits": 4, "block_size": 32}),
    ],
    "MatMulBnb4": [
        (
            ((2, 3, 32), u8(80), ones(5)),
            {"K": 32, "N": 5, "block_size": 32, "quant_type": 1},
        ),
    ],
    "DynamicQuantizeLSTM": [
        (
            ((6, 2, 3), i8(2, 3, 16), i8(2, 4, 16), ones(2, 32), None, None, None, None,
             ones(2), np.zeros(2, np.int8), ones(2), np.zeros(2, np.int8)),
            {"hidden_size": 4, "direction": "bidirectional"},
        ),
    ],
    "Gelu": [(((2, 3),), {})],
    "FastGelu": [(((2, 3), ones(3)), {})],
    "QuickGelu": [(((2, 3),), {})],
    "BiasGelu": [(((2, 5, 3), ones(3)), {})],
    "BiasSoftmax": [],
    "Inverse": [],
    "Trilu": [(((2, 3, 3),), {})],
    "QuantizeLinear": [(((2, 3), ONE, ZERO), {})],
    "DequantizeLinear": [(((U8, 2, 3), ONE, ZERO), {})],
    "ExpandDims": [(((2, 3), np.int32(-1)), {}), (((2, 3), np.int32(1)), {})],
    "SkipLayerNormalization": [(((2, 5, 8), (2, 5, 8), ones(8), ones(8)), {})],
    "SkipSimplifiedLayerNormalization": [(((2, 5, 8), (2, 5, 8), ones(8)), {})],
    "EmbedLayerNormalization": [
        (
            ((np.int32, 2, 5), (np.int32, 2, 5), ones(9, 8), ones(7, 8), ones(2, 8),
             ones(8), ones(8), (np.int32, 2, 5)),
            {"outputs": 2},
        ),
    ],
    "Attention": [
        (((2, 5, 8), ones(8, 24), ones(24)), {"num_heads": 2}),
        (
            ((2, 5, 8), ones(8, 20), ones(20)),
            {"num_heads": 2, "qkv_hidden_sizes": [8, 8, 4]},
        ),
        (
            ((2, 5, 8), ones(8, 24), ones(24), None, (2, 2, 2, 3, 4)),
            {"num_heads": 2, "outputs": 2, "unidirectional": 1},
        ),
    ],
    "QAttention": [
        (((U8, 2, 5, 8), u8(8, 24), ones(24), ONE, ONE, None, ZERO, ZERO), {"num_heads": 2}),
    ],
    "MultiHeadAttention": [
        (((2, 5, 8), (2, 7, 8), (2, 7, 12)), {"num_heads": 2}),
        (((2, 5, 8), (2, 2, 7, 4), (2, 2, 7, 4)), {"num_heads": 2}),
    ],
    "GroupQueryAttention": [
        (
            ((2, 5, 32), (2, 5, 16), (2, 5, 16), None, None,
             np.full(2, 4, np.int32), np.int32(5)),
            {"num_heads": 4, "kv_num_heads": 2},
        ),
    ],
    "RotaryEmbedding": [
        (((2, 5, 16), np.zeros(1, np.int64), ones(9, 8), ones(9, 8)), {"num_heads": 1}),
    ],
    "ConvTransposeWithDynamicPads": [
        (((1, 3, 5, 6), ones(3, 4, 3, 3), np.zeros(4, np.int64)), {"strides": [2, 2]}),
    ],
    "CropAndResize": [
        (((1, 3, 9, 9), (4, 4), np.zeros(4, np.int32), np.array([5, 6], np.int32)), {}),
    ],
}  # fmt: skip


def test_each_operator_has_its_case():
    assert CASES.keys() == MICROSOFT.keys()


def _all():
    return [(name, *case) for name, cases in CASES.items() for case in cases]


@pytest.mark.parametrize(("operator", "given", "more"), _all(), ids=lambda item: str(item)[:30])
def test_sizes_are_those_that_run(tmp_path, operator, given, more):
    made = model(operator, given, **more)
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    graph = read_onnx(write(tmp_path, made))
    assert graph.failure == ""
    (operation,) = graph.operations
    ran = tuple(runtime_shapes(made).values())
    depends = operator == "ConvTransposeWithDynamicPads"
    if not depends and not {"transBatchA", "channels_last"} & more.keys():
        assert operation.output_shapes == ran
    for shape, expected in zip(operation.output_shapes, ran, strict=True):
        assert shape is None or all(a in (b, None) for a, b in zip(shape, expected, strict=True))


def test_a_convolution_whose_channels_come_last_is_that_of_moved_axes(tmp_path):
    attributes = {"strides": [2, 1], "pads": [1, 0, 1, 2], "dilations": [1, 2], "group": 3}
    last = model("NhwcConv", ((2, 9, 8, 6), ones(12, 3, 3, 2), ones(12)), **attributes)
    first = model("FusedConv", ((2, 6, 9, 8), ones(12, 2, 3, 3), ones(12)), **attributes)
    (moved,) = read_onnx(write(tmp_path, last)).operations
    (usual,) = read_onnx(write(tmp_path, first)).operations
    batch, channels, *sizes = runtime_shapes(first)["y0"]
    assert moved.output_shape == (batch, *sizes, channels)
    assert (moved.parameters, moved.multiply_adds) == (usual.parameters, usual.multiply_adds)


def test_rows_that_a_packed_matrix_does_not_take_are_an_error(tmp_path):
    attributes = {"K": 32, "N": 5, "bits": 4, "block_size": 32}
    made = model("MatMulNBits", ((2, 3, 16), u8(5, 1, 16), ones(5)), **attributes)
    assert "a weight for 32" in read_onnx(write(tmp_path, made)).failure


def test_an_activation_that_is_part_of_a_convolution_is_not_lost(tmp_path):
    import fencepost as fp

    made = model("FusedConv", ((1, 3, 9, 8), ones(4, 3, 3, 3)), activation="Relu")
    with pytest.raises(fp.FencepostError, match="FusedConv"):
        fp.from_onnx(write(tmp_path, made))
