"""Label files: a table that names pictures and the class of each, beside or inside their folder.

Nothing has to be said of its form. What separates the cells, which column names the files and
which the classes, and whether there is a header, is found out from the files that there are; each
guess is said. Forms that are known: columns of any names; a column for each class with one 1 in
each row; only names, whose folders are the classes; columns that name the part; JSON of any of
these.
"""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ....errors import DataError
from ....files.encodings import decode_text, read_text
from ....text import plural
from ..listing import Listing, sample, sorted_names
from ..parts import part_of, words_of
from ..tree import File, Tree
from .class_lists import is_class_list, names_of_integers
from .json_tables import json_as_table
from .label_tables import LabelTable, ordinal, understand
from .matching import PICTURE, FileIndex

__all__ = ["LabelFiles", "Labelled"]

JSON = (".json", ".jsonl", ".ndjson")
ENDINGS = (".csv", ".tsv", ".txt", *JSON)
# Tables as other programs keep them, which are not read.
FOREIGN = (".xlsx", ".xls", ".ods", ".parquet", ".feather", ".pkl", ".mat", ".db", ".sqlite")
LARGEST = 1 << 28  # bytes of a label file
_LABELS = {
    "labels", "label", "annotations", "annotation", "metadata", "meta", "targets", "target",
    "classes", "truth", "groundtruth", "index", "train", "training", "val", "valid", "validation",
    "test",
}  # fmt: skip
_DEEPEST = 2  # folders above a table that is called labels or the like


@dataclass
class Labelled:
    """Parts as label files give them.

    `missing`: What `path` names and is not there. `unlabelled`: What it gives no class.
    """

    parts: dict[str, Listing]
    path: str
    missing: list[str]
    unlabelled: list[str]


