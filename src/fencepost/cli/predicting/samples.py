"""What is predicted: images in files, and rows of tables, each as the model takes it."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.tables.columns import passed_over
from ...datasets.tables.order import in_order
from ...errors import DataError
from ...files.decimals import is_number
from ...files.tables import Table, read_table
from ...text import format_shape, plural
from ..shared import loading
from ..shared.photographs import image_paths, prepared

if TYPE_CHECKING:
    from ...files.archives import Packed
    from ...interchange.backbone.backbone import Backbone
    from ...network import Network

TABLES = (".csv", ".tsv")
_CHUNK = 32  # that are predicted together


@dataclass(frozen=True)
class Sample:
    """One image, or one row of a table, counted from 1; `values` None where `error` says why.

    `packed` is where an image in an archive is read from; its `path` is none of the system's.
    """

    path: Path
    row: int | None
    values: NDArray[Any] | None
    notes: tuple[str, ...] = ()
    error: str = ""
    packed: Packed | None = None

    @property
    def name(self) -> str:
        """The file and, of a table, the row."""
        return str(self.path) if self.row is None else f"{self.path}, row {self.row:,}"


def is_table(path: Path | Packed) -> bool:
    """Whether a file is by its name a table, whose rows are predicted."""
    return isinstance(path, Path) and path.suffix.lower() in TABLES


def paths_of(given: Sequence[Path]) -> list[Path | Packed]:
    """Return the files that are meant: of a folder its images, of a pattern what fits it."""
    paths: list[Path | Packed] = []
    for path in given:
        if not path.exists() and glob.has_magic(str(path)):
            found = sorted(map(Path, glob.glob(str(path), recursive=True)))
            if not found:
                raise DataError(f"{path}: the pattern must fit some file. Received: none fits it.")
            paths += image_paths(found)
        else:
            paths += image_paths([path])
    return list(dict.fromkeys(paths))


def chunks(
    network: Network, paths: Sequence[Path | Packed], backbone: Backbone | None
) -> Iterator[list[Sample]]:
    """Yield the samples of files in their order, some at a time."""
    chunk: list[Sample] = []
    for path in paths:
        for sample in _samples(network, path, backbone):
            chunk.append(sample)
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def _samples(network: Network, file: Path | Packed, backbone: Backbone | None) -> Iterator[Sample]:
    packed, path = (None, file) if isinstance(file, Path) else (file, file.path)
    try:
        if packed is None and is_table(path):
            for index, values in enumerate(rows_of(network, path)):
                yield Sample(path, index + 1, values)
        elif len(network.input_shape) != 3 and backbone is None:
            raise DataError(
                f"{path}: the model takes {_wanted(network)}. Received: a file that is not a table "
                f"by its name. Use a file of type {' or '.join(TABLES)} with a row for each."
            )
        else:
            pixels, notes = prepared(network, file, backbone)
            yield Sample(path, None, pixels, tuple(notes), packed=packed)
    except DataError as error:
        yield Sample(path, None, None, error=str(error))


def rows_of(network: Network, path: Path) -> NDArray[np.float32]:
    """Return the rows of a table as the model takes them, (N, *input_shape).

    The column of labels that the model was trained with, and a column of words, may be there.
    Raises DataError for other numbers of columns, and for values that are not finite.
    """
    table = read_table(path, is_header=_is_header)
    columns = _columns_of_values(network, table)
    values = np.stack([table.numbers(column) for column in columns], axis=1).astype(np.float32)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{path}: values must be finite. Received: {values[row, column]} in row {row + 1:,}, "
            f"column {table.names[columns[column]]!r}. Correct it, or leave that row out."
        )
    return values.reshape(-1, *network.input_shape)


def _columns_of_values(network: Network, table: Table) -> list[int]:
    wanted = int(np.prod(network.input_shape))
    record = loading.remembered(network)
    places = in_order(table.names, record.get("columns") or ()) if table.header else None
    if places is not None and len(places) == wanted:
        return places
    others = {str(record.get("label", "label")), *map(str, record.get("ignored") or ())}
    columns = [k for k, name in enumerate(table.names) if not (table.header and name in others)]
    if len(columns) == wanted + 1 and not table.header:
        columns = _without_labels(network, table, columns)
    if len(columns) != wanted:
        columns = [k for k in columns if k in table.numeric]
    if len(columns) > wanted:  # as pandas writes an index, which training had not
        numbers = {k: table.numbers(k) for k in columns}
        counting = passed_over(table.names, numbers.get, columns, bool(table.header))
        if len(columns) - len(counting) == wanted:
            columns = [k for k in columns if k not in counting]
    if len(columns) != wanted:
        raise DataError(
            f"{table.path}: a row must hold the values that the model takes: {_wanted(network)}, "
            f"which are {plural(wanted, 'value')}. Received: {plural(len(columns), 'column')} of "
            "numbers. Use the columns that it was trained on; one of labels or names may be there."
        )
    return columns


def _without_labels(network: Network, table: Table, columns: list[int]) -> list[int]:
    """Leave out the column of a table without names that the model's labels stood in.

    Only if it holds names of its classes: labels may stand elsewhere in this table.
    """
    place = str(loading.remembered(network).get("label", "label"))
    index = {"first": 0, "last": -1}.get(place)
    if index is None and place.lstrip("-").isdecimal():
        index = int(place)
    if index is None or not -len(columns) <= index < len(columns):
        return columns
    column = columns[index]
    known = set(network.class_names or ())
    held = {_class_name(cell) for cell in table.texts(column)}
    return [k for k in columns if k != column] if held <= known else columns


def _class_name(cell: str) -> str:
    """Return a label as classes are called: 1.0 is class 1."""
    return str(int(float(cell))) if is_number(cell) and float(cell).is_integer() else cell


def _wanted(network: Network) -> str:
    shape = network.input_shape
    if len(shape) == 1:
        return f"rows of {plural(shape[0], 'value')}"
    return f"{'signals' if len(shape) == 2 else 'images'} of {format_shape(shape)}"


def _is_header(row: list[str]) -> bool:
    return sum(map(is_number, row)) * 2 <= len(row)
