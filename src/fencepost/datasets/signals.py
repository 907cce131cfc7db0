"""Signals from a CSV file: a row per signal, a column with its label. For Conv1d."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer
from ..errors import DataError
from ..files.decimals import is_number
from ..files.tables import read_table
from ..remedies import in_python, setting
from .class_names import class_indices
from .dataset import Dataset

__all__ = ["signals_csv"]


def signals_csv(
    path: str | os.PathLike[str],
    label: str | int = "label",
    *,
    channels: int = 1,
    regression: bool = False,
    class_names: Sequence[str] | None = None,
) -> Dataset:
    r"""Load signals from a CSV file.

    Parameters
    ----------
    path : path
        Text separated by commas, semicolons, tabs, bars or spaces, a row per signal; decimal
        commas, comments and the encoding are detected. The first row names the columns, unless
        most of it are numbers.
    label : str or int
        The column with the labels: its name, or its index (0 is the first, -1 the last).
        Labels are names or integers; classes are indexed in sorted order.
    channels : int
        Signals of several channels stand in a row one after another: all of channel 0, then all
        of channel 1, and so on.
    regression : bool
        The label column holds regression targets, not classes.
    class_names : sequence of str, optional
        The classes and their order, if another file (of training signals) decides them.

    Returns
    -------
    Dataset
        Images float32 (N, channels, W); targets int64 (N,), or float32 (N, 1).

    Raises
    ------
    ArgumentError
        A label column or number of channels that cannot be.
    DataError
        Rows of different lengths, cells that are not finite numbers (row and column are named), no
        such label column, one class only.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "beats.csv")
    ...     _ = path.write_text("label,t0,t1,t2\nok,0,1,0\nill,1,0,1\n")
    ...     data = fp.datasets.signals_csv(path)
    >>> data.images.shape, data.class_names, data.targets
    ((2, 1, 3), ('ill', 'ok'), array([1, 0]))
    """
    path = Path(path)
    channels = integer("channels", channels, 1)
    values, labels, names = _read(path, label)
    width = len(names)
    values = _finite(path, values, names)
    if width % channels:
        raise DataError(
            f"{path}: the number of values in a row must be a multiple of channels. Received: "
            f"{width} values, {setting('channels', channels)}. Give another number of channels."
        )
    signals = values.reshape(len(labels), channels, width // channels)
    text = f"{len(labels):,} signals of {channels} × {width // channels} values"
    if regression:
        targets: NDArray[np.float32] | NDArray[np.int64] = _regression_targets(path, labels)
        classes: tuple[str, ...] = ()
    else:
        targets, classes = _classes(path, labels, class_names)
        text += f" in {len(classes)} classes"
    return Dataset(signals, targets, classes, source=path.name, description=text + ".")


def _read(path: Path, label: str | int) -> tuple[NDArray[np.float32], list[str], list[str]]:
    """Return the values (N, W), the labels, and the names of the columns of values."""
    table = read_table(path, is_header=lambda row: _is_header(row, _index(label, row)))
    names = list(table.names)
    label = _index(label, names)
    if isinstance(label, str) and not table.header:
        raise DataError(
            f"{path}: the first row must name the columns, one of them {label!r}. Received: only "
            f"numbers. Add a header, or give the index of the label column: {setting('label', 0)} "
            f"for the first, {setting('label', -1)} for the last."
        )
    at = _column(path, names, label)
    if len(names) < 2:
        raise DataError(
            f"{path}: a row must hold a label and at least one value. Received: one column. "
            f"Separate the values by commas, semicolons or tabs."
        )
    values = np.empty((table.length, len(names) - 1), np.float32)
    with np.errstate(over="ignore"):  # what is too large for float32 is named
        for index, column in enumerate(k for k in range(len(names)) if k != at):
            values[:, index] = table.numbers(column)
    return values, [text.strip() for text in table.texts(at)], names[:at] + names[at + 1 :]


def _index(label: str | int, names: Sequence[str]) -> str | int:
    """Take "0" or "-1", as a command gives it, for an index, unless a column is called so."""
    named = isinstance(label, int) or label in names or not re.fullmatch(r"-?[0-9]+", label)
    return label if named else int(label)


def _is_header(row: list[str], label: str | int) -> bool:
    """Whether the first row holds the columns' names."""
    others = list(row)
    if isinstance(label, int) and -len(row) <= label < len(row):
        others.pop(label)
    # Columns may be called 0, 1, 2...: numbers, but too regular for a signal.
    counted = [cell.strip() for cell in others] in (
        [str(k + at) for k in range(len(others))] for at in (0, 1)
    )
    counted = counted and not all(map(is_number, row))
    named = isinstance(label, str) and label in row
    # A row of numbers with a bad cell among them is a signal, to be refused and not skipped.
    return named or counted or sum(map(is_number, others)) * 2 <= len(others)


def _column(path: Path, names: list[str], label: str | int) -> int:
    if isinstance(label, str):
        if names.count(label) == 1:
            return names.index(label)
        problem = "several columns of that name" if label in names else "no such column"
    elif -len(names) <= label < len(names):
        return label % len(names)
    else:
        problem = f"{len(names)} columns"
    some = ", ".join(names[:4] + (["..."] if len(names) > 5 else []) + names[4:][-1:])
    raise DataError(
        f"{path}: the label column {label!r} must exist once. Received: {problem} among {some}. "
        f"Name another, such as {setting('label', names[0])}, or give its index "
        f"({setting('label', 0)} is the first, {setting('label', -1)} the last)."
    )


def _finite(path: Path, values: NDArray[np.float32], names: list[str]) -> NDArray[np.float32]:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(k) for k in bad[0])
        raise DataError(
            f"{path}: every cell but the label must be a finite number within the range of "
            f"float32. Received: {values[row, column]} in signal {row + 1}, column "
            f"{names[column]!r}, and {len(bad) - 1:,} more such cells. Correct them, or leave "
            "those rows out."
        )
    return values


def _regression_targets(path: Path, labels: list[str]) -> NDArray[np.float32]:
    bad = next((k for k, text in enumerate(labels) if not is_number(text)), None)
    if bad is not None:
        raise DataError(
            f"{path}: with regression=True every label must be a number. Received: "
            f"{labels[bad]!r} in signal {bad + 1}. Correct it, or leave regression=True out for "
            "classes."
        )
    return np.array([float(text) for text in labels], np.float32).reshape(-1, 1)


def _classes(
    path: Path, labels: list[str], class_names: Sequence[str] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if "" in labels:
        raise DataError(
            f"{path}: every signal must have a label. Received: none in signal "
            f"{labels.index('') + 1}. Fill it in, or leave that row out."
        )
    if all(is_number(text) for text in set(labels)):
        labels = [_as_integer(path, text, k) for k, text in enumerate(labels)]
        names = tuple(class_names or sorted(set(labels), key=int))
    else:
        names = tuple(class_names or sorted(set(labels)))
    targets = class_indices(labels, names, str(path), "signal")
    if len(names) == 1:
        raise DataError(
            f"{path}: must hold at least two classes, else there is nothing to distinguish. "
            f"Received: only {names[0]!r}. Add signals of other classes"
            f"{in_python(', or give regression=True')}."
        )
    return targets, names


def _as_integer(path: Path, text: str, k: int) -> str:
    value = float(text)
    if not value.is_integer():
        raise DataError(
            f"{path}: labels that are numbers must be integers. Received: {text!r} in signal "
            f"{k + 1}. Group them into classes{in_python(', or give regression=True')}."
        )
    return str(int(value))
