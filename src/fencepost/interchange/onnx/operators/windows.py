"""ONNX's operators that look through windows: convolutions and pools, and their ways back.

Sizes, `auto_pad` and `ceil_mode` are those of the ONNX operators Conv-22, ConvTranspose-22,
MaxPool-22, AveragePool-22, LpPool-22 (onnx.ai/onnx/operators).
"""

from __future__ import annotations

import math

from fencepost.graph import Shape
from fencepost.interchange.onnx.operators.calls import (
    LARGEST_WINDOW,
    Call,
    Misfit,
    Result,
    by,
    product,
)
from fencepost.sizing import Window

_Sizes = tuple["int | None", ...]


def conv(call: Call) -> Result:
    """Conv, and with its scales and zero points among the inputs QLinearConv, ConvInteger."""
    weight_at = 3 if call.node.operator == "QLinearConv" else 1
    bias_at = {"QLinearConv": 8, "Conv": 2}.get(call.node.operator)
    x, weight = call.rank(3), call.rank(3, weight_at)
    if weight is None or (None in weight):
        return Result("Conv", "windows", (None,), multiply_adds=None)
    sizes = _known(weight)
    kernel, groups = _kernel(call, sizes[2:]), call.integer("group", 1)
    biased = bias_at is not None and call.has(bias_at)
    result = Result(
        f"Conv{len(kernel)}d",
        "windows",
        weight_shape=sizes,
        weights=(weight_at, bias_at) if biased and bias_at else (weight_at,),
        multiply_adds=None,
    )
    result.arguments = {"out_channels": sizes[0], "kernel_size": kernel}
    if x is None:
        return result
    strides, dilations, padding, outputs = _look(call, result, x[2:], kernel)
    _describe(result, strides, dilations, padding, groups, biased)
    _channels(call, result, x, sizes[1] * max(groups, 1), groups)
    if groups < 1 or sizes[0] % groups:
        raise Misfit(
            "groups must divide out_channels.",
            f"groups={groups}, out_channels={sizes[0]}",
            result,
        )
    _bias(call, result, bias_at, sizes[0])
    result.shapes = ((x[0], sizes[0], *outputs),)
    places = product((x[0], *outputs))
    result.multiply_adds = None if places is None else places * math.prod(sizes)
    return result


def conv_transpose(call: Call) -> Result:
    """ConvTranspose: each window of the convolution that it undoes is spread from one cell."""
    x, weight = call.rank(3), call.rank(3, 1)
    if weight is None or None in weight:
        return Result("ConvTranspose", "transposed", (None,), multiply_adds=None)
    sizes = _known(weight)
    kernel, groups = _kernel(call, sizes[2:]), call.integer("group", 1)
    axes, biased = len(kernel), call.has(2)
    result = Result(
        f"ConvTranspose{axes}d",
        "transposed",
        weight_shape=sizes,
        weights=(1, 2) if biased else (1,),
        multiply_adds=None,
    )
    channels = sizes[1] * groups
    result.arguments = {"out_channels": channels, "kernel_size": kernel}
    if x is None:
        return result
    _same_axes(x[2:], axes, result)
    strides, dilations = _steps(call, "strides", axes), _steps(call, "dilations", axes)
    rests = _each(call, "output_padding", axes, 0)
    _channels(call, result, x, sizes[0], 1)
    if groups < 1 or sizes[0] % groups:
        raise Misfit(
            "groups must divide in_channels.", f"groups={groups}, in_channels={sizes[0]}", result
        )
    _bias(call, result, 2, channels)
    pads = _pads(call, axes)
    windows: list[Window | None] = []
    wanted = _wanted(call, x[2:], strides)
    for place, size in enumerate(x[2:]):
        if size is None:
            windows.append(None)
            continue
        shape = (kernel[place], strides[place], dilations[place])
        goal = wanted[place]
        if goal is None:
            windows.append(Window.inverse(size, *shape, *pads[place], rests[place]))
            continue
        full = Window.inverse(size, *shape, output_padding=rests[place])
        total = max(0, full.input - goal)
        less = total // 2
        upper = call.text("auto_pad", "NOTSET") == "SAME_UPPER"
        before = less if upper else total - less
        windows.append(Window(goal, *shape, before, total - before))
    whole = [one for one in windows if one is not None]
    result.windows = tuple(whole) if len(whole) == axes else ()
    padding = tuple((one.before, one.after) for one in result.windows) or pads
    _describe(result, strides, dilations, padding, groups, biased)
    if any(rests):
        result.arguments = {**result.arguments, "output_padding": rests}
    if any(one.input < 1 for one in whole):
        raise Misfit(
            "A transposed convolution must put out at least one cell.",
            f"padding that leaves {by(tuple(one.input for one in whole))}",
            result,
        )
    outputs = tuple(None if one is None else one.input for one in windows)
    result.shapes = ((x[0], channels, *outputs),)
    places = product((x[0], *x[2:]))
    result.multiply_adds = None if places is None else places * math.prod(sizes)
    return result


