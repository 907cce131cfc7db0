"""The layers of flat values, norms, activations, constants and shapes: a rule for each kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import layers
from ...graph import Operation
from .parts import (
    Affine,
    Cut,
    Dense,
    Details,
    Float32,
    Function,
    Misfit,
    Normalise,
    Part,
    Permute,
    Repeat,
    Reshape,
    Resize,
    SoftmaxAlong,
)
from .rules import input_size, new_layer, output_size, rule

# --- dense layers, norms ----------------------------------------------------------------------


@rule("Linear")
def _linear(operation: Operation, details: Details) -> list[Part]:
    weight, bias = details.arrays["weight"], details.arrays.get("bias")
    if bias is not None:
        bias = np.ascontiguousarray(np.broadcast_to(bias.reshape(-1), len(weight)))
    if len(input_size(operation)) != 1:
        return [Part(None, pending=Dense(weight, bias))]
    if bias is None:
        return [Part(layers.Linear(len(weight), bias=False), {"weight": weight})]
    return [Part(layers.Linear(len(weight)), {"weight": weight, "bias": bias})]


@rule("Matmul", "Mm", "Addmm")
def _matmul(operation: Operation, details: Details) -> list[Part]:
    """Read a constant matrix on the right, a dense layer; or on the left: it combines rows."""
    if "weight" in details.arrays:
        return _linear(operation, details)
    matrix, rank = details.arrays.get("left"), len(input_size(operation))
    if matrix is None or matrix.ndim != 2 or rank < 3:
        raise Misfit("it multiplies two arrays that flow through the network")
    return [Part(None, pending=Resize({rank - 3: matrix.astype(np.float64)}))]


@rule("BatchNorm1d", "BatchNorm2d")
def _batch_norm(operation: Operation, details: Details) -> list[Part]:
    given = details.arrays
    if "running_mean" not in given or "running_var" not in given:
        raise Misfit("it has no running statistics")
    shape = input_size(operation)
    if (given["running_var"] < 0).any():
        raise Misfit("its running variances are negative")
    # 0 is below what is allowed here, and 1 + 1e-12 is 1 in float32.
    eps, momentum = float(details.options["eps"]) or 1e-12, details.options.get("momentum")
    affine = "weight" in given or "bias" in given
    kind = layers.BatchNorm2d if len(shape) == 3 else layers.BatchNorm1d
    layer = kind(eps=eps, momentum=0.1 if momentum is None else float(momentum), affine=affine)
    weights = {"running_mean": given["running_mean"], "running_var": given["running_var"]}
    if affine:
        ones = np.ones(shape[0], np.float32)
        weights["weight"] = given.get("weight", ones)
        weights["bias"] = given.get("bias", 0 * ones)
    return [Part(layer, weights)]


@rule("GroupNorm", "LayerNorm", "InstanceNorm1d", "InstanceNorm2d")
def _norm(operation: Operation, details: Details) -> list[Part]:
    """Read a norm of each image by itself, with its factors shaped for what they change."""
    shape, given = input_size(operation), details.arrays
    rank, groups, options = len(shape), 1, details.options
    axes, leading = tuple(range(rank)), 0
    if operation.kind == "LayerNorm":
        axes, leading = axes[rank - int(options["axes"]) :], rank - int(options["axes"])
    elif operation.kind == "GroupNorm":
        groups = int(options["groups"])
    else:
        axes = axes[1:]
        if options.get("running"):
            raise Misfit("it normalises by running statistics")
    if leading < 0 or not axes:
        raise Misfit("it normalises a single value")

    def shaped(name: str) -> Float32 | None:
        array = given.get(name)
        if array is None:
            return None
        if leading or operation.kind == "LayerNorm":
            return array.reshape((1,) * leading + shape[leading:])
        each = np.repeat(array.reshape(-1), shape[0] // array.size)
        return each.reshape(-1, *(1,) * (rank - 1))

    pending = Normalise(
        axes, float(options["eps"]) or 1e-12, groups, shaped("weight"), shaped("bias")
    )
    return [Part(None, pending=pending)]


# --- each value by itself ---------------------------------------------------------------------


def _same(kind: str, name: str = "") -> None:
    """Read a kind as the layer without arguments."""
    rule(kind)(lambda operation, details: [Part(new_layer(name or kind))])


for _kind in ("ReLU", "ReLU6", "Tanh", "Sigmoid", "SiLU"):
    _same(_kind)
_same("Hardswish", "HardSwish")


@rule("Hardsigmoid")
def _hard_sigmoid(operation: Operation, details: Details) -> list[Part]:
    slope = details.options.get("alpha", 1 / 6)
    if abs(slope - 1 / 6) > 1e-6 or abs(details.options.get("beta", 0.5) - 0.5) > 1e-6:
        raise Misfit("its slope is not 1/6")
    return [Part(new_layer("HardSigmoid"))]


@rule("LeakyReLU")
def _leaky_relu(operation: Operation, details: Details) -> list[Part]:
    return [Part(layers.LeakyReLU(details.options["negative_slope"]))]


@rule("GELU")
def _gelu(operation: Operation, details: Details) -> list[Part]:
    if details.options.get("approximate", "none") not in ("none", ""):
        raise Misfit("it is the approximation by tanh")
    return [Part(layers.GELU())]


@rule("Clamp", "Hardtanh")
def _clamp(operation: Operation, details: Details) -> list[Part]:
    low, high = details.options.get("min"), details.options.get("max")
    if low in (None, -math.inf) and isinstance(high, (int, float)):
        return [Part(None, pending=Cut(float(high)))]
    if low != 0:
        raise Misfit(f"values are clipped at {low} and {high}")
    relu = Part(layers.ReLU())
    return [relu] if high in (None, math.inf) else [relu, Part(None, pending=Cut(float(high)))]


@rule("Maximum", "Minimum")
def _limited(operation: Operation, details: Details) -> list[Part]:
    other = details.arrays.get("other")
    if other is None or other.size != 1:
        raise Misfit("fencepost has no such layer")
    limit = float(other.reshape(-1)[0])
    if operation.kind == "Minimum":
        return [Part(None, pending=Cut(limit))]
    if limit != 0:
        raise Misfit(f"values are clipped below {limit:g}")
    return [Part(layers.ReLU())]


@rule("Erf", "Square", "Sqrt", "Rsqrt", "Reciprocal")
def _function(operation: Operation, details: Details) -> list[Part]:
    name: Any = operation.kind.lower()
    return [Part(None, pending=Function(name))]


@rule("Pow")
def _power(operation: Operation, details: Details) -> list[Part]:
    exponent = details.arrays.get("other")
    names: dict[float, Any] = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
    if exponent is None or exponent.size != 1 or details.options.get("constant_first"):
        raise Misfit("its exponent is not a constant")
    name = names.get(float(exponent.reshape(-1)[0]))
    if name is None:
        raise Misfit("fencepost has no layer for this power")
    return [Part(None, pending=Function(name))]


@rule("Dropout", "Dropout1d", "Dropout2d", "FeatureDropout", "AlphaDropout")
def _dropout(operation: Operation, details: Details) -> list[Part]:
    p = float(details.options.get("p", 0.5))
    return [Part(layers.Dropout(p))] if operation.kind == "Dropout" and 0 < p < 1 else []


@rule("DropPath")
def _drop_path(operation: Operation, details: Details) -> list[Part]:
    p = operation.arguments.get("p")
    return [Part(layers.DropPath(p))] if isinstance(p, float) and 0 < p < 1 else []


@rule("Softmax", "LogSoftmax")
def _softmax(operation: Operation, details: Details) -> list[Part]:
    shape = input_size(operation)
    dim = details.options.get("dim", -1)
    axis = dim % (len(shape) + 1) - 1 if isinstance(dim, int) else -1
    if axis < 0:
        raise Misfit("it is applied along an axis other than the channels")
    return [Part(None, pending=SoftmaxAlong(axis, operation.kind == "LogSoftmax"))]


@rule("Identity", "Cat", "Expand")
def _identity(operation: Operation, details: Details) -> list[Part]:
    if operation.output_shape == operation.input_shape:
        return []
    if operation.kind == "Expand":
        return [Part(None, pending=Repeat())]
    raise Misfit("it is joined with a constant")


@rule("Flatten", "Reshape", "View", "Squeeze", "Unsqueeze", "Select", "Unflatten", "Ravel")
def _reshape(operation: Operation, details: Details) -> list[Part]:
    inputs, outputs = input_size(operation), output_size(operation)
    batches = {shape[0] for shape in (operation.input_shape, operation.output_shape) if shape}
    if math.prod(inputs) != math.prod(outputs) or len(batches) > 1:
        raise Misfit("it changes the batch, or selects some of the values")
    if inputs == outputs:
        return []
    if outputs == (math.prod(inputs),):
        return [Part(layers.Flatten())]
    return [Part(None, pending=Reshape())]


@rule("Permute")
def _permute(operation: Operation, details: Details) -> list[Part]:
    dims = operation.arguments.get("dims")
    if not isinstance(dims, tuple) or dims[:1] != (0,):
        raise Misfit("it changes the batch")
    order = tuple(dim - 1 for dim in dims[1:])
    return [Part(None, pending=Permute(order))] if order != tuple(range(len(order))) else []


@rule("Add", "Sub", "Mul", "Div")
def _with_constant(operation: Operation, details: Details) -> list[Part]:
    """Add, subtract, multiply or divide by a constant."""
    if "other" not in details.arrays:
        raise Misfit("what it is combined with is computed elsewhere")
    shape, kind = input_size(operation), operation.kind
    other = _broadcast(details.arrays["other"], output_size(operation))
    one, zero = np.ones((), np.float32), np.zeros((), np.float32)
    first = bool(details.options.get("constant_first"))
    if kind == "Add":
        affine = Affine(one, other)
    elif kind == "Mul":
        affine = Affine(other, zero)
    elif kind == "Sub":
        affine = Affine(-one, other) if first else Affine(one, -other)
    elif first:
        if not (other == 1).all():
            raise Misfit("it divides by what flows through the network")
        return [Part(None, pending=Function("reciprocal"))]
    else:
        with np.errstate(divide="ignore"):
            affine = Affine(one / other, zero)
    if not np.isfinite(affine.factor).all():
        raise Misfit("it divides by zero")
    if output_size(operation) != shape and kind not in ("Add", "Sub"):
        raise Misfit("the constant has another size")
    return [Part(None, pending=affine)]


def _broadcast(array: ArrayLike, shape: tuple[int, ...]) -> Float32:
    """Return a constant as a scalar, or with as many axes as what it is combined with."""
    values: Float32 = np.asarray(array, np.float32)
    if values.size == 1:
        return values.reshape(())
    if values.ndim == len(shape) + 1 and len(values) == 1:
        values = values[0]
    if values.ndim > len(shape):
        raise Misfit("the constant differs from image to image")
    return values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
