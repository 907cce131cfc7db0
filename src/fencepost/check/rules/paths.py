"""What the layers on a path would have to be, so that other sizes or channels come out of it."""

from __future__ import annotations

from dataclasses import replace

from ...graph import Operation, Shape, Value
from ...text import format_shape
from .context import RuleContext
from .repairs import (
    arguments_text,
    changed,
    channel_arguments,
    fits_with,
    outputs,
    paddings,
    short,
    typed,
)


def coming_to(context: RuleContext, join: Operation, value: Value, other: Value) -> str:
    """Say what the last layer on a path would have to be to come to the other path's sizes."""
    own, wanted = context.shape(value) or (), context.shape(other) or ()
    apart = [axis for axis, (a, b) in enumerate(zip(own, wanted, strict=True)) if a != b]
    if join.kind == "Cat" and isinstance(dim := join.arguments.get("dim"), int):
        apart = [axis for axis in apart if axis != dim % len(own)]
    elif any(wanted[axis] == 1 for axis in apart if own[axis] != 1):
        return ""
    if apart == [1]:
        return making(context, value, wanted[1] or 0, 1)
    if 0 in apart or 1 in apart:
        return ""
    index = _last_maker(context, value, apart[0])
    maker = context.graph.operations[index] if index >= 0 else None
    sizes = wanted[len(own) - len(maker.windows) :] if maker is not None else ()
    if maker is None or not maker.windows or None in sizes:
        return ""
    return _spatial(context, index, tuple(size for size in sizes if size is not None))


def _spatial(context: RuleContext, index: int, wanted: tuple[int, ...]) -> str:
    """Write the padding, or output_padding, with which an operation makes these sizes."""
    maker = context.graph.operations[index]
    if maker.role == "transposed":
        pairs = list(zip(maker.windows, wanted, strict=True))
        extra = tuple(window.remainder + size - window.input for window, size in pairs)
        fits = all(
            0 <= n < max(w.stride, w.dilation) for (w, _), n in zip(pairs, extra, strict=True)
        )
        moved = tuple(replace(window, input=size) for window, size in pairs)
        text = f"output_padding={short(extra)} (→ {format_shape(wanted)})" if fits else ""
    else:
        zeros = []
        for window, size in zip(maker.windows, wanted, strict=True):
            same = window.output == size and window.before == window.after
            even = (w.before for w in paddings(window, size) if w.before == w.after)
            zeros.append(window.before if same else next(even, -1))
        if min(zeros) < 0 or maker.role != "windows":
            return ""
        moved = changed(maker, padding=tuple(zeros))
        text = typed(maker, padding=tuple(zeros))
        if moved and outputs(maker, moved) != wanted:
            return ""
    if not text or maker.output_shape is None:
        return ""
    front = maker.output_shape[: -len(wanted)]
    new = replace(maker, windows=moved, output_shapes=((*front, *wanted),))
    arguments, _, made = text.partition(" (")
    return f"{arguments} in {maker.name} ({made}" if fits_with(context.graph, {index: new}) else ""


def making(context: RuleContext, value: Value, wanted: int, axis: int) -> str:
    """Write what makes the channels (or features) of an array so many, all of it that must be."""
    index = _last_maker(context, value, axis)
    if index < 0 or wanted < 1:
        return ""
    operations = context.graph.operations
    maker = operations[index]
    groups = maker.arguments.get("groups", 1)
    if maker.output_shape is None or maker.weight_shape is None:
        return ""
    if not isinstance(groups, int) or wanted % groups:
        return ""
    name = "out_features" if maker.kind == "Linear" else "out_channels"
    texts: list[str] = []
    changes = {index: _with_channels(maker, wanted, axis, arrive=False)}
    while value.operation != index:  # what has a weight for each channel on the way
        norm = operations[value.operation]
        changes[value.operation] = _with_channels(norm, wanted, axis, arrive=True)
        if norm.in_channels is not None:
            texts.append(f"{arguments_text(channel_arguments(norm, wanted))} in {norm.name}")
        value = norm.inputs[0]
    texts.append(f"{name}={wanted} in {maker.name}")
    return " and ".join(reversed(texts)) if fits_with(context.graph, changes) else ""


def _with_channels(operation: Operation, channels: int, axis: int, *, arrive: bool) -> Operation:
    """The operation as it would be if other channels came out, and, if so, arrived."""

    def with_them(shapes: tuple[Shape | None, ...]) -> tuple[Shape | None, ...]:
        return tuple(
            shape
            if shape is None or len(shape) <= axis
            else (*shape[:axis], channels, *shape[axis + 1 :])
            for shape in shapes
        )

    weight = operation.weight_shape
    if weight is not None and not arrive:
        at = 1 if operation.role == "transposed" else 0
        weight = (*weight[:at], channels, *weight[at + 1 :])
    return replace(
        operation,
        input_shapes=with_them(operation.input_shapes) if arrive else operation.input_shapes,
        output_shapes=with_them(operation.output_shapes),
        weight_shape=(channels,) if arrive and weight is not None else weight,
        parameters=2 * channels if arrive and operation.parameters else operation.parameters,
        arguments={**operation.arguments, "out_channels": channels}
        if not arrive and operation.kind != "Linear"
        else operation.arguments,
    )


def _last_maker(context: RuleContext, value: Value, axis: int) -> int:
    """Find the operation that gave an array its size along an axis; −1 if it is not plain."""
    while value.operation >= 0:
        operation = context.graph.operations[value.operation]
        if _keeps(operation, axis):
            value = operation.inputs[0]
            continue
        return value.operation if operation.role in ("windows", "transposed", "dense") else -1
    return -1


def _keeps(operation: Operation, axis: int) -> bool:
    """Tell whether an operation keeps the size along an axis, whatever it is."""
    weight, windows = operation.weight_shape, operation.windows
    if len(operation.inputs) != 1:
        return False
    if operation.role == "pointwise":
        return weight is None or (len(weight) == 1 and operation.kind != "LayerNorm")
    if axis == 1:
        return operation.role in ("windows", "pad", "resize", "global") and weight is None
    same = all(window.stride == 1 and window.input == window.output for window in windows)
    return operation.role == "windows" and bool(windows) and same
