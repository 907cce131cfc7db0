"""ONNX's windowed operators: convolutions, transposed convolutions and pools.

Sizes, `auto_pad` and `ceil_mode` are those of the ONNX operators Conv-22, ConvTranspose-22,
MaxPool-22, AveragePool-22, LpPool-22 (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Sequence

from ....graph import Shape, element_count
from ....sizing import Window, halved
from ...facts import Pairs, convolution_work, shape_text, window_arguments
from .node import MAX_WINDOW, NodeCall, NodeError, NodeFacts, rule
from .runtimes import compare_convolution, compare_pool, compare_transposed

_Sizes = tuple[int, ...]


@rule("Conv", "ConvInteger", "ConvTranspose", "DeformConv", "QLinearConv")
def conv(call: NodeCall) -> NodeFacts:
    """Conv, ConvTranspose, DeformConv, and of integers QLinearConv and ConvInteger."""
    transposed = call.operator == "ConvTranspose"
    weight_at = 3 if call.operator == "QLinearConv" else 1
    without = len(call.inputs)  # the index of an input that is not there
    bias_at = {"QLinearConv": 8, "ConvInteger": without, "DeformConv": 3}.get(call.operator, 2)
    facts = NodeFacts("Conv", "windows", multiply_adds=None)
    if transposed:
        facts.kind, facts.role = "ConvTranspose", "transposed"
    x, weight = call.ranked_shape(3), call.ranked_shape(3, weight_at)
    if weight is None or None in weight:
        return facts
    sizes = tuple(size for size in weight if size is not None)
    kernel, groups = _kernel(call, sizes[2:]), call.integer("group", 1)
    axes = len(kernel)
    facts.kind += f"{axes}d"
    facts.weight_shape = sizes
    facts.weights = (weight_at, bias_at) if call.has(bias_at) else (weight_at,)
    if transposed:
        in_channels, out_channels = sizes[0], sizes[1] * groups
    else:
        in_channels, out_channels = sizes[1] * max(groups, 1), sizes[0]
    facts.arguments = {"out_channels": out_channels, "kernel_size": kernel}
    if x is None:
        return facts
    if transposed:
        outputs = _transposed(call, facts, x[2:], kernel, groups)
    else:
        outputs = _windowed(call, facts, x[2:], kernel, groups=groups, bias=call.has(bias_at))
    if x[1] not in (in_channels, None):
        of = f" ({groups} groups)" if groups > 1 and not transposed else ""
        raise NodeError(
            "The weight must have as many input channels as the input.",
            f"an input of {shape_text(x)} and a weight for {in_channels} channels{of}",
            facts,
        )
    if groups < 1 or sizes[0] % groups:
        name = f"{'in' if transposed else 'out'}_channels"
        raise NodeError(f"groups must divide {name}.", f"groups={groups}, {name}={sizes[0]}", facts)
    bias = call.shape(bias_at)
    if bias is not None and element_count(bias) not in (out_channels, None):
        raise NodeError(
            "A bias must have one element for each output channel.",
            f"a bias of {shape_text(bias)} for {out_channels} channels",
            facts,
        )
    if call.operator == "DeformConv":
        facts.kind, facts.role, facts.windows = "DeformConv2d", "unknown", ()
        facts.reason = "where it samples depends on the data"
    facts.shapes = ((x[0], out_channels, *outputs),)
    positions = x[2:] if transposed else outputs
    facts.multiply_adds = convolution_work((x[0], *positions), sizes)
    return facts


@rule("AveragePool", "LpPool", "MaxPool")
def pool(call: NodeCall) -> NodeFacts:
    """MaxPool, AveragePool and LpPool."""
    x = call.ranked_shape(3)
    kernel = call.integers("kernel_shape") or ()
    if not kernel or not all(0 < size <= MAX_WINDOW for size in kernel):
        raise NodeError("A pool must have a kernel_shape of at least 1.", f"{kernel}")
    word = {"MaxPool": "MaxPool", "AveragePool": "AvgPool", "LpPool": "LPPool"}
    facts = NodeFacts(f"{word[call.operator]}{len(kernel)}d", "windows")
    facts.arguments = {"kernel_size": kernel}
    if x is None:
        return facts
    ceil_mode = call.integer("ceil_mode", 0) != 0
    outputs = _windowed(call, facts, x[2:], kernel, ceil_mode=ceil_mode, default_stride=kernel)
    more: dict[str, object] = {}
    if call.operator == "AveragePool" and "padding" in facts.arguments:
        counted = call.integer("count_include_pad", 0) != 0
        more |= {} if counted else {"count_include_pad": False}
    if call.operator == "LpPool":
        more = {"norm_type": call.integer("p", 2), **more}
    facts.arguments = {**facts.arguments, **more}
    facts.shapes = ((*x[:2], *outputs),) * len(call.node.outputs)
    return facts


@rule("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool")
def global_pool(call: NodeCall) -> NodeFacts:
    """GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one element is left of each channel."""
    x = call.ranked_shape(3)
    word = {"GlobalAveragePool": "AdaptiveAvgPool", "GlobalMaxPool": "AdaptiveMaxPool"}
    kind = word.get(call.operator, "LPPool")
    if x is None:
        return NodeFacts(f"{kind}2d", "global")
    ones = (1,) * (len(x) - 2)
    return NodeFacts(
        f"{kind}{len(ones)}d", "global", {"output_size": ones}, shapes=((*x[:2], *ones),)
    )


def _windowed(
    call: NodeCall,
    facts: NodeFacts,
    inputs: Shape,
    kernel: _Sizes,
    *,
    ceil_mode: bool = False,
    groups: int = 1,
    bias: bool = True,
    default_stride: _Sizes = (),
) -> Shape:
    """Move the windows over each axis; raise NodeError if not even one fits."""
    stride, dilation, padding = _geometry(call, facts, inputs, kernel)
    mode = call.text("auto_pad", "NOTSET")
    windows: list[Window | None] = []
    for size, k, s, d, pair in zip(inputs, kernel, stride, dilation, padding, strict=True):
        if size is None:
            windows.append(None)
        elif mode.startswith("SAME"):
            windows.append(Window(size, k, s, d).same(lower=mode != "SAME_UPPER"))
        else:
            windows.append(Window(size, k, s, d, *pair))
    known = _keep_windows(facts, windows)
    declared = padding
    padding = tuple((window.before, window.after) for window in facts.windows) or padding
    facts.arguments = {
        **facts.arguments,
        **window_arguments(
            stride, padding, dilation, groups=groups, bias=bias, default_stride=default_stride
        ),
        **({"ceil_mode": True} if ceil_mode else {}),
    }
    for window in known:
        if window.span < 0:
            raise NodeError(
                "The kernel must fit into its padded input at least once.", window.equation, facts
            )
    outputs = tuple(
        None if window is None else window.ceil_output if ceil_mode else window.output
        for window in windows
    )
    if default_stride:
        compare_pool(call, facts, inputs, kernel, stride, dilation, declared, outputs)
    else:
        compare_convolution(call, facts, dilation)
    return outputs


def _transposed(
    call: NodeCall, facts: NodeFacts, inputs: Shape, kernel: _Sizes, groups: int
) -> Shape:
    """Return the input of the convolution whose windows are transposed: what comes out."""
    stride, dilation, padding = _geometry(call, facts, inputs, kernel)
    extra = per_axis(call, "output_padding", len(kernel), 0)
    lower = call.text("auto_pad", "NOTSET") != "SAME_UPPER"
    windows: list[Window | None] = []
    columns = zip(
        inputs, kernel, stride, dilation, padding, extra, _wanted(call, inputs, stride), strict=True
    )
    for size, k, s, d, (before, after), rest, wanted in columns:
        if size is None:
            windows.append(None)
        elif wanted is None:
            windows.append(Window.inverse(size, k, s, d, before, after, rest))
        else:
            full = Window.inverse(size, k, s, d, output_padding=rest).input
            ends = halved(max(0, full - wanted), lower=lower)
            windows.append(Window(wanted, k, s, d, *ends))
    known = _keep_windows(facts, windows)
    padding = tuple((window.before, window.after) for window in facts.windows) or padding
    facts.arguments = {
        **facts.arguments,
        **window_arguments(
            stride, padding, dilation, output_padding=extra, groups=groups, bias=call.has(2)
        ),
    }
    if any(window.input < 1 for window in known):
        raise NodeError(
            "The output of a transposed convolution must have at least one element.",
            f"padding that leaves {shape_text([window.input for window in known])}",
            facts,
        )
    compare_transposed(call, facts, windows, inputs, extra)
    return tuple(None if window is None else window.input for window in windows)


def _keep_windows(facts: NodeFacts, windows: list[Window | None]) -> list[Window]:
    """Keep the windows as facts if all of them are known; return those that are."""
    known = [window for window in windows if window is not None]
    if len(known) == len(windows):
        facts.windows = tuple(known)
    return known


def _kernel(call: NodeCall, sizes: _Sizes) -> _Sizes:
    declared = call.integers("kernel_shape")
    if declared is not None and declared != sizes:
        raise NodeError(
            "kernel_shape must match the weight.",
            f"{shape_text(declared)} and {shape_text(sizes)}",
        )
    if not all(0 < size <= MAX_WINDOW for size in sizes):
        raise NodeError(
            "A kernel must have at least one element along each axis.", shape_text(sizes)
        )
    return sizes


def _geometry(
    call: NodeCall, facts: NodeFacts, inputs: Shape, kernel: _Sizes
) -> tuple[_Sizes, _Sizes, Pairs]:
    """Read strides, dilations and padding, as long as the input has the kernel's axes."""
    axes = len(kernel)
    if len(inputs) != axes:
        raise NodeError(
            f"{facts.kind} takes arrays of {axes + 2} axes: batch, channels, and {axes} more.",
            f"{len(inputs) + 2} axes",
            facts,
        )
    stride, dilation = (per_axis(call, name, axes, 1, 1) for name in ("strides", "dilations"))
    return stride, dilation, _padding(call, axes)


