"""Signals from a CSV file: a row per signal, a column with its label. For Conv1d."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import flag, integer, strings
from ...errors import ArgumentError, DataError
from ...files.decimals import is_number, parse_cell
from ...files.encodings import decode_start
from ...files.tables import Table, read_table
from ...remedies import in_python, received, setting, spelled
from ...text import join_words, plural
from ..class_names import SHOWN, class_indices, doubts, is_missing
from ..dataset import Dataset
from ..folders.parts import PART_COLUMNS, divided, words_of
from . import columns

__all__ = ["Rows", "may_be_divided", "read_rows", "signals", "signals_csv"]

_MOST_RAMP = 8  # numbers that count up in a first row may be a signal; more are names


def signals_csv(
    path: str | os.PathLike[str],
    label: str | int = "label",
    *,
    channels: int = 1,
    regression: bool = False,
    class_names: Sequence[str] | None = None,
    ignored: Sequence[str] | None = None,
) -> Dataset:
    r"""Load signals from a CSV file.

    Parameters
    ----------
    path : path
        Text separated by commas, semicolons, tabs, bars or spaces, a row per signal; decimal
        commas, comments and the encoding are detected. The first row names the columns, unless
        most of it are numbers.
    label : str or int
        The column with the labels: its name, or its index (0 is the first, -1 the last); as text
        also "0", "-1", "first" and "last", unless a column is called so. Labels are names or
        integers; classes are indexed in sorted order.
    channels : int
        Signals of several channels stand in a row one after another: all of channel 0, then all
        of channel 1, and so on.
    regression : bool
        The label column holds regression targets, not classes.
    class_names : sequence of str, optional
        The classes and their order, if another file (of training signals) defines them.
    ignored : sequence of str, optional
        Names of columns that are not used, if another file decides them. If left out, columns that
        number or date the rows, such as the index that pandas writes, are found, and named in
        `ignored` and in the description; so is one that names the split of each row (``split``,
        ``is_valid``), by which `fencepost.datasets.open` divides the rows.

    Returns
    -------
    Dataset
        Images float32 (N, channels, W); targets int64 (N,), or float32 (N, 1).

    Raises
    ------
    ArgumentError
        An invalid label column or number of channels.
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
    channels = integer("channels", channels, 1)
    regression = flag("regression", regression)
    class_names = None if class_names is None else strings("class_names", class_names)
    ignored = None if ignored is None else strings("ignored", ignored)
    rows = read_rows(Path(path), as_label(label), ignored)
    return signals(rows, channels, regression, class_names)


def as_label(label: Any) -> str | int:
    """Return the name or the index of the column of the labels."""
    if isinstance(label, str):
        return str(label)
    try:
        return integer("label", label)
    except ArgumentError:
        raise ArgumentError(
            f"{spelled('label')} must be the name of a column, or its index. Received: "
            f"{received('label', label)}."
        ) from None