@dataclass
class _Rows:
    """What tables say so far: the class of each picture by part, and what is to be said."""

    by_part: dict[str, dict[str, str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)


class LabelFiles:
    """The label files of a tree of pictures, at the level where its parts or classes lie."""

    def __init__(self, tree: Tree, prefix: str, label: str | None, table: str | None) -> None:
        self._tree, self._prefix = tree, prefix
        self._label = label
        self._given = table
        self.passed_over: list[str] = []  # what may have been meant as a label file, and why not

    @functools.cached_property
    def _index(self) -> FileIndex:
        return FileIndex(self._tree.pictures)

    def read(self, folders: dict[str, str], only_decisive: bool) -> Labelled | None:
        """Return what the label files say; None if there are none.

        `folders`: The folder of each part, as a prefix of names. `only_decisive`: Leave tables
        alone that are not called labels, train or the like.

        Raises DataError: A table names two classes for one picture, or cannot be read in one way.
        """
        if not self._tree.pictures:
            return None
        self.passed_over += [
            f"{name}: a table of another program, save it as CSV"
            for name in self._tree.others
            if name.lower().endswith(FOREIGN) and self._is_decisive(name)
        ]
        tables = [
            table
            for path in self._candidates(folders)
            if self._is_decisive(path) or not only_decisive
            if (table := self._understand(path))
        ]
        if not tables:
            if self._given:
                raise DataError(
                    f"{self._given}: a label file must name the images beside it. "
                    f"Received: no column with the names of the {len(self._tree.pictures):,} files "
                    f"below {self._tree.root}. Names may include folder and extension, or not."
                )
            return None
        chosen = self._one_for_each_part(tables, folders)
        rows = _Rows()
        for part, table in chosen:
            self._add(table, part, folders, rows)
        if not rows.by_part:
            if rows.unlabelled:
                path = chosen[0][1].path
                self.passed_over.append(f"{path}: no class stands beside any image that it names")
            return None
        left_out = len(self._tree.pictures) - sum(map(len, rows.by_part.values()))
        if left_out:
            rows.remarks.append(f"Left out: {plural(left_out, 'image')} that it does not name.")
        labels = [label for given in rows.by_part.values() for label in given.values()]
        named = names_of_integers(self._tree, labels, [table.path for _, table in chosen])
        if named is not None:
            rows.remarks.append(f"{named[0]} names the classes.")
        names = named[1] if named else {}
        parts = {part: self._listing(given, names) for part, given in rows.by_part.items()}
        next(iter(parts.values())).remarks += rows.remarks
        return Labelled(parts, chosen[0][1].path, rows.missing, rows.unlabelled)

    def _listing(self, given: dict[str, str], named: dict[str, str]) -> Listing:
        names = sorted(given, key=lambda name: name.split("/"))
        labels = [named.get(given[name], given[name]) for name in names]
        files: list[File] = [self._tree.pictures[name] for name in names]
        classes = tuple(named[key] for key in sorted_names(named)) or sorted_names(labels)
        return Listing(self._tree, files, labels, classes)

    def _candidates(self, folders: dict[str, str]) -> list[str]:
        """Return the tables where parts or classes lie, beside the root, or called labels."""
        if self._given:
            return [self._given]
        above = self._prefix.split("/")
        levels = {"/".join([*above[:k], ""]) for k in range(len(above))}
        levels |= {self._prefix, *folders.values()}
        inside = [
            name
            for name in self._tree.others
            if name.lower().endswith(ENDINGS)
            and (
                name[: name.rfind("/") + 1] in levels
                or (name.count("/") <= _DEEPEST and self._is_decisive(name))
            )
            and "submission" not in name  # Kaggle's, with a class that means nothing
        ]
        root = self._tree.root
        known = {*_LABELS, *words_of(root.stem)}
        beside = [
            str(path)
            for path in _tables_in(root.resolve().parent)
            if words_of(path.stem) and known.issuperset(words_of(path.stem))
        ]
        return [str(root / name) if not self._tree.is_archive else name for name in inside] + beside

    def _is_decisive(self, path: str) -> bool:
        return bool(self._given) or bool(_LABELS & set(words_of(PurePosixPath(path).stem)))

    def _text(self, path: str) -> str:
        """Return the content of a table, which may lie in the archive."""
        if self._tree.is_archive and path in self._tree.others:
            with self._tree.open(path) as file:
                return decode_text(file.read(), path).content
        if Path(path).stat().st_size > LARGEST:
            return ""
        return read_text(Path(path)).content

    def _understand(self, path: str) -> LabelTable | None:
        table, why = None, "none of its columns names these images"
        try:
            text = self._text(path)
            if path.lower().endswith(JSON):
                text = json_as_table(text) or ""
            if not text.strip():
                why = "it is empty" if not path.lower().endswith(JSON) else "it is no table"
            table = understand(path, text, self._base(path), self._index)
            if table and is_class_list(path, table.cells(), len(self._tree.pictures)):
                return None
        except (DataError, OSError) as error:
            why = str(error)
        if table is None and self._is_decisive(path):
            self.passed_over.append(f"{path}: {why}")
        return table

    def _one_for_each_part(
        self, tables: list[LabelTable], folders: dict[str, str]
    ) -> list[tuple[str | None, LabelTable]]:
        """Return each part's table; of several for one the one called labels."""
        chosen: dict[str | None, LabelTable] = {}
        for table in sorted(tables, key=lambda table: not self._is_decisive(table.path)):
            inside = [part for part, at in folders.items() if f"/{at}" in f"/{table.path}"]
            part = inside[0] if inside else part_of(PurePosixPath(table.path).stem)
            if part in chosen:
                if self._is_decisive(table.path) == self._is_decisive(chosen[part].path):
                    raise DataError(
                        f"{self._tree.root}: one label file must name the classes. Received: "
                        f"{chosen[part].path} and {table.path}. Remove one, or use it as the data."
                    )
                continue
            chosen[part] = table
        if None in chosen and len(chosen) > 1 and self._is_decisive(chosen[None].path):
            return [(None, chosen[None])]  # labels.csv beside lists of names
        return [(part, table) for part, table in chosen.items() if len(chosen) == 1 or part]

    def _add(
        self, table: LabelTable, part: str | None, folders: dict[str, str], rows: _Rows
    ) -> None:
        """Add the pictures that a table names, and their classes, to `rows` by part."""
        where = table.path
        table.check_rows()
        labels, described = table.classes(self._label)
        if labels is None:
            rows.remarks.append(f"Left out: {Path(where).name}, which names no classes.")
            return
        divided, said = table.parts()
        for k, (row, text) in enumerate(zip(table.rows, labels, strict=True)):
            cell, of_row = row[table.files], divided[k] or part
            at = folders.get(of_row or "")  # of two files of one name that of the part
            name = (table.index.find(cell, at) if at else None) or table.find(cell)
            if name is None:
                several = table.index.several(cell)
                if several:
                    raise DataError(
                        f"{where}: each row must name one image. Received: {cell!r} in "
                        f"line {table.first + k}, which may be {sample(several, 3)}. Write the "
                        "folder too."
                    )
                rows.missing.append(cell)
                continue
            if not text:
                rows.unlabelled.append(f"{cell!r} in line {table.first + k}")
                continue
            by_folder = next((p for p, at in folders.items() if name.startswith(at)), None)
            given = rows.by_part.setdefault(of_row or by_folder or "train", {})
            if given.setdefault(name, text) != text:
                boxes = " It seems to list objects, not images." if table.lists_objects else ""
                raise DataError(
                    f"{where}: each image must have one class. Received: {name} as "
                    f"{given[name]!r} and as {text!r}.{boxes} Correct it, or leave one row out."
                )
        header = (
            f"its column {table.header[table.files]!r}"
            if table.header
            else (f"its {ordinal(table.files)} column")
        )
        rows.remarks.append(
            f"Labels are those of {Path(where).name}: {header} names the images, {described}."
        )
        rows.remarks += said

    def _base(self, path: str) -> str:
        """Return the folder of a table, as a prefix of the names of pictures."""
        if not self._tree.is_archive:
            try:
                path = Path(path).relative_to(self._tree.root).as_posix()
            except ValueError:
                return ""
        return path[: path.rfind("/") + 1]


def folder_of(table: Path) -> Path:
    """Return the folder whose pictures a table names: its own, or where the paths in it lead."""
    found: set[str] = set()
    try:
        lines = read_text(table).content.splitlines()
    except (DataError, OSError):
        return table.parent
    for line in lines:
        for cell in re.split(r"[\t;,|\"']+", line):
            if PICTURE.search(cell) and re.search(r"[/\\]", cell):
                folder = os.path.dirname(os.path.join(table.parent, cell.strip()))
                if folder not in found and os.path.isdir(folder):
                    found.add(os.path.normpath(folder))
    inside = os.path.normpath(table.parent)
    outside = {folder for folder in found if not f"{folder}/".startswith(f"{inside}/")}
    if not outside or len(outside) < len(found):
        return table.parent
    common = Path(os.path.commonpath(list(map(os.path.abspath, outside))))
    return common if len(common.parts) > 2 else table.parent  # never all of a disk


def _tables_in(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file()
        )
    except OSError:
        return []
