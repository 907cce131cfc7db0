"""What a SizeError says: which windows do not fit, what would be lost, and what would fit.

Every suggestion is recomputed before it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from ..errors import AxisProblem, SizeProblem, Suggestion
from ..text import join_words, plural
from .calls import SizingCall
from .padding import halved, same_padding
from .window import Remainder, Window

_Argument = Literal["kernel", "stride", "dilation"]
_AXIS_NAMES = {1: ("",), 2: ("height", "width"), 3: ("depth", "height", "width")}
# How far the nearest fitting kernel, stride or dilation is searched for.
_SEARCH = 200


def misfit(call: SizingCall) -> SizeProblem:
    """Describe windows that do not fit."""
    groups: dict[Window, list[str]] = {}
    names = _AXIS_NAMES.get(len(call.windows)) or tuple(
        f"axis {index}" for index in range(len(call.windows))
    )
    for name, window in zip(names, call.windows, strict=True):
        if window.resolved(call.remainder) is None:
            groups.setdefault(window, []).append(name)
    axes = tuple(
        AxisProblem(join_words(group), window.equation, _consequence(window), window.lost_elements)
        for window, group in groups.items()
    )
    if len(axes) > 1:
        axes = tuple(
            replace(axis, consequence=f"{axis.axis.capitalize()}: {axis.consequence}")
            for axis in axes
        )
    if all(window.span < 0 for window in groups):
        rule = "The kernel is larger than its input: it must fit at least once."
    elif any(window.span < 0 for window in groups):
        rule = "The windows do not fit the input: a kernel must fit at least once, and end at "
        rule += "the far edge after a whole number of steps."
    else:
        rule = "The windows do not fit the input: after a whole number of steps, the last one "
        rule += "must end exactly at the far edge."
    if len(axes) == 1 and (axis := axes[0].axis):
        the = "" if axis.startswith("axis") else "the "
        rule = rule.replace(":", f" along {the}{axis}:", 1)
    return SizeProblem(
        rule=rule,
        received=call.received,
        axes=axes,
        suggestions=tuple(_suggestions(call, sound=True) or _suggestions(call, sound=False)),
    )


def ambiguous_same(call: SizingCall) -> SizeProblem:
    """Explain that "same" has two meanings once the stride is not 1, with the numbers of both."""
    tensorflow = tuple(window.same() for window in call.windows)
    less = [same_padding(window.kernel, window.dilation)[0] for window in call.windows]
    pytorch = tuple(
        replace(window, before=zeros, after=zeros)
        for window, zeros in zip(call.windows, less, strict=True)
    )
    choices = [
        (tensorflow, "as in TensorFlow: input / stride, rounded up"),
        (pytorch, "as in PyTorch layers: dilation·(kernel − 1) // 2"),
    ]
    suggestions = []
    for padded, note in choices:
        changes: dict[str, object] = {"padding": _padding_argument(call, padded)}
        remainder = call.remainder
        if remainder == "error" and any(w.resolved("error") is None for w in padded):
            remainder = "crop"
            changes["remainder"] = remainder
        output = _output(call, padded, remainder)
        if output is not None:
            suggestions.append(Suggestion(changes, output, note))
    return SizeProblem(
        rule='padding="same" is unambiguous only for a stride of 1: with a larger stride the '
        "output cannot be as large as the input, and libraries differ in what they do instead. "
        "Specify the padding in numbers.",
        received=call.received,
        suggestions=tuple(suggestions),
    )


def _consequence(window: Window) -> str:
    if window.span < 0:
        spanned = plural(window.effective_kernel_size, "element")
        kernel = f"A kernel of {plural(window.kernel, 'element')}"
        if window.dilation > 1:
            kernel += f", {window.dilation} apart, spans {spanned}"
        else:
            kernel += f" needs {spanned}"
        padding = " with its padding" if window.before or window.after else ""
        return f"{kernel}; the input{padding} has {window.padded}: {-window.span} too few."
    lost, zeros = window.lost_elements, window.remainder - window.lost_elements
    fit = f"{plural(window.output, 'window')} {'fits' if window.output == 1 else 'fit'}, and "
    if not lost:
        return (
            f"{fit}{_last(zeros, 'zero')} that the padding adds would never be used. "
            "No input element is lost, but the padding is not the one that you specified."
        )
    text = f"{fit}{_last(lost, 'element')} of the input would never be used"
    if zeros:
        text += f", nor the padding after {'it' if lost == 1 else 'them'}"
    text += "."
    if window.stride > window.effective_kernel_size:
        between = plural(window.stride - window.effective_kernel_size, "element")
        text += f" (Steps of {window.stride} skip {between} between neighbouring windows as well.)"
    return text


def _suggestions(call: SizingCall, sound: bool) -> list[Suggestion]:
    """List the nearest choices that fit: input, padding, stride, kernel, dilation, remainder.

    They are sound if they bring no windows that cover nothing but padding.
    """
    tried: list[tuple[str, tuple[Window, ...] | None]] = [
        ("input", _inputs(call, -1)),
        ("input", _inputs(call, +1)),
        ("padding", _trimmed(call)),
        ("padding", _extended(call)),
        ("padding", _even_padding(call)),
    ]
    arguments: tuple[_Argument, ...] = ("stride", "kernel", "dilation")
    for name in arguments:
        tried += [(name, _nearest(call, name, direction)) for direction in (-1, +1)]
    suggestions: dict[tuple[Window, ...], Suggestion] = {}
    for argument, windows in tried:
        if windows is None or windows in suggestions or not _sound(call, windows, sound):
            continue
        output = _output(call, windows, call.remainder)
        if output is not None:
            suggestions[windows] = Suggestion(_changes(call, windows, argument), output)
    return [*suggestions.values(), *_remainders(call, sound)]


def _changes(call: SizingCall, windows: tuple[Window, ...], argument: str) -> dict[str, object]:
    """Write an argument's new values as they would be passed."""
    if argument == "padding":
        return {"padding": _padding_argument(call, windows)}
    values = tuple(getattr(window, argument) for window in windows)
    name = {"input": "input_size", "kernel": "kernel_size"}.get(argument, argument)
    changes: dict[str, object] = {name: _argument(call, values, name)}
    beside = all(window.stride == window.kernel for window in call.windows)
    strides = tuple(window.stride for window in windows)
    if call.pool and argument == "kernel" and beside and strides != values:
        changes["stride"] = _argument(call, strides, "stride")
    return changes


