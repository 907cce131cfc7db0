"""What would fit instead: every number in a repair has been computed by sizing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...errors import SizeError, Suggestion
from ...graph import Graph, Operation
from ...graph.resizing import nearest_inputs
from ...sizing import Window, halved, windows
from ...text import format_shape, join_words

# More padding than any network has is not searched for.
_MOST_PADDING = 1024


def exact(operation: Operation, inputs_only: bool = False) -> str:
    """Say which input, padding, kernel or stride of an operation leaves nothing over."""
    parts = []
    suggestions = _suggestions(operation.windows)
    sizes = [
        suggestion.changes["input_size"]
        for suggestion in suggestions
        if _is(suggestion, "input_size")
    ]
    if sizes:
        inputs = [format_shape(_tuple(size)) for size in sizes]
        parts.append(f"an input of {join_words(inputs, 'or')} here")
    if not inputs_only:
        parts += _other_arguments(operation, suggestions)
    return f"Nothing is left over with {join_words(parts, 'or')}." if parts else ""


def _other_arguments(operation: Operation, suggestions: Sequence[Suggestion]) -> Iterator[str]:
    """Write padding, kernel and stride as PyTorch's layers take them."""
    pools = "Pool" in operation.kind
    for suggestion in suggestions:
        # More than half the kernel no pool takes, and no convolution should.
        if (
            _is(suggestion, "padding")
            and _typed(suggestion.changes["padding"])
            and all(
                padding <= window.effective_kernel_size // 2
                for window, padding in zip(
                    operation.windows, _each(suggestion.changes["padding"], operation), strict=True
                )
            )
        ):
            yield _written(suggestion)
            break
    else:
        zeros = [window.stride - window.remainder for window in operation.windows]
        each = [
            zero if window.remainder else 0
            for zero, window in zip(zeros, operation.windows, strict=True)
        ]
        padded = tuple(
            replace(window, after=window.after + zero).output
            for window, zero in zip(operation.windows, each, strict=True)
        )
        if not pools:
            ends = ", ".join(f"0, {zero}" for zero in reversed(each))  # the last axis comes first
            yield f"F.pad(x, ({ends})) before it (→ {format_shape(padded)})"
    for suggestion in suggestions:
        kernels = suggestion.changes.get("kernel_size")
        if _is(suggestion, "kernel_size") and all(
            window.dilation * (kernel - 1) + 1 >= window.stride
            for window, kernel in zip(operation.windows, _each(kernels, operation), strict=True)
        ):
            yield _written(suggestion)
            break
    for suggestion in suggestions:
        if _is(suggestion, "stride") and all(
            1 < stride <= window.effective_kernel_size
            for window, stride in zip(
                operation.windows, _each(suggestion.changes["stride"], operation), strict=True
            )
        ):
            yield _written(suggestion)
            break
    if pools:
        rounded = tuple(window.ceil_output for window in operation.windows)
        yield f"ceil_mode=True (→ {format_shape(rounded)})"


def _each(value: object, operation: Operation) -> tuple[int, ...]:
    sizes = _tuple(value)
    return sizes * len(operation.windows) if len(sizes) == 1 else sizes


def fitting_inputs(graph: Graph, axes: Sequence[int]) -> str:
    """Say which inputs of the model fit, best with nothing left over; empty if none is near."""
    nearest = nearest_inputs(graph, axes, exact=True) or nearest_inputs(graph, axes, exact=False)
    shapes = [join_words([format_shape(shape[1:]) for shape in shapes]) for shapes in nearest]
    return join_words(shapes, "or") if shapes else ""


def paddings(window: Window, output: int) -> Iterator[Window]:
    """Find the paddings, even first, with which a window makes this output."""
    for total in range(min(window.effective_kernel_size + window.stride, _MOST_PADDING)):
        before, after = halved(total)
        candidate = replace(window, before=before, after=after)
        if candidate.output == output and candidate.blank_windows == 0:
            yield candidate


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


def _is(suggestion: Suggestion, name: str) -> bool:
    return suggestion.changes.keys() == {name}


def _typed(value: object) -> bool:
    """Tell whether PyTorch's layers take it: zeros are the same before and after."""
    return not (isinstance(value, tuple) and any(isinstance(item, tuple) for item in value))


def _written(suggestion: Suggestion) -> str:
    return f"{suggestion.text} (→ {format_shape(_tuple(suggestion.output))})"


def _tuple(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)
