"""Single arguments brought to one canonical form: a count, a number, a flag, a choice.

Every function takes the argument's name first, returns the canonical value, or raises
ArgumentError with the rule and what was received. May call errors only.
"""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable
from typing import Any

from .errors import ArgumentError


def integer(name: str, value: Any, minimum: int, maximum: int | None = None) -> int:
    """`value` as an int from `minimum` to `maximum`."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ArgumentError(f"{name} must be an integer. Received: {name}={value!r}") from None
    if number < minimum:
        raise ArgumentError(f"{name} must be at least {minimum}. Received: {name}={number}")
    if maximum is not None and number > maximum:
        raise ArgumentError(f"{name} must be at most {maximum:,}. Received: {name}={number}")
    return number


def real(
    name: str, value: Any, low: float, high: float = math.inf, *, above: bool = False
) -> float:
    """`value` as a float with low <= value < high, or low < value if it must lie above."""
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be a number. Received: {name}={value!r}") from None
    if not low <= number < high or (above and number == low):
        rule = f"more than {low:g}" if above else f"at least {low:g}"
        rule += f" and less than {high:g}" if math.isfinite(high) else ""
        raise ArgumentError(f"{name} must be finite, {rule}. Received: {name}={value!r}")
    return number


def flag(name: str, value: Any) -> bool:
    """`value` as True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{name} must be True or False. Received: {name}={value!r}")
    return value


def choice(name: str, value: Any, choices: tuple[str, ...]) -> Any:
    """`value` when it is one of `choices`; the error offers the nearest."""
    if not isinstance(value, str) or value not in choices:
        hint = nearest(value, choices) if isinstance(value, str) else ""
        raise ArgumentError(
            f"{name} must be one of {', '.join(quoted(choices))}. "
            f"Received: {name}={value!r}{f'. {hint}' if hint else ''}"
        )
    return value


def nearest(name: str, known: Iterable[str]) -> str:
    """Offer the known names that are most like `name`: a sentence, or nothing.

    >>> nearest("gausian", ["mean", "gaussian"])
    'Did you mean "gaussian"?'
    """
    originals = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), list(originals), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(quoted(originals[one] for one in near))}?" if near else ""


def pointed(line: str, column: int) -> str:
    """Show a line, or the part of it that matters, with a mark below the column (from 0).

    >>> print(pointed("mean:sise=3", 5))
        mean:sise=3
             ^ column 6
    """
    shown = "".join(letter if letter.isprintable() else " " for letter in line)
    start = max(0, column - 40)
    piece = shown[start : start + 76]
    before, after = "…" * (start > 0), "…" * (start + 76 < len(shown))
    mark = " " * (len(before) + column - start) + "^"
    return f"    {before}{piece}{after}\n    {mark} column {column + 1}"


def quoted(names: Iterable[str]) -> list[str]:
    """Put each name between quotation marks."""
    return [f'"{name}"' for name in names]
