"""The nodes that each layer becomes in ONNX: a function for each, or a few of them.

Operators and their versions: onnx.ai/onnx/operators. Padding is written out, before and after
each axis, as the network finally uses it, so `remainder` and asymmetric padding are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from .... import definitions, layers
from ....errors import DataError
from ....graph import SizedLayer
from ....layers import Layer
from ...registry import registrar
from .builder import GraphBuilder

#: Writes a layer whose input has this name, and returns the name of its output.
Writer: TypeAlias = Callable[[GraphBuilder, SizedLayer, Any, str], str]

_WRITERS: dict[type[Layer], Writer] = {}
_writes = registrar(_WRITERS)


def write_layer(graph: GraphBuilder, sized: SizedLayer, x: str) -> str:
    """Write one layer, with those within it; return the name of its output.

    Raises DataError if the layer has no form in ONNX.
    """
    writer = _WRITERS.get(type(sized.layer))
    if writer is None:
        raise DataError(
            f"layer {sized.place}, {sized.layer.describe()}, cannot be written to ONNX. Layers "
            f"that can: {', '.join(sorted(kind.__name__ for kind in _WRITERS))}."
        )
    graph.place = sized.place
    return writer(graph, sized, sized.layer, x)


def _chains(graph: GraphBuilder, sized: SizedLayer, x: str) -> list[str]:
    """Write the chains of a layer, and go back to its place; return what they give."""
    outputs = []
    for chain in sized.chains:
        y = x
        for inner in chain:
            y = write_layer(graph, inner, y)
        outputs.append(y)
    graph.place = sized.place
    return outputs


# --- windows ----------------------------------------------------------------------------------


@_writes(layers.Conv1d, layers.Conv2d)
def _conv(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    values = None
    if layer.connections is not None:  # a kernel for each 1 of the table, and zeros elsewhere
        table = np.array(layer.connections, bool)
        values = np.zeros((*table.shape, *layer.kernel_size), np.float32)
        values[table] = graph.weights[f"{sized.place}.weight"]
    bias = [graph.weight("bias")] if layer.bias else []
    return graph.add(
        "Conv",
        x,
        graph.weight("weight", values),
        *bias,
        kernel_shape=layer.kernel_size,
        strides=layer.stride,
        dilations=layer.dilation,
        group=layer.groups,
        pads=[w.before for w in sized.windows] + [w.after for w in sized.windows],
    )


def _pool(graph: GraphBuilder, sized: SizedLayer, x: str, operator: str, **options: Any) -> str:
    """Write a pool; of the padding after an axis only what the last window covers.

    ONNX Runtime refuses a padding as large as the kernel, and the rest would change nothing.
    """
    layer: Any = sized.layer
    covered = [(w.output - 1) * w.stride + w.kernel - w.input - w.before for w in sized.windows]
    return graph.add(
        operator,
        x,
        kernel_shape=layer.kernel_size,
        strides=layer.stride,
        pads=[w.before for w in sized.windows] + [max(0, after) for after in covered],
        **options,
    )


@_writes(layers.MaxPool1d, layers.MaxPool2d)
def _max_pool(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return _pool(graph, sized, x, "MaxPool")


@_writes(layers.AvgPool1d, layers.AvgPool2d)
def _avg_pool(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    counted = int(layer.count_include_pad)
    return _pool(graph, sized, x, "AveragePool", count_include_pad=counted)


@_writes(layers.SumPool1d, layers.SumPool2d)
def _sum_pool(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    mean = _pool(graph, sized, x, "AveragePool", count_include_pad=1)
    return graph.add("Mul", mean, graph.constant("elements", math.prod(layer.kernel_size)))


@_writes(layers.Subsample)
def _subsample(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    total = _sum_pool(graph, sized, layer, x)
    # A factor and a summand for each channel: a 1 × 1 convolution with as many groups.
    channels = sized.output_shape[0]
    weight = graph.weights[f"{sized.place}.weight"].reshape(channels, 1, 1, 1)
    inputs = graph.weight("weight", weight), graph.weight("bias")
    return graph.add("Conv", total, *inputs, kernel_shape=[1, 1], group=channels)


@_writes(layers.GlobalAvgPool)
def _global_avg(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)


@_writes(layers.GlobalMaxPool)
def _global_max(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Flatten", graph.add("GlobalMaxPool", x), axis=1)


# --- flat input -------------------------------------------------------------------------------


@_writes(layers.Flatten)
def _flatten(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Flatten", x, axis=1)


@_writes(layers.Linear)
def _linear(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    bias = [graph.weight("bias")] if layer.bias else []
    return graph.add("Gemm", x, graph.weight("weight"), *bias, transB=1)


@_writes(layers.RBF)
def _rbf(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    # (N, 1, F) less (classes, F), squared, summed over F.
    column = graph.add("Unsqueeze", x, graph.constant("axis", [1], np.int64))
    difference = graph.add("Sub", column, graph.weight("centres"))
    square = graph.add("Mul", difference, difference)
    distance = graph.add("ReduceSum", square, graph.constant("summed", [2], np.int64), keepdims=0)
    return graph.add("Mul", distance, graph.constant("factor", -0.5 / layer.variance))


# --- each value, or each channel, by itself ---------------------------------------------------


@_writes(layers.BatchNorm1d, layers.BatchNorm2d)
def _batch_norm(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    if layer.affine:
        factors = graph.weight("weight"), graph.weight("bias")
    else:
        channels = sized.input_shape[0]
        factors = (
            graph.constant("ones", np.ones(channels)),
            graph.constant("zeros", np.zeros(channels)),
        )
    statistics = graph.weight("running_mean"), graph.weight("running_var")
    return graph.add("BatchNormalization", x, *factors, *statistics, epsilon=layer.eps)


def _writes_operator(kind: type[Layer], operator: str) -> None:
    """Write a layer as one operator without attributes."""
    _writes(kind)(lambda graph, sized, layer, x: graph.add(operator, x))


_writes_operator(layers.ReLU, "Relu")
_writes_operator(layers.Tanh, "Tanh")
_writes_operator(layers.Sigmoid, "Sigmoid")


@_writes(layers.LeakyReLU)
def _leaky_relu(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("LeakyRelu", x, alpha=layer.negative_slope)


@_writes(layers.ScaledTanh)
def _scaled_tanh(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    inner = graph.add("Tanh", graph.add("Mul", x, graph.constant("slope", 2 / 3)))
    return graph.add("Mul", inner, graph.constant("amplitude", 1.7159))


@_writes(layers.SiLU)
def _silu(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


@_writes(layers.GELU)
def _gelu(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    if graph.opset >= 20:
        return graph.add("Gelu", x)
    scaled = graph.add("Mul", x, graph.constant("root", math.sqrt(0.5)))
    doubled = graph.add("Add", graph.add("Erf", scaled), graph.constant("one", 1))
    return graph.add("Mul", graph.add("Mul", x, doubled), graph.constant("half", 0.5))


@_writes(layers.Dropout)
def _dropout(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Dropout", x, graph.constant("p", layer.p))


@_writes(layers.DropPath)
def _drop_path(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Identity", x)


@_writes(layers.ReLU6)
def _relu6(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Clip", x, graph.constant("low", 0), graph.constant("high", 6))


@_writes(layers.HardSigmoid)
def _hard_sigmoid(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@_writes(layers.HardSwish)
def _hard_swish(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Mul", x, graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))


@_writes(layers.Softmax)
def _softmax(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Softmax", x, axis=1)


# --- sizes ------------------------------------------------------------------------------------


def _resized(graph: GraphBuilder, sized: SizedLayer, x: str, make: Callable[..., Any]) -> str:
    """Multiply each axis by its matrix of weights: exact, where Resize rounds positions."""
    last = len(sized.input_shape) - 2
    pairs = zip(sized.input_shape[1:], sized.output_shape[1:], strict=True)
    for axis, (before, after) in enumerate(pairs):
        matrix = make(np.eye(before)[None], [after])[0]
        if axis == last:
            x = graph.add("MatMul", x, graph.constant(f"axis{axis}", matrix))
        else:
            x = graph.add("MatMul", graph.constant(f"axis{axis}", matrix.T), x)
    return x


@_writes(layers.AdaptiveAvgPool1d, layers.AdaptiveAvgPool2d)
def _adaptive(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return _resized(graph, sized, x, definitions.adaptive_avg_pool)


@_writes(layers.Upsample)
def _upsample(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    mode = "nearest" if layer.mode == "nearest" else "linear"
    return _resized(graph, sized, x, partial(definitions.upsample, mode=mode))


@_writes(layers.ConvTranspose1d, layers.ConvTranspose2d)
def _conv_transpose(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    ends, extra = layer.padding, layer.output_padding
    # ONNX Runtime refuses more than the stride allows, where dilation allows more: what is cut off
    # at the end is less by so much, and beyond that there are zeros.
    large = any(more >= step for more, step in zip(extra, layer.stride, strict=True))
    zeros = [max(0, more - end) if large else 0 for end, more in zip(ends, extra, strict=True)]
    if large:
        ends = [max(0, end - more) for end, more in zip(ends, extra, strict=True)]
        extra = [0] * len(extra)
    bias = [graph.weight("bias")] if layer.bias and not any(zeros) else []
    y = graph.add(
        "ConvTranspose",
        x,
        graph.weight("weight"),
        *bias,
        kernel_shape=layer.kernel_size,
        strides=layer.stride,
        dilations=layer.dilation,
        group=layer.groups,
        pads=[*layer.padding, *ends],
        output_padding=extra,
    )
    if not any(zeros):
        return y
    pads = [0] * (len(zeros) + 4) + zeros
    y = graph.add("Pad", y, graph.constant("zeros", pads, np.int64))
    if not layer.bias:
        return y
    values = graph.weights[f"{sized.place}.bias"].reshape(-1, *(1,) * len(zeros))
    return graph.add("Add", y, graph.weight("bias", values))


# --- normalisation of each image --------------------------------------------------------------


def _normalized(graph: GraphBuilder, x: str, sets: int, eps: float, shape: list[int]) -> str:
    """Cut x into so many sets, bring each to mean 0 and variance 1, and give it a shape."""
    x = graph.add("Reshape", x, graph.constant("sets", [0, sets, -1], np.int64))
    ones, zeros = np.ones(sets), np.zeros(sets)
    scale, bias = graph.constant("ones", ones), graph.constant("zeros", zeros)
    x = graph.add("InstanceNormalization", x, scale, bias, epsilon=eps)
    return graph.add("Reshape", x, graph.constant("sizes", [0, *shape], np.int64))


def _scaled(graph: GraphBuilder, sized: SizedLayer, x: str, shape: tuple[int, ...]) -> str:
    for name, operator in (("weight", "Mul"), ("bias", "Add")):
        values = graph.weights[f"{sized.place}.{name}"].reshape(shape)
        x = graph.add(operator, x, graph.weight(name, values))
    return x


@_writes(layers.GroupNorm)
def _group_norm(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    x = _normalized(graph, x, layer.groups, layer.eps, list(sized.input_shape))
    ones = (1,) * (len(sized.input_shape) - 1)
    return _scaled(graph, sized, x, (-1, *ones)) if layer.affine else x


@_writes(layers.LayerNorm)
def _layer_norm(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    shape = sized.input_shape
    if layer.over == "all":
        x = _normalized(graph, x, 1, layer.eps, list(shape))
        return _scaled(graph, sized, x, shape) if layer.affine else x
    rank = len(shape) + 1  # with the batch; the channels go last, and back
    x = graph.add("Transpose", x, perm=[0, *range(2, rank), 1])
    x = _normalized(graph, x, math.prod(shape[1:]), layer.eps, [*shape[1:], shape[0]])
    x = _scaled(graph, sized, x, shape[:1]) if layer.affine else x
    return graph.add("Transpose", x, perm=[0, rank - 1, *range(1, rank - 1)])


# --- layers of layers -------------------------------------------------------------------------


@_writes(layers.Residual)
def _residual(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Add", *_chains(graph, sized, x))


@_writes(layers.Concat)
def _concat(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    return graph.add("Concat", *_chains(graph, sized, x), axis=1)


@_writes(layers.Gate)
def _gate(graph: GraphBuilder, sized: SizedLayer, layer: Any, x: str) -> str:
    (factors,) = _chains(graph, sized, x)
    missing = len(sized.input_shape) - len(sized.inner[-1].output_shape)
    if missing:
        shape = graph.constant("shape", [0, -1] + [1] * missing, np.int64)
        factors = graph.add("Reshape", factors, shape)
    return graph.add("Mul", x, factors)
