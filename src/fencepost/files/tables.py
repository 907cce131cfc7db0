"""CSV and its kin as people have them, read with care and written back the same way."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..remedies import at_the_shell, remedy
from ..text import plural
from .atomic import atomic_path
from .decimals import (
    DECIMALS,
    are_mostly_numbers,
    has_decimal_comma,
    has_decimal_point,
    has_rounded_integer,
    is_missing,
    is_number,
    is_too_large,
    parse_cell,
    parse_cells,
)
from .dialects import TableOptions, column_names, find_delimiter, find_header, split_preamble
from .encodings import DecodedText, read_text
from .rows import (
    Progress,
    count_blank,
    counted,
    data_rows,
    is_blank,
    is_empty,
    iterate_lines,
    iterate_rows,
)

__all__ = ["Table", "TableOptions", "is_number", "read_table"]

_SAMPLE = 400
_ROWS_OF_A_HEAD = 50
_ROWS = 1 << 14  # read, and written, at a time


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a table, the numbers among them, and what is needed to write others like them.

    `names`: Of the columns; if the file has no header, ``column 1`` and so on. `header`: How many
    rows stand before the numbers. `length`: How many rows hold data. `numeric`: The columns that
    hold numbers. `remarks`: What a user should know of how the table was read, in sentences.
    """

    path: Path
    names: tuple[str, ...]
    header: int
    length: int
    delimiter: str
    decimal: str
    numeric: tuple[int, ...]
    remarks: tuple[str, ...]
    _text: DecodedText = field(repr=False)
    _preamble: str = field(repr=False)
    _table: str = field(repr=False)
    _numbers: Mapping[int, NDArray[np.float64]] = field(repr=False)
    _bad: Mapping[int, tuple[int, str]] = field(repr=False)
    _missing: str = "nan"

    def numbers(self, column: int, *, all_used: bool = False) -> NDArray[np.float64]:
        """Return a column of numbers. Raises DataError naming the first cell that is none.

        `all_used`: The caller uses all columns and takes no nan, as the advice then says.
        """
        if column in self._numbers and column not in self._bad:
            return self._numbers[column]
        row, cell = self._bad.get(column) or self._first_word(column)
        rule = "of a column of numbers must be one, or nan or NA where it is missing"
        received, advice, otherwise = f"{cell!r}", "Correct it", "choose other columns"
        if all_used:
            rule, otherwise = "but the label must be a finite number", "remove its row or column"
        elif row < _ROWS_OF_A_HEAD:
            advice += remedy(", skip the lines before the table ({skip})", skip=self.line(row))
        if not cell.strip():
            received = "an empty cell"
            advice = "Fill it in" if all_used else "Write nan there, or leave that row out"
        elif is_too_large(cell):
            received += ", which is beyond the largest float64, 1.8e308,"
        where = f"line {self.line(row)}, column {self.names[column]!r}"
        raise DataError(
            f"{self.path}: every cell {rule}. Received: {received} in {where}. "
            f"{advice}, or {otherwise}."
        )

    def _first_word(self, column: int) -> tuple[int, str]:
        cells = enumerate(row[column] for row in self.rows())
        return next(c for c in cells if parse_cell(c[1], self.decimal) is None or is_missing(c[1]))

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column, as they stand."""
        return [row[column] for row in self.rows()]

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row of data, as they stand."""
        return islice(data_rows(self._table, self.delimiter), self.header, None)

    def line(self, row: int) -> int:
        """Return in which line of the file a row of data ends."""
        reader = iterate_rows(self._table, self.delimiter)
        position, line = -self.header, 0
        for cells in reader:
            line = getattr(reader, "line_num", line + 1)
            if not is_blank(cells):
                if position == row:
                    break
                position += 1
        return line + self._preamble.count("\n")

    def write(
        self,
        path: Path,
        results: Mapping[int, NDArray[np.float64]],
        start: int,
        progress: Progress = None,
    ) -> list[str]:
        """Write a table like this one with other numbers, the first of them for row `start`.

        Columns without results keep their cells if there is a row for each result, else they are
        left out; their names are returned.
        """
        length = len(next(iter(results.values())))
        inside = start >= 0 and start + length <= self.length
        columns = [k for k in range(len(self.names)) if k in results or inside]
        others = [k for k in columns if k not in results]
        rows: Iterator[tuple[str, ...]] = iter(())
        if others:  # one of them twice at least, for itemgetter gives no tuple of one
            rows = map(itemgetter(others[0], others[-1], *others), islice(self.rows(), start, None))
        with atomic_path(path) as partial, partial.open("wb") as file:
            file.write(self._text.mark + self._text.encode(self._preamble))
            file.write(self._text.encode(self._header_text(columns)))
            for at in counted(range(0, length, _ROWS), progress):
                count = min(_ROWS, length - at)
                cells = dict(
                    zip(others, list(zip(*islice(rows, count), strict=True))[2:], strict=True)
                )
                texts = [
                    self._formatted(results[k][at : at + count]) if k in results else cells[k]
                    for k in columns
                ]
                file.write(self._text.encode(self._joined(texts)))
            file.flush()
            os.fsync(file.fileno())
        return [name for k, name in enumerate(self.names) if k not in columns]

    def _header_text(self, columns: list[int]) -> str:
        if not self.header:
            return ""
        rows = islice(data_rows(self._table, self.delimiter), self.header)
        return self._joined(list(zip(*([row[k] for k in columns] for row in rows), strict=True)))

    def _formatted(self, values: NDArray[np.float64]) -> list[str]:
        """Write numbers as the table does, with no digit lost."""
        listed = repr((values + 0.0).tolist())  # + 0.0 makes 0 of -0
        text = listed[1:-1].replace(", ", "\n") + "\n"
        text = text.replace(".0\n", "\n")
        if self.decimal == ",":
            text = text.replace(".", ",")
        if self._missing != "nan":
            text = text.replace("nan", self._missing)
        return text.split("\n")[:-1]

    def _joined(self, columns: Sequence[Sequence[str]]) -> str:
        if self.delimiter == " " or ('"' not in self._table and self.delimiter != self.decimal):
            return "\n".join(map(self.delimiter.join, zip(*columns, strict=True))) + "\n"
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        writer.writerows(zip(*columns, strict=True))
        return out.getvalue()


