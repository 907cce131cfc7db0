"""What comes with the package: MNIST (see data/mnist/ATTRIBUTION), and a folder of pictures."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from ..errors import CallError, DataError
from ..files.atomic import atomic_path
from ..remedies import setting
from .dataset import Dataset
from .idx_files import idx

__all__ = ["FOLDER", "mnist", "sample_names", "write_samples"]

FOLDER = Path(__file__).parent.parent / "data" / "mnist"
SAMPLES = FOLDER.parent / "leaves.zip"  # made by tools/leaves.py


def mnist(split: str = "train") -> Dataset:
    """Load MNIST: handwritten digits, light on dark, 28 × 28 pixels, ten classes.

    By Y. LeCun and C. Cortes, CC BY-SA 3.0; the files are part of the package.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 images to train on, or 10,000 to test with.

    Returns
    -------
    Dataset
        Images uint8 (N, 1, 28, 28), targets int64 (N,).

    Raises
    ------
    ArgumentError
        `split` is not one of these.
    DataError
        The installed files are damaged.

    Examples
    --------
    >>> import fencepost as fp
    >>> images, labels = fp.datasets.mnist("test")
    >>> images.shape, images.dtype, labels[:5]
    ((10000, 1, 28, 28), dtype('uint8'), array([7, 2, 1, 0, 4]))
    """
    count = "60,000" if split == "train" else "10,000"
    return replace(
        idx(FOLDER, split=split),
        source="MNIST",
        description=f"MNIST, bundled: {count} digits of 28 × 28 pixels, light on dark.",
    )


def _load_data() -> NoReturn:
    raise CallError(
        "mnist is a function here, of one part: "
        '(x, y), (x2, y2) = map(fp.datasets.mnist, ("train", "test")).'
    )


vars(mnist)["load_data"] = _load_data  # of Keras, whose mnist is a module


def sample_names() -> tuple[str, ...]:
    """Return the names of the files that `write_samples` writes, relative to its folder."""
    with zipfile.ZipFile(SAMPLES) as archive:
        return tuple(archive.namelist())


def write_samples(folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write 206 small colour images of leaves, to try commands and functions on.

    They were drawn by a program (``tools/leaves.py``), and are free to use for anything.

    Parameters
    ----------
    folder : path
        Gets two folders: ``leaves``, with 40 JPEGs each of birch, ginkgo, maple, oak and willow in
        folders of these names, and ``new``, with six that have no label; one of these is no leaf.
        They have from 72 × 96 to 90 × 120 pixels. The folder is created if it is missing.
    overwrite : bool
        Whether files of these names are overwritten.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        A file of one of these names exists, and `overwrite` is false.

    Examples
    --------
    >>> import fencepost as fp
    >>> samples = fp.datasets.write_samples("samples")
    >>> data = fp.datasets.image_folder(samples / "leaves")
    >>> len(data), data.class_names
    (200, ('birch', 'ginkgo', 'maple', 'oak', 'willow'))
    """
    folder = Path(folder)
    with zipfile.ZipFile(SAMPLES) as archive:
        for name in () if overwrite else archive.namelist():
            if os.path.lexists(folder / name):
                raise DataError(
                    f"folder must be one without the samples. Received: {folder}, where {name} "
                    f"exists. Use {setting('overwrite', True)} to overwrite it, or "
                    "another folder."
                )
        for name in archive.namelist():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(target) as partial:
                partial.write_bytes(archive.read(name))
    return folder
