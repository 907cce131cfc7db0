"""CSV as it comes: separated by commas, semicolons or tabs.  Calls errors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from fencepost.errors import DataError


def delimiter(file: TextIO) -> str:
    """Return what separates the cells of the first line, and go back to the start."""
    sample = file.readline()
    file.seek(0)
    return max(",;\t", key=sample.count)


def rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of all rows that are not blank."""
    reader = csv.reader(file, delimiter=delimiter(file))
    for row in reader:
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, NaN and infinity included."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file as they stand, and what is needed to write others like them.

    Attributes
    ----------
    names : tuple of str
        Of the columns; if the file has no header, ``column 1`` and so on.
    has_header : bool
    rows : list of list of str
    lines : list of int
        In which line of the file each row stands.
    delimiter : str
    decimal : str
        What stands before the decimals: a point, or a comma in tables not separated by commas.
    """

    names: tuple[str, ...]
    has_header: bool
    rows: list[list[str]]
    lines: list[int]
    delimiter: str
    decimal: str

    def is_numeric(self, column: int) -> bool:
        """Whether most of a column are numbers: then the others are mistakes."""
        found = sum(is_number(self._plain(row[column])) for row in self.rows)
        return 2 * found > len(self.rows)

    def numbers(self, path: Path, column: int) -> NDArray[np.float64]:
        """Return a column of numbers. Raises DataError naming the first cell that is none."""
        values = np.empty(len(self.rows))
        for index, row in enumerate(self.rows):
            try:
                values[index] = float(self._plain(row[column]))
            except ValueError:
                raise DataError(
                    f"{path}: every cell of a column that is convolved must be a number (or nan). "
                    f"Received: {row[column]!r} in line {self.lines[index]}, column "
                    f"{self.names[column]!r}. Correct it, or choose other columns."
                ) from None
        return values

    def _plain(self, cell: str) -> str:
        return cell.replace(",", ".") if self.decimal == "," else cell

    def text(self, value: float) -> str:
        """Write a number as the table does, with no digit lost."""
        shown = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return shown.replace(".", self.decimal)

    def with_columns(self, columns: Sequence[Sequence[str]], names: Sequence[str]) -> str:
        """Return the text of a CSV file like this one, of these columns."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        if self.has_header:
            writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))
        return out.getvalue()


def read_table(path: Path) -> Table:
    """Read a CSV file, with or without a header.

    The first row is a header if it has a word where the second has a number.

    Raises
    ------
    DataError
        It cannot be read, is empty, or its rows have different lengths.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            mark = delimiter(file)
            found = list(rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path}: must be a readable CSV file in UTF-8. Received: {problem}. Check the path, "
            "or save it as CSV (UTF-8) again."
        ) from error
    if not found:
        raise DataError(f"{path}: must hold a signal. Received: an empty file.")
    width = len(found[0][1])
    for line, row in found:
        if len(row) != width:
            raise DataError(
                f"{path}: all rows must have as many cells as the first, {width}. Received: "
                f"{len(row)} in line {line}. Fill or remove that row."
            )
    comma = mark != "," and any(_has_decimal_comma(cell) for _, row in found[:2] for cell in row)
    decimal = "," if comma else "."
    first = found[0][1]
    second = found[1][1] if len(found) > 1 else ["0"] * width
    plain = (cell.replace(",", ".") if comma else cell for cell in second)
    has_header = any(
        not is_number(one) and not _has_decimal_comma(one) and is_number(two)
        for one, two in zip(first, plain, strict=True)
    )
    body = found[1:] if has_header else found
    if not body:
        raise DataError(f"{path}: must hold a signal. Received: a header and no row.")
    names = [cell.strip() for cell in first] if has_header else []
    return Table(
        tuple(names or (f"column {k + 1}" for k in range(width))),
        has_header,
        [row for _, row in body],
        [line for line, _ in body],
        mark,
        decimal,
    )


def _has_decimal_comma(cell: str) -> bool:
    return cell.count(",") == 1 and not is_number(cell) and is_number(cell.replace(",", "."))
