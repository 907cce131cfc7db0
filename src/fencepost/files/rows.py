"""The rows of a table as text: split into cells, one after another; those that hold nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "DELIMITERS",
    "SINGLE",
    "Progress",
    "count_blank",
    "counted",
    "data_rows",
    "is_blank",
    "is_empty",
    "iterate_lines",
    "iterate_rows",
]

Progress = Callable[[int, int], None] | None  # told how much is done, of how much
SINGLE = "\x1f"  # separates nothing: a table of one column
DELIMITERS = "\t;|, "  # as they are preferred when two read a table equally well
_CHUNK = 1 << 20
_WHITE = "".join(mark for mark in map(chr, range(0x3001)) if mark.isspace() and mark != "\n")


def iterate_rows(table: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each row, blank ones included."""
    if delimiter == " ":
        return map(str.split, iterate_lines(table))
    # A quotation mark opens a cell behind a space, too, where people put one behind each comma.
    spaced = delimiter != "\t" and f'{delimiter} "' in table
    return csv.reader(iterate_lines(table), delimiter=delimiter, skipinitialspace=spaced)


def counted(steps: range, progress: Progress) -> Iterator[int]:
    """Yield each step, and tell where it is of how many there are."""
    for at in steps:
        if progress is not None:
            progress(at, steps.stop)
        yield at


def iterate_lines(table: str, progress: Progress = None) -> Iterator[str]:
    """Yield the lines of a table without holding all of them.

    `progress` is called with how many of its characters have been read, and how many there are.
    """
    at = 0
    while at < len(table):
        if progress is not None:
            progress(at, len(table))
        end = table.find("\n", at + _CHUNK)
        end = len(table) - table.endswith("\n") if end < 0 else end
        lines = table[at:end].split("\n")
        yield from [line + "\n" for line in lines] if '"' in table else lines
        at = end + 1


def is_blank(row: Sequence[str]) -> bool:
    """Whether a row has nothing in any cell."""
    return not "".join(row).strip()


def is_empty(table: str, delimiter: str | None) -> bool:
    """Whether no row of a table has anything in it, whatever separates the cells."""
    marks = DELIMITERS + _WHITE + '"' + (delimiter or "")
    return not any(line.strip(marks + "\n") for line in iterate_lines(table))


def data_rows(table: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each row that is not blank."""
    rows = iterate_rows(table, delimiter)
    # Asked of the text first: of a million rows, each would take longer than to split it.
    first = table[: table.find("\n") + 1 or None].strip(_WHITE + delimiter + "\n")
    blank = rf"\n[{_WHITE}{re.escape(delimiter)}]*(?:\n|\Z)"
    if first and '"' not in table and not re.search(blank, table.removesuffix("\n")):
        return rows
    return (row for row in rows if not is_blank(row))


def count_blank(table: str, delimiter: str) -> int:
    """Return how many blank rows stand between others: of a signal, samples that are missing."""
    if '"' in table:
        blank = list(map(is_blank, iterate_rows(table, delimiter)))
        return sum(blank) - blank.index(False) - blank[::-1].index(False)
    outside = _WHITE + delimiter + "\n"
    return len(re.findall(rf"\n[{_WHITE}{re.escape(delimiter)}]*(?=\n)", table.strip(outside)))
