"""IDX files, the format of MNIST: a magic number, the sizes of the axes, the values.

The format: two zero bytes, one for the type, one for the number of axes; each axis as a big-endian
32-bit integer; the data, big-endian, last axis fastest (yann.lecun.com/exdb/mnist, "FILE FORMATS
FOR THE MNIST DATABASE"). A length is compared with what the file can hold before memory is asked
for.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice
from ..errors import DataError
from ..remedies import in_python
from .binary_files import GZIP_MAGIC, MAX_DEFLATE_RATIO, open_binary
from .dataset import Dataset
from .layouts import to_nchw

__all__ = ["CANONICAL", "find_pair", "folder_splits", "idx", "read_idx"]

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_AXES = 4
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
        size = os.fstat(file.fileno()).st_size
        zipped = file.read(2) == GZIP_MAGIC

        def first(count: int) -> bytes:
            file.seek(0)
            return _inflate(file.read(), count, path) if zipped else file.read(count)

        shape, dtype = _header(first(4 + 4 * MAX_AXES), path)
        start = 4 + 4 * len(shape)
        length = start + math.prod(shape) * dtype.itemsize
        content, actual = b"", f"and a file of {size:,} bytes"
        if zipped and length > size * MAX_DEFLATE_RATIO:
            actual = f"which {size:,} bytes of gzip cannot hold"
        elif zipped or length == size:
            content = first(length + 1)
            end = "goes on" if len(content) > length else f"ends after {len(content):,}"
            actual = f"and a file that {end}"
    if len(content) != length:
        raise DataError(
            f"{path}: an IDX file must be as long as its header says. Received: a header with "
            f"shape {shape} of {dtype.name}, {length:,} bytes in all, {actual}. Copy or download "
            f"it again."
        )
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _inflate(content: bytes, most: int, path: Path) -> bytes:
    """Return up to `most` bytes of a gzip file; zlib checks each member's CRC and length."""
    parts: list[bytes] = []
    while content and most > 0:
        inflater = zlib.decompressobj(wbits=31)
        try:
            parts.append(inflater.decompress(content, most))
        except zlib.error as error:
            raise DataError(
                f"{path}: the gzip data must be intact. Received: {error}. Copy or download the "
                f"file again."
            ) from error
        most -= len(parts[-1])
        if most > 0 and not inflater.eof:
            raise DataError(
                f"{path}: a gzip file must be complete. Received: it ends in the middle of the "
                f"data. Copy or download it again."
            )
        content = inflater.unused_data
    return b"".join(parts)


def _header(data: bytes, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type from the first bytes of a file."""
    magic, sizes = data[:4], data[4:]
    if len(magic) == 4 and (
        magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= MAX_AXES
    ):
        raise DataError(
            f"{path}: an IDX file must begin with the magic number 0 0, a type (8, 9, 11, 12, 13 "
            f"or 14) and 1 to {MAX_AXES} axes. Received: {' '.join(map(str, magic))}. Use the "
            f"IDX file itself (gzipped or not), such as {CANONICAL['train'][0]}.gz."
        )
    part, needed = (magic, 4) if len(magic) < 4 else (sizes, 4 * magic[3])
    if len(part) < needed:
        raise DataError(
            f"{path}: an IDX file must begin with a complete header. Received: {len(part)} of "
            f"{needed} bytes. Copy or download it again."
        )
    shape, dtype = struct.unpack_from(f">{magic[3]}I", sizes), np.dtype(DTYPES[magic[2]])
    # Beside an axis of 0 the others may be of any size, of which NumPy takes fewer than 2⁶³ bytes.
    if math.prod(size or 1 for size in shape) * dtype.itemsize >= 2**63:
        raise DataError(
            f"{path}: an IDX file must have a shape of fewer than 2^63 bytes. Received: {shape} "
            f"of {dtype.name}. Copy or download it again."
        )
    return shape, dtype


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
        The file with the labels, (N,); floating ones are regression targets. If left out,
        the file beside `images` with the name that MNIST would give it.
    split : {"train", "test"}
        Which split of a folder to load.
    layout : {"NCHW", "NHWC"}, optional
        The order of four axes where it cannot be detected.

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
    targets = read_idx(label_path)
    if targets.ndim != 1:
        raise DataError(
            f"{label_path}: labels must have one axis, shape (N,). Received: shape "
            f"{targets.shape}."
            + in_python(" The file of the images comes first: idx(images, labels).")
        )
    array = to_nchw(read_idx(image_path), str(image_path), layout) if len(targets) else None
    if array is None or len(array) != len(targets):
        raise DataError(
            f"{image_path} and {label_path}: there must be one label per image, and at least one. "
            f"Received: {0 if array is None else len(array):,} images and {len(targets):,} "
            f"labels. Use two files that belong together."
        )
    try:
        name = image_path.name
        return Dataset(array, targets, source=name, description=f"IDX file {name}.")
    except DataError as error:
        raise DataError(f"{image_path} with {label_path}: {error}") from error


def find_pair(path: Path, split: str) -> tuple[Path, Path]:
    """Return the image and label files of a folder, or of an image file, by MNIST's names."""
    choice("split", split, CANONICAL)
    if path.is_dir():
        names = [_existing(path, name) for name in CANONICAL[split]]
        if names[0] is None or names[1] is None:
            missing = CANONICAL[split][0 if names[0] is None else 1]
            raise DataError(
                f"{path}: a folder of IDX files must hold {' and '.join(CANONICAL[split])} "
                f"(or with .gz) for {split!r}. Received: a folder without {missing}. Add it"
                f"{in_python(', or use both files: idx(images, labels)')}."
            )
        return names[0], names[1]
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if partner == path or not partner.is_file():
        raise DataError(
            f"{path}: the labels must be given, or lie beside it under MNIST's name. Received: no "
            f"such file as {partner.name}. Put it there"
            f"{in_python(', or use both: idx(images, labels)')}."
        )
    return path, partner


def folder_splits(folder: Path) -> list[str]:
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