def pool(call: Call) -> Result:
    """MaxPool, AveragePool and LpPool."""
    x = call.rank(3)
    kernel = call.integers("kernel_shape") or ()
    if not kernel or not all(0 < one <= LARGEST_WINDOW for one in kernel):
        raise Misfit("A pool must have a kernel_shape of at least 1.", f"{kernel}")
    word = {"MaxPool": "MaxPool", "AveragePool": "AvgPool", "LpPool": "LPPool"}
    result = Result(f"{word[call.node.operator]}{len(kernel)}d", "windows")
    result.arguments = {"kernel_size": kernel}
    if x is None:
        return result
    ceil = call.integer("ceil_mode", 0) != 0
    strides, dilations, padding, outputs = _look(call, result, x[2:], kernel, ceil=ceil)
    _describe(result, strides, dilations, padding, 1, True, stride_of_pool=kernel)
    more: dict[str, object] = {}
    if ceil:
        more["ceil_mode"] = True
    if call.node.operator == "AveragePool" and any(map(any, padding)):
        counted = call.integer("count_include_pad", 0) != 0
        more |= {} if counted else {"count_include_pad": False}
    if call.node.operator == "LpPool":
        more = {"norm_type": call.integer("p", 2), **more}
    result.arguments = {**result.arguments, **more}
    result.shapes = ((*x[:2], *outputs),) * len(call.node.outputs)
    return result


def global_pool(call: Call) -> Result:
    """GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one cell is left of each channel."""
    x = call.rank(3)
    word = {"GlobalAveragePool": "AdaptiveAvgPool", "GlobalMaxPool": "AdaptiveMaxPool"}
    kind = word.get(call.node.operator, "LPPool")
    if x is None:
        return Result(f"{kind}2d", "global")
    axes = len(x) - 2
    shape = (*x[:2], *(1,) * axes)
    return Result(f"{kind}{axes}d", "global", (shape,), arguments={"output_size": (1,) * axes})


def _look(
    call: Call, result: Result, inputs: Shape, kernel: tuple[int, ...], *, ceil: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...], _Sizes]:
    """Lay the windows over each axis; raise Misfit if not even one fits."""
    axes = len(kernel)
    _same_axes(inputs, axes, result)
    strides, dilations = _steps(call, "strides", axes), _steps(call, "dilations", axes)
    pads = _pads(call, axes)
    mode = call.text("auto_pad", "NOTSET")
    windows: list[Window | None] = []
    for size, k, s, d, (before, after) in zip(
        inputs, kernel, strides, dilations, pads, strict=True
    ):
        if size is None:
            windows.append(None)
        elif mode in ("SAME_UPPER", "SAME_LOWER"):
            windows.append(_same(Window(size, k, s, d), upper=mode == "SAME_UPPER"))
        else:
            windows.append(Window(size, k, s, d, before, after))
    known = tuple(window for window in windows if window is not None)
    if len(known) == axes:
        result.windows = known
        pads = tuple((window.before, window.after) for window in known)
    for window in known:
        if window.span < 0:
            raise Misfit(
                "The kernel must fit into its padded input at least once.", window.equation, result
            )
    outputs = tuple(
        None if window is None else window.ceil_output if ceil else window.output
        for window in windows
    )
    return strides, dilations, pads, outputs


