"""What would fit instead: arguments that a layer takes, with the size that they make.

Every repair is computed before it is proposed: `changed` refuses what PyTorch does not take, and
`fits_with` goes through the model with the changes in place.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...errors import ArgumentError, SizeError, Suggestion
from ...graph import Graph, Operation, element_count
from ...graph.resizing import least_input, nearest_inputs, resized
from ...planning.variants import varied
from ...sizing import Window, halved, windows
from ...text import format_shape, join_words

Sizes = tuple[int, ...]
# More padding than any network has is not searched for.
_MOST_PADDING = 1024
_WINDOW_FIELDS = {"kernel_size": "kernel", "stride": "stride", "dilation": "dilation"}


def changed(operation: Operation, /, **changes: Sizes) -> tuple[Window, ...]:
    """Return the windows with other arguments; none if the layer does not take them.

    `changes`: ``kernel_size``, ``stride``, ``padding`` or ``dilation``, an integer for each axis.
    """
    moved = operation.windows
    for name, values in changes.items():
        if name == "padding":
            moved = tuple(replace(w, before=n, after=n) for w, n in zip(moved, values, strict=True))
        else:
            field = _WINDOW_FIELDS[name]
            moved = tuple(
                replace(w, **{field: n})  # type: ignore[arg-type]
                for w, n in zip(moved, values, strict=True)
            )
    fits = all(min(w.kernel, w.stride, w.dilation) > 0 and w.span >= 0 for w in moved)
    if not fits or not _takes(operation, moved, changes):
        return ()
    return moved


def _takes(operation: Operation, moved: Sequence[Window], changes: Mapping[str, Sizes]) -> bool:
    """Tell whether the layer has these arguments, and takes them."""
    if operation.layer is not None:
        shape = tuple(size for size in (operation.input_shape or ())[1:] if size is not None)
        try:
            varied(operation.layer, **changes).output_shape(shape)  # type: ignore[arg-type]
        except (ArgumentError, SizeError, TypeError):
            return False
        return True
    if "Pool" not in operation.kind:
        return True
    if operation.kind.startswith("Adaptive") or ("LP" in operation.kind and "padding" in changes):
        return False
    # https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    if any(w.input < least_input(operation, w) for w in moved):
        return False
    return all(w.before == w.after <= w.kernel // 2 for w in moved)


def typed(operation: Operation, more: str = "", /, **changes: Sizes) -> str:
    """Write arguments as one would type them, with what they make; empty if they are not taken.

    `more`: Other arguments that are written with them.
    """
    moved = changed(operation, **changes)
    if not moved:
        return ""
    if "Pool" in operation.kind and "kernel_size" in changes and "stride" not in changes:
        changes["stride"] = tuple(w.stride for w in moved)  # a pool's own is its kernel's size
        if changes["stride"] == changes["kernel_size"]:
            del changes["stride"]
    given = [
        *(f"{name}={short(values)}" for name, values in changes.items()),
        *filter(None, [more]),
    ]
    return f"{', '.join(given)} (→ {format_shape(outputs(operation, moved))})"


def outputs(operation: Operation, moved: Sequence[Window]) -> Sizes:
    """What comes out along the axes of an operation's windows."""
    rounded = operation.arguments.get("ceil_mode") is True
    return tuple(window.ceil_output if rounded else window.output for window in moved)


def exact(operation: Operation, inputs_only: bool = False) -> str:
    """Say which input, padding, kernel or stride of an operation leaves nothing over."""
    parts = []
    suggestions = _suggestions(operation.windows)
    sizes = [
        _each(suggestion.changes["input_size"], operation)
        for suggestion in suggestions
        if suggestion.changes.keys() == {"input_size"}
    ]
    least = [least_input(operation, window) for window in operation.windows]
    sizes = [each for each in sizes if all(map(operator.ge, each, least))]
    if sizes:
        inputs = [format_shape(size) for size in sizes]
        parts.append(f"an input of {join_words(inputs, 'or')} here")
    if not inputs_only:
        parts += _other_arguments(operation, suggestions)
    return f"Nothing is left over with {join_words(parts, 'or')}." if parts else ""


def _other_arguments(operation: Operation, suggestions: Sequence[Suggestion]) -> Iterator[str]:
    """Write padding, kernel and stride as the layer takes them."""

    def first(name: str) -> str:
        for values in _values(name, operation, suggestions):
            moved = changed(operation, **{name: values})
            # More than half the kernel no convolution should have; no step should be over elements.
            if moved and all(
                w.stride <= w.effective_kernel_size and max(w.before, w.after) <= _half(w)
                for w in moved
            ):
                return typed(operation, **{name: values})
        return ""

    padding = first("padding") or _padded_before(operation)
    yield from filter(None, [padding, first("kernel_size"), first("stride")])
    if operation.layer is not None:
        yield from filter(None, [_remainder_kept(operation)])
    elif (
        "Pool" in operation.kind and changed(operation) and not operation.arguments.get("ceil_mode")
    ):
        rounded = tuple(window.ceil_output for window in operation.windows)
        yield f"ceil_mode=True (→ {format_shape(rounded)})"


def _values(name: str, operation: Operation, suggestions: Sequence[Suggestion]) -> Iterator[Sizes]:
    for suggestion in suggestions:
        values = suggestion.changes.get(name)
        if suggestion.changes.keys() != {name}:
            continue
        if isinstance(values, tuple) and any(isinstance(value, tuple) for value in values):
            continue  # other zeros before than after: layers take the same
        sizes = _each(values, operation)
        if name == "stride" and 1 in sizes:
            continue
        yield sizes


