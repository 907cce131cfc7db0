"""Rules about windows: elements that are dropped, stepped over, or made of padding.  FP2xx.

Each rule is given an operation and yields findings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...graph import Operation, Value
from ...graph.coverage import KEEPING, coverage, steps_over
from ...sizing import Window
from ...text import format_shape, join_words, plural
from ..findings import Finding
from .context import RuleContext, axis_words, finding
from .kernels import evenly, odd_kernel, smaller, touching, used_elements
from .repairs import changed, exact, typed


def dropped(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP201, FP202: what is left over at the far edge."""
    windows = operation.windows
    if operation.role != "windows" or operation.arguments.get("ceil_mode") is True:
        return
    if any(window.span < 0 or window.stride > window.effective_kernel_size for window in windows):
        return  # what lies between the windows is not at the edge only: see stepped_over
    equations = join_words(
        sorted({window.short_equation for window in windows if window.remainder})
    )
    words = axis_words(len(windows))
    before = _padding_before(context, operation)
    added = [max(0, window.after) for window in before] or [0] * len(windows)
    counts = [window.lost_elements for window in windows]
    lost = _by_axis([max(0, a - b) for a, b in zip(counts, added, strict=True)], words)
    if not lost and any(counts):  # all that is lost was put there by an operation of its own
        padding = context.maker(operation.inputs[0])
        message = f"{equations}: no window covers {_by_axis(counts, words)}, which {padding} adds."
        yield finding("FP202", operation, message, exact(operation, inputs_only=True))
    elif lost:
        message = f"no window covers {lost} of {_sizes(before or windows)}: {equations}."
        yield finding("FP201", operation, message, exact(operation))
    elif any(window.remainder for window in windows):
        used = sorted({(w.before, w.after, w.after - w.remainder) for w in windows if w.remainder})
        zeros = join_words(
            f"{before} of {plural(before, 'zero')} before the input and {left} of {after} after it"
            for before, after, left in used
        )
        message = f"{equations}: the windows use {zeros}."
        yield finding("FP202", operation, message, exact(operation, inputs_only=True))