def signals(
    rows: Rows, channels: int, regression: bool = False, class_names: Sequence[str] | None = None
) -> Dataset:
    """Return the rows of a table as signals, as `signals_csv` does."""
    count, width = rows.values.shape
    if width % channels:
        raise DataError(
            f"{rows.path}: the number of values in a row must be a multiple of channels. Received: "
            f"{width} values, {setting('channels', channels)}. Use another number of channels."
        )
    images = rows.values.reshape(count, channels, width // channels)
    text = f"{count:,} signals of {channels} × {width // channels} values"
    return rows.dataset(images, text, regression, class_names)


@dataclass(frozen=True, eq=False)
class Rows:
    """A table with a label in each row: the values (N, W), what their columns are called, labels.

    `ignored`: Columns that are not used, and `remarks`, which say why. `parts`: The split of each
    row, if a column names it. `label`: What the column of the labels is called.
    """

    path: Path
    values: NDArray[np.float32]
    names: list[str]
    labels: list[str]
    header: bool
    ignored: tuple[str, ...]
    remarks: list[str]
    parts: list[str] | None = None
    label: str = ""

    def of_part(self, part: str) -> Rows:
        """Return the rows of one split; all of them if none is named."""
        if self.parts is None:
            return self
        chosen = [k for k, own in enumerate(self.parts) if own == part]
        labels = [self.labels[k] for k in chosen]
        return replace(self, values=self.values[chosen], labels=labels, parts=None)

    def dataset(
        self,
        images: NDArray[Any],
        text: str,
        regression: bool = False,
        class_names: Sequence[str] | None = None,
    ) -> Dataset:
        """Return the values, brought to another shape, as a data set; `text` says what they are."""
        if regression:
            targets: NDArray[Any] = _regression_targets(self.path, self.labels)
            classes: tuple[str, ...] = ()
        else:
            targets, classes = _classes(self.path, self.labels, class_names, self.label)
            text += f", {len(classes)} classes"
        remarks = [*self.remarks]
        written = next((label for label in self.labels if label not in classes), None)
        if classes and written is not None and is_number(written):
            remarks.append(f"Labels such as {written} were read as integers, for classes.")
        remarks += doubts(classes)
        description = " ".join([f"{text}.", *remarks])
        return Dataset(
            images,
            targets,
            classes,
            source=self.path.name,
            description=description,
            ignored=self.ignored,
            columns=tuple(self.names) if self.header else (),
        )


def may_be_divided(path: Path) -> bool:
    """Whether a column may name the split of each row: one of the first lines has such a name."""
    with path.open("rb") as file:
        lines = decode_start(file.read(1 << 16)).splitlines()
    cells = (cell for line in lines[:20] for cell in re.split(r"[\t;,|]", line))
    return any("".join(words_of(cell)) in PART_COLUMNS for cell in cells)


def read_rows(path: Path, label: str | int, ignored: Sequence[str] | None = None) -> Rows:
    """Read a table with a label in each row; `label` and `ignored` as `signals_csv` takes them."""
    table = read_table(path, is_header=lambda row: _is_header(row, label))
    names, header = list(table.names), bool(table.header)
    at = _column(path, names, label, header)
    if len(names) < 2:
        raise DataError(
            f"{path}: a row must hold a label and at least one value. Received: one column. "
            f"Separate the values by commas, semicolons or tabs."
        )
    others = [k for k in range(len(names)) if k != at]
    dividing = _dividing(table, others) if header else None
    parts = None
    if dividing is not None:
        others.remove(dividing[0])
        parts = dividing[1]

    def numbers(column: int) -> NDArray[np.float64] | None:
        with contextlib.suppress(DataError):  # a bad cell is refused where the column is used
            return table.numbers(column)
        return None

    labels = [text.strip() for text in table.texts(at)]
    if ignored is None:
        without = columns.passed_over(names, numbers, others, header, labels)
        remarks = [_left_out(names[k], k, why) for k, why in without.items()]
    else:
        without = {k: "" for k in others if names[k] in ignored}
        remarks = [f"Left out, as in training: {plural(len(without), 'column')}."] * bool(without)
    if header:
        _refuse_second_header(table, labels, at)
    kept = [k for k in others if k not in without]
    values = np.empty((table.length, len(kept)), np.float32)
    with np.errstate(over="ignore"):  # what is too large for float32 is named
        for index, column in enumerate(kept):
            values[:, index] = table.numbers(column, all_used=True)
    kept_names = [names[k] for k in kept]
    _check_finite(path, values, kept_names)
    left_out = [names[k] for k in without]
    if dividing is not None:
        left_out.append(names[dividing[0]])
        remarks.append(f"Its column {names[dividing[0]]!r} names the split of each row.")
    return Rows(
        path, values, kept_names, labels, header, tuple(left_out), remarks, parts, names[at]
    )


def _refuse_second_header(table: Table, labels: list[str], at: int) -> None:
    """Raise DataError if a row holds the names again, as in files that were put together."""
    for k, label in enumerate(labels):
        if label == table.names[at]:
            row = next(islice(table.rows(), k, None))
            if [cell.strip() for cell in row] == list(table.names):
                raise DataError(
                    f"{table.path}: the names of the columns must stand in the first row only. "
                    f"Received: the same names again in line {table.line(k)}. Remove that line."
                )


def _dividing(table: Table, columns: list[int]) -> tuple[int, list[str]] | None:
    """Find the column that names the split of each row, and what it names."""
    for k in columns:
        if "".join(words_of(table.names[k])) in PART_COLUMNS:
            parts, _ = divided(table.names[k], table.texts(k))
            if any(parts):
                return k, [part or "train" for part in parts]
    return None


def _left_out(name: str, column: int, why: str) -> str:
    called = f"the column {name!r}" if name else f"column {column + 1}"
    return f"Left out: {called}, which {why}."


def _position(label: str | int, width: int) -> int | None:
    """Return the index of a column that is named by its position, if it is."""
    if isinstance(label, str):
        text = label.strip().lower()
        if text in ("first", "last"):
            return 0 if text == "first" else width - 1
        if not re.fullmatch(r"-?\d{1,6}", text):
            return None
        label = int(text)
    return label % width if -width <= label < width else None


def _is_header(row: list[str], label: str | int) -> bool:
    """Whether the first row holds the columns' names."""
    others = [cell.strip() for cell in row]
    at = _position(label, len(row))
    if at is not None:
        others.pop(at)
    # Columns may be called 0, 1, 2...: numbers, but too regular for a signal. pandas writes them
    # beside an index without a name.
    counts = [[str(k + at) for k in range(len(others))] for at in (0, 1)]
    counted = others in counts or (others[:1] == [""] and others[1:] in [c[:-1] for c in counts])
    counted = counted and (len(row) > _MOST_RAMP or (len(row) > 3 and not all(map(is_number, row))))
    named = isinstance(label, str) and label in row and not is_number(label)
    # A row of numbers with a bad cell among them is a signal, to be refused and not skipped.
    return named or counted or sum(map(is_number, others)) * 2 <= len(others)


def _column(path: Path, names: list[str], label: str | int, header: bool) -> int:
    at = _position(label, len(names))
    if isinstance(label, str) and header:
        same = [k for k, name in enumerate(names) if name == label] or [
            k for k, name in enumerate(names) if name.casefold() == label.casefold()
        ]
        if at is not None and same and same != [at]:
            raise DataError(
                f"{path}: the label column must be clear. Received: {label!r}, which may be the "
                f"column of that name or, by its position, {names[at]!r}. Use the name of that "
                "column, or first or last."
            )
        if len(same) == 1:
            return same[0]
        problem = "several columns of that name" if same else "no such column"
    elif isinstance(label, str):
        problem = f"{len(names)} columns without names"
    else:
        problem = f"{len(names)} columns"
    if at is not None:
        return at
    some = ", ".join(names[:4] + (["..."] if len(names) > 5 else []) + names[4:][-1:])
    among = (
        f"{problem} among {some}" if header else f"a table without names, of {len(names)} columns"
    )
    raise DataError(
        f"{path}: the label column {label!r} must exist once. Received: {among}. "
        f"Use its name, such as {setting('label', names[0])}, or its position: "
        f"{setting('label', 'first')}, {setting('label', 'last')}, or {setting('label', 3)} for "
        "the fourth."
    )


def _check_finite(path: Path, values: NDArray[np.float32], names: list[str]) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(k) for k in bad[0])
        more = f", and {plural(len(bad) - 1, 'more such cell')}" if len(bad) > 1 else ""
        raise DataError(
            f"{path}: every cell but the label must be a finite number within the range of "
            f"float32. Received: {values[row, column]} in signal {row + 1}, column "
            f"{names[column]!r}{more}. Fill in a number, or leave such rows or columns out."
        )