def _padded_before(operation: Operation) -> str:
    """Write the zeros that are missing at the far edge, as an operation before this one."""
    if "Pool" in operation.kind or operation.layer is not None:
        return ""
    each = [w.stride - w.remainder if w.remainder else 0 for w in operation.windows]
    moved = [
        replace(w, after=w.after + zero) for w, zero in zip(operation.windows, each, strict=True)
    ]
    ends = ", ".join(f"0, {zero}" for zero in reversed(each))  # the last axis comes first
    return f"F.pad(x, ({ends})) before it (→ {format_shape(outputs(operation, moved))})"


def _remainder_kept(operation: Operation) -> str:
    """Write the option of a layer of fencepost's that adds the zeros that are missing."""
    shape = tuple(size for size in (operation.input_shape or ())[1:] if size is not None)
    try:
        changes: Any = {"remainder": "pad"}
        made = varied(operation.layer, **changes).output_shape(shape)  # type: ignore[arg-type]
    except (ArgumentError, SizeError, TypeError):
        return ""
    return f'remainder="pad" (→ {format_shape(made[1:])})'


def fitting_inputs(graph: Graph, axes: Sequence[int]) -> str:
    """Say which inputs of the model fit, best with nothing left over; empty if none is near."""
    nearest = nearest_inputs(graph, axes, exact=True) or nearest_inputs(graph, axes, exact=False)
    shapes = [join_words([format_shape(shape[1:]) for shape in shapes]) for shapes in nearest]
    return join_words(shapes, "or") if shapes else ""


def fits_with(graph: Graph, changes: Mapping[int, Operation]) -> bool:
    """Tell whether the whole graph runs with other operations at some indices."""
    known = [tuple(n for n in shape if n is not None) for shape in graph.input_shapes]
    if any(len(a) != len(b) for a, b in zip(known, graph.input_shapes, strict=True)):
        return False
    operations = [changes.get(k, operation) for k, operation in enumerate(graph.operations)]
    return resized(replace(graph, operations=tuple(operations)), known)[1]


def paddings(window: Window, output: int) -> Iterator[Window]:
    """Find the paddings, even first, with which a window makes this output."""
    for total in range(min(window.effective_kernel_size + window.stride, _MOST_PADDING)):
        before, after = halved(total)
        candidate = replace(window, before=before, after=after)
        if candidate.output == output and candidate.blank_windows == 0:
            yield candidate


def channel_axis(operation: Operation) -> int:
    """Which axis of what enters has the channels: convolutions take arrays without a batch, too."""
    weight, shape = operation.weight_shape, operation.input_shape
    if operation.role in ("windows", "transposed") and weight and shape:
        return max(0, len(shape) + 1 - len(weight))
    return 1


def arriving_channels(operation: Operation) -> int | None:
    """Channels that enter an operation; None if it is not known, or other axes than it takes."""
    shape, weight = operation.input_shape, operation.weight_shape
    if shape is None or len(shape) < 2:
        return None
    windowed = operation.role in ("windows", "transposed") and weight
    if windowed and len(shape) not in (len(weight or ()), len(weight or ()) - 1):
        return None
    return shape[channel_axis(operation)]


def takes_channels(operation: Operation) -> bool:
    """Tell whether as many channels arrive as an operation has weights for, as far as is known."""
    return operation.in_channels in (None, arriving_channels(operation))


def channel_arguments(operation: Operation, arriving: int) -> dict[str, int]:
    """Arguments with which a layer takes so many channels; none if it cannot."""
    kind = operation.kind
    if kind.startswith("GroupNorm"):
        groups = operation.arguments.get("num_groups")
        if not isinstance(groups, int):
            return {}
        shared = math.gcd(groups, arriving)
        if element_count((operation.input_shape or ())[1:]) == shared:
            return {}  # PyTorch refuses groups of one value
        return {"num_channels": arriving} | ({"num_groups": shared} if shared != groups else {})
    if kind == "PReLU":
        return {"num_parameters": arriving}
    if operation.role not in ("windows", "transposed"):
        return {"num_features": arriving}
    groups, weight = operation.arguments.get("groups", 1), operation.weight_shape
    if not isinstance(groups, int) or not weight:
        return {}
    out = weight[0] if operation.role == "windows" else weight[1] * groups
    # As many groups as divide both; of a depthwise layer, one for each channel again.
    depthwise = groups > 1 and groups == operation.in_channels and out % arriving == 0
    shared = arriving if depthwise else math.gcd(groups, arriving)
    return {"in_channels": arriving} | ({"groups": shared} if shared != groups else {})


def arguments_text(arguments: Mapping[str, object]) -> str:
    """Write arguments as one would type them."""
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _suggestions(moved: tuple[Window, ...]) -> tuple[Suggestion, ...]:
    """Ask sizing, which raises with the choices that fit."""
    try:
        windows(
            tuple(window.input for window in moved),
            tuple(window.kernel for window in moved),
            tuple(window.stride for window in moved),
            tuple((window.before, window.after) for window in moved),
            tuple(window.dilation for window in moved),
        )
    except SizeError as error:
        return error.suggestions
    return ()


def _half(window: Window) -> int:
    return window.effective_kernel_size // 2


def _each(value: Any, operation: Operation) -> Sizes:
    sizes: Sizes = value if isinstance(value, tuple) else (value,)
    return sizes * len(operation.windows) if len(sizes) == 1 else sizes


def short(values: Sizes) -> int | Sizes:
    """Write a number that is the same along all axes once."""
    return values[0] if len(set(values)) == 1 else values
