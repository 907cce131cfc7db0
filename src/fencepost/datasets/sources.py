"""What `--data` takes: a name, a folder or a file, and which loader is meant by it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from .. import notebook
from ..arguments import flag, strings
from ..errors import DataError
from ..files.signatures import resemblance
from ..remedies import remedy
from ..text import join_words
from .binary_files import GZIP_MAGIC, open_binary
from .bundled import mnist
from .class_names import class_indices
from .dataset import Dataset
from .folders import Loading, load
from .folders.classes import read_contents
from .folders.foreign import refuse_by_name
from .folders.labels.label_files import JSON, folder_of
from .folders.labels.label_tables import names_pictures
from .folders.listing import Listing
from .folders.options import check_channels, of_pictures
from .folders.parts import find_parts
from .folders.tree import Tree
from .idx_files import find_pair, folder_splits, idx
from .layouts import check_layout
from .npz_files import npz, npz_splits
from .tables.order import ordered
from .tables.pixels import pixels
from .tables.signals import Rows, as_label, may_be_divided, read_rows, signals

__all__ = ["DataSource", "open", "open_test"]

TABLES = (".csv", ".tsv", ".txt", ".data")
TABLE_ENDINGS = {*TABLES, *JSON}
# How to unpack archives that no module of Python's reads, by their first bytes.
_UNPACK = {b"7z\xbc\xaf": "7z x", b"Rar!": "unrar x", b"\x28\xb5\x2f\xfd": "tar xf"}


@dataclass(frozen=True)
class _Options:
    """What the caller asked for, and the classes if they are known already."""

    pictures: Loading
    channels: int | None
    label: str | int
    layout: str | None
    nested: bool | None = None
    class_names: tuple[str, ...] = ()
    ignored: tuple[str, ...] | None = None
    columns: tuple[str, ...] = ()  # in the order of training
    asked: tuple[str, ...] = ()  # names of options that data may have no use for: to be said


Load = Callable[[_Options], Dataset]


@dataclass(frozen=True)
class DataSource:
    """The data under a path: a training split, and validation and test splits if there are any."""

    name: str
    train: Dataset
    validation: Dataset | None = None
    test: Dataset | None = None

    def __post_init__(self) -> None:
        for split in ("validation", "test"):
            data: Dataset | None = getattr(self, split)
            if data is not None:
                object.__setattr__(self, split, _like(data, self.train, self.name, split))

    def _repr_html_(self) -> str:
        return "".join(
            notebook.paragraph(f"{name}:") + split._repr_html_() for name, split in self._splits()
        )

    def _splits(self) -> list[tuple[str, Dataset]]:
        named = {"Training": self.train, "Validation": self.validation, "Test": self.test}
        return [(name, split) for name, split in named.items() if split is not None]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Files that cannot be used and were left out, each with the reason."""
        return tuple(file for _, split in self._splits() for file in split.left_out)

    @property
    def description(self) -> str:
        """What was found and how it was processed, a sentence or more for each split."""
        return "\n".join(f"{name}: {split.description}" for name, split in self._splits())


def _like(data: Dataset, train: Dataset, name: str, split: str) -> Dataset:
    """Return `data` with the classes of `train`, if it can be used with it."""
    if data.input_shape != train.input_shape:
        raise DataError(
            f"{name}: all splits must have images of one shape. Received: {train.input_shape} to "
            f"train on, {data.input_shape} in the {split} split. Use data that "
            "belong together"
            + remedy(", or resize a folder of images: {size}", size=train.input_shape[1:])
            + "."
        )
    if bool(data.class_names) != bool(train.class_names):
        raise DataError(
            f"{name}: the targets of all splits must be of one kind. Received: classes in one, "
            f"regression targets in the other. Save integers for classes in both."
        )
    return _reindex(data, train.class_names, f"{name}, {split} split")


