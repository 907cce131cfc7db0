"""ONNX's products of matrices: their shapes, as ONNX Runtime's, and failures."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

from interchange.onnx.operators.cases import S, Z, cases_tested, f, ones  # noqa: E402

CASES = [
    ("MatMul", [(2, 5, 7), f(7, 4)], {}),
    ("MatMul", [(3, 1, 5, 7), (2, 7, 4)], {}),
    ("MatMul", [(7,), (7, 4)], {}),
    ("MatMul", [(2, 5, 7), (7,)], {}),
    ("Gemm", [(5, 7), f(7, 4), f(4)], {}),
    ("Gemm", [(5, 7), f(4, 7)], {"transB": 1}),
    ("Gemm", [(7, 5), (7, 4), (5, 1)], {"transA": 1, "alpha": 0.5}),
    ("Einsum", [(2, 5, 7), (2, 7, 4)], {"equation": "bij, bjk -> bik"}),
    ("Einsum", [(5, 7), (7, 4)], {"equation": "ij,jk"}),
    ("Einsum", [(2, 1, 5, 7), (2, 3, 7, 4)], {"equation": "...ij, ...jk -> ...ik"}),
    ("Einsum", [(2, 3, 5, 7), (7, 4)], {"equation": "b...j,jk->b...k"}),
    ("Einsum", [(5, 4, 7), (1, 4, 7)], {"equation": "...j,...j"}),
    ("Einsum", [(2, 5, 7)], {"equation": "a...b->b...a"}),
    ("Einsum", [(5, 7)], {"equation": "...ij->ji"}),
    ("Einsum", [(6, 5), (6, 5)], {"equation": "i...,i...->..."}),
    ("Einsum", [(4, 4)], {"equation": "ii->i"}),
    ("Einsum", [(1, 5), (3, 5)], {"equation": "ij,ij->ij"}),
    ("Einsum", [(5,), (7,)], {"equation": "...i,...j->...ij"}),
    ("QLinearMatMul", ["uint8", S, Z, np.ones((8, 4), np.uint8), S, Z, S, Z], {}),
    ("MatMulInteger", ["uint8", np.ones((8, 4), np.uint8)], {}),
    ("LSTM", [(5, 2, 3), f(1, 16, 3), f(1, 16, 4), f(1, 32)], {"hidden_size": 4, "outputs": 3}),
    ("GRU", [(5, 2, 3), f(2, 12, 3), f(2, 12, 4)],
     {"hidden_size": 4, "outputs": 2, "direction": "bidirectional"}),
    ("RNN", [(5, 2, 3), f(1, 4, 3), f(1, 4, 4)], {"hidden_size": 4, "outputs": 2}),
    ("Attention", [(2, 4, 5, 8), (2, 2, 7, 8), (2, 2, 7, 6)], {"opset": 23}),
    (
        "Attention",
        [(2, 5, 32), (2, 7, 16), (2, 7, 12), None, (2, 2, 3, 8), (2, 2, 3, 6)],
        {"opset": 23, "outputs": 3, "q_num_heads": 4, "kv_num_heads": 2},
    ),
]  # fmt: skip


FAILURES = [
    ("Gemm", [(1, 100), ones(10, 120)], {"transB": 1}, "100 (1 × 100), and a weight for 120"),
    ("Gemm", [(1, 3, 8), ones(8, 10)], {}, "flatten first. Received: 1 × 3 × 8"),
    ("MatMul", [(2, 5), (4, 3)], {}, "2 × 5 and 4 × 3"),
    ("Einsum", [(1, 3)], {"equation": "...ijk->i"}, "'...ijk' for 1 × 3"),
    ("Einsum", [(1, 3), (4, 3)], {"equation": "i...,j...->...k"}, "of the inputs."),
    ("Einsum", [(2, 3), (4, 2)], {"equation": "...i,...j"}, "2 and 4"),
    ("Einsum", [(2, 3), (4,)], {"equation": "...i,...j"}, "in each input. Received: 0 and 1"),
    ("Einsum", [(2, 3, 4)], {"equation": "...ij->ij"}, "ellipsis of the inputs. Received: ...ij"),
    ("Einsum", [(1, 3)], {"equation": "ij->\n"}, "those of the inputs. Received: ij->\ufffd"),
    ("Attention", [(1, 5, 9)] * 3, {"q_num_heads": 2, "kv_num_heads": 2}, "and 2 heads"),
]
test_shapes, test_every_rule_is_tested, test_failures = cases_tested("products", CASES, FAILURES)