def _sound(call: SizingCall, windows: tuple[Window, ...], sound: bool = True) -> bool:
    """Tell whether no windows are new that cover nothing but padding; a pool has none at all."""
    if call.pool:
        return not any(window.blank_windows for window in windows)
    return not sound or all(
        new.blank_windows <= old.blank_windows
        for new, old in zip(windows, call.windows, strict=True)
    )


def _output(
    call: SizingCall, windows: tuple[Window, ...], remainder: Remainder
) -> int | tuple[int, ...] | None:
    """Recompute; None if it does not fit."""
    outputs = []
    for window in windows:
        resolved = window.resolved(remainder)
        if resolved is None:
            return None
        outputs.append(resolved.output)
    return outputs[0] if call.scalar else tuple(outputs)


def _excess(call: SizingCall, window: Window) -> int:
    """Elements too many (positive) or missing (negative) along this axis; 0 if it fits."""
    if window.resolved(call.remainder) is not None:
        return 0
    return window.span if window.span < 0 else window.remainder


def _inputs(call: SizingCall, direction: int) -> tuple[Window, ...] | None:
    """Take the next smaller or larger input that fits, on every axis that does not."""
    changed = []
    for window in call.windows:
        excess = _excess(call, window)
        if excess > 0 and direction > 0:
            excess -= window.stride
        elif excess < 0 and direction < 0:
            return None
        if window.input - excess < 1:
            return None
        changed.append(replace(window, input=window.input - excess))
    return tuple(changed)


def _trimmed(call: SizingCall) -> tuple[Window, ...] | None:
    """Take off what is too much at the far edge, where that is padding."""
    excesses = [_excess(call, window) for window in call.windows]
    if any(not 0 <= e <= w.after for e, w in zip(excesses, call.windows, strict=True)):
        return None
    return tuple(replace(w, after=w.after - e) for e, w in zip(excesses, call.windows, strict=True))


