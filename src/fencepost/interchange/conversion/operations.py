"""The layer that each operation is, with its weights: a function for each kind, or a few of them.

Kinds are PyTorch's names, as both readers give them. A function returns parts, often one, none
where nothing changes; it raises Misfit where fencepost has no such layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ... import layers
from ...graph import Operation
from ...layers import Layer
from ..registry import registrar
from .parts import Details, Misfit, Part

Rule: TypeAlias = Callable[[Operation, Details], list[Part]]

_RULES: dict[str, Rule] = {}
_rule = registrar(_RULES)


def parts_of(operation: Operation, details: Callable[[Operation], Details]) -> list[Part]:
    """Return the layers that an operation is. Raises Misfit if it is none of fencepost's."""
    rule = _RULES.get(operation.kind)
    if rule is None:
        raise Misfit("fencepost has no such layer")
    if operation.output_shape is None or None in operation.output_shape:
        raise Misfit("the size of its output is not known")
    return rule(operation, details(operation))


def new_layer(name: str, *arguments: Any, **options: Any) -> Layer:
    """Make a layer by its name. Raises Misfit if there is none."""
    kind = Layer.types.get(name)
    if kind is None:
        raise Misfit(f"fencepost has no layer {name}")
    try:
        return kind(*arguments, **options)
    except TypeError:
        raise Misfit(f"fencepost's {name} takes nothing of the kind") from None


def input_size(operation: Operation) -> tuple[int, ...]:
    """Return the shape of what enters, without the batch."""
    return tuple(size or 0 for size in (operation.input_shape or ())[1:])


def output_size(operation: Operation) -> tuple[int, ...]:
    """Return the shape of what leaves, without the batch."""
    return tuple(size or 0 for size in (operation.output_shape or ())[1:])


# --- windows ----------------------------------------------------------------------------------


@_rule("Conv1d", "Conv2d")
def _conv(operation: Operation, details: Details) -> list[Part]:
    axes = int(operation.kind[-2])
    weight, bias = details.arrays["weight"], details.arrays.get("bias")
    _require_axes(operation, axes)
    windows = operation.windows
    groups = operation.arguments.get("groups", 1)
    layer = (layers.Conv1d if axes == 1 else layers.Conv2d)(
        len(weight),
        weight.shape[2:],
        tuple(w.stride for w in windows),
        tuple((w.before, w.after) for w in windows),
        tuple(w.dilation for w in windows),
        groups if isinstance(groups, int) else 1,
        bias is not None,
        remainder="crop" if any(w.remainder for w in windows) else "error",
    )
    weights = {"weight": weight} if bias is None else {"weight": weight, "bias": bias.reshape(-1)}
    return [Part(layer, weights)]


@_rule("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d")
def _pool(operation: Operation, details: Details) -> list[Part]:
    axes = int(operation.kind[-2])
    _require_axes(operation, axes)
    given = operation.arguments
    if given.get("divisor_override") is not None:
        raise Misfit("divisor_override is not 1 for each element")
    windows = operation.windows
    if any(w.dilation > 1 for w in windows):
        raise Misfit("pools have no dilation")
    pads, beyond = [], False
    for w, out in zip(windows, output_size(operation)[1:], strict=True):
        needed = (out - 1) * w.stride + w.kernel - w.input - w.before
        beyond |= needed > w.after  # ceil_mode
        pads.append((w.before, max(w.after, needed)))
    options: dict[str, Any] = {}
    if operation.kind.startswith("Avg"):
        counted = given.get("count_include_pad", True) is not False
        padded = any(w.before or w.after for w in windows)
        if beyond and counted and padded:
            raise Misfit("ceil_mode with padding counts other elements")
        options = {} if counted and not beyond else {"count_include_pad": False}
    kernel, stride = tuple(w.kernel for w in windows), tuple(w.stride for w in windows)
    lost = any(w.remainder for w in windows) and not beyond
    crop = {"remainder": "crop"} if lost or beyond else {}
    return [Part(new_layer(operation.kind, kernel, stride, tuple(pads), **crop, **options))]