def read_table(
    path: Path,
    options: TableOptions | None = None,
    *,
    is_header: Callable[[list[str]], bool] | None = None,
) -> Table:
    """Read a table of numbers: separated by commas, semicolons, tabs, bars or spaces.

    Delimiter, decimal separator, the header, units below it, comments
    (``#``), the encoding and the line ends are found out over the whole file, unless `options`
    say. Missing values (NA, nan, null) are nan. `is_header` tells of the first row whether it names
    the columns, where the caller knows more than the table shows.

    Raises ArgumentError: Options that cannot be. Raises DataError: It cannot be read, is empty, its
    rows have different lengths, or it can be read in two ways; the message says both.
    """
    options = options or TableOptions()
    text = read_text(path, options.encoding)
    preamble, table, said, comments = split_preamble(text.content, options.skip)
    try:
        if is_empty(table, options.delimiter or said):
            raise DataError(f"{path}: must contain a table of numbers. Received: an empty file.")
        delimiter = find_delimiter(path, table, options, said)
        sample = list(islice(data_rows(table, delimiter), _SAMPLE))
        if is_header is not None and options.header is None:
            options = replace(options, header=int(is_header(sample[0])))
        return _read(path, text, preamble, table, delimiter, sample, options, comments)
    except csv.Error as error:
        raise DataError(
            f"{path}: must be a readable CSV file. Received: {error}. Check its quotation marks, "
            "or save it as CSV (UTF-8) again."
        ) from error


