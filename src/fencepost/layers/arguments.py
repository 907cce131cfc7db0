"""The arguments of windows (kernel, padding) brought to one canonical form, in the constructor.

Every function takes the argument's name first, returns the canonical value, or raises
ArgumentError with the rule and what was received. May call arguments and errors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..arguments import integer
from ..errors import ArgumentError

Pairs = tuple[tuple[int, int], ...]
PaddingArgument = int | Sequence[int] | Sequence[Sequence[int]] | Literal["same"]
Remainder = Literal["error", "crop", "pad"]


# Of a window along one axis: far more than is of use, and little enough to reckon with.
_LARGEST = 2**20


def per_axis(name: str, value: Any, rank: int, minimum: int = 1) -> tuple[int, ...]:
    """Write an int for all axes, or one int per axis, as a tuple of `rank` ints."""
    if _is_sequence(value):
        if len(value) != rank:
            raise ArgumentError(
                f"{name} must be an integer or {rank} of them, one per axis. "
                f"Received: {name}={value!r}"
            )
        return tuple(integer(name, item, minimum, _LARGEST) for item in value)
    return (integer(name, value, minimum, _LARGEST),) * rank


def paddings(name: str, value: Any, rank: int) -> Pairs | Literal["same"]:
    """Write padding as one (before, after) pair per axis, or "same" as it is."""
    if isinstance(value, str):
        if value == "same":
            return "same"
    elif not _is_sequence(value):
        cells = integer(name, value, 0, _LARGEST)
        return ((cells, cells),) * rank
    elif len(value) == rank and not any(_is_sequence(item) for item in value):
        return tuple((integer(name, item, 0, _LARGEST),) * 2 for item in value)
    elif len(value) == rank and all(_is_sequence(item) and len(item) == 2 for item in value):
        return tuple(
            (integer(name, a, 0, _LARGEST), integer(name, b, 0, _LARGEST)) for a, b in value
        )
    raise ArgumentError(
        f"{name} must be an integer, one integer per axis, one (before, after) pair per axis, "
        f'or "same"; the layer has {rank} {"axis" if rank == 1 else "axes"}. '
        f"Received: {name}={value!r}"
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


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
