"""ONNX's operators of single elements, and reductions: shapes, as ONNX Runtime's, and failures."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from interchange.onnx.operators.cases import S, X, Z, cases_tested, each, f, i, ones  # noqa: E402

CASES = [
    *each(
        "Abs Relu Elu Selu Celu Sigmoid Tanh HardSigmoid LeakyRelu Softplus Softsign "
        "ThresholdedRelu Exp Log Sqrt Neg Reciprocal Floor Ceil Round Erf Sign Sin Cos "
        "Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Identity Softmax LogSoftmax "
        "Hardmax Shrink IsNaN LpNormalization MeanVarianceNormalization Dropout HardSwish "
        "Trilu Bernoulli",
        [X],
    ),
    ("IsInf", [X], {}),
    *each("RandomNormalLike RandomUniformLike", [X]),
    *each("And Or Xor", ["bool", "bool"]),
    *each("BitwiseAnd BitwiseOr BitwiseXor", ["uint8", "uint8"], opset=18),
    ("BitwiseNot", ["uint8"], {"opset": 18}),
    ("BitShift", ["uint8", Z], {"direction": "LEFT"}),
    ("Mod", ["uint8", Z], {}),
    ("CastLike", [X, Z], {}),
    ("RMSNormalization", [X, f(9, 8)], {"axis": -2, "opset": 23}),
    ("Swish", [X], {"opset": 24}),
    ("CumProd", [X, np.int64(1)], {"opset": 26}),
    ("Mish", [X], {"opset": 18}),
    ("Gelu", [X], {"opset": 20}),
    ("Dropout", [X], {"outputs": 2}),
    ("Not", ["bool"], {}),
    ("Cast", [X], {"to": 7}),
    ("LRN", [X], {"size": 3}),
    ("CumSum", [X, np.int64(1)], {}),
    ("Clip", [X, np.float32(0), np.float32(6)], {}),
    ("Clip", [X, None, np.float32(6)], {}),
    ("Clip", [X], {"opset": 6, "min": 0.0, "max": 6.0}),
    ("PRelu", [X, f(6, 1, 1)], {}),
    ("BatchNormalization", [X, f(6), f(6), f(6), f(6)], {}),
    ("InstanceNormalization", [X, f(6), f(6)], {}),
    ("LayerNormalization", [X, f(9, 8), f(9, 8)], {"axis": -2, "outputs": 3}),
    ("GroupNormalization", [X, f(6), f(6)], {"num_groups": 3, "opset": 21}),
    *each("Add Sub Mul Div Pow Max Min Sum Mean", [X, (6, 1, 8)]),
    *each("Equal Greater Less GreaterOrEqual LessOrEqual", [X, (9, 1)]),
    ("Where", ["bool", X, (1, 8)], {}),
    ("Add", [X, f(6, 1, 1)], {}),
    *each(
        "ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
        "ReduceLogSumExp ReduceSumSquare",
        [X], axes=[2, 3], opset=13,
    ),
    ("ReduceMean", [X, i(-1)], {"opset": 18, "keepdims": 0}),
    ("ReduceSum", [X, i(1)], {"keepdims": 0}),
    ("ReduceSum", [X], {"noop_with_empty_axes": 1}),
    ("ReduceMax", [X], {}),
    ("ArgMax", [X], {"axis": 1, "keepdims": 0}),
    ("ArgMin", [X], {}),
    ("QuantizeLinear", [X, S, Z], {}),
    ("DequantizeLinear", ["uint8", S, Z], {}),
    ("RotaryEmbedding", [(2, 3, 4, 8), f(2, 4, 4), f(2, 4, 4)], {"opset": 23}),
    ("DynamicQuantizeLinear", [X], {"outputs": 3}),
]  # fmt: skip


FAILURES = [
    ("Mul", [(2, 5)], {}, "Mul needs 2 inputs. Received: 1"),
    ("Add", [(1, 64, 56, 56), (1, 64, 55, 55)], {}, "1 × 64 × 56 × 56 and 1 × 64 × 55 × 55"),
    ("BatchNormalization", [(1, 3, 8), *[ones(4)] * 4], {}, "4 for 3 channels"),
    ("Softmax", [(1, 3)], {"axis": 2}, "axis 2 of 2 axes"),
]
test_shapes, test_every_rule_is_tested, test_failures = cases_tested("pointwise", CASES, FAILURES)
