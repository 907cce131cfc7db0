"""Tensors: weights that lie, sparse ones, and values in every field that holds them."""

import tracemalloc

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

from onnx import TensorProto, helper  # noqa: E402

from fencepost.interchange.onnx.reader import read_onnx  # noqa: E402
from interchange.onnx.graphs import small, weight, write  # noqa: E402
from interchange.onnx.operators.cases import ones  # noqa: E402
from interchange.onnx.refusals import refused  # noqa: E402

node = helper.make_node


@pytest.mark.parametrize(
    ("dims", "words"),
    [
        ([4, -3, 3, 3], "claims the shape (4, -3, 3, 3)"),
        ([2**62, 1], f"claims the shape ({2**62}, 1)"),
        ([2**30, 0, 2**30, 1], f"claims the shape ({2**30}, 0, {2**30}, 1)"),
        ([4, 3, 3, 2], "of shape (4, 3, 3, 2) and float32 takes 288 bytes, but it has 432"),
        ([1] * 40, "more than 32 axes"),
    ],
)
def test_weights_that_lie(tmp_path, dims, words):
    model = small()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    refused(write(tmp_path, model), "in weight 1", words)


def test_weights_stay_in_the_file(tmp_path):
    path = write(tmp_path, small(weights={"w": ones(4, 3, 3, 3), "large": ones(2**12, 2**11)}))
    assert path.stat().st_size > 32 << 20
    read_onnx(path)  # modules are imported by now
    tracemalloc.start()
    read_onnx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 18


def test_sparse_weights(tmp_path):
    model = small(weights={})
    values, indices = weight("w", ones(2)), weight("", np.array([0, 7]))
    sparse = helper.make_sparse_tensor(values, indices, [4, 3, 3, 3])
    model.graph.sparse_initializer.append(sparse)
    (conv, _) = read_onnx(write(tmp_path, model)).operations
    assert (conv.weight_shape, conv.output_shape) == ((4, 3, 3, 3), (1, 4, 6, 6))


def test_values_in_every_field_that_holds_them(tmp_path):
    """Sizes from raw bytes, from lists of several types, from a node, from a float that is cast."""
    wanted = (1, 6, 32)
    typed = [
        helper.make_tensor("s", TensorProto.INT64, [3], wanted),
        helper.make_tensor("s", TensorProto.INT32, [3], wanted),
        helper.make_tensor("s", TensorProto.UINT64, [3], wanted),
        helper.make_tensor("s", TensorProto.FLOAT, [3], wanted),
        helper.make_tensor("s", TensorProto.DOUBLE, [3], wanted),
        helper.make_tensor("s", TensorProto.FLOAT16, [3], wanted),
        helper.make_tensor("s", TensorProto.BFLOAT16, [3], wanted),
        *(weight("s", np.array(wanted, kind)) for kind in ("i8", "i4", "u2", "f4", "f8", "f2")),
    ]
    nodes = [node("Cast", ["s"], ["t"], to=7), node("Reshape", ["x", "t"], ["y"])]
    for tensor in typed:
        model = small(nodes=nodes, weights={})
        model.graph.initializer.append(tensor)
        graph = read_onnx(write(tmp_path, model))
        assert graph.operations[0].output_shape == wanted, tensor
    literals = [node("Constant", [], ["s"], value=item) for item in typed]
    literals += [node("Constant", [], ["s"], value_ints=wanted)]
    literals += [node("Constant", [], ["s"], value_floats=[1.0, 6.0, 32.0])]
    for literal in literals:
        graph = read_onnx(write(tmp_path, small(nodes=[literal, *nodes])))
        assert graph.operations[0].output_shape == wanted, literal