@_rule("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d")
def _adaptive(operation: Operation, details: Details) -> list[Part]:
    inputs, outputs = input_size(operation), output_size(operation)
    _require_axes(operation, int(operation.kind[-2]))
    if inputs == outputs:
        return []
    if all(size % out == 0 for size, out in zip(inputs[1:], outputs[1:], strict=True)):
        kernel = tuple(size // out for size, out in zip(inputs[1:], outputs[1:], strict=True))
        return [Part(new_layer(operation.kind.removeprefix("Adaptive"), kernel))]
    return [Part(new_layer(operation.kind, outputs[1:]))]


@_rule("Mean", "Amax")
def _reduced(operation: Operation, details: Details) -> list[Part]:
    inputs = input_size(operation)
    dims = operation.arguments.get("dim")
    chosen = {dims} if isinstance(dims, int) else set(dims) if isinstance(dims, tuple) else set()
    axes = {dim % (len(inputs) + 1) for dim in chosen}
    if len(inputs) < 2 or axes != set(range(2, len(inputs) + 1)):
        raise Misfit("it does not go over all pixels of each channel")
    kind = "Avg" if operation.kind == "Mean" else "Max"
    if operation.arguments.get("keepdim"):
        return [Part(new_layer(f"{kind}Pool{len(inputs) - 1}d", inputs[1:]))]
    return [Part(new_layer(f"Global{kind}Pool"))]


@_rule("Pad", "ConstantPad1d", "ConstantPad2d", "ZeroPad1d", "ZeroPad2d")
def _pad(operation: Operation, details: Details) -> list[Part]:
    if operation.arguments.get("mode", "constant") != "constant":
        raise Misfit("pixels are padded with zeros only")
    pairs = tuple((w.before, w.after) for w in operation.windows)
    if not pairs or any(a < 0 or b < 0 for a, b in pairs):
        raise Misfit("it pads other axes, or cuts off pixels")
    value = float(details.options.get("value") or 0)
    return [Part(None, pad=pairs, pad_value=value, name=operation.name)]


@_rule("Upsample")
def _upsample(operation: Operation, details: Details) -> list[Part]:
    inputs, outputs = input_size(operation), output_size(operation)
    mode = operation.arguments.get("mode", "nearest")
    factors = [out / size for size, out in zip(inputs[1:], outputs[1:], strict=True)]
    if mode not in ("nearest", "bilinear") or operation.arguments.get("align_corners"):
        raise Misfit(f"it interpolates in another way ({mode})")
    if any(factor != int(factor) or factor < 1 for factor in factors):
        raise Misfit("it enlarges by a factor that is no integer")
    scale = int(factors[0]) if len(set(factors)) == 1 else tuple(map(int, factors))
    return [Part(new_layer("Upsample", scale, mode))]


def _require_axes(operation: Operation, axes: int) -> None:
    if len(input_size(operation)) != axes + 1 or (
        "Adaptive" not in operation.kind and len(operation.windows) != axes
    ):
        raise Misfit("its sizes are not known")


# --- dense layers, norms ----------------------------------------------------------------------


@_rule("Linear")
def _linear(operation: Operation, details: Details) -> list[Part]:
    if len(input_size(operation)) != 1:
        raise Misfit("Linear takes flat input here: Flatten comes before it")
    weight, bias = details.arrays["weight"], details.arrays.get("bias")
    if bias is None:
        return [Part(layers.Linear(len(weight), bias=False), {"weight": weight})]
    bias = np.ascontiguousarray(np.broadcast_to(bias.reshape(-1), len(weight)))
    return [Part(layers.Linear(len(weight)), {"weight": weight, "bias": bias})]


@_rule("BatchNorm1d", "BatchNorm2d")
def _batch_norm(operation: Operation, details: Details) -> list[Part]:
    given = details.arrays
    if "running_mean" not in given or "running_var" not in given:
        raise Misfit("it has no running statistics")
    shape = input_size(operation)
    eps, momentum = float(details.options["eps"]), details.options.get("momentum")
    affine = "weight" in given or "bias" in given
    kind = layers.BatchNorm2d if len(shape) == 3 else layers.BatchNorm1d
    layer = kind(eps=eps, momentum=0.1 if momentum is None else float(momentum), affine=affine)
    weights = {"running_mean": given["running_mean"], "running_var": given["running_var"]}
    if affine:
        ones = np.ones(shape[0], np.float32)
        weights["weight"] = given.get("weight", ones)
        weights["bias"] = given.get("bias", 0 * ones)
    return [Part(layer, weights)]


# --- each value by itself ---------------------------------------------------------------------


def _same(kind: str, name: str = "") -> None:
    """Read a kind as the layer without arguments."""
    _rule(kind)(lambda operation, details: [Part(new_layer(name or kind))])


for _kind in ("ReLU", "ReLU6", "Tanh", "Sigmoid", "SiLU"):
    _same(_kind)
_same("Hardswish", "HardSwish")


@_rule("Hardsigmoid")
def _hard_sigmoid(operation: Operation, details: Details) -> list[Part]:
    slope = details.options.get("alpha", 1 / 6)
    if abs(slope - 1 / 6) > 1e-6 or abs(details.options.get("beta", 0.5) - 0.5) > 1e-6:
        raise Misfit("its slope is not 1/6")
    return [Part(new_layer("HardSigmoid"))]


@_rule("LeakyReLU")
def _leaky_relu(operation: Operation, details: Details) -> list[Part]:
    return [Part(layers.LeakyReLU(details.options["negative_slope"]))]


@_rule("GELU")
def _gelu(operation: Operation, details: Details) -> list[Part]:
    if details.options.get("approximate", "none") not in ("none", ""):
        raise Misfit("it is the approximation by tanh")
    return [Part(layers.GELU())]


@_rule("Clamp", "Hardtanh")
def _clamp(operation: Operation, details: Details) -> list[Part]:
    low, high = details.options.get("min"), details.options.get("max")
    if low == 0 and (high is None or high == math.inf):
        return [Part(layers.ReLU())]
    if low == 0 and high == 6:
        return [Part(new_layer("ReLU6"))]
    raise Misfit(f"values are cut off at {low} and {high}")


@_rule("Dropout", "Dropout1d", "Dropout2d", "FeatureDropout", "AlphaDropout")
def _dropout(operation: Operation, details: Details) -> list[Part]:
    p = float(details.options.get("p", 0.5))
    return [Part(layers.Dropout(p))] if operation.kind == "Dropout" and 0 < p < 1 else []


@_rule("Softmax")
def _softmax(operation: Operation, details: Details) -> list[Part]:
    shape = input_size(operation)
    dim = details.options.get("dim", -1)
    if not isinstance(dim, int) or dim % (len(shape) + 1) != 1:
        raise Misfit("it goes along another axis than the channels")
    return [Part(new_layer("Softmax"))]


@_rule("Identity", "Cat")
def _identity(operation: Operation, details: Details) -> list[Part]:
    if operation.output_shape != operation.input_shape:
        raise Misfit("it is joined with a constant")
    return []


@_rule("Flatten", "Reshape", "View", "Squeeze", "Unsqueeze", "Select")
def _reshape(operation: Operation, details: Details) -> list[Part]:
    inputs, outputs = input_size(operation), output_size(operation)
    if (operation.output_shape or (0,))[0] != (operation.input_shape or (0,))[0]:
        raise Misfit("it changes the batch")
    if inputs == outputs or (len(inputs) == 1 and outputs == (*inputs, *(1,) * len(outputs[1:]))):
        return []  # a Gate takes a factor for each channel with and without axes of 1
    if outputs != (math.prod(inputs),):
        raise Misfit(f"it arranges {inputs} as {outputs}, and only Flatten is a layer")
    return [Part(layers.Flatten(), input_shape=inputs)]


@_rule("Add", "Sub", "Mul", "Div")
def _with_constant(operation: Operation, details: Details) -> list[Part]:
    """Add, subtract, multiply or divide by a constant: a factor and a summand for each channel."""
    if "other" not in details.arrays:
        raise Misfit("what it is combined with is computed elsewhere")
    shape = input_size(operation)
    if output_size(operation) != shape:
        raise Misfit("the constant has another size")
    other = _per_channel(details.arrays["other"], shape)
    one, zero = np.ones(shape[0], np.float32), np.zeros(shape[0], np.float32)
    first = bool(details.options.get("constant_first"))
    kind = operation.kind
    if kind == "Add":
        affine = one, other + zero
    elif kind == "Mul":
        affine = other * one, zero
    elif kind == "Sub":
        affine = (-one, other + zero) if first else (one, zero - other)
    elif first:
        raise Misfit("it divides by what flows through the network")
    else:
        affine = one / other, zero
    if not np.isfinite(affine[0]).all():
        raise Misfit("it divides by zero")
    return [Part(None, affine=affine, name=operation.name, input_shape=shape)]


def _per_channel(array: ArrayLike, shape: tuple[int, ...]) -> Any:
    """Return a constant as a scalar, or with a value for each channel."""
    values = np.asarray(array, np.float32)
    if values.size == 1:
        return values.reshape(())
    full = values.reshape((1,) * (len(shape) + 1 - values.ndim) + values.shape)
    if full.shape != (1, shape[0], *(1,) * (len(shape) - 1)):
        raise Misfit("the constant differs from pixel to pixel")
    return full.reshape(-1)
