"""Where a model's features are, what its pixels must be, and how to have an array of its inside.

All of it is read from the file's nodes: nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..onnx.wire.messages import File, Node, attribute
from ..onnx.wire.protobuf import WireError
from ..onnx.wire.tensors import Tensor
from ..onnx.wire.values import read_values

# What may stand between a classifier and the output.
_AFTER = (
    "Softmax", "LogSoftmax", "Sigmoid", "Identity", "Cast", "Reshape", "Flatten", "Squeeze",
    "Add", "Mul", "Sub", "Div", "Clip",
)  # fmt: skip
_POOLS = ("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "ReduceMean")
# What may stand between a pool and a classifier that is a convolution.
_BETWEEN = ("Relu", "HardSwish", "Identity", "Dropout")


def features_of(file: File) -> tuple[str, str]:
    """Return the name of the array that holds the features, and which it is, in words.

    It is what enters the last dense layer (a Gemm, a MatMul with weights, or a convolution after
    the pool) if only scaling, softmax and the like follow it; otherwise the first output.
    """
    output = name = file.outputs[0].name
    producers = {output: node for node in file.nodes for output in node.outputs}
    fixed = _constants(file)
    while name in producers:
        node = producers[name]
        data = [entry for entry in node.inputs if entry and entry not in fixed]
        if node.operator in ("Gemm", "MatMul") and len(data) == 1:
            return data[0], f"what enters its last dense layer ({node.operator})"
        if node.operator == "Conv" and _comes_from_pool(data[0], producers):
            return data[0], "what enters its last layer (a convolution after the pool)"
        if node.operator not in _AFTER or len(data) != 1:
            break
        name = data[0]
    return output, "its output"


def expected_pixels(file: File, source: str, folder: Path) -> str | None:
    """Return what the model scales by itself: "0-255" or "0-1" in; None if it does not say."""
    fixed = {weight.name: weight for weight in file.weights}
    fixed |= {
        node.outputs[0]: value
        for node in file.nodes
        if node.operator == "Constant" and isinstance(value := attribute(node, "value"), Tensor)
    }
    name, value_range = source, None
    for node in _chain(file, name):
        constants = [fixed[entry] for entry in node.inputs if entry in fixed]
        if node.operator in ("Sub", "Add", "Mul", "Div") and len(constants) == 1:
            try:
                size = float(np.abs(read_values(constants[0], folder).astype(np.float64)).max())
            except (WireError, OSError, ValueError):
                return value_range
            large = {"Sub": size > 2, "Add": size > 2, "Div": size > 20, "Mul": size < 0.05}
            value_range = "0-255" if large[node.operator] or value_range == "0-255" else "0-1"
        elif node.operator not in ("Cast", "Transpose", "Identity"):
            break
    return value_range


def with_output(content: bytes, name: str) -> bytes:
    """Return the model with one more output.

    Messages of Protocol Buffers that are written one after the other are merged, so nothing of
    the file need be written anew: protobuf.dev/programming-guides/encoding, "Last One Wins".
    """
    declared = _field(1, name.encode())  # ValueInfoProto.name
    return content + _field(7, _field(12, declared))  # ModelProto.graph, GraphProto.output


def _field(number: int, content: bytes) -> bytes:
    length, size = b"", len(content)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def _constants(file: File) -> set[str]:
    """Return the names of the arrays that do not depend on an input."""
    fixed = {weight.name for weight in file.weights}
    for node in file.nodes:
        if node.operator == "Constant" or (
            node.inputs and all(e in fixed for e in node.inputs if e)
        ):
            fixed.update(node.outputs)
    return fixed


def _comes_from_pool(name: str, producers: dict[str, Node]) -> bool:
    while name in producers and producers[name].operator in _BETWEEN:
        name = producers[name].inputs[0]
    return name in producers and producers[name].operator in _POOLS


def _chain(file: File, name: str) -> Iterator[Node]:
    """Yield the nodes that follow an input, as long as each is the only one."""
    while True:
        users = [node for node in file.nodes if name in node.inputs]
        if len(users) != 1:
            return
        yield users[0]
        name = users[0].outputs[0]