def _number(text: str) -> float:
    """Return the number of a label, with a decimal point or else a comma."""
    values = (parse_cell(text, mark) for mark in ".,")
    return next((value for value in values if value is not None), float("nan"))


def _regression_targets(path: Path, labels: list[str]) -> NDArray[np.float32]:
    bad = next((k for k, text in enumerate(labels) if not is_number(text)), None)
    if bad is not None:
        raise DataError(
            f"{path}: with regression=True every label must be a number. Received: "
            f"{labels[bad]!r} in signal {bad + 1}. Correct it, or leave regression=True out for "
            "classes."
        )
    return np.array([_number(text) for text in labels], np.float32).reshape(-1, 1)


def _classes(
    path: Path, labels: list[str], class_names: Sequence[str] | None, column: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    missing = next((k for k, label in enumerate(labels) if is_missing(label)), None)
    if missing is not None:
        raise DataError(
            f"{path}: every signal must have a label. Received: {labels[missing] or 'none'} in "
            f"signal {missing + 1}. Fill it in, or leave that row out."
        )
    if all(is_number(text) for text in set(labels)):
        _check_integers(path, labels, class_names, column)
        labels = [str(int(_number(text))) for text in labels]
        names = tuple(class_names or sorted(set(labels), key=int))
    else:
        names = tuple(class_names or sorted(set(labels)))
    targets = class_indices(labels, names, str(path), "signal")
    if len(names) == 1:
        raise DataError(
            f"{path}: must contain at least two classes. "
            f"Received: only {names[0]!r}. Add signals of other classes"
            f"{in_python(', or use regression=True')}."
        )
    return targets, names


def _check_integers(
    path: Path, labels: list[str], class_names: Sequence[str] | None, column: str
) -> None:
    """Refuse numbers that are no classes: a model's own are named, if there is one."""
    k = next((k for k, text in enumerate(labels) if not _number(text).is_integer()), None)
    if k is None:
        return
    rule, these = "integers, which may be written as 1.0, or names", "integers or names"
    if class_names:
        shown = [*class_names[:SHOWN], *["others"] * (len(class_names) > SHOWN)]
        rule, these = f"the classes of the model, {join_words(shown)}", "these"
    raise DataError(
        f"{path}: labels must be {rule}. Received: {labels[k]!r} in signal {k + 1}, and "
        f"{plural(len(set(labels)), 'different number')} in all, in column {column!r}. If another "
        f"column holds the classes, choose it with {setting('label', 'NAME')}; else write {these} "
        f"in this one{in_python(', or use regression=True')}."
    )
