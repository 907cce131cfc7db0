"""Rules about what does not run: sizes that do not fit together, each with what would.  FP1xx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ...graph import Operation, Shape, Value, element_count
from ...graph.resizing import least_input, wanted_features, writes
from ...text import format_shape, join_words, plural
from ..findings import Finding
from .context import RuleContext, axis_words, finding
from .paths import coming_to, making
from .repairs import (
    arguments_text,
    arriving_channels,
    channel_arguments,
    channel_axis,
    fitting_inputs,
    takes_channels,
    typed,
)


def failing(context: RuleContext) -> Iterator[Finding]:
    """FP101 to FP105: why the last operation failed."""
    operation = context.failing
    if operation is None:
        if context.graph.failure:  # before any operation
            yield finding("FP101", None, _quoted(context.graph.failure), context.graph.reading)
        return
    for rule in (_kernel_too_large, _wrong_features, _wrong_axes, _wrong_channels, _disagreeing):
        reason = rule(context, operation)
        if reason is not None:
            reading = context.graph.reading
            yield replace(reason, repair=reading) if reading else reason
            return
    entering = join_words([_shown(shape) for shape in operation.input_shapes]) or "nothing"
    message = f"it fails with an input of {entering}: {_quoted(context.graph.failure)}"
    parts = []
    wanted, shape = wanted_features(operation), operation.input_shape
    if wanted is not None and shape is not None and (features := element_count(shape[1:])):
        parts.append(f"flatten(1) (→ {features:,} features for each input)")
    repair = context.graph.reading or _fits(context, parts)
    yield finding("FP101", operation, message, repair)


def _kernel_too_large(context: RuleContext, operation: Operation) -> Finding | None:
    short = [window for window in operation.windows if window.span < 0]
    if operation.role != "windows" or not short:
        return None
    worst = min(short, key=lambda window: window.span)
    padded = f", padded to {worst.padded}" if worst.padded > worst.input else ""
    inputs = format_shape(tuple(window.input for window in operation.windows))
    message = (
        f"a kernel that spans {plural(worst.effective_kernel_size, 'element')} does not fit in "
        f"an input of {inputs}{padded}: {worst.short_equation}."
    )
    more = _channels_besides(operation)
    if more is None:
        return finding("FP102", operation, message)
    needed = tuple(max(1, w.input - w.span, least_input(operation, w)) for w in operation.windows)
    parts = []
    if not more:
        least = needed if len(set(needed)) > 1 else needed[:1]
        parts.append(f"an input of at least {format_shape(least)} here")
    zeros = tuple(max(w.before, w.after) - min(0, w.span) // 2 for w in operation.windows)
    kernels = tuple(min(w.kernel, (w.padded - 1) // w.dilation + 1) for w in operation.windows)
    parts += [typed(operation, more, padding=zeros), typed(operation, more, kernel_size=kernels)]
    return finding("FP102", operation, message, _fits(context, [*filter(None, parts)]))


def _channels_besides(operation: Operation) -> str | None:
    """Arguments for the channels that arrive, empty if they are right; None if there are none."""
    arriving = arriving_channels(operation)
    if arriving is None or takes_channels(operation):
        return ""
    return arguments_text(channel_arguments(operation, arriving)) or None


def _wrong_features(context: RuleContext, operation: Operation) -> Finding | None:
    shape, weight = operation.input_shape, operation.weight_shape
    if weight is None or len(weight) != 2 or not shape or shape[-1] is None:
        return None
    if operation.kind not in ("Linear", "Gemm", "MatMul") or shape[-1] == weight[1]:
        return None
    arrive, unflattened = shape[-1], _unflattened(context, operation.inputs[0])
    product = (
        f" ({format_shape(unflattened[1:])})"
        if unflattened is not None and len(unflattened) > 2
        else ""
    )
    message = f"it expects {weight[1]:,} features, but gets {arrive:,}{product}."
    parts = [f"in_features={arrive}"]
    if len(shape) > 2:
        whole = element_count(shape[1:])
        message = (
            f"it expects {weight[1]:,} features, but the last axis of its input, "
            f"{_shown(shape)}, has {arrive:,}."
        )
        if whole == weight[1]:
            parts = [f"a Flatten before it (→ {whole:,} features)"]
    return finding("FP103", operation, message, _fits(context, parts))


def _wrong_axes(context: RuleContext, operation: Operation) -> Finding | None:
    """Find a layer for signals that is given images, or the other way round."""
    digit = re.search(r"([123])d$", operation.kind)
    shape = operation.input_shape
    if digit is None or shape is None or len(shape) - 2 == int(digit[1]):
        return None
    axes, inputs = int(digit[1]), [tuple(given) for given in context.graph.input_shapes if given]
    message = (
        f"it expects channels and {plural(axes, 'axis', 'axes')}, but its input is "
        f"{_shown(shape)}: {_quoted(context.graph.failure)}"
    )
    others = {2: "signals", 3: "images", 4: "volumes"}
    repair = f"Put {operation.kind} before Flatten and Linear, which remove these axes."
    if len(shape) - 3 == axes and shape[2] == operation.in_channels and shape in inputs:
        # Whoever gave it gave the batch, too, which is added.
        repair = f"It fits with a model input of {format_shape(shape[2:])}."
    elif len(shape) - 1 in others and len(shape) > 2:
        other = f"{operation.kind[:-2]}{len(shape) - 2}d"
        repair = f"For {others[len(shape) - 1]}, use {other}."
    return finding("FP101", operation, message, repair)


def _wrong_channels(context: RuleContext, operation: Operation) -> Finding | None:
    shape, taken = operation.input_shape, operation.in_channels
    arriving = arriving_channels(operation)
    if taken is None or shape is None or arriving is None or arriving == taken:
        return None
    message = (
        f"it expects {plural(taken, 'channel')}, but its input, {_shown(shape)}, has {arriving}."
    )
    parts = []
    if operation.role != "transposed" or writes(operation):
        parts.append(arguments_text(channel_arguments(operation, arriving)))
        parts.append(making(context, operation.inputs[0], taken, channel_axis(operation)))
    repair = f"It fits with {join_words(filter(None, parts), 'or')}." if any(parts) else ""
    if arriving == 1 and taken == 3 and operation.inputs and operation.inputs[0].operation < 0:
        rest = ", ".join(["-1"] * (len(shape) - 2))
        repair += f" x.expand(-1, 3, {rest}) turns a grey image into three channels."
    return finding("FP105", operation, message, repair)


def _disagreeing(context: RuleContext, operation: Operation) -> Finding | None:
    """A join, or a call of several arrays, whose shapes do not go together."""
    shapes = operation.input_shapes
    if operation.role != "join" and len(shapes) < 2:
        return None
    for index, (item, value) in enumerate(zip(shapes, operation.inputs, strict=True)):
        for other, beside in zip(shapes[index + 1 :], operation.inputs[index + 1 :], strict=True):
            axis = _axis_at_odds(operation, item, other)
            if axis is None or item is None or other is None:
                continue
            left, right = context.maker(value), context.maker(beside)
            message = (
                f"{_shown(item)} from {left} and {_shown(other)} from {right} differ in "
                f"{_axis_name(axis, len(item))}, {item[axis]} and {other[axis]}."
            )
            parts = [
                coming_to(context, operation, value, beside),
                coming_to(context, operation, beside, value),
            ]
            parts = list(filter(None, parts))
            return finding("FP104", operation, message, _fits(context, parts))
    return None


def _axis_at_odds(operation: Operation, first: Shape | None, other: Shape | None) -> int | None:
    """The first axis whose sizes do not go together; None if all do, or it is not known."""
    if first is None or other is None or len(first) != len(other):
        return None
    dim = operation.arguments.get("dim") if operation.kind in ("Cat", "Concat") else None
    for axis, (a, b) in enumerate(zip(first, other, strict=True)):
        if a is None or b is None or a == b:
            continue
        if dim is None and (a == 1 or b == 1) and operation.kind not in ("Cat", "Concat"):
            continue
        if isinstance(dim, int) and axis == dim % len(first):
            continue
        return axis
    return None


def _fits(context: RuleContext, parts: list[str]) -> str:
    """Put what would work into a sentence, with the inputs of the whole model that would."""
    inputs = fitting_inputs(context.graph, context.fields.axes)
    if inputs:
        failing = context.failing
        if failing is not None and all(value.operation < 0 for value in failing.inputs):
            parts = [part for part in parts if not part.endswith(" here")]  # said once
        parts = [*parts, f"a model input of {inputs}"]
    return f"It fits with {join_words(parts, 'or')}." if parts else ""


def contradictions(context: RuleContext) -> Iterator[Finding]:
    """FP106: what the file declares and what it holds."""
    for sentence in context.graph.contradictions:
        yield finding("FP106", None, sentence)


def runtimes(context: RuleContext) -> Iterator[Finding]:
    """FP108, FP109: what a runtime refuses, or makes another size of."""
    operations = {operation.name: operation for operation in context.graph.operations}
    for code, sentences in (("FP108", context.graph.refused), ("FP109", context.graph.disputed)):
        for name, sentence in sentences.items():
            yield finding(code, operations[name], f"{sentence}.")


def other_batch(context: RuleContext) -> Iterator[Finding]:
    """FP107: a reshape that makes another number of rows, which are then taken for inputs."""
    graph = context.graph
    batches = {shape[0] for shape in graph.input_shapes if shape}
    if len(batches) != 1 or graph.failure:
        return
    (batch,) = batches
    for value in graph.outputs:
        maker, linear = value, False
        while maker.operation >= 0:
            operation = graph.operations[maker.operation]
            before, after = operation.input_shape, operation.output_shape
            if not before or not after or after[0] == batch or not operation.inputs:
                break
            if operation.kind in ("Select", "Unbind") and before[0] == batch:
                break  # inputs are taken one by one, as detectors do
            linear = linear or (operation.kind == "Linear" and len(before) == 1)
            if linear and len(before) > 2 and len(after) == 1 and operation.role == "reshape":
                message = (
                    f"{_shown(before)} becomes {after[0]:,}: all inputs of a batch are joined in "
                    "one row, so the layers after it only work for one input at a time."
                )
                yield finding("FP107", operation, message, _flattening(before))
                return
            if operation.role == "reshape" and before[0] == batch and len(after) == 2:
                message = (
                    f"{_shown(before)} becomes {_shown(after)}: {plural(batch or 0, 'input')} in, "
                    f"{plural(after[0] or 0, 'row')} out."
                )
                yield finding("FP107", operation, message, _flattening(before))
                return
            maker = operation.inputs[0]


def _flattening(shape: Shape) -> str:
    features = element_count(shape[1:])
    return f"flatten(1) gives {features:,} features for each input." if features else ""


def along_width(context: RuleContext) -> Iterator[Finding]:
    """FP110: a Linear layer whose features are the columns of a map."""
    for operation in context.graph.operations:
        shape, weight = operation.input_shape, operation.weight_shape
        if operation.kind != "Linear" or shape is None or len(shape) != 4 or len(weight or ()) != 2:
            continue
        maker = operation.inputs[0].operation if operation.inputs else -1
        array = context.fields.arrays[maker] if maker >= 0 else None
        last = array.axes[-1] if array is not None and len(array.axes) == 4 else None
        if array is None or last != len(array.input_sizes) - 1 or not operation.output_shapes:
            continue
        message = (
            f"it treats the {shape[3]} columns of {_shown(shape)} as features, for each row of "
            "each channel separately."
        )
        repair = _flattening(shape).replace("flatten(1)", "A Flatten before it")
        yield finding("FP110", operation, message, repair)


RULES = (failing, contradictions, other_batch, runtimes, along_width)


def _unflattened(context: RuleContext, value: Value) -> Shape | None:
    """Find the shape before the array was flattened."""
    while value.operation >= 0:
        operation = context.graph.operations[value.operation]
        if operation.role == "reshape":
            return operation.input_shape
        if operation.role != "pointwise" or not operation.inputs:
            return None
        value = operation.inputs[0]
    return None


def _axis_name(axis: int, rank: int) -> str:
    if axis == 0:
        return "the batch"
    if axis == 1:
        return "channels" if rank > 2 else "features"
    return axis_words(rank - 2)[axis - 2][1]


def _shown(shape: Shape | None) -> str:
    """Write a shape without its batch, where there is more."""
    if shape is None:
        return "an array of unknown shape"
    return format_shape(shape[1:] if len(shape) > 2 else shape)


def _quoted(failure: str) -> str:
    """End the model's own words as a sentence."""
    text = " ".join(failure.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