def stepped_over(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP203, FP204: elements between the windows."""
    if operation.role != "windows":
        return
    shares = [coverage(window) for window in operation.windows]
    if all(covered == count for covered, count in shares):
        return
    covered = math.prod(covered for covered, _ in shares)
    count = math.prod(count for _, count in shares)
    strides = sorted({window.stride for window in operation.windows if steps_over(window)})
    steps = join_words([str(stride) for stride in strides])
    message = (
        f"with a stride of {steps}, the kernel covers {covered} of every {count} elements of "
        f"{_sizes(operation.windows)}"
    )
    beside = _beside(context, operation)
    if beside:
        yield finding("FP203", operation, f"{message}; {beside} uses all of them.")
        return
    yield finding(
        "FP204", operation, f"{message}; no other layer uses all of them.", touching(operation)
    )


def outside(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP205: the last window of ceil_mode, if less than half of it is within."""
    if operation.arguments.get("ceil_mode") is not True or operation.role != "windows":
        return
    worst = min(operation.windows, key=_share_within, default=None)
    if worst is None or 2 * _within(worst) >= worst.kernel:
        return
    words = axis_words(len(operation.windows))
    (_, nouns, _) = words[operation.windows.index(worst)]
    message = (
        f"the last window has only {_within(worst)} of its {worst.kernel} {nouns} inside: "
        f"{worst.short_equation.rpartition(' → ')[0] or worst.short_equation}, rounded up to "
        f"{worst.ceil_output}."
    )
    plain = changed(operation)
    sizes = format_shape(tuple(window.output for window in plain))
    repair = f"ceil_mode=False gives {sizes}. {exact(operation)}" if plain else exact(operation)
    yield finding("FP205", operation, message, repair)


def even_same(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP206: an even kernel that keeps the size."""
    if operation.role != "windows":
        return
    for window in operation.windows:
        keeps = window.stride == 1 and window.output == window.input and not window.remainder
        if not (keeps and window.effective_kernel_size % 2 == 0 and window.before != window.after):
            continue
        odd = list(filter(None, (odd_kernel(operation, change) for change in (-1, 1))))
        message = (
            f"a kernel that spans {window.effective_kernel_size} elements has no centre: with "
            f"{plural(window.before, 'zero')} before the input and {window.after} after it, the "
            "output is shifted by half an element."
        )
        keep = f"The same size without a shift: {join_words(odd, 'or')}." if odd else ""
        yield finding("FP206", operation, message, keep)
        return


def padded(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP207: more padding than half the kernel."""
    if operation.role != "windows" or _is_causal(context, operation):
        return
    for window in operation.windows:
        most = max(window.before, window.after)
        half = window.effective_kernel_size // 2
        if most <= half:
            continue
        blank = window.blank_windows
        what = "the first outputs depend on more zeros than elements of the input"
        if blank:
            what = f"{blank} of {plural(window.output, 'output')} depend only on zeros"
        kernel = f"{window.kernel}"
        if window.dilation > 1:
            kernel += f" elements, {window.dilation} apart, "
            kernel += f"which spans {window.effective_kernel_size}"
        message = f"a padding of {most} for a kernel of {kernel}: {what}."
        zeros = tuple(
            min(max(w.before, w.after), w.effective_kernel_size // 2) for w in operation.windows
        )
        less = typed(operation, padding=zeros)
        repair = f"At most half the kernel: {less}." if less else ""
        yield finding("FP207", operation, message, repair)
        return


def _is_causal(context: RuleContext, operation: Operation) -> bool:
    """Tell whether all that padding at the end makes is cut off: outputs depend on the past only.

    As in A. van den Oord and others, WaveNet: a generative model for raw audio (2016).
    """
    if len(operation.windows) != 1:
        return False
    (window,) = operation.windows
    value = Value(context.graph.operations.index(operation))
    cuts = [part.windows[-1].after for part in context.consumers[value] if part.role == "pad"]
    whole = window.before == window.after == window.effective_kernel_size - 1
    same = len(cuts) == len(context.consumers[value]) > 0
    return whole and same and set(cuts) == {-window.after}


def uneven_writing(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP208: transposed convolutions whose stride does not divide their kernel."""
    if operation.role != "transposed" or operation.output_shape is None:
        return
    for window in operation.windows:
        if window.stride == 1 or window.dilation > 1 or window.kernel % window.stride == 0:
            continue
        few, nouns = window.kernel // window.stride, -(-window.kernel // window.stride)
        message = (
            f"a kernel of {window.kernel} with a stride of {window.stride} writes each "
            f"{'element' if len(operation.windows) == 1 else 'row and column'} of the output "
            f"{few} or {nouns} times."
        )
        yield finding("FP208", operation, message, evenly(operation))
        return


def idle_weights(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP209, FP210: weights that meet padding in every window."""
    if operation.role != "windows" or operation.weight_shape is None:
        return
    windows = operation.windows
    if any(window.span < 0 for window in windows):
        return
    used = [used_elements(window) for window in windows]
    kernel = math.prod(window.kernel for window in windows)
    idle = kernel - math.prod(used)
    if not windows or not idle:
        return
    kernels, inputs = (
        format_shape(tuple(getattr(w, n) for w in windows)) for n in ("kernel", "input")
    )
    if all(window.input == 1 for window in windows):
        message = (
            f"only 1 of the {kernel} weights of its {kernels} kernel is used on {inputs} maps."
        )
        ones = (1,) * len(windows)
        less = typed(operation, kernel_size=ones, padding=(0,) * len(windows))
        same = all(window.output == 1 for window in windows)
        repair = (
            f"The same output with 1 of every {kernel} weights: {less}; or pool less before it."
        )
        yield finding("FP210", operation, message, repair if less and same else "")
        return
    apart = sorted({window.dilation for window in windows if window.dilation > 1})
    apart_words = f", {join_words(apart)} elements apart," if apart else ""
    message = (
        f"{idle} of the {kernel} weights of its {kernels} kernel{apart_words} only multiply zeros "
        f"for an input of {inputs}."
    )
    yield finding("FP209", operation, message, smaller(operation))


# Through so many operations that change each element by itself, another path is searched for.
_FAR = 20

RULES = (dropped, stepped_over, outside, even_same, padded, uneven_writing, idle_weights)


def _padding_before(context: RuleContext, operation: Operation) -> tuple[Window, ...]:
    """Windows of an operation right before this one that pads its input; none if there is none."""
    index = operation.inputs[0].operation if operation.inputs else -1
    maker = context.graph.operations[index] if index >= 0 else None
    if maker is None or maker.role != "pad" or len(maker.windows) != len(operation.windows):
        return ()
    return maker.windows


def _beside(context: RuleContext, operation: Operation) -> str:
    """Name an operation that uses all elements that this one steps over; empty if there is none."""
    operations = context.graph.operations
    start = operation.inputs[0]
    for _ in range(_FAR):
        if start in context.full_consumers:
            return context.full_consumers[start]
        maker = operations[start.operation] if start.operation >= 0 else None
        if maker is None or maker.role not in KEEPING or len(maker.inputs) != 1:
            return ""
        start = maker.inputs[0]
    return ""


def _within(window: Window) -> int:
    """Elements of the last window of ceil_mode that lie in the input."""
    start = (window.ceil_output - 1) * window.stride - window.before
    return min(window.kernel, window.input - start)


def _share_within(window: Window) -> float:
    return _within(window) / window.kernel


def _by_axis(counts: list[int], words: tuple[tuple[str, str, str], ...]) -> str:
    """Say how many rows and columns: "the last row at the bottom and the last 2 columns…"."""
    parts = []
    for count, (noun, nouns, where) in zip(counts, words, strict=True):
        if count:
            last = f"the last {noun}" if count == 1 else f"the last {count} {nouns}"
            parts.append((last, where))
    if len(parts) == 2 and counts[0] == counts[1]:
        noun, nouns = words[0][:2]
        other, others = words[1][:2]
        both = f"{noun} and {other}" if counts[0] == 1 else f"{counts[0]} {nouns} and {others}"
        return f"the last {both} (bottom and right)"
    return join_words([f"{last} ({where})" for last, where in parts])


def _sizes(windows: tuple[Window, ...]) -> str:
    return format_shape(tuple(window.input for window in windows))
