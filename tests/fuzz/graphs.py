"""ONNX files that are valid protobuf and odd graphs: bytes say what is changed in a valid one.

A file that is cut or has bits flipped is mostly refused by the first bytes; these get as far as the
operators, whose attributes, arrays and connections are other than any exporter writes.
"""

from __future__ import annotations

import functools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INTEGERS = (0, 1, -1, 2, 3, 7, 64, 1000, 2**31 - 1, -(2**31), 2**62, -(2**63))
FLOATS = (0.0, -1.0, 1e-30, 1e30, float("inf"), float("nan"))
OPERATORS = (
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "Gemm", "MatMul",
    "Reshape", "Flatten", "Transpose", "Concat", "Split", "Slice", "Gather", "Squeeze", "Unsqueeze",
    "Expand", "Tile", "Pad", "Resize", "ReduceMean", "ReduceSum", "Shape", "Range", "Constant",
    "ConstantOfShape", "Cast", "Where", "BatchNormalization", "LayerNormalization", "Softmax",
    "LSTM", "Loop", "If", "Einsum", "TopK", "NonZero", "Upsample", "SpaceToDepth", "DepthToSpace",
    "QLinearConv", "DequantizeLinear", "Mystery",
)  # fmt: skip


class Bytes:
    """The bytes of an input as choices; zeros after their end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def below(self, count: int) -> int:
        """Return an index below `count`."""
        self._at += 1
        return self._data[self._at - 1] % count if self._at <= len(self._data) else 0

    def one_of(self, choices):
        """Return one of them."""
        return choices[self.below(len(choices))]


@functools.cache
def models() -> list[bytes]:
    """Return the graphs that are changed."""
    rng = np.random.default_rng(0)

    def weights(name, *shape):
        return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)

    def integers(name, *values):
        return numpy_helper.from_array(np.array(values, np.int64), name)

    def model(nodes, arrays, shape):
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            nodes, "g", [value("x", TensorProto.FLOAT, shape)],
            [value("y", TensorProto.FLOAT, None)], arrays,
        )  # fmt: skip
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)]
        ).SerializeToString()

    node = helper.make_node
    chain = model(
        [
            node("Conv", ["x", "w", "b"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            node("Relu", ["a"], ["c"]),
            node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
            node("Flatten", ["d"], ["e"], axis=1),
            node("Gemm", ["e", "v", "u"], ["y"], transB=1),
        ],
        [weights("w", 4, 3, 3, 3), weights("b", 4), weights("v", 5, 64), weights("u", 5)],
        ["N", 3, 8, 8],
    )
    shapes = model(
        [
            node("Shape", ["x"], ["s"]),
            node("Gather", ["s", "zero"], ["n"], axis=0),
            node("Unsqueeze", ["n", "axis"], ["m"]),
            node("Concat", ["m", "rest"], ["t"], axis=0),
            node("Reshape", ["x", "t"], ["r"]),
            node("Transpose", ["r"], ["q"], perm=[1, 0]),
            node("MatMul", ["r", "q"], ["p"]),
            node("Softmax", ["p"], ["y"], axis=-1),
        ],
        [integers("axis", 0), integers("rest", -1),
         numpy_helper.from_array(np.array(0, np.int64), "zero")],
        [2, 3, 4, 4],
    )  # fmt: skip
    branches = model(
        [
            node("Split", ["x", "halves"], ["a", "b"], axis=1),
            node("Conv", ["a", "w"], ["c"], group=2, auto_pad="SAME_UPPER", strides=[2, 2]),
            node("Resize", ["c", "", "scales"], ["d"], mode="nearest"),
            node("Concat", ["d", "b"], ["e"], axis=1),
            node("Slice", ["e", "from", "to", "along"], ["f"]),
            node("Pad", ["f", "pads"], ["h"]),
            node("ReduceMean", ["h"], ["i"], axes=[2, 3], keepdims=0),
            node("Where", ["mask", "i", "i"], ["y"]),
        ],
        [weights("w", 2, 1, 3, 3), integers("halves", 2, 2), integers("from", 0),
         integers("to", 4), integers("along", 2), integers("pads", 0, 0, 1, 1, 0, 0, 1, 1),
         numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"),
         numpy_helper.from_array(np.array([True]), "mask")],
        [1, 4, 8, 8],
    )  # fmt: skip
    return [chain, shapes, branches]


def changed(data: bytes) -> bytes:
    """Return one of the graphs with as many changes as the bytes make."""
    bytes_ = Bytes(data)
    model = onnx.ModelProto.FromString(bytes_.one_of(models()))
    while bytes_:
        bytes_.one_of(_CHANGES)(model.graph, bytes_)
    return model.SerializeToString()


def _attribute(graph, bytes_):
    node = bytes_.one_of(graph.node)
    if not node.attribute:
        name = bytes_.one_of(("axis", "group", "pads", "strides", "kernel_shape", "dilations"))
        count = bytes_.below(6)
        value = [bytes_.one_of(INTEGERS) for _ in range(count)] or bytes_.one_of(INTEGERS)
        node.attribute.append(helper.make_attribute(name, value, attr_type=None if value else 2))
        return
    attribute = bytes_.one_of(node.attribute)
    if attribute.ints:
        if bytes_.below(3):
            attribute.ints[bytes_.below(len(attribute.ints))] = bytes_.one_of(INTEGERS)
        elif bytes_.below(2):
            attribute.ints.append(bytes_.one_of(INTEGERS))
        else:
            del attribute.ints[-1]
    elif attribute.s:
        attribute.s = bytes_.one_of((b"", b"NOTSET", b"VALID", b"SAME_LOWER", b"\xff", b"linear"))
    else:
        attribute.i, attribute.f = bytes_.one_of(INTEGERS), bytes_.one_of(FLOATS)


def _kind(graph, bytes_):
    bytes_.one_of(graph.node).op_type = bytes_.one_of(OPERATORS)


def _names(graph):
    return [
        "", "nowhere", "x", *(array.name for array in graph.initializer),
        *(name for node in graph.node for name in node.output),
    ]  # fmt: skip


def _connection(graph, bytes_):
    node = bytes_.one_of(graph.node)
    name = bytes_.one_of(_names(graph))
    side = bytes_.one_of((node.input, node.input, node.output))
    if not side or not bytes_.below(3):
        side.append(name)
    elif bytes_.below(2):
        side[bytes_.below(len(side))] = name
    else:
        del side[-1]


def _weights(graph, bytes_):
    if not graph.initializer:
        return
    array = bytes_.one_of(graph.initializer)
    what = bytes_.below(4)
    if what == 0:
        array.dims.append(bytes_.one_of(INTEGERS))
    elif what == 1 and array.dims:
        array.dims[bytes_.below(len(array.dims))] = bytes_.one_of(INTEGERS)
    elif what == 2:
        array.data_type = bytes_.below(24)
    else:
        values = [bytes_.one_of(INTEGERS) for _ in range(bytes_.below(6))]
        array.CopyFrom(numpy_helper.from_array(np.array(values, np.int64), array.name))


def _input(graph, bytes_):
    kind = bytes_.one_of(graph.input).type.tensor_type
    what = bytes_.below(4)
    if what == 0:
        kind.shape.dim.add().dim_value = bytes_.one_of(INTEGERS)
    elif what == 1 and kind.shape.dim:
        bytes_.one_of(kind.shape.dim).dim_value = bytes_.one_of(INTEGERS)
    elif what == 2 and kind.shape.dim:
        bytes_.one_of(kind.shape.dim).dim_param = "M"
    else:
        kind.elem_type = bytes_.below(24)


def _copy(graph, bytes_):
    graph.node.add().CopyFrom(bytes_.one_of(graph.node))


def _remove(graph, bytes_):
    if len(graph.node) > 1:
        del graph.node[bytes_.below(len(graph.node))]


_CHANGES = (
    _attribute, _attribute, _kind, _connection, _connection, _weights, _weights, _input, _copy,
    _remove,
)  # fmt: skip
