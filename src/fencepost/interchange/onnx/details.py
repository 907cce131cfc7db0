"""The numbers and arrays of a node, by PyTorch's names, for who makes a layer of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...graph import Operation
from ..conversion.parts import Details, Float32, Misfit
from ..conversion.resizing import Matrix, matrix_of
from .constants import Values
from .operators.node import NodeCall
from .wire.messages import attribute


def details(operation: Operation, values: Values) -> Details:
    """Read the numbers and arrays of a node by PyTorch's names."""
    call = operation.source
    if not isinstance(call, NodeCall):
        return Details()
    arrays: dict[str, Float32 | None] = {}
    options: dict[str, Any] = {}
    match call.operator:
        case "Conv" | "ConvTranspose":
            arrays = {"weight": values.weight(call, 1), "bias": values.weight(call, 2)}
        case "Gemm":
            if call.integer("transA", 0):
                raise Misfit("its input is transposed")
            weight, bias = values.weight(call, 1), values.weight(call, 2)
            assert weight is not None  # the reader has checked it
            weight = weight if call.integer("transB", 0) else weight.T
            alpha, beta = call.real("alpha", 1.0), call.real("beta", 1.0)
            arrays["weight"] = np.ascontiguousarray(weight * np.float32(alpha))
            arrays["bias"] = None if bias is None else bias * np.float32(beta)
        case "MatMul" if call.constants() == (0,):
            arrays["left"] = values.weight(call, 0)
        case "QLinearConv" | "ConvInteger" | "QLinearMatMul" | "MatMulInteger" | "QGemm":
            raise Misfit("it computes in integers, with scales and zero points")
        case "MatMul":
            weight = values.weight(call, 1)
            arrays["weight"] = None if weight is None else np.ascontiguousarray(weight.T)
        case "InstanceNormalization" | "GroupNormalization" | "LayerNormalization":
            arrays = {"weight": values.weight(call, 1), "bias": values.weight(call, 2)}
            axis = call.integer("axis", -1)
            rank = len(operation.input_shape or ())
            options = {
                "eps": round(call.real("epsilon", 1e-5), 12),
                "groups": call.integer("num_groups", 1),
                "axes": rank - axis if axis >= 0 else -axis,
            }
        case "Resize" | "Upsample":
            options["matrix"] = _resize(call, operation)
        case "BatchNormalization":
            if call.integer("training_mode", 0):
                raise Misfit("it uses the statistics of each batch (training_mode=1)")
            names = ("weight", "bias", "running_mean", "running_var")
            arrays = {name: values.weight(call, index + 1) for index, name in enumerate(names)}
            options["eps"] = round(call.real("epsilon", 1e-5), 12)
            options["momentum"] = round(1 - call.real("momentum", 0.9), 6)
        case "Add" | "Sub" | "Mul" | "Div" | "Sum" | "Pow" | "Max" | "Min":
            constants = call.constants()
            if len(call.inputs) == 2 and len(constants) == 1:
                arrays["other"] = values.weight(call, constants[0])
                options["constant_first"] = constants[0] == 0
        case "LeakyRelu":
            options["negative_slope"] = round(call.real("alpha", 0.01), 8)
        case "HardSigmoid":
            options = {"alpha": call.real("alpha", 0.2), "beta": call.real("beta", 0.5)}
        case "Clip":
            for index, name in ((1, "min"), (2, "max")):
                limit = call.attribute_or_input(name, index)
                options[name] = limit[0] if limit else None
        case "Softmax" | "LogSoftmax":
            options["dim"] = _softmax_axis(call, operation)
        case "Gelu":
            options["approximate"] = call.text("approximate", "none")
        case "Dropout":
            ratio = attribute(call.node, "ratio")
            given = call.values(1) or [0.5 if ratio is None else ratio]
            options["p"] = round(float(given[0] or 0), 6)
        case "Pad":
            value = attribute(call.node, "value")
            given = call.values(2) or [0 if value is None else value]
            options["value"] = given[0]
    return Details(options, {name: a for name, a in arrays.items() if a is not None})


def _softmax_axis(call: NodeCall, operation: Operation) -> int:
    """Return the axis of a softmax; before opset 13, all axes from one on were one."""
    axis = call.integer("axis", -1 if call.opset >= 13 else 1)
    shape = operation.input_shape or ()
    if call.opset < 13 and any(size != 1 for size in shape[axis % max(1, len(shape)) + 1 :]):
        raise Misfit("it is applied over several axes at once")
    return axis


# --- resizing ---------------------------------------------------------------------------------

#: Where output i of m lies among n elements, by coordinate_transformation_mode; `scale` is that of
#: the file, or m / n. Source: the operator Resize-19 (onnx.ai/onnx/operators/onnx__Resize.html).
_POSITIONS: Mapping[str, Callable[[int, int, int, float], float]] = {
    "half_pixel": lambda i, n, m, scale: (i + 0.5) / scale - 0.5,
    "pytorch_half_pixel": lambda i, n, m, scale: (i + 0.5) / scale - 0.5 if m > 1 else 0.0,
    "half_pixel_symmetric": lambda i, n, m, scale: (
        n / 2 * (1 - m / (n * scale)) + (i + 0.5) / scale - 0.5
    ),
    "asymmetric": lambda i, n, m, scale: i / scale,
    "align_corners": lambda i, n, m, scale: i * (n - 1) / (m - 1) if m > 1 else 0.0,
    "tf_half_pixel_for_nn": lambda i, n, m, scale: (i + 0.5) / scale,
}
_ROUNDED: Mapping[str, Callable[[float], int]] = {
    "round_prefer_floor": lambda place: math.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: math.floor(place + 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
}


def _resize(call: NodeCall, operation: Operation) -> Callable[[int, int, int], Matrix]:
    """Return what gives the weights of an axis, from its index and sizes."""
    old = call.operator == "Upsample"
    where = "asymmetric" if old else call.text("coordinate_transformation_mode", "half_pixel")
    position = _POSITIONS.get(where)
    mode = call.text("mode", "nearest")
    if mode not in ("nearest", "linear") or position is None:
        raise Misfit(f"no layer interpolates like this ({mode}, {where})")
    if call.integer("antialias", 0) or call.integer("exclude_outside", 0):
        raise Misfit("it interpolates over more than the nearest neighbours")
    rounding = "floor" if old else call.text("nearest_mode", "round_prefer_floor")
    rounded = _ROUNDED.get(rounding) if mode == "nearest" else None
    factors = operation.arguments.get("scale_factor")

    def matrix(axis: int, size: int, output: int) -> Matrix:
        given = factors[axis] if isinstance(factors, tuple) else None
        # In double precision 1 / 3 · 3 is 1, where float32, in which factors stand, is just below.
        near = isinstance(given, (int, float)) and abs(given * size - output) < 1e-4 * output
        scale = output / size if given is None or near else float(given)
        return matrix_of(size, output, lambda i: position(i, size, output, scale), rounded)

    return matrix