def _read(
    path: Path,
    text: DecodedText,
    preamble: str,
    table: str,
    delimiter: str,
    sample: list[list[str]],
    options: TableOptions,
    comments: int,
) -> Table:
    width = len(sample[0])
    body = sample[options.header if options.header is not None else 1 :] or sample
    counts = [sum(is_number(row[k], options.decimal) for row in body) for k in range(width)]
    empty = [sum(not row[k].strip() for row in body) for k in range(width)]
    numeric = [k for k in range(width) if are_mostly_numbers(counts[k], empty[k], len(body))]
    header = find_header(path, sample, numeric, options)
    if header >= len(sample):
        raise DataError(f"{path}: must contain a table of numbers. Received: a header and no row.")
    names = column_names(sample[:header], width, preamble, delimiter)
    remarks = []
    if text.encoding not in ("utf-8", options.encoding):
        remarks.append(f"The file is in {text.encoding}, and the output is written in it too.")
    if header > 1:
        units = ", ".join(filter(None, (cell.strip() for cell in sample[1])))
        remarks.append(f"The row {units} below the names is copied unchanged.")
    if comments:
        remarks.append(f"Left out: {plural(comments, 'comment line')} between the rows.")
    if (blank := count_blank(table, delimiter) - comments) > 0:
        remarks.append(f"Left out: {plural(blank, 'blank row')}.")
    mixed = any(counts[k] > 0 and k not in numeric for k in range(width))
    quick = None
    if numeric and not mixed:
        quick = _read_quickly(table, delimiter, sample, header, numeric, options)
    bad: dict[int, tuple[int, str]] = {}
    word, missing = "nan", 0
    if quick is not None:
        numbers, decimal = quick
        length = len(numbers[numeric[0]])
    else:
        rows = islice(data_rows(table, delimiter), header, None)
        columns, length = _read_slowly(rows, width, delimiter, options.decimal)
        decimal = _find_decimal(path, names, columns)
        numbers = {k: np.concatenate(column.parts[decimal]) for k, column in columns.items()}
        bad = {k: column.bad[decimal] for k, column in columns.items() if decimal in column.bad}
        missing = sum(column.missing for column in columns.values())
        word = next((column.word for column in columns.values() if column.word), "nan")
    if missing:
        remarks.append(f"Taken as nan: {plural(missing, 'missing value')} ({word}).")
    if decimal == ",":
        remarks.append("Commas are read as decimal separators.")
    if has_rounded_integer(table, numbers.values()):
        remarks.append("Integers beyond 2^53 are rounded to 16 digits.")
    return Table(
        path, tuple(names), header, length, delimiter, decimal, tuple(numbers), tuple(remarks),
        text, preamble, table, numbers, bad, word,
    )  # fmt: skip


def _read_quickly(
    table: str,
    delimiter: str,
    sample: list[list[str]],
    header: int,
    numeric: list[int],
    options: TableOptions,
) -> tuple[dict[int, NDArray[np.float64]], str] | None:
    """Return the columns of a table of plain numbers, read by NumPy, or None if it is none."""
    start = 0
    for _ in range(header):  # a header of several lines, within quotation marks, goes the long way
        while not table[start : (end := table.find("\n", start))].strip():
            start = end + 1
        start = table.find("\n", start) + 1
    body = table[start:] if start else table
    decimal = "."
    if "," in body and (delimiter != "," or '"' in body):
        if '"' in body or "." in body or len(numeric) < len(sample[0]):
            return None
        if not (options.decimal == "," or has_decimal_comma(body)):
            return None
        body, decimal = body.replace(",", "."), ","
    elif delimiter == ";" and "." in body and not (options.decimal or has_decimal_point(body)):
        return None
    if options.decimal not in (None, decimal) and "." in body:
        return None
    try:
        values = np.loadtxt(
            iterate_lines(body, options.progress),
            delimiter=None if delimiter == " " else delimiter,
            usecols=numeric,
            ndmin=2,
            comments=None,
            quotechar='"',
        )
    except ValueError:
        return None
    if np.isinf(values).any():  # which may be said, or a number that is too large
        return None
    return {k: values[:, index] for index, k in enumerate(numeric)}, options.decimal or decimal


