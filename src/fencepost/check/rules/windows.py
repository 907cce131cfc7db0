"""Rules about windows: elements that are dropped, stepped over, or made of padding.  FP2xx.

Each rule is given an operation and yields findings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from ...graph import Operation
from ...graph.coverage import KEEPING, coverage, steps_over
from ...sizing import Window, halved, same_padding
from ...text import format_shape, join_words, plural
from ..findings import Finding
from .context import RuleContext, axis_words, finding
from .repairs import exact


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
        f"in steps of {steps}, the kernel covers {covered} of every {count} elements of "
        f"{_sizes(operation.windows)}"
    )
    beside = _beside(context, operation)
    if beside:
        yield finding("FP203", operation, f"{message}; {beside} uses all of them.")
        return
    largest = max(strides)
    repair = f"kernel_size={largest}, or an average pool of {largest} before it and stride=1, uses "
    repair += "every element."
    yield finding("FP204", operation, f"{message}; no other layer uses all of them.", repair)


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
        f"the last window holds {_within(worst)} of its {worst.kernel} {nouns}: "
        f"{worst.short_equation.rpartition(' → ')[0] or worst.short_equation}, rounded up to "
        f"{worst.ceil_output}."
    )
    plain = format_shape(tuple(window.output for window in operation.windows))
    yield finding("FP205", operation, message, f"ceil_mode=False makes {plain}. {exact(operation)}")


def even_same(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP206: an even kernel that keeps the size."""
    if operation.role != "windows":
        return
    for window in operation.windows:
        keeps = window.stride == 1 and window.output == window.input and not window.remainder
        if not (keeps and window.effective_kernel_size % 2 == 0 and window.before != window.after):
            continue
        odd = [_odd(window, kernel) for kernel in (window.kernel - 1, window.kernel + 1)]
        typed = [f"kernel_size={k}, padding={p}" for k, p in filter(None, odd)]
        message = (
            f"a kernel that spans {window.effective_kernel_size} elements has no middle: "
            f"{plural(window.before, 'zero')} before the input and {window.after} after it, so the "
            "output lies half an element off."
        )
        keep = f"{join_words(typed, 'or')} keeps {window.input} and its middle." if typed else ""
        yield finding("FP206", operation, message, keep)
        return


def padded(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP207: more padding than half the kernel."""
    if operation.role != "windows":
        return
    for window in operation.windows:
        most = max(window.before, window.after)
        half = window.effective_kernel_size // 2
        if most <= half:
            continue
        blank = window.blank_windows
        what = f"the first outputs depend on more zeros than elements of the {window.input}"
        if blank:
            what = f"{plural(blank, 'output')} of {window.output} depend on nothing but zeros"
        kernel = f"{window.kernel}"
        if window.dilation > 1:
            kernel += f" elements, {window.dilation} apart, "
            kernel += f"which spans {window.effective_kernel_size}"
        message = f"a padding of {most} on a kernel of {kernel}: {what}."
        fitting = replace(window, before=min(window.before, half), after=min(window.after, half))
        repair = f"padding={half} makes {fitting.output} of {window.input}."
        yield finding("FP207", operation, message, repair)
        return


def uneven_writing(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP208: transposed convolutions whose stride does not divide their kernel."""
    if operation.role != "transposed" or operation.output_shape is None:
        return
    for window in operation.windows:
        if window.stride == 1 or window.dilation > 1 or window.kernel % window.stride == 0:
            continue
        few, nouns = window.kernel // window.stride, -(-window.kernel // window.stride)
        message = (
            f"a kernel of {window.kernel} in steps of {window.stride} writes each "
            f"{'element' if len(operation.windows) == 1 else 'row and column'} of the output "
            f"{few} or {nouns} times."
        )
        yield finding("FP208", operation, message, _evenly(window))
        return


def idle_weights(context: RuleContext, operation: Operation) -> Iterator[Finding]:
    """FP209, FP210: weights that meet padding in every window."""
    if operation.role != "windows" or operation.weight_shape is None:
        return
    windows = operation.windows
    if any(window.span < 0 for window in windows):
        return
    used = [_used_elements(window) for window in windows]
    kernel = math.prod(window.kernel for window in windows)
    idle = kernel - math.prod(used)
    if not windows or not idle:
        return
    kernels, inputs = (
        format_shape(tuple(getattr(w, n) for w in windows)) for n in ("kernel", "input")
    )
    if all(window.input == 1 for window in windows):
        message = f"only 1 of the {kernel} elements of its {kernels} kernel meets the {inputs} map."
        repair = f"kernel_size=1, padding=0 does the same with 1 of every {kernel} weights; or "
        repair += "pool less before it."
        yield finding("FP210", operation, message, repair)
        return
    apart = sorted({window.dilation for window in windows if window.dilation > 1})
    apart_words = f", {join_words(apart)} elements apart," if apart else ""
    message = (
        f"{idle} of the {kernel} elements of its {kernels} kernel{apart_words} meet nothing but "
        f"zeros on an input of {inputs}."
    )
    yield finding("FP209", operation, message, _smaller(windows))


# Through so many operations that change each element by itself, another path is searched for.
_FAR = 20
# Of larger kernels than any network has, a hostile file's, the elements are not counted.
_LARGEST = 1024

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


def _used_elements(window: Window) -> int:
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


def _odd(window: Window, kernel: int) -> tuple[int, int] | None:
    """Write the padding with which an odd kernel keeps the size; None if it does not."""
    before, after = same_padding(kernel, window.dilation)
    changed = replace(window, kernel=kernel, before=before, after=after)
    keeps = kernel > 0 and before == after and changed.output == window.input
    return (kernel, before) if keeps else None


def _evenly(window: Window) -> str:
    """Find the next kernel that the stride divides, with a padding that makes the same output."""
    kernel = -(-window.kernel // window.stride) * window.stride
    size = window.output
    more = kernel - window.kernel - window.remainder
    total = window.before + window.after + more
    output_padding = 1 if total < 0 else total % 2
    _, half = halved(total)
    made = Window.inverse(size, kernel, window.stride, 1, half, half, output_padding)
    if half < 0 or made.input != window.input:
        return ""
    extra = f", output_padding={output_padding}" if output_padding else ""
    made_of = f"{window.input} of {size}, evenly."
    return f"kernel_size={kernel}, padding={half}{extra} makes the same {made_of}"


def _smaller(windows: tuple[Window, ...]) -> str:
    """Find the largest odd kernel, or else dilation, of which every element meets the input."""
    window = max(windows, key=lambda window: window.kernel - _used_elements(window))
    # A kernel whose half is within the input meets it everywhere.
    widest = min(window.dilation, 2 * window.input)
    for dilation in range(widest, max(0, widest - _LARGEST), -1):
        most = min(window.kernel, 2 * window.input + 1)
        kernels = range(most, 2, -1) if dilation == 1 else range(window.kernel, most + 1)
        for kernel in kernels:
            before, after = same_padding(kernel, dilation)
            changed = replace(window, kernel=kernel, dilation=dilation, before=before, after=after)
            if _used_elements(changed) == kernel and changed.output == window.output:
                dilated = f", dilation={dilation}" if window.dilation > 1 else ""
                typed = f"kernel_size={kernel}{dilated}, padding={before}"
                return f"{typed} uses every weight and makes the same output."
    return ""


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