def _extended(call: SizingCall) -> tuple[Window, ...]:
    """Add what is missing: at the far edge, or around an input that is too small."""
    changed = []
    for window in call.windows:
        excess = _excess(call, window)
        before, after = 0, 0
        if excess > 0:
            after = window.stride - excess
        elif excess < 0:
            before, after = halved(-excess)
        changed.append(replace(window, before=window.before + before, after=window.after + after))
    return tuple(changed)


def _even_padding(call: SizingCall) -> tuple[Window, ...] | None:
    """Find the nearest padding that is the same at both edges of each axis."""
    changed = []
    for window in call.windows:
        even = _evenly_padded(window, call.remainder) if _excess(call, window) else window
        if even is None:
            return None
        changed.append(even)
    return tuple(changed)


def _evenly_padded(window: Window, remainder: Remainder) -> Window | None:
    now = max(window.before, window.after)
    # A zero more at both edges comes back to the same remainder after at most `stride` steps.
    for distance in range(min(window.stride + max(0, -window.span), _SEARCH) + 1):
        for padding in (now - distance, now + distance):
            if padding >= 0:
                candidate = replace(window, before=padding, after=padding)
                if candidate.resolved(remainder) is not None:
                    return candidate
    return None


def _nearest(call: SizingCall, argument: _Argument, direction: int) -> tuple[Window, ...] | None:
    """Find the nearest smaller or larger value that fits: the same on every axis if it was."""
    if len({getattr(window, argument) for window in call.windows}) == 1:
        together = _first(call.windows, argument, direction, call.remainder)
        if together is not None or len(call.windows) == 1:
            return together
    changed: list[Window] = []
    for window in call.windows:
        nearest: tuple[Window, ...] | None = (window,)
        if _excess(call, window):
            nearest = _first((window,), argument, direction, call.remainder)
        if nearest is None:
            return None
        changed += nearest
    return tuple(changed)


def _first(
    windows: tuple[Window, ...], argument: _Argument, direction: int, remainder: Remainder
) -> tuple[Window, ...] | None:
    start: int = getattr(windows[0], argument)
    stop = max(0, start - 1 - _SEARCH) if direction < 0 else start + 1 + _SEARCH
    if argument == "stride":
        if any(window.span < 0 for window in windows):
            return None
        if direction > 0:  # twice as far is another network, not a near choice
            stop = min(stop, 2 * start + 1)
    if argument == "dilation" and all(window.kernel == 1 for window in windows):
        return None  # a kernel of one element has no holes
    for value in range(start + direction, stop, direction):
        changes: dict[str, Any] = {argument: value}
        changed = tuple(replace(window, **changes) for window in windows)
        if all(window.resolved(remainder) is not None for window in changed):
            return changed
        if direction > 0 and any(window.span < 0 for window in changed):
            return None
    return None


def _remainders(call: SizingCall, sound: bool) -> Iterator[Suggestion]:
    if call.remainder != "error" or any(window.span < 0 for window in call.windows):
        return
    cropped = _output(call, call.windows, "crop")
    lost = any(window.lost_elements for window in call.windows)
    what = "what is not used" if lost else "that padding"
    if cropped is not None and _sound(call, call.windows, False):
        yield Suggestion({"remainder": "crop"}, cropped, f"drops {what}, as PyTorch does silently")
    padded = tuple(window for w in call.windows if (window := w.resolved("pad")) is not None)
    output = _output(call, padded, "error")
    if output is not None and _sound(call, padded, sound):
        yield Suggestion({"remainder": "pad"}, output, "adds the missing zeros at the far edge")


def _argument(call: SizingCall, values: tuple[int, ...], name: str) -> int | tuple[int, ...]:
    """Per-axis values as they would be passed: one int where that says the same."""
    short = call.scalar or (call.input_has_axes and name != "input_size")
    return values[0] if short and len(set(values)) == 1 else values


def _padding_argument(call: SizingCall, windows: tuple[Window, ...]) -> object:
    pairs = tuple((window.before, window.after) for window in windows)
    # One number for each axis could be taken for (before, after) if nothing else has axes.
    clear = call.scalar or call.input_has_axes
    if clear and all(before == after for before, after in pairs):
        return _argument(call, tuple(before for before, _ in pairs), "padding")
    return pairs[0] if call.scalar else pairs


def _last(count: int, noun: str) -> str:
    return f"the last {noun}" if count == 1 else f"the last {count} {noun}s"
