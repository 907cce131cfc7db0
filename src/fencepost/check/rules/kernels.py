"""Kernels, with their padding and dilation, that would do what a layer's own does not."""

from __future__ import annotations

from dataclasses import replace

from ...graph import Operation
from ...graph.coverage import steps_over
from ...sizing import Window, halved, same_padding
from ...text import format_shape, join_words
from .repairs import changed, short, typed

# Of larger kernels than any network has, a hostile file's, the elements are not counted.
_LARGEST = 1024


def touching(operation: Operation) -> str:
    """Say with which kernel, or with which pool before it, an operation uses every element."""
    windows = operation.windows
    changes = {
        "kernel_size": tuple(
            max(w.kernel, w.stride) if steps_over(w) else w.kernel for w in windows
        )
    }
    if any(w.dilation > 1 for w in windows):
        changes["dilation"] = tuple(1 if steps_over(w) else w.dilation for w in windows)
    moved = changed(operation, **changes)
    parts = [typed(operation, **changes)] if moved and not any(map(steps_over, moved)) else []
    pools = tuple(w.stride for w in windows)
    pooled = replace(
        operation,
        windows=tuple(
            replace(w, input=Window(w.input, n, n).output)
            for w, n in zip(windows, pools, strict=True)
        ),
    )
    ones = (1,) * len(windows)
    moved = changed(pooled, stride=ones)
    if moved and operation.layer is None and all(w.input and not steps_over(w) for w in moved):
        parts.append(
            f"an average pool of {short(pools)} before it and {typed(pooled, stride=ones)}"
        )
    return f"Every element is used with {join_words(parts, 'or')}." if parts else ""


def odd_kernel(operation: Operation, change: int) -> str:
    """Write odd kernels, so much smaller or larger, that keep the sizes; empty if they do not."""
    windows = operation.windows
    kernels = tuple(w.kernel + change if w.before != w.after else w.kernel for w in windows)
    pairs = [
        same_padding(k, w.dilation) if w.before != w.after else (w.before, w.after)
        for k, w in zip(kernels, windows, strict=True)
    ]
    zeros = tuple(before for before, _ in pairs)
    if any(before != after for before, after in pairs):
        return ""
    moved = changed(operation, kernel_size=kernels, padding=zeros)
    keeps = moved and all(new.output == old.output for new, old in zip(moved, windows, strict=True))
    return typed(operation, kernel_size=kernels, padding=zeros) if keeps else ""


def evenly(operation: Operation) -> str:
    """Find the next kernels that the strides divide, with a padding that makes the same output."""
    kernels, zeros, extra = [], [], []
    for window in operation.windows:
        kernel, total = window.kernel, window.before + window.after
        output_padding = window.remainder
        if window.dilation == 1 and window.kernel % window.stride:
            kernel = -(-window.kernel // window.stride) * window.stride
            total += kernel - window.kernel - window.remainder
            output_padding = 1 if total < 0 else total % 2
        _, half = halved(total)
        made = Window.inverse(
            window.output, kernel, window.stride, window.dilation, half, half, output_padding
        )
        if half < 0 or made.input != window.input:
            return ""
        kernels.append(kernel)
        zeros.append(half)
        extra.append(output_padding)
    if any(n >= max(w.stride, w.dilation) for n, w in zip(extra, operation.windows, strict=True)):
        return ""
    given = f"kernel_size={short(tuple(kernels))}, padding={short(tuple(zeros))}"
    if any(extra) or any(window.remainder for window in operation.windows):
        given += f", output_padding={short(tuple(extra))}"
    size = format_shape(tuple(window.input for window in operation.windows))
    return f"The same size without unevenness: {given} (→ {size})."


def smaller(operation: Operation) -> str:
    """Find the largest odd kernels, or else dilations, of which every element meets the input."""
    kernels, dilations, zeros = [], [], []
    for window in operation.windows:
        fitting = window if used_elements(window) == window.kernel else _met(window)
        if fitting is None or fitting.before != fitting.after:
            return ""
        kernels.append(fitting.kernel)
        dilations.append(fitting.dilation)
        zeros.append(fitting.before)
    changes = {"kernel_size": tuple(kernels)}
    if any(d != w.dilation for d, w in zip(dilations, operation.windows, strict=True)):
        changes["dilation"] = tuple(dilations)
    changes["padding"] = tuple(zeros)
    text = typed(operation, **changes)
    return f"Every weight is used with {text}." if text else ""


def _met(window: Window) -> Window | None:
    """Find a window along an axis that makes the same output, and of which all meets the input."""
    # A kernel whose half is within the input meets it everywhere.
    widest = min(window.dilation, 2 * window.input)
    for dilation in range(widest, max(0, widest - _LARGEST), -1):
        most = min(window.kernel, 2 * window.input + 1)
        kernels = range(most, 0, -1) if dilation == 1 else range(window.kernel, most + 1)
        for kernel in kernels:
            before, after = same_padding(kernel, dilation)
            made = replace(window, kernel=kernel, dilation=dilation, before=before, after=after)
            fits = made.span >= 0 and made.output == window.output and before == after
            if fits and used_elements(made) == kernel:
                return made
    return None


def used_elements(window: Window) -> int:
    """How many of the kernel's elements meet the input in some window."""
    if window.kernel > _LARGEST:
        return window.kernel
    last = (window.output - 1) * window.stride
    count = 0
    for tap in range(window.kernel):
        first = tap * window.dilation - window.before
        # Where that element first lies in the input, or after it.
        start = first + max(0, -(first // window.stride)) * window.stride if first < 0 else first
        count += start < window.input and start <= first + last
    return count
