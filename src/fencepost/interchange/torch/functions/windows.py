"""PyTorch's ways of giving windows, brought to one `Window` for each axis."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from ....graph import Shape
from ....sizing import Window, same_padding
from ...facts import Facts, Pairs, convolution_work, window_arguments, windows_over
from ..function_call import FunctionCall
from ..names import kind_of

_WINDOWED = re.compile(r"(conv|conv_transpose|(?:adaptive_)?(?:max|avg)_pool|lp_pool)([123])d")
_SIGNATURES = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose": (
        "input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation",
    ),
    "max_pool": (
        "input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices",
    ),
    "avg_pool": (
        "input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad",
        "divisor_override",
    ),
    "lp_pool": ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
    "adaptive_max_pool": ("input", "output_size", "return_indices"),
    "adaptive_avg_pool": ("input", "output_size"),
}  # fmt: skip
_FLAGS = {"ceil_mode": False, "count_include_pad": True, "divisor_override": None}


def windowed(call: FunctionCall) -> Facts | None:
    """Describe a convolution or pooling; None of all other calls."""
    match = _WINDOWED.fullmatch(call.name)
    if match is None:
        return None
    family, axes = match[1], int(match[2])
    kind = kind_of(call.name)
    given = call.bind(*_SIGNATURES[family])
    shape = tuple(given["input"].shape)
    sizes = shape[-axes:] if axes < len(shape) <= axes + 2 else ()
    if family.startswith("adaptive"):
        return _adaptive(kind, sizes, per_axis(given["output_size"], axes))
    if family.startswith("conv"):
        return _convolution(call, kind, sizes, given, axes)
    kernel = per_axis(given["kernel_size"], axes)
    stride = per_axis(given.get("stride") or kernel, axes)
    padding = pairs(per_axis(given.get("padding", 0), axes), kernel, ())
    dilation = per_axis(given.get("dilation", 1), axes)
    arguments: dict[str, object] = {"kernel_size": kernel}
    if family == "lp_pool":
        arguments = {"norm_type": given["norm_type"], **arguments}
    arguments |= window_arguments(stride, padding, dilation, default_stride=kernel)
    arguments |= {
        name: given[name] for name, usual in _FLAGS.items() if given.get(name, usual) != usual
    }
    return Facts(kind, "windows", arguments, windows_over(sizes, kernel, stride, dilation, padding))


def _convolution(
    call: FunctionCall, kind: str, sizes: tuple[int, ...], given: Mapping[str, Any], axes: int
) -> Facts:
    weight = tuple(given["weight"].shape)
    transposed = "Transpose" in kind
    kernel, groups = weight[2:], given.get("groups", 1)
    stride, dilation, extra = (
        per_axis(given.get(name, default), axes)
        for name, default in (("stride", 1), ("dilation", 1), ("output_padding", 0))
    )
    padding = given.get("padding", 0)
    if not isinstance(padding, str):
        padding = per_axis(padding, axes)
    edges = pairs(padding, kernel, dilation)
    arguments = {
        "out_channels": weight[1] * groups if transposed else weight[0],
        "kernel_size": kernel,
        **window_arguments(
            stride,
            padding if isinstance(padding, str) else edges,
            dilation,
            output_padding=extra,
            groups=groups,
            bias=given.get("bias") is not None,
        ),
    }
    if transposed:
        columns = zip(sizes, kernel, stride, dilation, edges, extra, strict=False)
        sizes = tuple(
            Window.inverse(size, k, s, d, before, after, rest).input
            for size, k, s, d, (before, after), rest in columns
        )
    windows = windows_over(sizes, kernel, stride, dilation, edges)
    work = None
    if call.outputs:
        # Each weight is used once at each position: of the output, or of a transposed one's input.
        positions = call.inputs[0] if transposed and call.inputs else call.outputs[0]
        batch = positions[0] if len(positions) == axes + 2 else 1
        work = convolution_work((batch, *positions[-axes:]), weight)
    return Facts(kind, "transposed" if transposed else "windows", arguments, windows, weight, work)


def writes(call: FunctionCall, axes: int) -> bool:
    """Tell whether a transposed convolution adds less than a step, and leaves an element at all."""
    given = call.bind(*_SIGNATURES["conv_transpose"])
    numbers = (("stride", 1), ("dilation", 1), ("padding", 0), ("output_padding", 0))
    columns = [per_axis(given.get(name, default), axes) for name, default in numbers]
    sizes, kernel = tuple(given["input"].shape)[-axes:], tuple(given["weight"].shape)[-axes:]
    return all(
        extra < max(s, d) and Window.inverse(size, k, s, d, zeros, zeros, extra).input > 0
        for size, k, s, d, zeros, extra in zip(sizes, kernel, *columns, strict=False)
    )


def _adaptive(kind: str, sizes: tuple[int, ...], output_size: tuple[Any, ...]) -> Facts:
    arguments = {"output_size": output_size}
    if all(size == 1 for size in output_size):
        return Facts(kind, "global", arguments)
    windows = [
        adaptive(size, size if output is None else output)
        for size, output in zip(sizes, output_size, strict=False)
    ]
    even = tuple(window for window in windows if window is not None)
    return Facts(kind, "windows", arguments, even if len(even) == len(output_size) else ())


def per_axis(value: Any, axes: int) -> tuple[Any, ...]:
    """Write one number out for every axis; a list of one stands for all axes, too.

    >>> per_axis(3, 2), per_axis([3, 5], 2), per_axis((3,), 2)
    ((3, 3), (3, 5), (3, 3))
    """
    several = plain(value if isinstance(value, (tuple, list)) else (value,))
    return several * axes if len(several) == 1 else several


def plain(numbers: Sequence[Any]) -> tuple[Any, ...]:
    """Write integers that are arrays without axes as integers of Python."""
    return tuple(int(n) if getattr(n, "ndim", None) == 0 else n for n in numbers)


def pairs(
    padding: str | tuple[int, ...], kernel: tuple[int, ...], dilation: tuple[int, ...]
) -> Pairs:
    """Zeros before and after, written out: of an odd number, "same" puts the last one after.

    >>> pairs("same", (4,), (1,)), pairs("valid", (4,), (1,)), pairs((1,), (4,), (1,))
    (((1, 2),), ((0, 0),), ((1, 1),))
    """
    if padding == "same":
        return tuple(map(same_padding, kernel, dilation))
    if isinstance(padding, str):
        return ((0, 0),) * len(kernel)
    return tuple((zeros, zeros) for zeros in padding)


def adaptive(size: int, output: int) -> Window | None:
    """Window of adaptive pooling; None where its windows are not all alike.

    Window `i` goes from ``floor(i·size / output)`` to ``ceil((i + 1)·size / output)``.

    >>> window = adaptive(13, 6)
    >>> window.kernel, window.stride, adaptive(13, 5)
    (3, 2, None)
    """
    ends = [(i * size // output, -(-(i + 1) * size // output)) for i in range(output)]
    kernels = {end - start for start, end in ends}
    strides = {b - a for (a, _), (b, _) in itertools.pairwise(ends)} or {size}
    if len(kernels) > 1 or len(strides) > 1 or not min(strides):
        return None
    return Window(size, min(kernels), min(strides))


def padded_axes(dimensions: int, pad: Sequence[int]) -> list[tuple[int, int]]:
    """Elements before and after along each axis; PyTorch names the last axis first.

    >>> padded_axes(3, (1, 2))
    [(0, 0), (0, 0), (1, 2)]
    """
    given = list(zip(pad[::2], pad[1::2], strict=False))
    return [(0, 0)] * (dimensions - len(given)) + given[::-1]


def sliced_axes(shape: Shape, index: Any) -> list[tuple[int, int, int]] | None:
    """Elements (as negative counts) that a slice takes away before and after, and its step.

    Empty if axes are picked from or added; None if more than that is asked, as by a mask.

    >>> sliced_axes((1, 4, 9, 9), (slice(None), slice(2), slice(1, 8, 2)))
    [(0, 0, 1), (0, -2, 1), (-1, -1, 2), (0, 0, 1)]
    >>> sliced_axes((1, 4, 9, 9), (..., 0)), sliced_axes((1, 4), [0, 1])
    ([], None)
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    slices = [part for part in parts if isinstance(part, slice)]
    bounds = [bound for part in slices for bound in (part.start, part.stop, part.step)]
    if not all(bound is None or _is_integer(bound) for bound in bounds):
        return None
    others = [part for part in parts if not isinstance(part, slice) and part is not Ellipsis]
    if others:
        return [] if all(part is None or _is_integer(part) for part in others) else None
    position = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    missing = len(shape) - len(parts) + (Ellipsis in parts)
    parts[position : position + 1] = [slice(None)] * missing
    steps = []
    for size, part in zip(shape, parts, strict=False):
        start, stop, step = part.indices(size or 0)
        steps.append((-start, stop - (size or 0), step))
    return steps


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
