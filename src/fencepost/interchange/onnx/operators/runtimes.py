"""What ONNX Runtime makes of windows at their edges, where it is not what the specification says.

Found by running small models in ONNX Runtime 1.27, torch 2.13 and the reference evaluator of onnx;
`tests/interchange/onnx/operators/test_runtimes.py` runs them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....graph import Shape
from ....sizing import Window
from ...facts import Pairs, shape_text
from .node import NodeCall, NodeFacts

_Sizes = tuple[int, ...]


def compare_pool(
    call: NodeCall, facts: NodeFacts, inputs: Shape, kernel: _Sizes, stride: _Sizes,
    dilation: _Sizes, padding: Pairs, outputs: Shape,
) -> None:  # fmt: skip
    """Say where a pool is refused, or comes to another size."""
    same = call.text("auto_pad", "NOTSET").startswith("SAME")
    ones = all(step == 1 for step in dilation)
    flat, rank = call.integers("pads"), len(kernel)
    if flat is not None and len(flat) == 2 * rank:  # looked at even where auto_pad is what counts
        padding = tuple(zip(flat[:rank], flat[rank:], strict=True))
    for size, k, s, pair in zip(inputs, kernel, stride, padding, strict=True):
        if max(pair) >= k:
            facts.refused = (
                f"ONNX Runtime rejects a pool whose padding is not smaller than its kernel: "
                f"{max(pair)} and {k}. PyTorch allows at most half the kernel, {k // 2}"
            )
            return
        steps = same and ones and _is_checked(call) and size is not None
        if steps and (missing := _missing(size or 0, k, s)) < 0:
            facts.refused = (
                "ONNX Runtime rejects auto_pad for a pool that skips elements: a stride of "
                f"{s} and a kernel of {k} on {size} need a padding of {missing}"
            )
            return
    if same and not ones and None not in inputs:
        axes = zip(inputs, kernel, stride, dilation, strict=True)
        ceil = call.integer("ceil_mode", 0) != 0
        theirs = tuple(_undilated(size or 0, k, s, d, ceil) for size, k, s, d in axes)
        if min(theirs) < 0:
            facts.refused = (
                "ONNX Runtime rejects auto_pad for this dilated pool: it ignores the dilation in "
                f"the padding, so no window fits in {shape_text(inputs)}"
            )
        elif theirs != tuple(outputs):
            facts.disputed = (
                f"according to the specification, auto_pad gives {shape_text(outputs)} for "
                f"{shape_text(inputs)}; ONNX Runtime ignores the dilation in the padding and gives "
                f"{shape_text(theirs)}. With explicit padding, both agree"
            )


def compare_convolution(call: NodeCall, facts: NodeFacts, dilation: _Sizes) -> None:
    """Say where a convolution is refused."""
    if call.text("auto_pad", "NOTSET").startswith("SAME") and any(d != 1 for d in dilation):
        facts.refused = (
            f"ONNX Runtime rejects auto_pad for a dilated convolution: dilations {list(dilation)}. "
            "Use explicit padding instead"
        )


def compare_transposed(
    call: NodeCall, facts: NodeFacts, windows: Sequence[Window | None], inputs: Shape, extra: _Sizes
) -> None:
    """Say where a transposed convolution is refused, or comes to another size."""
    if call.text("auto_pad", "NOTSET") not in ("", "NOTSET") and call.integers("pads") is not None:
        facts.refused = "ONNX Runtime rejects pads beside auto_pad for a transposed convolution"
        return
    if len(call.integers("output_shape") or ()) > len(windows):
        facts.refused = (
            f"ONNX Runtime rejects an output_shape that holds the batch and the channels: it needs "
            f"{len(windows)} sizes"
        )
        return
    for window, size, rest in zip(windows, inputs, extra, strict=True):
        if window is None or size is None:
            continue
        given = call.integers("output_shape") is not None
        full = Window.inverse(size, window.kernel, window.stride, window.dilation).input
        most = max(window.stride, window.dilation) if given else window.stride
        if rest >= most:
            facts.refused = (
                f"ONNX Runtime rejects an output_padding that is not smaller than the stride: "
                f"{rest} and {most}"
            )
            return
        if given and window.input - full >= window.stride:
            facts.refused = (
                f"ONNX Runtime rejects an output_shape that the windows cannot produce: "
                f"{window.input} for {size}; possible are {full} to {full + window.stride - 1}"
            )
            return
    known = [window for window in windows if window is not None]
    if not call.text("auto_pad", "NOTSET").startswith("SAME") or len(known) < len(windows):
        return
    if call.integers("output_shape") is None:
        wanted = tuple(window.input for window in known)
        theirs = tuple(_reached(known, inputs, extra))
        if theirs != wanted:
            facts.disputed = (
                f"according to the specification, auto_pad gives {shape_text(wanted)}, input times "
                f"stride, for {shape_text(inputs)}; ONNX Runtime pads but does not enlarge, and "
                f"gives {shape_text(theirs)}. With output_shape, both agree"
            )


def _reached(windows: Sequence[Window], inputs: Shape, extra: _Sizes) -> Iterator[int]:
    """Return what is there to be cut down to the wanted size, and is cut."""
    for window, size, rest in zip(windows, inputs, extra, strict=True):
        full = Window.inverse(
            size or 0, window.kernel, window.stride, window.dilation, output_padding=rest
        )
        yield min(full.input, window.input)


def _is_checked(call: NodeCall) -> bool:
    """Whether what runs a pool looks at its padding: newer code for other pools does not."""
    if call.operator == "AveragePool":
        counted = call.integer("ceil_mode", 0) and call.integer("count_include_pad", 0)
        return call.opset < 19 and not counted
    return call.operator == "MaxPool"


def _missing(size: int, kernel: int, stride: int) -> int:
    """Return the padding of "same" without dilation; negative where elements are stepped over."""
    return (-(-size // stride) - 1) * stride + kernel - size


def _undilated(size: int, kernel: int, stride: int, dilation: int, ceil: bool) -> int:
    """Return how many windows fit with the padding that "same" needs without dilation."""
    spare = size + _missing(size, kernel, stride) - (dilation * (kernel - 1) + 1)
    if ceil:
        return -(-spare // stride) + 1
    quotient = abs(spare) // stride  # of negative numbers, C rounds towards 0
    return (quotient if spare >= 0 else -quotient) + 1