def _same(window: Window, *, upper: bool) -> Window:
    """Pad so that there are input / stride windows, rounded up; an odd zero goes to one side."""
    places = Window(window.input, 1, window.stride).output
    needed = Window.inverse(places, window.kernel, window.stride, window.dilation).input
    total = max(0, needed - window.input)
    less, more = total // 2, total - total // 2
    before, after = (less, more) if upper else (more, less)
    return Window(window.input, window.kernel, window.stride, window.dilation, before, after)


def _describe(
    result: Result,
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    groups: int,
    biased: bool,
    stride_of_pool: tuple[int, ...] | None = None,
) -> None:
    """Add the arguments as PyTorch names them, less those at PyTorch's defaults."""
    ones = (1,) * len(strides)
    found = dict(result.arguments)
    if strides != (stride_of_pool or ones):
        found["stride"] = strides
    if any(before or after for before, after in padding):
        even = all(before == after for before, after in padding)
        found["padding"] = tuple(one[0] for one in padding) if even else padding
    if dilations != ones:
        found["dilation"] = dilations
    if groups != 1:
        found["groups"] = groups
    if not biased:
        found["bias"] = False
    result.arguments = found


def _known(shape: Shape) -> tuple[int, ...]:
    return tuple(size for size in shape if size is not None)


def _kernel(call: Call, sizes: tuple[int, ...]) -> tuple[int, ...]:
    said = call.integers("kernel_shape")
    if said is not None and said != sizes:
        raise Misfit("kernel_shape must be that of the weight.", f"{by(said)} and {by(sizes)}")
    if not all(0 < one <= LARGEST_WINDOW for one in sizes):
        raise Misfit("A kernel must have at least one cell along each axis.", by(sizes))
    return sizes


def _same_axes(inputs: Shape, axes: int, result: Result) -> None:
    if len(inputs) != axes:
        raise Misfit(
            f"{result.kind} takes arrays of {axes + 2} axes: batch, channels, and {axes} more.",
            f"{len(inputs) + 2} axes",
            result,
        )


def _each(call: Call, name: str, axes: int, default: int, least: int = 0) -> tuple[int, ...]:
    """Read an attribute with a number for each axis."""
    values = call.integers(name)
    if values is None:
        return (default,) * axes
    if len(values) != axes or not all(least <= one <= LARGEST_WINDOW for one in values):
        raise Misfit(
            f"{name} must have {axes} numbers from {least} to {LARGEST_WINDOW:,}.", f"{values}"
        )
    return values


def _steps(call: Call, name: str, axes: int) -> tuple[int, ...]:
    return _each(call, name, axes, 1, 1)


def _pads(call: Call, axes: int) -> tuple[tuple[int, int], ...]:
    """Read the padding: all the numbers before the axes, then all those after."""
    mode = call.text("auto_pad", "NOTSET")
    if mode not in ("NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise Misfit("auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER.", mode)
    if mode == "VALID":
        return ((0, 0),) * axes
    flat = _each(call, "pads", 2 * axes, 0)
    return tuple(zip(flat[:axes], flat[axes:], strict=True))


def _wanted(call: Call, inputs: Shape, strides: tuple[int, ...]) -> _Sizes:
    """Return the output sizes that a transposed convolution is told to have, if it is."""
    said = call.integers("output_shape")
    if said is not None:
        axes = len(strides)
        if len(said) not in (axes, axes + 2) or not all(one > 0 for one in said):
            raise Misfit(f"output_shape must have {axes} sizes.", by(said))
        return said[-axes:]
    if call.text("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER"):
        sizes = zip(inputs, strides, strict=True)
        return tuple(None if size is None else size * step for size, step in sizes)
    return (None,) * len(strides)


def _channels(call: Call, result: Result, x: Shape, expected: int, groups: int) -> None:
    if x[1] not in (expected, None):
        of = f" ({groups} groups)" if groups > 1 else ""
        raise Misfit(
            "The weight must be made for as many channels as there are.",
            f"an input of {by(x)} and a weight for {expected} channels{of}",
            result,
        )


def _bias(call: Call, result: Result, index: int | None, channels: int) -> None:
    bias = None if index is None else call.shape(index)
    if bias is not None and product(bias) not in (channels, None):
        raise Misfit(
            "A bias must have a number for each output channel.",
            f"a bias of {by(bias)} for {channels} channels",
            result,
        )
