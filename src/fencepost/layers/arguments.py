"""The arguments of windows (kernel, padding) brought to one canonical form, in the constructor.

Every function takes the argument's name first, returns the canonical value, or raises
ArgumentError with the rule and what was received.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .. import arguments
from ..arguments import is_sequence
from ..errors import ArgumentError
from ..text import format_value, plural

Pairs = tuple[tuple[int, int], ...]
PaddingArgument = int | Sequence[int] | Sequence[Sequence[int]] | Literal["same", "valid"]
Remainder = Literal["error", "crop", "pad"]


# Of a window along one axis: far more than is of use, and little enough to compute with.
_MAX_WINDOW = 2**20


def per_axis(name: str, value: Any, ndim: int, minimum: int = 1) -> tuple[int, ...]:
    """Write an integer for all axes, or one for each axis, as a tuple of `ndim` integers."""
    return arguments.per_axis(name, value, ndim, minimum=minimum, maximum=_MAX_WINDOW)


def paddings(name: str, value: Any, ndim: int) -> Pairs | Literal["same"]:
    """Write padding as one (before, after) pair per axis, or "same" as it is; "valid" is none."""

    def pair(item: Any) -> tuple[int, int]:
        before, after = arguments.per_axis(name, item, 2, minimum=0, maximum=_MAX_WINDOW)
        return before, after

    if isinstance(value, str):
        if value == "same":
            return "same"
        if value == "valid":
            return ((0, 0),) * ndim
    elif not is_sequence(value):
        return (pair(value),) * ndim
    elif len(value) == ndim:
        pairs = [is_sequence(item) and len(item) == 2 for item in value]
        if all(pairs) or not any(map(is_sequence, value)):
            return tuple(map(pair, value))
    raise ArgumentError(
        f"{name} must be an integer, one integer per axis, one (before, after) pair per axis, "
        f'"same" or "valid"; the layer has {plural(ndim, "axis", "axes")}. '
        f"Received: {name}={format_value(value)}."
    )


def compact(value: Any) -> Any:
    """Write a canonical value in the shortest way: (5, 5) -> 5, ((2, 2), (2, 2)) -> 2."""
    if isinstance(value, tuple) and value:
        items = [compact(item) for item in value]
        if all(item == items[0] for item in items) and isinstance(items[0], int):
            return items[0]
        # Beside an asymmetric pair, a symmetric one has to stay a pair.
        if any(isinstance(item, tuple) for item in items):
            return value
        return tuple(items)
    return value