def per_axis(call: NodeCall, name: str, axes: int, default: int, minimum: int = 0) -> _Sizes:
    """Read an attribute with an integer for each axis."""
    values = call.integers(name)
    if values is None:
        return (default,) * axes
    if len(values) != axes or not all(minimum <= value <= MAX_WINDOW for value in values):
        raise NodeError(
            f"{name} must have {axes} integers from {minimum} to {MAX_WINDOW:,}.", f"{values}"
        )
    return values


def _padding(call: NodeCall, axes: int) -> Pairs:
    """Read the padding: all of it before the axes, then all of it after them."""
    mode = call.text("auto_pad", "NOTSET")
    if mode not in ("NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise NodeError("auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER.", mode)
    if mode == "VALID":
        return ((0, 0),) * axes
    flat = per_axis(call, "pads", 2 * axes, 0)
    return tuple(zip(flat[:axes], flat[axes:], strict=True))


def _wanted(call: NodeCall, inputs: Shape, stride: Sequence[int]) -> Shape:
    """Return the output sizes that a transposed convolution is given, if it is."""
    given = call.integers("output_shape")
    if given is not None:
        axes = len(stride)
        if len(given) not in (axes, axes + 2) or not all(size > 0 for size in given):
            raise NodeError(f"output_shape must have {axes} sizes.", shape_text(given))
        return given[-axes:]
    if call.text("auto_pad", "NOTSET").startswith("SAME"):
        sizes = zip(inputs, stride, strict=True)
        return tuple(None if size is None else size * step for size, step in sizes)
    return (None,) * len(stride)
