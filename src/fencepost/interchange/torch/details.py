"""The numbers and arrays of a call, by PyTorch's names, for who makes a layer of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import definitions
from ...graph import Operation
from ..conversion.parts import Details, Float32, Misfit, as_float32
from ..conversion.resizing import Matrix, check_size, matrix_of
from .function_call import Recorded
from .functions.windows import per_axis

_SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "conv1d": ("input", "weight", "bias"),
    "conv2d": ("input", "weight", "bias"),
    "linear": ("input", "weight", "bias"),
    "batch_norm": (
        "input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps",
    ),
    "conv_transpose1d": ("input", "weight", "bias"),
    "conv_transpose2d": ("input", "weight", "bias"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
    "instance_norm": (
        "input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum",
        "eps",
    ),
    "interpolate": (
        "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor",
        "antialias",
    ),
    "leaky_relu": ("input", "negative_slope"),
    "hardtanh": ("input", "min", "max"),
    "clamp": ("input", "min", "max"),
    "clip": ("input", "min", "max"),
    "clamp_min": ("input", "min"),
    "gelu": ("input", "approximate"),
    "softmax": ("input", "dim"),
    "dropout": ("input", "p", "training"),
    "pad": ("input", "pad", "mode", "value"),
}  # fmt: skip
_DEFAULTS = {"eps": 1e-5, "momentum": 0.1, "negative_slope": 0.01}
_ARITHMETIC = (
    *("add", "sub", "subtract", "rsub", "mul", "multiply", "div", "divide", "true_divide", "pow"),
    *("maximum", "minimum"),
)


def as_numpy(array: Any) -> Any:
    """Return a tensor's values."""
    return array.detach().cpu().float().numpy()


def details(operation: Operation, arrays: Mapping[str, Any]) -> Details:
    """Read the numbers and arrays of a call by their names."""
    recorded = operation.source
    if not isinstance(recorded, Recorded):
        return Details()
    call = recorded.call

    def value(array: Any) -> Float32:
        try:
            tensor = recorded.origins.value(array, arrays)
        except (LookupError, RuntimeError, TypeError, ValueError):
            raise Misfit("its weights are computed while it runs") from None
        name = recorded.origins.names.get(id(array), operation.name)
        return as_float32(name, as_numpy(tensor))

    if call.name in _ARITHMETIC:
        return _arithmetic(recorded, value)
    if call.name in ("matmul", "mm", "addmm"):
        return _product(recorded, value)
    names = _SIGNATURES.get(call.name, ())
    given = {**_DEFAULTS, **call.bind(*names)}
    if call.name == "hardtanh":
        given = {"min": -1.0, "max": 1.0} | given
        given |= {n: given[f"{n}_val"] for n in ("min", "max") if f"{n}_val" in call.kwargs}
    if call.name == "batch_norm" and given.get("training"):
        raise Misfit("it uses the statistics of the batch in eval mode, too")
    if call.name == "interpolate":
        return Details({"matrix": _resize(operation, given)})
    given |= _of_norm(call.name, given)
    tensors = {n: v for n, v in given.items() if n != "input" and hasattr(v, "is_meta")}
    options = {n: v for n, v in given.items() if n not in tensors and n != "input"}
    return Details(options, {name: value(array) for name, array in tensors.items()})


def _arithmetic(recorded: Recorded, value: Callable[[Any], Float32]) -> Details:
    """Read a sum or a product with a constant."""
    call = recorded.call
    operands = [*call.args[:2], *(call.kwargs[n] for n in ("input", "other") if n in call.kwargs)]
    if len(operands) != 2 or call.kwargs.get("alpha", 1) != 1 or call.kwargs.get("rounding_mode"):
        raise Misfit("it is called with arguments that no layer has")
    flowing = [index for index, operand in enumerate(operands) if id(operand) in recorded.flowing]
    if len(flowing) != 1:
        return Details()
    other = operands[1 - flowing[0]]
    array = value(other) if hasattr(other, "is_meta") else np.asarray(other, np.float32)
    first = (flowing[0] == 1) != recorded.reflected
    return Details({"constant_first": first}, {"other": array})


def _product(recorded: Recorded, value: Callable[[Any], Float32]) -> Details:
    """Read a product with a constant matrix, and what is added to it."""
    call = recorded.call
    *added, first, second = call.args
    flowing = [id(operand) in recorded.flowing for operand in (*added, first, second)]
    if call.kwargs or flowing[-2:].count(True) != 1 or any(flowing[:-2]):
        return Details()
    if flowing[-2]:
        if second.ndim != 2:
            return Details()
        arrays = {"weight": np.ascontiguousarray(value(second).T)}
        return Details({}, arrays | ({"bias": value(added[0])} if added else {}))
    return Details() if added else Details({}, {"left": value(first)})


def _of_norm(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Say over what a norm goes, by the names that ONNX's reader gives, too."""
    if name == "group_norm":
        return {"groups": given["num_groups"]}
    if name == "layer_norm":
        shape = given["normalized_shape"]
        return {"axes": 1 if isinstance(shape, int) else len(shape)}
    if name == "instance_norm":
        return {"running": not given.get("use_input_stats", True)}
    return {}


# --- resizing ---------------------------------------------------------------------------------


def _resize(operation: Operation, given: Mapping[str, Any]) -> Callable[[int, int, int], Matrix]:
    """Return what gives the weights of an axis, from its index and sizes.

    Source: torch.nn.functional.interpolate; a factor that is given is what positions are divided
    by, unless it is to be computed again from the sizes.
    """
    mode, aligned = given.get("mode", "nearest"), bool(given.get("align_corners"))
    if given.get("antialias"):
        raise Misfit("it interpolates over more than the nearest neighbours")
    axes = len(operation.input_shape or ()) - 2
    factors = given.get("scale_factor")
    if factors is not None and not given.get("recompute_scale_factor"):
        factors = per_axis(factors, axes)

    def matrix(axis: int, size: int, output: int) -> Matrix:
        step = 1 / factors[axis] if isinstance(factors, tuple) else size / output
        if mode == "area":
            return _area(size, output)
        if mode == "nearest":
            return matrix_of(size, output, lambda i: i * step + 1e-9, math.floor)
        if mode == "nearest-exact":
            return matrix_of(size, output, lambda i: (i + 0.5) * step + 1e-9, math.floor)
        if mode not in ("linear", "bilinear"):
            raise Misfit(f"no layer interpolates like this ({mode})")
        if aligned:
            ends = (size - 1) / (output - 1) if output > 1 else 0.0
            return matrix_of(size, output, lambda i: i * ends)
        return matrix_of(size, output, lambda i: (i + 0.5) * step - 0.5)

    return matrix


def _area(size: int, output: int) -> Matrix:
    check_size(size, output)
    return np.ascontiguousarray(definitions.adaptive_avg_pool(np.eye(size)[None], [output])[0].T)
