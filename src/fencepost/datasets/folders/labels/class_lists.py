"""Files that name the classes of integer labels: classes.txt, class_names.csv, labels.json."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from ....errors import DataError
from ....files.encodings import decode_text
from ..parts import words_of
from ..tree import Tree
from .matching import PICTURE

__all__ = ["is_class_list", "names_of_integers"]

ENDINGS = (".txt", ".csv", ".tsv", ".json", ".names")
LARGEST = 1 << 20  # bytes of a list of classes
_WORDS = {
    "class", "classes", "classname", "classnames", "name", "names", "label", "labels", "labelmap",
    "category", "categories", "map", "mapping", "index", "idx", "to", "id", "ids", "list", "dict",
    "synset", "synsets", "meta", "legend", "key", "obj",
}  # fmt: skip


def is_class_list(path: str, cells: Sequence[str], pictures: int) -> bool:
    """Whether a table that seems to name pictures counts classes: 0, 1, 2 for far more pictures."""
    named = _WORDS.issuperset(words_of(PurePosixPath(path).stem))
    return named and 3 * len(cells) <= pictures and all(cell.isdecimal() for cell in cells)


def names_of_integers(
    tree: Tree, labels: Iterable[str], tables: Sequence[str] = ()
) -> tuple[str, dict[str, str]] | None:
    """Return the file that names all of these labels, and the name of each, if there is one.

    `tables`: The files that the labels are from, which name no classes.

    Its lines are names, of 0, 1, 2 and so on (or 1, 2, 3, if the labels begin with 1), or pairs of
    integer and name.
    """
    wanted = {label for label in labels if label}
    if len(wanted) < 2 or not all(label.isdecimal() for label in wanted):
        return None
    stems = {PurePosixPath(name).stem for name in tree.pictures}
    for path in tree.others:
        plain = PurePosixPath(path)
        if path in tables or str(tree.path(path)) in tables:
            continue
        if plain.suffix.lower() not in ENDINGS or not _WORDS.issuperset(words_of(plain.stem)):
            continue
        try:
            with tree.open(path) as file:
                content = file.read(LARGEST + 1)
            names = _understood(decode_text(content, path).content, wanted)
        except (OSError, DataError):
            continue
        if names is not None and not stems.issuperset(names.values()):
            return path, names
    return None


def _understood(content: str, wanted: set[str]) -> dict[str, str] | None:
    if len(content) > LARGEST:
        return None
    pairs = _of_json(content) or _of_lines(content, wanted)
    names = {key: pairs[key].strip() for key in wanted if pairs.get(key, "").strip()}
    if any(PICTURE.search(name) for name in names.values()):
        return None  # a table of labels
    different = len(set(names.values())) == len(wanted)
    return names if different and not all(name.isdecimal() for name in names.values()) else None


def _of_json(content: str) -> dict[str, str]:
    try:
        whole: Any = json.loads(content)
    except ValueError:
        return {}
    if isinstance(whole, list):
        whole = dict(enumerate(whole))
    if not isinstance(whole, dict):
        return {}
    if all(isinstance(value, int) for value in whole.values()):
        whole = {value: key for key, value in whole.items()}  # {"cat": 0}
    return {str(key): value for key, value in whole.items() if isinstance(value, str)}


def _of_lines(content: str, wanted: set[str]) -> dict[str, str]:
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    pairs = [_pair(line) for line in lines]
    if sum(pair is None for pair in pairs) <= 1 < len(lines):  # one may be a header
        return dict(pair for pair in pairs if pair)
    first = 1 if "0" not in wanted and len(lines) == max(map(int, wanted)) else 0
    if len(lines) == max(map(int, wanted)) + 2 - first and words_of(lines[0]) in (
        ["name"],
        ["class"],
    ):
        lines = lines[1:]
    return {str(first + k): line for k, line in enumerate(lines)}


def _pair(line: str) -> tuple[str, str] | None:
    """Return (integer, name) of `0 cat`, `0: cat`, `cat,0` or `1;cat;of the house`."""
    mark = next((mark for mark in "\t;,:" if mark in line), None)
    cells = [
        c.strip()
        for c in (
            next(csv.reader([line], delimiter=mark)) if mark else re.split(r"\s+", line, maxsplit=1)
        )
    ]
    if len(cells) < 2:
        return None
    if cells[0].isdecimal():
        return str(int(cells[0])), cells[1]
    return (str(int(cells[1])), cells[0]) if cells[1].isdecimal() and len(cells) == 2 else None
