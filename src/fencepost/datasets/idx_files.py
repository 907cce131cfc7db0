"""IDX files, the format of MNIST: a magic number, the sizes of the axes, the numbers.

The format: two zero bytes, one for the type, one for the number of axes; each axis as a big-endian
32-bit integer; the data, big-endian, last axis fastest (yann.lecun.com/exdb/mnist, "FILE FORMATS
FOR THE MNIST DATABASE"). Calls `byte_streams`, `layouts`, `dataset`, `errors`.
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fencepost.datasets.byte_streams import (
    MAX_DEFLATE_RATIO,
    GzipReader,
    Read,
    allocate,
    fill,
    open_binary,
)
from fencepost.datasets.dataset import Dataset
from fencepost.datasets.layouts import to_nchw
from fencepost.errors import ArgumentError, DataError

__all__ = ["CANONICAL", "GZIP_MAGIC", "find_pair", "folder_parts", "idx", "read_idx"]

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_AXES = 4
GZIP_MAGIC = b"\x1f\x8b"
CANONICAL = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return the array in an IDX file, gzipped or not.

    Parameters
    ----------
    path : path
        One to four axes of uint8, int8, int16, int32, float32 or float64.

    Returns
    -------
    ndarray
        In the byte order of this machine.

    Raises
    ------
    DataError
        A wrong magic number; sizes that do not agree with the length of the file; a truncated or
        damaged file; bytes after the end. Sizes are compared with the file before memory is used.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from fencepost.datasets import read_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    ...     read_idx(path)
    array([7, 8, 9], dtype=uint8)
    """
    path = Path(path)
    with open_binary(path) as file:
        size = _size(file, path)
        zipped = file.read(2) == GZIP_MAGIC
        file.seek(0)
        read = GzipReader(file, path).read if zipped else file.read
        shape, dtype = _header(read, path)
        header = 4 + 4 * len(shape)
        expected = math.prod(shape) * dtype.itemsize
        told = f"a header with shape {shape} of {dtype.name}, {header + expected:,} bytes in all"
        _check_size(path, header + expected, told, size, zipped)
        array = allocate(shape, dtype, str(path))
        received = fill(array, read)
        if received < expected or read(1):
            problem = f"ends after {header + received:,}" if received < expected else "goes on"
            raise DataError(
                f"{path}: an IDX file must be as long as its header says. Received: {told}, and a "
                f"file that {problem}. Copy or download it again."
            )
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return array


def _size(file: BinaryIO, path: Path) -> int:
    if not path.is_file():
        raise DataError(f"{path}: must be a file. Received: something else. Give a file's path.")
    return os.fstat(file.fileno()).st_size


