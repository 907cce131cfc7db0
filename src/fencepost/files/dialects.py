"""How a table is written: what separates its cells, and how many lines are no rows of it.

A table is read in every way in which it could have been meant. What only one reading explains is
taken; what two explain equally well is refused with both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from operator import methodcaller
from pathlib import Path

from ..arguments import integer
from ..errors import ArgumentError, DataError
from ..remedies import remedy
from ..text import plural
from .decimals import DECIMALS, is_number, is_too_large, parse_cell
from .rows import DELIMITERS, SINGLE, Progress, data_rows, is_blank, iterate_lines, iterate_rows

__all__ = [
    "TableOptions",
    "column_names",
    "find_delimiter",
    "find_header",
    "split_preamble",
]

_NAMES = {
    "\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "spaces", SINGLE: "nothing"
}  # fmt: skip
_SPOKEN = {"\t": "tab", " ": "space"}
_WORDS = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
_SAMPLE = 400
_YEARS = range(1500, 2201)
_LIKE_A_NUMBER = re.compile(r"[-+−.,$£€]?\d")
# A number with what no number has: 10 %, $1.50, (1), 1_000.
_ADORNED = re.compile(r"\(?[-+−]?\s*[$£€¥]?\s*\d[\d.,_'\s]*[%‰$£€¥]?\)?", re.ASCII)
_COMMENT = re.compile(r"[ \t]*(?:#(?!N/A\b|NA\b)|%|//|!)")
_INNER_COMMENT = re.compile(r"(?m)^[ \t]*#(?!N/A\b|NA\b).*$")


@dataclass(frozen=True)
class TableOptions:
    """What is known of a table beforehand; None is found out.

    Attributes
    ----------
    delimiter : str
        One character, or "tab" or "space"; a space stands for any number of them.
    decimal : {".", ","}
        The decimal separator; the other may then be a thousands mark.
    header : int
        How many rows, the first of them names, stand before the numbers.
    skip : int
        How many lines are left out at the start.
    encoding : str
    progress : callable
        Called with how many characters have been read, and how many there are.
    """

    delimiter: str | None = None
    decimal: str | None = None
    header: int | None = None
    skip: int = 0
    encoding: str | None = None
    progress: Progress = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            delimiter = _WORDS.get(self.delimiter.lower(), self.delimiter)
            if len(delimiter) != 1 or delimiter in '"\n\r.+-' or delimiter.isalnum():
                raise ArgumentError(
                    "delimiter must be one character that does not occur in numbers, or tab or "
                    "space. "
                    f"Received: {self.delimiter!r}."
                )
            object.__setattr__(self, "delimiter", delimiter)
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise ArgumentError(
                f'decimal must be "." or ",". Received: {self.decimal!r}, which stands before no '
                "decimals."
            )
        if self.header is not None:
            integer("header", self.header, 0)
        integer("skip", self.skip, 0)


def split_preamble(content: str, skip: int) -> tuple[str, str, str | None, int]:
    """Split a file into what stands before its table and the table.

    Returns
    -------
    preamble, table : str
        In the table, lines of comment have become empty.
    delimiter : str or None
        What a first line such as ``sep=;`` says, as Excel writes and understands it.
    comments : int
        How many lines of the table were comments.
    """
    at, delimiter = 0, None
    for _ in range(skip):
        at = content.find("\n", at) + 1
        if not at:
            return content, "", None, 0
    while at < len(content):
        end = content.find("\n", at)
        line = content[at : end if end >= 0 else len(content)]
        separator = re.fullmatch(r'"?sep=([^\w".])"?', line)
        if separator:
            delimiter = separator[1]
        elif line.lstrip()[:1] == ";" and ";" not in content[at + len(line) :]:
            pass  # as configuration files have their comments
        elif line.strip() and not _COMMENT.match(line):
            break
        at = end + 1 if end >= 0 else len(content)
    table, comments = content[at:], 0
    if "#" in table:
        table, comments = _INNER_COMMENT.subn("", table)
    return content[:at], table, delimiter, comments


def find_delimiter(path: Path, table: str, options: TableOptions, said: str | None) -> str:
    """Return what separates the cells of a table.

    Raises DataError for rows of different lengths, and where two readings fit equally well.
    """
    given = options.delimiter or said
    if given is not None:
        _check_lengths(path, table, given)
        return given
    candidates = [mark for mark in DELIMITERS if mark in table]
    if "\t" in table:
        candidates = [mark for mark in candidates if mark != " "]
    if options.decimal == "," and '"' not in table:
        candidates = [mark for mark in candidates if mark != ","]
    samples = {mark: _sample(table, mark) for mark in [*candidates, SINGLE]}
    even = [
        mark
        for mark in candidates
        if len({len(row) for row in samples[mark]}) == 1 and len(samples[mark][0]) > 1
    ]
    shares = {mark: _share_of_numbers(samples[mark], mark, options) for mark in [*even, SINGLE]}
    even = [mark for mark in even if shares[mark] == max(shares[each] for each in even)]
    even = [mark for mark in even if _uneven(table, mark) is None]
    undivided = samples[SINGLE]
    single = 2 * sum(is_number(row[0], options.decimal) for row in undivided) > len(undivided) - 1
    if even and not (single and shares[even[0]] <= shares[SINGLE]):
        return even[0]
    if even and shares[even[0]] == shares[SINGLE]:
        _refuse_two_readings(path, table, samples, even[0], options)
        return even[0]
    first = undivided[0][0]
    if single and shares[SINGLE] > 0:
        if "," in candidates and _may_be_commas(path, table, samples, options):
            return ","
        return SINGLE
    guess = max(candidates or [SINGLE], key=first.count)
    guess = guess if guess in first else SINGLE
    _check_lengths(path, table, guess)
    return guess


def _sample(table: str, delimiter: str) -> list[list[str]]:
    return list(islice(data_rows(table, delimiter), _SAMPLE))


def _share_of_numbers(rows: list[list[str]], delimiter: str, options: TableOptions) -> float:
    cells = [cell for row in rows[1:] or rows for cell in row if cell.strip()]
    decimal = options.decimal
    return sum(is_number(cell, decimal) for cell in cells) / max(1, len(cells))


def _refuse_two_readings(
    path: Path,
    table: str,
    samples: dict[str, list[list[str]]],
    mark: str,
    options: TableOptions,
) -> None:
    """Raise DataError if a table may be one column as well as several, and nothing tells."""
    several = samples[mark]
    if len(several) > 1 and not any(cell.strip() == "" or is_number(cell) for cell in several[0]):
        return  # as many names as columns
    if _counts(several):
        return
    rows = data_rows(table, SINGLE)
    first = next(rows)[0]
    if all(map(is_number, several[0])) and not is_number(first, options.decimal):
        return
    if not all(is_number(row[0], options.decimal) for row in rows):
        return
    cells, text = several[-1], samples[SINGLE][-1][0]
    decimal = options.decimal or ("," if parse_cell(text, ",") is not None else ".")
    raise DataError(
        f"{path}: must be unambiguous. Received: {text!r}, which may be "
        f"{plural(len(cells), 'cell')} ({' and '.join(cells[:3])}) separated by {_NAMES[mark]}, or "
        f"one number, {parse_cell(text, decimal)!r}. If {_NAMES[mark]} separate cells, say so"
        + remedy(" ({delimiter})", delimiter=_SPOKEN.get(mark, mark))
        + ", or which decimal separator is used"
        + remedy(" ({decimal})", decimal=decimal)
        + "."
    )


def _may_be_commas(
    path: Path, table: str, samples: dict[str, list[list[str]]], options: TableOptions
) -> bool:
    """Whether what reads as one column of decimal commas is a table with names and bad cells.

    Raises DataError if it may be a damaged one.
    """
    rows, undivided = samples[","], samples[SINGLE]
    damaged = len(rows[0]) > 1 and all(map(is_number, rows[0])) and options.decimal is None
    titled = any("," in row[0] and not is_number(row[0]) for row in undivided)
    if not (damaged or titled):
        return False
    uneven = _uneven(table, ",")
    if uneven is not None:
        raise DataError(
            f"{path}: must be unambiguous. Received: {undivided[0][0]!r} in the first "
            f"row, and {plural(uneven[1], 'cell')} in line {uneven[0]}. If commas separate cells, "
            "fill or remove that row, or skip the lines before the table"
            + remedy(" ({skip})", skip=uneven[0] - 1)
            + ", and say so"
            + remedy(" ({delimiter})", delimiter=",")
            + "; if commas are decimal separators, say so"
            + remedy(" ({decimal})", decimal=",")
            + "."
        )
    return titled


def _counts(rows: list[list[str]]) -> bool:
    """Whether the first of two columns counts the rows, and the second varies."""
    if len(rows) < 5 or len(rows[0]) != 2:
        return False
    first = [cell.strip() for cell, _ in rows]
    if not all(cell.isdecimal() for cell in first):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(first)}
    return steps == {1} and len({cell for _, cell in rows}) > 1


def _uneven(table: str, delimiter: str) -> tuple[int, int] | None:
    """Return (line, cells) of the first row that is longer or shorter than the first, if any."""
    width, lines = 0, 0
    if delimiter == " " or '"' in table:
        counts = set(map(len, iterate_rows(table, delimiter))) - {0}
    else:  # then a row has a delimiter less than cells, which is quickly counted
        counts = set(map(methodcaller("count", delimiter), iterate_lines(table)))
    if len(counts) <= 1:
        return None
    reader = iterate_rows(table, delimiter)
    for row in reader:
        lines = getattr(reader, "line_num", lines + 1)
        if is_blank(row):
            continue
        width = width or len(row)
        if len(row) != width:
            return lines, len(row)
    return None


def _check_lengths(path: Path, table: str, delimiter: str) -> None:
    uneven = _uneven(table, delimiter)
    if uneven is None:
        return
    width = len(next(data_rows(table, delimiter)))
    raise DataError(
        f"{path}: all rows must have the same number of cells as the first, {width}. Received: "
        f"{uneven[1]} in "
        f"line {uneven[0]}, cells separated by {_NAMES.get(delimiter, repr(delimiter))}. Fill or "
        "remove that row"
        + remedy("; {skip} skips lines before the table", skip=uneven[0] - 1)
        + remedy(", and {delimiter} sets the delimiter", delimiter=";")
        + "."
    )


def find_header(
    path: Path, rows: list[list[str]], numeric: list[int], options: TableOptions
) -> int:
    """Return how many of the first rows are no data: none, names, or names and units.

    Raises DataError if the first row may be names as well as numbers.
    """
    if options.header is not None or not numeric or len(rows) < 2:
        return options.header or 0
    first, second = ([row[k].strip() for k in numeric] for row in rows[:2])
    words = [cell for cell in first if cell and not (is_number(cell) or is_too_large(cell))]
    if words and all(map(_ADORNED.fullmatch, words)):
        _refuse_header(path, rows, first)
    if words and len(words) + first.count("") == len(first):
        is_units = any(second) and not any(
            is_number(cell) or _LIKE_A_NUMBER.match(cell) for cell in second if cell
        )
        return 2 if is_units and len(rows) > 2 else 1
    others = [k for k in range(len(rows[0])) if k not in numeric]
    counting = [cell for cell in first if cell not in words and cell]
    kind = _counting(counting, rows, numeric)
    named = bool(words) or "" in first or any(rows[0][k].strip() for k in others)
    if kind == "years" and (len(counting) > 1 or named) and len(first) - len(counting) <= 1:
        if named and len(counting) > 1:
            return 1
        _refuse_header(path, rows, first)
    if kind == "indices":
        if named and (len(counting) > 7 or words or "" in first):
            return 1
        if named or len(counting) > 2:
            _refuse_header(path, rows, first)
    if words:
        _refuse_header(path, rows, first)
    return 0


def _counting(cells: list[str], rows: list[list[str]], numeric: list[int]) -> str:
    """Return "years" or "indices" if cells count them and the rows below do not, else ""."""
    if not cells or not all(cell.isdecimal() for cell in cells):
        return ""
    values = [int(cell) for cell in cells]
    steps = {b - a for a, b in pairwise(values)}
    body = [parse_cell(row[k], ".") for row in rows[1:] for k in numeric]
    if len(steps) < 2 and min(steps, default=1) > 0 and all(value in _YEARS for value in values):
        alike = all(value is not None and value in _YEARS for value in body)
        return "" if alike else "years"
    whole = all(value is not None and value.is_integer() for value in body)
    if len(values) > 1 and steps == {1} and values[0] in (0, 1) and (not whole or len(values) > 7):
        return "indices"
    return ""


def _refuse_header(path: Path, rows: list[list[str]], first: list[str]) -> None:
    shown = ", ".join(rows[0][:4]) + (", ..." if len(rows[0]) > 4 else "")
    raise DataError(
        f"{path}: it must be clear whether the first row contains names or numbers. Received: "
        f"{shown}, which "
        f"may be either. Specify that it names the columns"
        f"{remedy(' ({header})', header=1)} or is data{remedy(' ({header})', header=0)}."
    )


def column_names(rows: Sequence[Sequence[str]], width: int, preamble: str, mark: str) -> list[str]:
    """Return what the columns are called: by the header, the last comment, or their position."""
    if rows:
        return [cell.strip() for cell in rows[0]]
    comments = [line for line in preamble.splitlines() if _COMMENT.match(line)]
    if comments:
        text = comments[-1].strip().lstrip("#%").strip()
        for delimiter in dict.fromkeys((mark, ",", "\t", ";", " ")):
            cells = [cell.strip() for row in iterate_rows(text, delimiter) for cell in row]
            if len(cells) == width and not any(map(is_number, cells)):
                return cells
    return [f"column {k + 1}" for k in range(width)]