def open(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    label: str | int = "label",
    layout: str | None = None,
    nested: bool | None = None,
    pictures: Loading | None = None,
) -> DataSource:
    """Load whatever `path` is, as ``fencepost train --data`` does.

    Parameters
    ----------
    path : str or path
        "mnist"; a folder with a subfolder of images per class, or with such folders called train/,
        val/ and test/ (training, valid, test_set, seg_train…, in any letter case), or with a label
        file; a zip or tar archive of one; a label file; a folder with MNIST's four IDX files, or
        one file of images among them; an npz file; a CSV file of signals, or a folder with
        train.csv and test.csv. File types are detected by content. For a folder called mnist, write
        ./mnist.
    size, channels, nested
        As `image_folder` takes them; `channels` also as `signals_csv` does.
    label
        As `signals_csv` and `image_folder` take it.
    layout
        As `npz` and `idx` take it.
    pictures : Loading, optional
        How the pictures of a folder are read, in full; in place of `size` and `channels`.

    Raises
    ------
    DataError
        Nothing exists at `path`, or nothing that can be loaded; splits that do not belong together;
        and whatever the loaders raise.

    Examples
    --------
    >>> import fencepost as fp
    >>> source = fp.datasets.open("mnist")
    >>> len(source.train), len(source.test)
    (60000, 10000)
    """
    how = pictures or Loading(size, of_pictures(channels))
    label, layout, nested = _checked(label, layout, nested)
    given = {"size": how.pair, "channels": channels, "label": label != "label"}
    asked = tuple(name for name, value in given.items() if value)
    options = _Options(how, channels, label, layout, nested, asked=asked)
    loaders = _loaders(path, options)
    if "train" not in loaders:
        raise DataError(
            f"{path}: there must be data to train on. Received: only {', '.join(loaders)}. Add "
            f"the training split."
        )
    train = loaders.pop("train")(options)
    _check_classes(train, str(path))
    # The training data decide classes, and for images channels and size, of the other splits.
    options = replace(
        options,
        channels=channels or _channels(train),
        class_names=train.class_names,
        ignored=train.ignored,
        columns=train.columns,
        asked=(),
    )
    if len(train.input_shape) == 3 and train.input_shape[0] in (1, 3):
        depth, height, width = train.input_shape
        like = replace(options.pictures, size=(height, width), channels=depth, levels=train.levels)
        options = replace(options, pictures=like)
    others = {split: load(options) for split, load in loaders.items()}
    return DataSource(str(path), train, others.get("validation"), others.get("test"))


def _check_classes(train: Dataset, name: str) -> None:
    """Raise DataError where all labels are of one class."""
    if train.class_names and len(np.unique(train.targets)) == 1:
        raise DataError(
            f"{name}: must contain at least two classes. "
            f"Received: only class {train.class_names[int(train.targets[0])]}, for all "
            f"{len(train):,} labels. Add examples of other classes."
        )


def open_test(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    label: str | int = "label",
    layout: str | None = None,
    nested: bool | None = None,
    class_names: Sequence[str] = (),
    ignored: Sequence[str] | None = None,
    columns: Sequence[str] = (),
    pictures: Loading | None = None,
) -> Dataset:
    """Load test data for a model: the test split of `path` or, without one, all of it.

    Parameters
    ----------
    path, size, channels, label, layout, nested, pictures
        As `open` takes them.
    class_names : sequence of str
        The classes that the model knows, in its order, which decides the indices of the labels.
    ignored, columns : sequence of str, optional
        Of a table, the names of columns that were left out in training (`Dataset.ignored`), and
        of those that were used, in their order (`Dataset.columns`).

    Raises
    ------
    DataError
        As `open`; or a class that the model does not know.

    Examples
    --------
    >>> import fencepost as fp
    >>> len(fp.datasets.open_test("mnist"))
    10000
    """
    names = strings("class_names", class_names)
    how = pictures or Loading(size, of_pictures(channels))
    label, layout, nested = _checked(label, layout, nested)
    without = None if ignored is None else strings("ignored", ignored)
    order = strings("columns", columns)
    options = _Options(how, channels, label, layout, nested, names, without, order)
    loaders = _loaders(path, options)
    load = next(loaders[split] for split in ("test", "validation", "train") if split in loaders)
    return _reindex(load(options), names, str(path))


def _checked(
    label: str | int, layout: str | None, nested: bool | None
) -> tuple[str | int, str | None, bool | None]:
    """Check what only some data have a use for, whatever these are."""
    check_layout(layout)
    return as_label(label), layout, None if nested is None else flag("nested", nested)


def _channels(train: Dataset) -> int | None:
    return train.input_shape[0] if len(train.input_shape) == 3 else None


def _reindex(data: Dataset, names: tuple[str, ...], where: str) -> Dataset:
    """Return `data` with its classes in the order of `names`."""
    if not names or not data.class_names or data.class_names == names:
        return data
    indices = class_indices(data.class_names, names, where)
    return replace(data, targets=indices[data.targets], class_names=names)


def _loaders(path: str | os.PathLike[str], options: _Options) -> dict[str, Load]:
    """Return how to load each split that there is; nothing is loaded yet."""
    if str(path) == "mnist":
        return {split: partial(_mnist, split) for split in ("train", "test")}
    if not str(path).strip() or re.match(r"[a-z]{2,}://", str(path)):
        raise DataError(
            f"data must be a folder or a file on this computer. Received: {str(path)!r}. "
            + ("Download it first, and use" if str(path).strip() else "Use")
            + " its path."
        )
    path = Path(path).expanduser()
    return _folder(path, options) if path.is_dir() else _file(path, options)


def _mnist(split: str, options: _Options) -> Dataset:
    return _as_they_are(mnist(split), options)


