"""Arrays saved with numpy.savez: images and labels under the usual names.

Nothing in a file is believed: no pickles, and every header is compared with the length of its
member before memory is used.
"""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..arguments import choice
from ..errors import DataError
from ..files.arrays import read_header
from .binary_files import MAX_DEFLATE_RATIO, open_binary
from .checks import check_targets
from .class_names import class_indices
from .dataset import Dataset
from .labels import as_class_indices, is_one_hot
from .layouts import check_layout, to_nchw

__all__ = ["npz", "npz_splits"]

# Pairs of names in the order in which they are tried: our own, Keras's, MedMNIST's,
# scikit-learn's.
NAMES = {
    "train": (("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"),
              ("signals", "labels"), ("x", "y"), ("X", "y"), ("X_train", "y_train")),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels"), ("X_val", "y_val")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels"), ("X_test", "y_test")),
}  # fmt: skip
CLASS_NAMES = "class_names"
_MOST_CLASSES = 100_000  # that are numbered without gaps, whatever the labels
Source = str | os.PathLike[str]


def npz(path: Source, split: str = "train", *, layout: str | None = None) -> Dataset:
    """Load images and labels from an npz file.

    Parameters
    ----------
    path : path
        Holds `images` and `labels` (or x and y; or x_train, y_train, x_test, y_test, as Keras's
        mnist.npz; or train_images, train_labels, ..., as MedMNIST). Images are (N, H, W),
        (N, H, W, C) or (N, C, H, W); signals are (N, W), or (N, C, W) under the name `signals`.
        Labels are integers (also as 1.0) or names, (N,), one-hot rows, (N, classes), or regression
        targets, floating, (N,) or (N, F).
        An array `class_names` may name the classes.
    split : {"train", "validation", "test"}
        Which split to load.
    layout : {"NCHW", "NHWC"}, optional
        The order of four axes where it cannot be detected: the channel axis is the second or
        last, whichever has 1 to 4 entries.

    Raises
    ------
    DataError
        Not an npz file, or a damaged one; missing names; pickled objects; shapes or values that
        do not fit.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import numpy as np
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "cats.npz")
    ...     np.savez(path, images=np.zeros((6, 8, 8, 3), np.uint8), labels=[0, 1] * 3)
    ...     fp.datasets.npz(path)
    Dataset(cats.npz: 6 × (3, 8, 8) uint8, 2 classes)
    """
    choice("split", split, NAMES)
    check_layout(layout)
    path = Path(path)
    members = _members(path)
    pair = _pair(members, split)
    if pair is None:
        wanted = "; ".join(f"{a} and {b}" for a, b in NAMES[split])
        raise DataError(
            f"{path}: an npz file must hold, for {split!r}, one of these pairs: {wanted}. "
            f"Received: {', '.join(members) or 'nothing'}. Save it with numpy.savez(path, "
            f"images=..., labels=...)."
        )
    names = _class_names(path, members, split)
    saved = _read_member(path, members[pair[1]])
    labels, names = _targets(saved, names, f"{path}, {pair[1]}")
    array = _read_member(path, members[pair[0]])
    if pair[0] != "signals" or array.ndim == 2:
        array = to_nchw(array, f"{path}, {pair[0]}", layout)
    try:
        return Dataset(
            array,
            labels,
            names,
            source=path.name,
            description=f"npz file {path.name}: {pair[0]} and {pair[1]}.{_read_as(saved, labels)}",
        )
    except DataError as error:
        raise DataError(f"{path}, {pair[0]} and {pair[1]}: {error}") from error


def npz_splits(path: Source) -> list[str]:
    """Return which of "train", "validation" and "test" the file holds."""
    members = _members(Path(path))
    return [split for split in NAMES if _pair(members, split) is not None]


