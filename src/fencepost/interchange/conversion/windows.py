"""The layers that move windows, pad, resize or pool: a rule for each kind, or a few of them."""

from __future__ import annotations

from typing import Any

from ... import layers
from ...graph import Operation
from .parts import Details, Misfit, Pad, Part, Reduce, Resize
from .rules import input_size, new_layer, output_size, rule


@rule("Conv1d", "Conv2d")
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
    return [Part(layer, _arrays(weight, bias))]


def _arrays(weight: Any, bias: Any) -> dict[str, Any]:
    return {"weight": weight} if bias is None else {"weight": weight, "bias": bias.reshape(-1)}


@rule("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d")
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
            raise Misfit("ceil_mode with padding divides by other counts")
        options = {} if counted and not beyond else {"count_include_pad": False}
    kernel, stride = tuple(w.kernel for w in windows), tuple(w.stride for w in windows)
    lost = any(w.remainder for w in windows) and not beyond
    crop = {"remainder": "crop"} if lost or beyond else {}
    return [Part(new_layer(operation.kind, kernel, stride, tuple(pads), **crop, **options))]


@rule("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d")
def _adaptive(operation: Operation, details: Details) -> list[Part]:
    inputs, outputs = input_size(operation), output_size(operation)
    _require_axes(operation, int(operation.kind[-2]))
    if inputs == outputs:
        return []
    if all(size % out == 0 for size, out in zip(inputs[1:], outputs[1:], strict=True)):
        kernel = tuple(size // out for size, out in zip(inputs[1:], outputs[1:], strict=True))
        return [Part(new_layer(operation.kind.removeprefix("Adaptive"), kernel))]
    return [Part(new_layer(operation.kind, outputs[1:]))]


@rule("ConvTranspose1d", "ConvTranspose2d")
def _conv_transpose(operation: Operation, details: Details) -> list[Part]:
    axes = int(operation.kind[-2])
    weight, bias = details.arrays["weight"], details.arrays.get("bias")
    _require_axes(operation, axes)
    windows = operation.windows
    groups = operation.arguments.get("groups", 1)
    groups = groups if isinstance(groups, int) else 1
    # All that comes out, less what is cut off before it, less the size that it has.
    extra = tuple(
        w.input + w.before - (size - 1) * w.stride - w.effective_kernel_size + w.before
        for w, size in zip(windows, input_size(operation)[1:], strict=True)
    )
    if min(extra) < 0:
        raise Misfit("it cuts off more after an axis than before it")
    layer = new_layer(
        operation.kind,
        weight.shape[1] * groups,
        weight.shape[2:],
        tuple(w.stride for w in windows),
        tuple(w.before for w in windows),
        extra,
        groups,
        bias is not None,
        tuple(w.dilation for w in windows),
    )
    return [Part(layer, _arrays(weight, bias))]


@rule("Mean", "Amax", "Max", "Sum")
def _reduced(operation: Operation, details: Details) -> list[Part]:
    inputs = input_size(operation)
    dims = operation.arguments.get("dim")
    chosen = {dims} if isinstance(dims, int) else set(dims) if isinstance(dims, tuple) else set()
    axes = tuple(sorted(dim % (len(inputs) + 1) - 1 for dim in chosen))
    if not axes or axes[0] < 0:
        raise Misfit("it reduces over the images of a batch")
    how: Any = {"Mean": "Avg", "Sum": "Sum"}.get(operation.kind, "Max")
    return [Part(None, pending=Reduce(how, axes))]


@rule("Pad", "ConstantPad1d", "ConstantPad2d", "ZeroPad1d", "ZeroPad2d")
def _pad(operation: Operation, details: Details) -> list[Part]:
    if operation.arguments.get("mode", "constant") != "constant":
        raise Misfit("fencepost pads pixels with a constant only")
    pairs = tuple((w.before, w.after) for w in operation.windows)
    if operation.output_shape == operation.input_shape:
        return []
    if not pairs or any(a < 0 or b < 0 for a, b in pairs):
        raise Misfit("it pads other axes, or cuts off pixels")
    return [Part(None, pending=Pad(pairs, float(details.options.get("value") or 0)))]


@rule("Slice")
def _slice(operation: Operation, details: Details) -> list[Part]:
    """Read every second pixel, say, as the maximum of windows of one."""
    windows, axes = operation.windows, len(input_size(operation)) - 1
    if len(windows) != axes or any(w.before or -w.after >= w.stride for w in windows):
        raise Misfit("it cuts off channels or pixels")
    stride = tuple(w.stride for w in windows)
    return [Part(new_layer(f"MaxPool{axes}d", 1, stride, remainder="crop"))]


@rule("Upsample", "Interpolate", "UpsamplingNearest2d", "UpsamplingBilinear2d")
def _upsample(operation: Operation, details: Details) -> list[Part]:
    sizes = zip(input_size(operation)[1:], output_size(operation)[1:], strict=True)
    make = details.options.get("matrix")
    if make is None:
        raise Misfit("no layer interpolates like this")
    return [Part(None, pending=Resize({k: make(k, *pair) for k, pair in enumerate(sizes)}))]


def _require_axes(operation: Operation, axes: int) -> None:
    if len(input_size(operation)) != axes + 1 or (
        "Adaptive" not in operation.kind and len(operation.windows) != axes
    ):
        raise Misfit("its sizes are not known")