class _Column:
    """The numbers of one column under each decimal mark that it may have."""

    def __init__(self, decimals: Sequence[str], delimiter: str) -> None:
        # Where commas stand before decimals, semicolons separate cells; elsewhere 1.234 is taken
        # as it is written, and only 1,234 is doubtful.
        self._mark = "" if delimiter == ";" else ","
        self.parts: dict[str, list[NDArray[np.float64]]] = {mark: [] for mark in decimals}
        self.bad: dict[str, tuple[int, str]] = {}  # the first row, with its cell, that is no number
        self.counts = dict.fromkeys(decimals, 0)
        self.numbers = 0  # under any mark
        self.empty = 0
        self.either = ""  # a cell that is one number with a decimal comma, another without
        self.word = ""  # what stands for a missing value
        self.missing = 0
        self.length = 0

    def add(self, cells: Sequence[str]) -> None:
        read, wrong_in_all = [], set(range(len(cells)))
        for mark, parts in self.parts.items():
            values, wrong = parse_cells(cells, mark)
            read.append(values)
            parts.append(values)
            self.counts[mark] += len(cells) - len(wrong)
            wrong_in_all = wrong_in_all.intersection(wrong)
            if wrong:
                self.bad.setdefault(mark, (self.length + wrong[0], cells[wrong[0]]))
        self.numbers += len(cells) - len(wrong_in_all)
        self.empty += sum(not cells[index].strip() for index in wrong_in_all)
        if len(read) == 2 and not self.either:
            differ = (read[0] != read[1]) & ~np.isnan(read[0]) & ~np.isnan(read[1])
            candidates = (cells[index] for index in np.flatnonzero(differ).tolist())
            self.either = next((cell for cell in candidates if self._mark in cell), "")
        for index in np.flatnonzero(np.isnan(read[0])).tolist():
            if is_missing(cells[index]):
                self.word = self.word or cells[index].strip()
                self.missing += 1
        self.length += len(cells)

    @property
    def is_numeric(self) -> bool:
        """Whether most of it are numbers: then the others are mistakes."""
        return are_mostly_numbers(self.numbers, self.empty, self.length) and not (
            self.missing == self.length and self.word.lower() != "nan"
        )


def _read_slowly(
    rows: Iterator[list[str]], width: int, delimiter: str, decimal: str | None
) -> tuple[dict[int, _Column], int]:
    """Return the columns that hold numbers, read cell by cell, and how many rows there are."""
    columns = [_Column((decimal,) if decimal else DECIMALS, delimiter) for _ in range(width)]
    while chunk := list(islice(rows, _ROWS)):
        for column, cells in zip(columns, zip(*chunk, strict=True), strict=True):
            column.add(cells)
    numeric = {k: column for k, column in enumerate(columns) if column.is_numeric}
    return numeric, columns[0].length


def _find_decimal(path: Path, names: list[str], columns: Mapping[int, _Column]) -> str:
    """Return the decimal separator of all columns, or refuse two readings."""
    if not columns:
        return "."
    decimals = list(next(iter(columns.values())).parts)
    every = columns.values()
    explains = [mark for mark in decimals if not any(mark in column.bad for column in every)]
    if len(explains) == 1:
        return explains[0]
    if not explains:  # the one with fewer mistakes, which are then named
        return max(decimals, key=lambda mark: sum(c.counts[mark] for c in columns.values()))
    for k, column in columns.items():
        if cell := column.either:
            ways = [at_the_shell(remedy(" ({decimal})", decimal=mark)) for mark in DECIMALS]
            raise DataError(
                f"{path}: numbers must be unambiguous. Received: {cell.strip()!r} in column "
                f"{names[k]!r}, which may be {parse_cell(cell, ','):.15g}{ways[1]} or "
                f"{parse_cell(cell, '.'):.15g}{ways[0]}. {'Use' if any(ways) else 'Write'} one."
            )
    return "."