def _pair(members: dict[str, zipfile.ZipInfo], split: str) -> tuple[str, str] | None:
    return next((p for p in NAMES[split] if p[0] in members and p[1] in members), None)


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    with open_binary(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
        # A hostile directory makes zipfile raise nearly anything; all of it means the same.
        except Exception as error:
            raise DataError(
                f"{path}: must be an npz file, as numpy.savez writes. Received: {error}. Save it "
                f"again, or copy it again if it was cut off."
            ) from error
    return {info.filename.removesuffix(".npy"): info for info in infos}


def _read_member(path: Path, info: zipfile.ZipInfo) -> NDArray[Any]:
    """Return one array of the file; its header and the directory are checked first."""
    where = f"{path}, {info.filename}"
    size = path.stat().st_size
    # zlib cannot expand more than MAX_DEFLATE_RATIO; numpy writes only stored and deflated.
    if (
        info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        or info.compress_size > size
        or info.file_size > max(1, info.compress_size) * MAX_DEFLATE_RATIO
    ):
        raise DataError(
            f"{where}: must be a member as numpy.savez writes it. Received: compression type "
            f"{info.compress_type}, {info.compress_size:,} bytes claimed to hold "
            f"{info.file_size:,}, in a file of {size:,}. Save it again with numpy.savez."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open(info) as member:
                shape, dtype = _header(cast(BinaryIO, member), where)
                held = info.file_size - member.tell()
            claimed = math.prod(shape) * dtype.itemsize
            if claimed != held:
                raise DataError(
                    f"{where}: an array must be as long as its header says. Received: shape "
                    f"{shape} of {dtype}, {claimed:,} bytes, where {held:,} are. Save it again."
                )
            with archive.open(info) as member:
                array: NDArray[Any] = npy.read_array(cast(BinaryIO, member), allow_pickle=False)
                member.read(1)  # reaching the end makes zipfile check the CRC
    except DataError:
        raise
    except Exception as error:  # whatever zipfile, zlib and NumPy find wrong
        raise DataError(
            f"{where}: must be intact. Received: {error}. Copy or save the file again."
        ) from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(member: BinaryIO, where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        shape, _, dtype = read_header(member)
    except (zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:  # the header is Python source: it can be wrong in any way
        raise DataError(
            f"{where}: must be an array as numpy.save writes it. Received: {error}. Save it "
            f"again with numpy.savez."
        ) from error
    if dtype.kind not in "biufSU" or dtype.itemsize == 0:
        raise DataError(
            f"{where}: must be an array of numbers or names. Received: dtype {dtype}; pickled "
            f"objects are never loaded, because they can run any code. Save numbers, or names as "
            f"np.array([...], dtype=str)."
        )
    return shape, dtype


def _class_names(path: Path, members: dict[str, zipfile.ZipInfo], split: str) -> tuple[str, ...]:
    """Return the names in the file; for names as test labels, those of the training labels."""
    if CLASS_NAMES in members:
        array = _read_member(path, members[CLASS_NAMES])
        if array.ndim != 1 or len(array) == 0:
            raise DataError(
                f"{path}, {CLASS_NAMES}: must have shape (classes,). Received: shape "
                f"{array.shape}. Save one name per class."
            )
        return tuple(_text(array))
    train = _pair(members, "train")
    if split != "train" and train is not None:
        return _targets(_read_member(path, members[train[1]]), (), f"{path}, {train[1]}")[1]
    return ()


def _text(array: NDArray[Any]) -> list[str]:
    try:
        if array.dtype.kind == "S":
            return [name.decode("utf-8", "replace") for name in array.tolist()]
        return [str(name) for name in array.tolist()]
    except ValueError as error:  # code points beyond Unicode in a damaged file
        raise DataError(f"names must be text. Received: {error}. Save the file again.") from error


def _targets(
    labels: NDArray[Any], names: tuple[str, ...], where: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels as class indices or regression targets, and the names of the classes."""
    if labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind != "f":
        labels = labels[:, 0]
    if labels.dtype.kind in "SU":
        text = _text(labels.reshape(-1))
        names = names or tuple(sorted(set(text)))
        return class_indices(text, names, where, "image"), names
    columns = labels.shape[1] if is_one_hot(labels) else 0
    if labels.ndim == 1 or columns:
        # Integers among floating-point numbers, or one-hot rows.
        labels = as_class_indices(labels, len(names) or None)
    if labels.dtype.kind == "f" or labels.size == 0 or names:
        return labels, names
    try:
        labels = check_targets(labels, len(labels))
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    count = max(int(labels.max()) + 1, columns)
    if count > max(_MOST_CLASSES, len(labels)):  # identifiers: names for all would fill the memory
        raise DataError(
            f"{where}: labels must be indices of classes, from 0. Received: {count - 1:,} among "
            f"{len(labels):,} labels. Number the classes: "
            "np.unique(labels, return_inverse=True)[1]."
        )
    return labels, tuple(map(str, range(count)))


def _read_as(saved: NDArray[Any], labels: NDArray[Any]) -> str:
    """Say that floating-point numbers, or rows of them, were read as classes."""
    if is_one_hot(saved) and labels.ndim == 1:
        return " The labels are one-hot."
    if saved.dtype.kind != "f" or labels.dtype.kind == "f":
        return ""
    return f" Labels such as {saved[0]} were read as integers, for classes."
