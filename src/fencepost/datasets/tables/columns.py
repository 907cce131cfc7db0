"""Which columns of a table of signals hold values, and which only number or date the rows.

`DataFrame.to_csv()` writes the index as a column. In a table that was sorted by class the index
alone tells the classes apart, so a network that is given it learns nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["passed_over"]

# Names of columns that number the rows, without their punctuation.
_INDICES = {
    "index", "idx", "id", "ids", "row", "rows", "rowid", "rowindex", "rowno", "rownum",
    "rownumber", "no", "nr", "sampleid", "sampleno", "sampleindex", "sampleidx", "recordid",
    "recordno", "signalid", "seriesid", "caseid", "itemid", "uid", "uuid", "guid", "level0",
    "patientid", "patient", "subjectid", "subject", "unnamed", "rn", "key", "serialno",
}  # fmt: skip
_TIMES = {"time", "times", "timestamp", "date", "datetime", "day", "recordedat", "createdat"}
_LABELS = {
    "label", "labels", "class", "classes", "classid", "classno", "labelid", "target", "targets",
    "y", "category", "code", "encoded", "labelencoded", "outcome", "diagnosis", "truth",
}  # fmt: skip
_DIVIDING = {"fold", "folds", "kfold", "cvfold", "split"}
_FEWEST_LABELS = 10  # rows in which a column that has a value for each class is no chance
_FEWEST_STEPS = 4  # rows in equal steps that are a count, and not chance
_FEWEST_RISING = 8  # rows that rise: by chance one column in 40,320
_MOST = 2  # columns that may be left out by their values: more are data that rise


def passed_over(
    names: Sequence[str],
    values: Callable[[int], NDArray[np.float64] | None],
    columns: Sequence[int],
    header: bool,
    labels: Sequence[str] = (),
) -> dict[int, str]:
    """Return which of the columns hold no values, and why.

    Parameters
    ----------
    names : sequence of str
        Of all columns of the table.
    values : callable
        The numbers of a column; None if it holds texts.
    columns : sequence of int
        All columns but the labels.
    header : bool
        Whether the names are those of the file.
    labels : sequence of str
        The label of each row, which another column may repeat.

    Examples
    --------
    >>> table = {0: np.arange(4.0), 1: np.array([3.0, 1, 4, 1])}
    >>> passed_over(["", "t0"], table.get, [0, 1], header=True)
    {0: 'has no name'}
    """
    found: dict[int, str] = {}
    if header:
        named = {k: _by_name(names[k], values(k) is None) for k in columns}
        found = {k: why for k, why in named.items() if why}
        for k in columns:
            if (_is_label(names[k]) or _is_alone(k, names, columns)) and _repeats(
                values(k), labels
            ):
                found[k] = "has one value for each class, as a copy of the labels has"
        if all(not names[k] for k in columns):
            found = {}  # only the labels have a name
    by_value = {}
    for k in columns:
        numbers = values(k)
        if k not in found and numbers is not None:
            why = _by_value(numbers)
            if not why and header and np.ptp(numbers) == 0 and _is_alone(k, names, columns):
                why = "never changes"
            if why:
                by_value[k] = why
    if len(by_value) <= _MOST:
        found |= by_value
    return dict(sorted(found.items())) if len(found) < len(columns) else {}


def _by_name(name: str, texts: bool) -> str:
    plain = re.sub(r"[\W_]+", "", name.lower())
    if not name.strip():
        return "has no name"
    if plain in _INDICES or re.fullmatch(r"unnamed\d*(level\d+)?|#", plain or name.strip()):
        return "numbers the rows by its name"
    if plain in _DIVIDING:
        return "divides the rows by its name"
    if texts and plain in _TIMES:
        return "holds times"
    return ""


def _is_label(name: str) -> bool:
    return re.sub(r"[\W\d_]+", "", name.lower()) in _LABELS


def _repeats(numbers: NDArray[np.float64] | None, labels: Sequence[str]) -> bool:
    """Whether numbers are the classes in other words: one number for each, and another for each."""
    if numbers is None or len(labels) < _FEWEST_LABELS:
        return False
    pairs = set(zip(numbers.tolist(), labels, strict=True))
    return len(pairs) == len(set(labels)) == len(set(numbers.tolist()))


def _by_value(numbers: NDArray[np.float64]) -> str:
    """Say why numbers are no values: each of a count once, or higher from row to row."""
    if len(numbers) < _FEWEST_STEPS or not np.isfinite(numbers).all():
        return ""
    count = np.arange(len(numbers))
    if (
        len(numbers) >= _FEWEST_RISING
        and np.ptp(numbers) == count[-1]
        and np.array_equal(np.sort(numbers) - numbers.min(), count)
    ):
        return "counts the rows"
    steps = np.diff(numbers[:_FEWEST_RISING])  # which nearly always tell
    if not ((steps > 0).all() or (steps < 0).all()):
        return ""
    steps = np.diff(numbers)
    if np.abs(steps - steps[0]).max() <= 1e-9 * np.abs(numbers).max():
        return "counts the rows"
    if len(numbers) < _FEWEST_RISING or not ((steps > 0).all() or (steps < 0).all()):
        return ""
    return f"{'rises' if steps[0] > 0 else 'falls'} from each row to the next"


def _is_alone(column: int, names: Sequence[str], columns: Sequence[int]) -> bool:
    """Whether a column has no number in its name, and nearly all others have."""
    numbered = [any(letter.isdecimal() for letter in names[k]) for k in columns if k != column]
    alone = not any(letter.isdecimal() for letter in names[column])
    return alone and sum(numbered) >= 0.8 * len(numbered) > 0
