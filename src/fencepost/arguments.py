"""Every check of a single argument: an integer, a real number, a flag, a choice, one per axis.

Every function takes the argument's name first and returns the value in one canonical form, or
raises ArgumentError with the rule and what was received. Scalars of NumPy and arrays without axes
count as the numbers that they hold.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, overload

from .errors import ArgumentError
from .habits import of_value
from .remedies import received, spelled
from .text import join_words, quoted

T = TypeVar("T")
LARGEST_SEED = 2**64 - 1


def integer(name: str, value: Any, minimum: int | None = None, maximum: int | None = None) -> int:
    """`value` as an int from `minimum` to `maximum`; bool and 3.0 are none.

    >>> import numpy as np
    >>> integer("epochs", np.int64(3), minimum=1)
    3
    """
    rule = "an integer" + ("" if minimum is None else f", at least {minimum:,}")
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise _refused(name, rule, value) from None
    if minimum is not None and number < minimum:
        raise _refused(name, rule, value)
    if maximum is not None and number > maximum:
        raise _refused(name, f"an integer, at most {maximum:,}", value)
    return number


def real(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
) -> float:
    """`value` as a finite float within [low, high]; `above` and `below` leave that end out.

    >>> real("momentum", 0.9, 0, 1, below=True)
    0.9
    """
    limits = []
    if math.isfinite(low):
        limits.append(f"{'more than' if above else 'at least'} {low:g}")
    if math.isfinite(high):
        limits.append(f"{'less than' if below else 'at most'} {high:g}")
    rule = "a number" if len(limits) == 2 else "a finite number"
    rule += f", {join_words(limits)}" if limits else ""
    try:
        if isinstance(value, (bool, str, bytes, bytearray)) or getattr(value, "ndim", 0) != 0:
            raise TypeError
        if getattr(getattr(value, "dtype", None), "kind", "f") in "bcSU":
            raise TypeError  # NumPy would take a truth for 1 and drop an imaginary part
        if getattr(value, "mask", False):
            raise TypeError  # and what is masked for nan, with a warning
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise _refused(name, rule, value) from None
    inside = (low < number if above else low <= number) and (
        number < high if below else number <= high
    )
    if not (inside and math.isfinite(number)):
        raise _refused(name, rule, value)
    return number


def seed(name: str, value: Any) -> int:
    """`value` as what random numbers start from: an unsigned integer of 64 bits."""
    return integer(name, value, 0, LARGEST_SEED)


def flag(name: str, value: Any) -> bool:
    """`value` as True or False; 0, 1 and words are neither."""
    if isinstance(value, bool):
        return value
    if getattr(getattr(value, "dtype", None), "kind", "") == "b" and value.ndim == 0:
        return bool(value)
    raise _refused(name, "True or False", value)


def string(name: str, value: Any) -> str:
    """`value` as a str, which nothing else is made."""
    if isinstance(value, str):
        return str(value)
    raise _refused(name, "a string", value)


def strings(name: str, value: Any) -> tuple[str, ...]:
    """`value` as a tuple of str; a text alone is none, though it is a sequence of texts.

    >>> strings("class_names", ["cat", "dog"])
    ('cat', 'dog')
    """
    if is_sequence(value) and all(isinstance(item, str) for item in value):
        return tuple(str(item) for item in value)
    raise _refused(name, "a list of strings", value)


def choice(name: str, value: Any, choices: Iterable[str]) -> Any:
    """`value` when it is one of `choices`; the error offers the nearest.

    >>> choice("mode", "same", ("full", "same", "valid"))
    'same'
    """
    known = tuple(choices)
    if isinstance(value, str) and value in known:
        return value
    rule = f"one of {', '.join(quoted(known))}"
    raise _refused(name, rule, value, of_value(name, value, known))


@overload
def per_axis(
    name: str, value: Any, ndim: int, *, minimum: int = 1, maximum: int | None = None
) -> tuple[int, ...]: ...
@overload
def per_axis(name: str, value: Any, ndim: int, check: Callable[[str, Any], T]) -> tuple[T, ...]: ...
def per_axis(
    name: str,
    value: Any,
    ndim: int,
    check: Callable[[str, Any], Any] | None = None,
    *,
    minimum: int = 1,
    maximum: int | None = None,
) -> tuple[Any, ...]:
    """Write one value for all axes, or a sequence of one for each, as a tuple of `ndim`.

    The values are integers from `minimum` to `maximum`, or what `check(name, value)` returns.

    >>> per_axis("kernel_size", 3, 2), per_axis("padding", [0, 1], 2, minimum=0)
    ((3, 3), (0, 1))
    >>> per_axis("sigma", (1, 2.5), 2, lambda name, value: real(name, value, 0, above=True))
    (1.0, 2.5)
    """

    def checked(item: Any) -> Any:
        return integer(name, item, minimum, maximum) if check is None else check(name, item)

    if not is_sequence(value):
        return (checked(value),) * ndim
    if len(value) != ndim:
        kind = "an integer" if check is None else "one value"
        raise _refused(name, f"{kind} or {ndim} of them, one per axis", value)
    return tuple(checked(item) for item in value)


def is_sequence(value: Any) -> bool:
    """Say whether a value stands for several: a list, a tuple, an array with one axis, no text."""
    if isinstance(value, Sequence):
        return not isinstance(value, (str, bytes, bytearray))
    return getattr(value, "ndim", 0) == 1


def _refused(name: str, rule: str, value: Any, hint: str = "") -> ArgumentError:
    message = f"{spelled(name)} must be {rule}. Received: {received(name, value)}."
    return ArgumentError(f"{message} {hint}".rstrip())
