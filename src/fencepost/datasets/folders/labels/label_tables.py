"""One label file: what separates its cells, which column names the files, and which the classes.

The form is found out from the files that there are: the separator and the column by which most
rows name one of them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from ....errors import DataError
from ....files.dialects import split_preamble
from ....files.encodings import decode_start
from ....files.rows import iterate_rows
from ....remedies import in_python, remedy
from ...class_names import is_missing
from ..listing import sample
from ..parts import PART_COLUMNS, divided, part_of, words_of
from .matching import PICTURE, FileIndex

__all__ = ["LabelTable", "names_pictures", "ordinal", "understand"]

SAMPLE = 200  # rows by which a table's form is found out
# Columns of classes as people call them, in the order in which they are preferred: names of
# classes before integers for them.
_COLUMNS = (
    "classname", "labelname", "categoryname", "label", "class", "category", "target", "species",
    "breed", "diagnosis", "dx", "type", "kind", "y", "name", "tag", "labels", "classes", "classid",
    "labelid", "categoryid", "targetid",
)  # fmt: skip
_MOST_COLUMNS = 8  # of a table of pictures whose other columns are measures of them
DEFAULT_LABEL = "label"  # of the command's option: any column will do
_HOT = {"0", "1", "0.0", "1.0"}
_NAMELESS: tuple[list[str], ...] = ([], ["id"], ["index"], ["unnamed"], ["no"], ["nr"], ["row"])
_BOXES = {"xmin", "ymin", "xmax", "bbox", "x1", "y1", "boxes", "polygon", "points"}
# Columns in which people write several classes, with what they put between them.
_PLURALS = {"labels", "tags", "classes", "categories", "attributes", "findinglabels", "keywords"}


@dataclass
class LabelTable:
    """A label file that was understood.

    `first`: The line of the first row. `files`: The column that names files. `share`: How many
    rows of the sample do. `ragged`: The line and the cells of a row of another length. `even`:
    Whether the first row has as many cells as most. `spaces`: Whether spaces separate the cells.
    """

    path: str
    base: str
    index: FileIndex = field(repr=False)
    rows: list[list[str]] = field(repr=False)
    header: list[str]
    first: int
    files: int
    share: float
    ragged: tuple[int, int] | None
    even: bool
    spaces: bool

    @property
    def fit(self) -> tuple[float, bool, bool, int]:
        """How well this explains the file: names of classes may have spaces, but hardly tabs."""
        return self.share, self.even, not self.spaces, len(self.rows[0])

    def find(self, cell: str) -> str | None:
        """Return the file that a cell means."""
        return self.index.find(cell, self.base)

    def cells(self) -> list[str]:
        """Return what stands for the file in each row."""
        return [row[self.files] for row in self.rows if len(row) > self.files]

    def column(self, names: tuple[str, ...]) -> int | None:
        """Return the column that has the first of these names."""
        plain = ["".join(words_of(name)) for name in self.header]
        return next(
            (
                plain.index(name)
                for name in names
                if name in plain and plain.index(name) != self.files
            ),
            None,
        )

    def check_rows(self) -> None:
        """Raise DataError for rows of different lengths, and for one that is the header again."""
        if self.ragged is not None:
            width = Counter(map(len, self.rows[:SAMPLE])).most_common(1)[0][0]
            raise DataError(
                f"{self.path}: all rows must have the same number of cells, and most have {width}. "
                f"Received: {self.ragged[1]} in line {self.ragged[0]}. Correct it, or quote "
                "cells that contain what separates them, such as numbers with a comma."
            )
        if self.header in self.rows:
            line = self.first + self.rows.index(self.header)
            raise DataError(
                f"{self.path}: the names of the columns must stand in the first row only. "
                f"Received: the same names again in line {line}. Remove that line."
            )

    @property
    def lists_objects(self) -> bool:
        """Whether rows have boxes, so that there may be several for an image."""
        return not _BOXES.isdisjoint("".join(name.lower().split()) for name in self.header)

    def parts(self) -> tuple[list[str | None], list[str]]:
        """Return the part of each row, None where it is not said, and where it stands in words."""
        column = self.column(PART_COLUMNS)
        if column is None:
            return [None] * len(self.rows), []
        name = self.header[column]
        parts, flags = divided(name, [row[column] for row in self.rows])
        what = "divides the data into splits" if flags else "names the splits"
        return parts, [f"Its column {name!r} {what if any(parts) else 'is not used'}."]

    def classes(self, label: str | None) -> tuple[list[str] | None, str]:
        """Return the class of each row (None: it names none), and in words where it stands.

        `label`: The column that holds the classes, if that was said.
        """
        width = len(self.rows[0]) if self.rows else 0
        others = [k for k in range(width) if k != self.files and not self._counts(k)]
        others = others or [k for k in range(width) if k != self.files]
        if label and label != DEFAULT_LABEL:
            if not self.header:
                raise DataError(
                    f"{self.path}: columns must have names for one to be chosen. Received: "
                    f"{label!r}, of a table without names. Add a first line such as file,{label}."
                )
            if label not in self.header:
                raise DataError(
                    f"{self.path}: the label column must be one of {sample([*self.header], 20)}. "
                    f"Received: {label!r}."
                )
            return self._texts(self.header.index(label))
        hot = [k for k in others if all(row[k] in _HOT for row in self.rows)]
        if len(hot) >= 2 and self.header and not (len(others) - len(hot)):
            return self._one_hot(hot)
        named = self.column(_COLUMNS)
        if named is not None:
            return self._texts(named)
        if len(others) == 1:
            return self._texts(others[0])
        if len(hot) >= 2 and self.header:
            return self._one_hot(hot)
        if not others:
            names = (self.find(row[0]) or row[0].replace("\\", "/") for row in self.rows)
            folders = [PurePosixPath(name).parent.name for name in names]
            several = len(set(folders)) > 1 and all(folders) and not any(map(part_of, folders))
            return (folders if several else None), "and their folders the classes"
        columns = [self.header[k] if self.header else f"column {k + 1}" for k in others]
        raise DataError(
            f"{self.path}: it must be clear which column holds the classes. Received: "
            f"{sample(columns, 20)}. Name it label"
            f"{remedy(', or use its name: {label}', label='NAME')}."
        )

    def _counts(self, k: int) -> bool:
        """Whether a column without a name of its own counts the rows."""
        cells = [row[k] for row in self.rows]
        if len(cells) < 3 or (self.header and words_of(self.header[k]) not in _NAMELESS):
            return False
        numbers = [int(cell) for cell in cells if cell.isdecimal()]
        first = numbers[0] if numbers else 0
        return first in (0, 1) and numbers == list(range(first, first + len(cells)))

    def _texts(self, k: int) -> tuple[list[str], str]:
        texts = ["" if is_missing(row[k]) else row[k] for row in self.rows]
        self._refuse_several(k, texts)
        said = ""
        whole = [text.removesuffix(".0").removesuffix(",0") for text in texts]
        if all(text.removeprefix("-").isdecimal() for text in whole if text):
            written = texts
            texts = [str(int(text)) if text else "" for text in whole]
            other = next((old for old, new in zip(written, texts, strict=True) if old != new), "")
            said = f" (such as {other}, read as integers)" if other else ""
        elif _are_measures(texts):
            raise DataError(
                f"{self.path}: labels must be names of classes, or integers. Received: "
                f"{sample(texts, 3)}, which seem to be measured. Group them into classes"
                + in_python('; Network.fit learns numbers with loss="mse"')
                + "."
            )
        name = f"column {self.header[k]!r}" if self.header else ordinal(k)
        return texts, f"the {name} the classes{said}"

    def _refuse_several(self, k: int, texts: list[str]) -> None:
        """Raise DataError if cells hold several classes: parts that come in other cells, too."""
        plural = bool(self.header) and "".join(words_of(self.header[k])) in _PLURALS
        for mark in ("|", ";", ",", " ") if plural else ("|", ";"):
            different = {text: {part.strip() for part in text.split(mark)} for text in texts}
            counts = Counter(part for parts in different.values() for part in parts)
            for text, parts in different.items():
                if len(parts) > 1 and any(counts[part] > 1 for part in parts):
                    line = self.first + texts.index(text)
                    raise DataError(
                        f"{self.path}: each image must have one class. Received: {text!r} in line "
                        f"{line}, which seem to be {len(parts)}. Images of several classes cannot "
                        "be used: leave them out, or use one class."
                    )

    def _one_hot(self, columns: list[int]) -> tuple[list[str], str]:
        labels = []
        for k, row in enumerate(self.rows):
            chosen = [column for column in columns if float(row[column]) == 1]
            if len(chosen) != 1:
                raise DataError(
                    f"{self.path}: exactly one of the class columns must be 1 in each row. "
                    f"Received: {len(chosen)} in line {self.first + k}. An image with several "
                    "classes, or none, cannot be used; leave it out."
                )
            labels.append(self.header[chosen[0]])
        return labels, f"the columns {sample([self.header[k] for k in columns])} are the classes"


def understand(path: str, content: str, base: str, index: FileIndex) -> LabelTable | None:
    """Find the form of a table; None if it names no pictures.

    `base`: The folder of the table, as a prefix of the names of pictures.
    """
    preamble, content, said, _ = split_preamble(content, 0)
    best: LabelTable | None = None
    for mark in (said,) if said else ("\t", ";", ",", "|", " ", "  ", "\x1f"):
        table = _divided(path, content, mark, preamble.count("\n"), base, index)
        if table is not None and (best is None or table.fit > best.fit):
            best = table
    return best


def _divided(
    path: str, content: str, mark: str, line: int, base: str, index: FileIndex
) -> LabelTable | None:
    if mark == " ":  # names may have spaces: the class is the last word
        rows = [text.strip().rsplit(None, 1) for text in content.split("\n")]
    elif mark == "  ":  # or every word is a cell
        rows = [text.split() for text in content.split("\n")]
    else:
        try:
            rows = [[cell.strip() for cell in row] for row in iterate_rows(content, mark)]
        except csv.Error:
            return None
    rows = [row for row in rows if any(row)]
    if not rows or (mark == " " and any(len(row) < 2 for row in rows)):
        return None
    width = Counter(map(len, rows[:SAMPLE])).most_common(1)[0][0]
    body = [row for row in rows[:SAMPLE] if len(row) == width]
    if len(body) < 0.5 * len(rows[:SAMPLE]):
        return None
    known = [
        [index.find(row[k], base) or index.several(row[k]) for row in body] for k in range(width)
    ]
    shares = [_share(column, body) for column in known]
    # Of columns that name files alike, integer classes beside 0.png, 1.png say it more often.
    different = [len({cells[k] for cells in body}) for k in range(width)]
    files = max(range(width), key=lambda k: (shares[k], different[k]))
    if shares[files] < 0.2:
        return None
    header: list[str] = []
    if len(rows[0]) != width or not known[files][0]:
        named = {cell.lower() for cell in rows[0]} if len(rows) > 1 else set()
        looks_like_a_file = "." in (rows[0][files] if len(rows[0]) == width else "x")
        if len(rows[0]) != width or (named and not looks_like_a_file):
            header, rows = rows[0], rows[1:]
    first, even = line + 1 + bool(header), len(header) in (0, width)
    lengths = enumerate(map(len, rows))
    ragged = next(((first + k, length) for k, length in lengths if length != width), None)
    if not even:
        ragged = (line + 1, len(header)) if len(header) > 1 else ragged
        header = []
    share, spaces = shares[files], not mark.strip(" ")
    return LabelTable(path, base, index, rows, header, first, files, share, ragged, even, spaces)


def _share(found: list[Any], body: list[list[str]]) -> float:
    """Return the share of rows that name a file; a header is left aside, and where it returns."""
    rows = [k for k, row in enumerate(body) if found[0] or row != body[0]]
    return sum(bool(found[k]) for k in rows) / max(1, len(rows))


def names_pictures(path: Path) -> bool:
    """Whether a table names pictures, rather than holding signals: by its first rows."""
    try:
        with path.open("rb") as file:
            content = decode_start(file.read(1 << 16))
    except OSError:
        return False
    lines = content.splitlines()[:SAMPLE]
    if any(PICTURE.search(line) for line in lines):
        return True
    delimiter = next((mark for mark in "\t;|," if mark in "".join(lines[:1])), " ")
    rows = [[cell.strip(' "') for cell in line.split(delimiter)] for line in lines[:20]]
    nearby = islice(path.parent.rglob("*"), 10_000)
    stems = {entry.stem for entry in nearby if PICTURE.search(entry.name)}
    named = {cell for row in rows[1:] or rows for cell in row} & stems  # without a header
    if not named or not all(map(str.isdecimal, named)):
        return bool(named)
    return not _hold_measures(rows) and any(
        # Not all pictures are nearby: each row has one of its own, of which some are found.
        len(set(column)) == len(column) and stems.intersection(column)
        for column in zip(*rows[1:], strict=False)
    )


def _hold_measures(rows: list[list[str]]) -> bool:
    """Whether a table with many columns holds a signal, or the pixels of an image, in each row.

    Most cells are numbers with decimals, or integers, and these in several columns other numbers
    than those by which a label file marks classes: 0, 1 and −1.
    """
    if len(rows[0]) <= _MOST_COLUMNS:
        return False
    columns = list(zip(*rows[1:], strict=False))
    cells = [cell for column in columns for cell in column]
    decimals = sum(bool(re.fullmatch(r"[-+]?\d*[.,]\d+(e[-+]?\d+)?", cell)) for cell in cells)
    integers = sum(bool(re.fullmatch(r"[-+]?\d+", cell)) for cell in cells)
    others = sum(not {"0", "1", "-1"}.issuperset(column) for column in columns)
    return 2 * decimals > len(cells) or (
        2 * (decimals + integers) > len(cells) and 10 * others > len(columns) and others > 3
    )


def _are_measures(texts: list[str]) -> bool:
    """Whether most cells are numbers with decimals, and most of them different."""
    try:
        values = [float(text.replace(",", ".")) for text in texts if text]
    except ValueError:
        return False
    broken = sum(not value.is_integer() for value in values)
    return 2 * broken > len(values) and 2 * len(set(values)) > len(values) > 4


def ordinal(k: int) -> str:
    """Return in words which column an index means."""
    return ("first", "second", "third")[k] if k < 3 else f"{k + 1}th"
