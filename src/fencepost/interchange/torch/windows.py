"""PyTorch's ways of saying windows, brought to one `Window` for each axis."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from fencepost.graph import Role, Shape
from fencepost.interchange.torch.calls import Call, Facts, product
from fencepost.interchange.torch.names import kind_of
from fencepost.sizing import Window

_Pair = tuple[int, int]

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
_DEFAULTS = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
_FLAGS = {"ceil_mode": False, "count_include_pad": True, "divisor_override": None}


def windowed(call: Call) -> Facts | None:
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
        return _adaptive(kind, sizes, given["output_size"], axes)
    if family.startswith("conv"):
        return _convolution(call, kind, sizes, given, axes)
    kernel = per_axis(given["kernel_size"], axes)
    stride = per_axis(given.get("stride") or kernel, axes)
    padding = per_axis(given.get("padding", 0), axes)
    dilation = per_axis(given.get("dilation", 1), axes)
    arguments: dict[str, object] = {"kernel_size": kernel}
    if family == "lp_pool":
        arguments = {"norm_type": given["norm_type"], **arguments}
    if stride != kernel:
        arguments["stride"] = stride
    arguments |= _said({"padding": padding, "dilation": dilation})
    arguments |= {n: given[n] for n, usual in _FLAGS.items() if given.get(n, usual) != usual}
    edges = pairs(padding, kernel, dilation)
    return Facts(kind, "windows", arguments, over(sizes, kernel, stride, dilation, edges))


def _convolution(
    call: Call, kind: str, sizes: tuple[int, ...], given: Mapping[str, Any], axes: int
) -> Facts:
    weight = tuple(given["weight"].shape)
    transposed = "Transpose" in kind
    kernel, groups = weight[2:], given.get("groups", 1)
    stride, dilation, extra = (
        per_axis(given.get(name, _DEFAULTS[name]), axes)
        for name in ("stride", "dilation", "output_padding")
    )
    padding = given.get("padding", 0)
    if not isinstance(padding, str):
        padding = per_axis(padding, axes)
    edges = pairs(padding, kernel, dilation)
    arguments: dict[str, object] = {
        "out_channels": weight[1] * groups if transposed else weight[0],
        "kernel_size": kernel,
        **_said({"stride": stride, "padding": padding, "output_padding": extra}),
        **_said({"dilation": dilation, "groups": groups}),
    }
    if padding == "valid":
        del arguments["padding"]
    if given.get("bias") is None:
        arguments["bias"] = False
    if transposed:
        sizes = tuple(
            Window.inverse(size, k, s, d, before, after, rest).input
            for size, k, s, d, (before, after), rest in zip(
                sizes, kernel, stride, dilation, edges, extra, strict=False
            )
        )
    windows = over(sizes, kernel, stride, dilation, edges)
    work = None
    if call.outputs:
        # Each weight is used once at each place: of the output, or of what is spread out.
        places = call.inputs[0] if transposed and call.inputs else call.outputs[0]
        batch = places[0] if len(places) == axes + 2 else 1
        work = (batch or 0) * product(places[-axes:]) * math.prod(weight)
    role: Role = "transposed" if transposed else "windows"
    return Facts(kind, role, arguments, windows, weight, work)


def _adaptive(kind: str, sizes: tuple[int, ...], wanted: Any, axes: int) -> Facts:
    wanted = per_axis(wanted, axes)
    arguments = {"output_size": wanted}
    if all(size == 1 for size in wanted):
        return Facts(kind, "global", arguments)
    windows = [
        adaptive(size, size if output is None else output)
        for size, output in zip(sizes, wanted, strict=False)
    ]
    even = tuple(window for window in windows if window is not None)
    return Facts(kind, "windows", arguments, even if len(even) == axes else ())


def _said(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what was left at its default, for every axis."""
    return {
        name: value
        for name, value in values.items()
        if any(one != _DEFAULTS[name] for one in (value if isinstance(value, tuple) else (value,)))
    }


def per_axis(value: Any, axes: int) -> tuple[Any, ...]:
    """Write one number out for every axis.

    >>> per_axis(3, 2), per_axis([3, 5], 2), per_axis((3,), 2)
    ((3, 3), (3, 5), (3, 3))
    """
    several = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return several * axes if len(several) == 1 else several


def pairs(
    padding: str | tuple[int, ...], kernel: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[_Pair, ...]:
    """Zeros before and after, written out: of an odd number, "same" puts the last one after.

    >>> pairs("same", (4,), (1,)), pairs("valid", (4,), (1,)), pairs((1,), (4,), (1,))
    (((1, 2),), ((0, 0),), ((1, 1),))
    """
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        return ((0, 0),) * len(kernel)
    return tuple((one, one) for one in padding)


def over(
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: tuple[_Pair, ...],
) -> tuple[Window, ...]:
    """Windows over these sizes, whether they fit or not; none if arguments are at odds."""
    if not len(sizes) == len(kernel) == len(stride) == len(dilation) == len(padding):
        return ()
    return tuple(
        Window(size, k, s, d, before, after)
        for size, k, s, d, (before, after) in zip(
            sizes, kernel, stride, dilation, padding, strict=True
        )
    )


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


def padded_axes(dimensions: int, pad: Sequence[int]) -> list[_Pair]:
    """Cells before and after along each axis; PyTorch names the last axis first.

    >>> padded_axes(3, (1, 2))
    [(0, 0), (0, 0), (1, 2)]
    """
    said = list(zip(pad[::2], pad[1::2], strict=False))
    return [(0, 0)] * (dimensions - len(said)) + said[::-1]


def sliced_axes(shape: Shape, index: Any) -> list[tuple[int, int, int]] | None:
    """Cells (as negative numbers) that a slice takes away before and after, and its step.

    Empty if axes are picked from or added; None if more than that is asked, as by a mask.

    >>> sliced_axes((1, 4, 9, 9), (slice(None), slice(2), slice(1, 8, 2)))
    [(0, 0, 1), (0, -2, 1), (-1, -1, 2), (0, 0, 1)]
    >>> sliced_axes((1, 4, 9, 9), (..., 0)), sliced_axes((1, 4), [0, 1])
    ([], None)
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    bounds = [n for one in parts if isinstance(one, slice) for n in (one.start, one.stop, one.step)]
    if not all(n is None or _whole(n) for n in bounds):
        return None
    others = [one for one in parts if not isinstance(one, slice) and one is not Ellipsis]
    if others:
        return [] if all(one is None or _whole(one) for one in others) else None
    place = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    missing = len(shape) - len(parts) + (Ellipsis in parts)
    parts[place : place + 1] = [slice(None)] * missing
    found = []
    for size, one in zip(shape, parts, strict=False):
        start, stop, step = one.indices(size or 0)
        found.append((-start, stop - (size or 0), step))
    return found


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
