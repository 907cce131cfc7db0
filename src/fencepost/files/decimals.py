"""Numbers as tables have them: decimal points and commas, thousands marks, missing values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DECIMALS",
    "are_mostly_numbers",
    "has_decimal_comma",
    "has_decimal_point",
    "has_rounded_integer",
    "is_missing",
    "is_number",
    "is_too_large",
    "parse_cell",
    "parse_cells",
]

DECIMALS = (".", ",")
_MISSING = frozenset(("na", "n/a", "#n/a", "#na", "<na>", "null", "none", "nan", "-nan", "+nan"))
_MARKS = "'’ \u00a0\u2009\u202f"  # of thousands, whatever the decimal separator
_GROUPED = {
    decimal: re.compile(
        rf"([+-]?[1-9]\d{{0,2}}(?:([{_MARKS}{other}])\d{{3}})(?:\2\d{{3}})*)"
        rf"((?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?)"
    )
    for decimal, other in (".,", ",.")
}
_LONG_INTEGER = re.compile(r"(?<![\w.])\d{16,}(?![\w.])")
# A mark that cannot be one of thousands: not three digits after it, or none or a 0 before it.
_DECIMAL = {
    mark: re.compile(rf"{m}\d{{1,2}}(?!\d)|{m}\d{{4}}|(?<!\d)0{m}\d|(?<![\d{m}]){m}\d|\d{{4}}{m}\d")
    for mark, m in ((",", ","), (".", r"\."))
}


def is_missing(cell: str) -> bool:
    """Whether a cell says that its value is missing, in the words of R, pandas or Excel."""
    return cell.strip().lower() in _MISSING


def is_number(cell: str, decimal: str | None = None) -> bool:
    """Whether a cell holds a number, or says that one is missing; an empty cell does neither.

    >>> is_number("1.5"), is_number("1,5"), is_number("1,5", "."), is_number("NA"), is_number("")
    (True, True, False, True, False)
    """
    decimals = DECIMALS if decimal is None else (decimal,)
    return any(parse_cell(cell, mark) is not None for mark in decimals)


def parse_cell(cell: str, decimal: str) -> float | None:
    """Return the number that a cell holds with `decimal` as its separator, or None.

    >>> parse_cell("1,5", ","), parse_cell("1.234,5", ","), parse_cell("1,234", "."), parse_cell(
    ...     "1_000", "."
    ... )
    (1.5, 1234.5, 1234.0, None)
    """
    text = cell.strip()
    if is_missing(text):
        return float("nan")
    text = text.replace("−", "-")
    if "_" in text:  # which Python takes as a mark of thousands, and nobody else does
        return None
    if match := _GROUPED[decimal].fullmatch(text):
        text = match[1].replace(match[2], "") + match[3].replace(decimal, ".")
    elif decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isinf(number) and text[-1:].isdigit() else number


def is_too_large(cell: str) -> bool:
    """Whether a cell holds a number that float64 would make infinite."""
    try:
        return math.isinf(float(cell.strip().replace(",", "."))) and cell.strip()[-1:].isdigit()
    except ValueError:
        return False


def parse_cells(cells: Sequence[str], decimal: str) -> tuple[NDArray[np.float64], list[int]]:
    """Return the numbers of many cells, and which of them hold none (and are nan)."""
    try:
        joined = "\n".join(cells)
        if decimal == "," and "." not in joined:
            quick = joined.replace(",", ".").split("\n")
        elif decimal == "." and "," not in joined:
            quick = list(cells)
        else:
            quick = []
        if len(quick) == len(cells) and "_" not in joined:
            values = np.array(list(map(float, quick)))
            if not np.isinf(values).any():  # which may be said, or a number that is too large
                return values, []
    except ValueError:
        pass
    numbers = [parse_cell(cell, decimal) for cell in cells]
    bad = [index for index, number in enumerate(numbers) if number is None]
    return np.array([np.nan if number is None else number for number in numbers]), bad


def has_decimal_comma(text: str) -> bool:
    """Whether a comma in a text, in which commas separate nothing, must stand before decimals."""
    return _DECIMAL[","].search(text) is not None


def has_decimal_point(text: str) -> bool:
    """Whether a point in a text of numbers must stand before decimals."""
    return _DECIMAL["."].search(text) is not None


def has_rounded_integer(text: str, columns: Iterable[NDArray[np.float64]]) -> bool:
    """Whether an integer in a text is not one of float64, which has all up to 2^53.

    The text is searched only if one of the numbers that were read from it is so large.

    >>> has_rounded_integer("9007199254740993", [np.array([9007199254740993.0])])
    True
    >>> has_rounded_integer("9007199254740992;1e300", [np.array([9007199254740992.0, 1e300])])
    False
    """
    if all(np.fmax.reduce(abs(column), initial=0) < 2**53 for column in columns):
        return False
    return any(int(float(found[0])) != int(found[0]) for found in _LONG_INTEGER.finditer(text))


def are_mostly_numbers(numbers: int, empty: int, length: int) -> bool:
    """Whether a column is one of numbers: most of what it holds, and at least half of its cells."""
    return 2 * numbers > length - empty and 2 * numbers >= length