def _folder(path: Path, options: _Options) -> dict[str, Load]:
    idx_splits = folder_splits(path)
    if idx_splits:
        return {split: partial(_idx, path, split) for split in idx_splits}
    tree = Tree.of(path)
    tables = {} if tree.pictures else _table_parts(path, tree.others)
    if "train" in tables:
        return {split: partial(_table, table) for split, table in tables.items()}
    return _pictures_of(tree, options)


def _table_parts(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the tables that are parts by their names: train.csv, mitbih_test.csv, ECG_TRAIN.tsv.

    Of the same table in several forms (.tsv, .arff) that is taken which can be read.
    """
    for ending in TABLES:
        stems = {n[: -len(ending)]: n for n in names if n.lower().endswith(ending) and "/" not in n}
        parts = find_parts(list(stems), str(folder))
        if "train" in parts:
            return {part: folder / stems[stem] for part, stem in parts.items()}
    return {}


def _file(path: Path, options: _Options) -> dict[str, Load]:
    with open_binary(path) as file:
        start = file.read(512)
    refuse_by_name(path)
    if (tree := Tree.of_archive(path)) is not None:
        if any(name.endswith(".npy") for name in tree.pictures):
            return {split: partial(_npz, path, split) for split in npz_splits(path) or ["train"]}
        return _pictures_of(tree, options)
    if path.suffix.lower() in TABLE_ENDINGS:
        if names_pictures(path) or path.suffix.lower() in JSON:
            return _pictures_of(Tree.of(folder_of(path)), options, str(path))
        return _table_of(path, options)
    if start[:2] in (GZIP_MAGIC, b"\0\0"):
        find_pair(path, "train")
        return {"train": partial(_idx, path, "train")}
    raise DataError(
        f'{path}: data must be "mnist", a folder with a subfolder of images per class, a zip or '
        "tar archive of one, a label file, a folder of IDX files, an IDX file of images beside its "
        f"labels, an npz file or a CSV file. Received: a file that begins with {start[:4]!r}"
        f"{resemblance(start)}. {_unpacked(path, start)}; put single images into a subfolder per "
        "class."
    )


def _unpacked(path: Path, start: bytes) -> str:
    """Say how an archive is unpacked."""
    for magic, command in _UNPACK.items():
        if start.startswith(magic):
            return f"Unpack it ({command} {path.name}) and use the folder"
    return "Unpack archives of other kinds and use the folder"


def _pictures_of(tree: Tree, options: _Options, table: str | None = None) -> dict[str, Load]:
    """Return how to load each part of a folder or an archive of pictures."""
    if "channels" in options.asked:
        check_channels(options.channels)
    label = None if options.label == "label" else str(options.label)
    contents = read_contents(tree, label, options.nested, table, options.pictures.skip_bad)
    next(iter(contents.parts.values())).remarks[:0] = contents.remarks
    return {part: partial(_pictures, listing, part) for part, listing in contents.parts.items()}


def _idx(path: Path, split: str, options: _Options) -> Dataset:
    return _as_they_are(idx(path, split=split, layout=options.layout), options)


def _npz(path: Path, split: str, options: _Options) -> Dataset:
    return _as_they_are(npz(path, split, layout=options.layout), options)


def _as_they_are(data: Dataset, options: _Options) -> Dataset:
    """Say which options have no effect on data that are used as they are saved."""
    if not options.asked:
        return data
    unused = f"Images of this kind are used as they are: {join_words(options.asked)} had no effect."
    return replace(data, description=f"{data.description} {unused}")


def _pictures(listing: Listing, part: str, options: _Options) -> Dataset:
    return load(listing, options.pictures, options.class_names or None, part)


def _table_of(path: Path, options: _Options) -> dict[str, Load]:
    """Return how to load each split of a table, which is read at once if a column names them."""
    if not may_be_divided(path):
        return {"train": partial(_table, path)}
    read = cache(partial(read_rows, path))
    parts = set(read(options.label, options.ignored).parts or ["train"])

    def of_part(part: str, options: _Options) -> Dataset:
        return _of_rows(read(options.label, options.ignored).of_part(part), options)

    return {part: partial(of_part, part) for part in sorted(parts)}


def _table(path: Path, options: _Options) -> Dataset:
    """Load a table of signals, or of images whose pixels stand in rows."""
    return _of_rows(read_rows(path, options.label, options.ignored), options)


def _of_rows(rows: Rows, options: _Options) -> Dataset:
    names = options.class_names or None
    rows = ordered(rows, options.columns)
    layout = pixels(rows, options.pictures.pair, options.channels)
    if layout is not None:
        images = layout.images(rows.values)
        text = f"{len(images):,} images. {layout.sentence[:-1]}"
        return rows.dataset(images, text, class_names=names)
    return signals(rows, options.channels or 1, class_names=names)
