"""Checks of single settings (a rate, a count, a flag), so that every error reads alike.

Used by the modules of ``fencepost.training``; calls ``errors`` only.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real

from fencepost.errors import ArgumentError


def number(
    name: str,
    value: object,
    *,
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
    below: bool = False,
) -> float:
    """`value` as a finite float within [low, high]; `above`/`below` leave the end itself out."""
    rule = f"{'more than' if above else 'at least'} {low:g}"
    if high < math.inf:
        rule += f" and {'less than' if below else 'at most'} {high:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentError(f"{name} must be a number, {rule}. Received: {value!r}.")
    result = float(value)
    fits = (low < result if above else low <= result) and (
        result < high if below else result <= high
    )
    if not (math.isfinite(result) and fits):
        raise ArgumentError(f"{name} must be {rule}. Received: {value!r}.")
    return result


def count(name: str, value: object, *, low: int = 1) -> int:
    """`value` as an int that is at least `low`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < low:
        raise ArgumentError(f"{name} must be a whole number, at least {low}. Received: {value!r}.")
    return int(value)


def flag(name: str, value: object) -> bool:
    """`value`, which must be True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{name} must be True or False. Received: {value!r}.")
    return value


def choice(name: str, value: str, names: Iterable[str]) -> str:
    """`value`, which must be one of `names`; the error offers the nearest."""
    known = list(names)
    if value in known:
        return value
    near = difflib.get_close_matches(value, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"{name} must be one of {', '.join(known)}. Received: {value!r}.{hint}")