def _header(read: Read, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic = _exactly(read, 4, path)
    if magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= MAX_AXES:
        raise DataError(
            f"{path}: an IDX file must begin with the magic number 0 0, a type (8, 9, 11, 12, 13 "
            f"or 14) and 1 to {MAX_AXES} axes. Received: {' '.join(map(str, magic))}. Give the "
            f"IDX file itself (gzipped or not), such as {CANONICAL['train'][0]}.gz."
        )
    sizes = _exactly(read, 4 * magic[3], path)
    return struct.unpack(f">{magic[3]}I", sizes), np.dtype(DTYPES[magic[2]])


def _exactly(read: Read, count: int, path: Path) -> bytes:
    data = b""
    while len(data) < count:
        part = read(count - len(data))
        if not part:
            raise DataError(
                f"{path}: an IDX file must begin with a whole header. Received: {len(data)} of "
                f"{count} bytes. Copy or download it again."
            )
        data += part
    return data


def _check_size(path: Path, needed: int, told: str, size: int, zipped: bool) -> None:
    """Compare the header with the file before memory is asked for."""
    if not zipped and needed != size:
        raise DataError(
            f"{path}: an IDX file must be as long as its header says. Received: {told}, and a "
            f"file of {size:,} bytes. Copy or download it again."
        )
    if zipped and needed > size * MAX_DEFLATE_RATIO:
        raise DataError(
            f"{path}: an IDX file must be as long as its header says. Received: {told}, which "
            f"{size:,} bytes of gzip cannot hold. Copy or download it again."
        )


def idx(
    images: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    *,
    split: str = "train",
    layout: str | None = None,
) -> Dataset:
    """Load images and labels from IDX files of any origin, gzipped or not.

    Parameters
    ----------
    images : path
        The file with the images, (N, H, W), or (N, W) for signals, or four axes (see `layout`);
        or a folder that holds files with MNIST's four names (as Fashion-MNIST, KMNIST do).
    labels : path, optional
        The file with the labels, (N,); floating numbers are numbers to be predicted. If left out,
        the file beside `images` with the name that MNIST would give it.
    split : {"train", "test"}
        Which half to take of a folder.
    layout : {"NCHW", "NHWC"}, optional
        The order of four axes where it cannot be found out.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        As `read_idx`; or images and labels that do not fit together.

    Examples
    --------
    >>> import fencepost as fp
    >>> from fencepost.datasets.bundled import FOLDER
    >>> fp.datasets.idx(FOLDER, split="test").input_shape
    (1, 28, 28)
    """
    if labels is None:
        image_path, label_path = find_pair(Path(images), split)
    else:
        image_path, label_path = Path(images), Path(labels)
    numbers = read_idx(label_path)
    if numbers.ndim != 1:
        raise DataError(
            f"{label_path}: labels must have one axis, shape (N,). Received: shape "
            f"{numbers.shape}. The file with the images comes first: idx(images, labels)."
        )
    array = to_nchw(read_idx(image_path), str(image_path), layout) if len(numbers) else None
    if array is None or len(array) != len(numbers):
        raise DataError(
            f"{image_path} and {label_path}: there must be one label per image, and at least one. "
            f"Received: {0 if array is None else len(array):,} images and {len(numbers):,} "
            f"labels. Give two files that belong together."
        )
    return _dataset(array, numbers, image_path, label_path)


def _dataset(array: NDArray[Any], numbers: NDArray[Any], images: Path, labels: Path) -> Dataset:
    try:
        return Dataset(array, numbers, source=images.name, description=f"IDX file {images.name}.")
    except DataError as error:
        raise DataError(f"{images} with {labels}: {error}") from error


def find_pair(path: Path, split: str) -> tuple[Path, Path]:
    """Return the image and label files of a folder, or of an image file, by MNIST's names."""
    if split not in CANONICAL:
        raise ArgumentError(
            f'split must be "train" or "test". Received: {split!r}. MNIST calls them so.'
        )
    if path.is_dir():
        names = [_existing(path, name) for name in CANONICAL[split]]
        if names[0] is None or names[1] is None:
            missing = CANONICAL[split][0 if names[0] is None else 1]
            raise DataError(
                f"{path}: a folder of IDX files must hold {' and '.join(CANONICAL[split])} "
                f"(or with .gz) for {split!r}. Received: a folder without {missing}. Give the "
                f"two files: idx(images, labels)."
            )
        return names[0], names[1]
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if partner == path or not partner.is_file():
        raise DataError(
            f"{path}: the labels must be given, or lie beside it under MNIST's name. Received: no "
            f"such file as {partner.name}. Give both: idx(images, labels)."
        )
    return path, partner


def folder_parts(folder: Path) -> list[str]:
    """Return which of "train" and "test" a folder holds under MNIST's names."""
    return [
        split
        for split, names in CANONICAL.items()
        if any(_existing(folder, name) is not None for name in names)
    ]


def _existing(folder: Path, name: str) -> Path | None:
    """Return the file of that name, with or without .gz, also as "images.idx3-ubyte"."""
    for stem in (name, name.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            if (folder / (stem + ending)).is_file():
                return folder / (stem + ending)
    return None
