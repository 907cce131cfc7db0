"""CSV as it comes: separated by commas, semicolons or tabs.  Calls nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO


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
