"""What `--data` takes: a name, a folder or a file, and which loader is meant by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..errors import DataError
from .binary_files import GZIP_MAGIC, ZIP_MAGIC, open_binary
from .bundled import mnist
from .class_names import class_indices
from .dataset import Dataset
from .folders import image_folder, split_folders
from .idx_files import find_pair, folder_splits, idx
from .npz_files import npz, npz_splits
from .signals import signals_csv

__all__ = ["DataSource", "open", "open_test"]

CSV_ENDINGS = {".csv", ".tsv"}
TABLES = {"train": "train.csv", "validation": "validation.csv", "test": "test.csv"}


@dataclass(frozen=True)
class _Options:
    """What the caller asked for, and the classes if they are known already."""

    size: tuple[int, int] | None
    channels: int | None
    label: str | int
    layout: str | None
    class_names: tuple[str, ...] = ()


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

    @property
    def description(self) -> str:
        """What is there and what was done to it, a sentence or more for each split."""
        splits = {"Training": self.train, "Validation": self.validation, "Test": self.test}
        return "\n".join(f"{k}: {v.description}" for k, v in splits.items() if v is not None)


def _like(data: Dataset, train: Dataset, name: str, split: str) -> Dataset:
    """Return `data` with the classes of `train`, if it can be used with it."""
    if data.input_shape != train.input_shape:
        raise DataError(
            f"{name}: all splits must have images of one shape. Received: {train.input_shape} to "
            f"train on, {data.input_shape} in the {split} split. Give size=(height, width) to "
            f"resize a folder of images, or data that belong together."
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
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    label: str | int = "label",
    layout: str | None = None,
) -> DataSource:
    """Load whatever `path` is, as ``fencepost train --data`` does.

    Parameters
    ----------
    path : str or path
        "mnist"; a folder with a subfolder of images per class, or with such folders called train/,
        val/ and test/; a folder with MNIST's four IDX files, or one file of images among them; an
        npz file; a CSV file of signals, or a folder with train.csv and test.csv. Files are known
        by their content; a folder called mnist is given as ./mnist.
    size, channels
        As `image_folder` takes them; `channels` also as `signals_csv` does.
    label
        As `signals_csv` takes it.
    layout
        As `npz` and `idx` take it.

    Raises
    ------
    DataError
        Nothing there, or nothing that can be loaded; splits that do not belong together; and
        whatever the loaders raise.

    Examples
    --------
    >>> import fencepost as fp
    >>> source = fp.datasets.open("mnist")
    >>> len(source.train), len(source.test)
    (60000, 10000)
    """
    loaders = _loaders(path)
    if "train" not in loaders:
        raise DataError(
            f"{path}: there must be data to train on. Received: only {', '.join(loaders)}. Add "
            f"the training split."
        )
    options = _Options(size, channels, label, layout)
    train = loaders.pop("train")(options)
    # The training data decide the classes, and for images the channels, of the other splits.
    options = replace(options, channels=channels or _channels(train), class_names=train.class_names)
    others = {split: load(options) for split, load in loaders.items()}
    return DataSource(str(path), train, others.get("validation"), others.get("test"))


def open_test(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    label: str | int = "label",
    layout: str | None = None,
    class_names: Sequence[str] = (),
) -> Dataset:
    """Load what a model is to be tested with: the test split of `path` or, without one, all of it.

    Parameters
    ----------
    path, size, channels, label, layout
        As `open` takes them.
    class_names : sequence of str
        The classes that the model knows, in its order, which decides the indices of the labels.

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
    loaders = _loaders(path)
    load = next(loaders[split] for split in ("test", "validation", "train") if split in loaders)
    names = tuple(class_names)
    return _reindex(load(_Options(size, channels, label, layout, names)), names, str(path))


def _channels(train: Dataset) -> int | None:
    return train.input_shape[0] if len(train.input_shape) == 3 else None


def _reindex(data: Dataset, names: tuple[str, ...], where: str) -> Dataset:
    """Return `data` with its classes in the order of `names`."""
    if not names or not data.class_names or data.class_names == names:
        return data
    indices = class_indices(data.class_names, names, where)
    return replace(data, targets=indices[data.targets], class_names=names)


def _loaders(path: str | os.PathLike[str]) -> dict[str, Load]:
    """Return how to load each split that there is; nothing is loaded yet."""
    if str(path) == "mnist":
        return {split: partial(_mnist, split) for split in ("train", "test")}
    path = Path(path)
    return _folder(path) if path.is_dir() else _file(path)


def _mnist(split: str, _: _Options) -> Dataset:
    return mnist(split)


def _folder(path: Path) -> dict[str, Load]:
    idx_splits = folder_splits(path)
    if idx_splits:
        return {split: partial(_idx, path, split) for split in idx_splits}
    tables = {split: path / name for split, name in TABLES.items() if (path / name).is_file()}
    if tables:
        return {split: partial(_signals, table) for split, table in tables.items()}
    folders = split_folders(path) or {"train": path}
    return {split: partial(_images, folder) for split, folder in folders.items()}


def _file(path: Path) -> dict[str, Load]:
    with open_binary(path) as file:
        start = file.read(4)
    if start[:2] == ZIP_MAGIC:
        return {split: partial(_npz, path, split) for split in npz_splits(path) or ["train"]}
    if path.suffix.lower() in CSV_ENDINGS:
        return {"train": partial(_signals, path)}
    if start[:2] in (GZIP_MAGIC, b"\0\0"):
        find_pair(path, "train")
        return {"train": partial(_idx, path, "train")}
    raise DataError(
        f'{path}: data must be "mnist", a folder with a subfolder of images per class, a folder of '
        f"IDX files, an IDX file of images beside its labels, an npz file or a CSV file. Received: "
        f"a file that begins with {start!r}. Put single images into a subfolder per class."
    )


def _idx(path: Path, split: str, options: _Options) -> Dataset:
    return idx(path, split=split, layout=options.layout)


def _npz(path: Path, split: str, options: _Options) -> Dataset:
    return npz(path, split, layout=options.layout)


def _images(path: Path, options: _Options) -> Dataset:
    names = options.class_names or None
    return image_folder(path, options.size, options.channels, class_names=names)


def _signals(path: Path, options: _Options) -> Dataset:
    return signals_csv(
        path, options.label, channels=options.channels or 1, class_names=options.class_names or None
    )
