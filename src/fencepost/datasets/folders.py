"""A folder of images with a subfolder per class.

Every file's header is read first, so that all that is wrong is reported at once, and the pixels go
straight into one array.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ArgumentError, DataError
from ..files.folders import hidden, visible_files
from ..text import format_shape, format_value
from . import image_files
from .dataset import Dataset

__all__ = ["image_folder", "split_folders"]

Source = str | os.PathLike[str]
# Names that mean a split of the data and never a class.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
SHOWN = 5  # how many examples an error lists


@dataclass(frozen=True)
class _Listing:
    """The files of a folder: paths, the class of each, and how many were skipped."""

    paths: list[Path]
    labels: list[int]
    names: tuple[str, ...]
    ignored: int


def image_folder(
    path: Source,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    *,
    class_names: Sequence[str] | None = None,
) -> Dataset:
    """Load images from a folder with a subfolder per class.

    PNG, JPEG, GIF, BMP, TIFF, WebP and PGM/PPM are read. Images are rotated upright as their EXIF
    says; 16-bit pixels become 8-bit; palettes and CMYK become RGB; transparency is laid on white;
    of animations the first picture counts. Hidden files, and text or system files such as .txt or
    Thumbs.db, are skipped. The result's `description` says all of that.

    Parameters
    ----------
    path : path
        Each subfolder is a class, called as it is, indexed in sorted order. Images may lie
        deeper within it.
    size : (height, width), optional
        Resize all images to this, antialiased; needed only if they have different sizes.
    channels : {1, 3}, optional
        Grey or RGB; if left out, RGB if any image has colour.
    class_names : sequence of str, optional
        The classes and their order, if another folder (of training images) decides them.

    Returns
    -------
    Dataset
        Images uint8 (N, C, H, W).

    Raises
    ------
    ArgumentError
        A `size` or `channels` that cannot be.
    DataError
        No such folder; no classes, one only, or one without images; files that are no images or
        damaged; different sizes. All files concerned are counted and the first ones named.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         Path(folder, name).mkdir()
    ...         Image.fromarray(np.zeros((8, 12), np.uint8)).save(Path(folder, name, "1.png"))
    ...     data = fp.datasets.image_folder(folder)
    >>> data.images.shape, data.class_names
    ((2, 1, 8, 12), ('cat', 'dog'))
    """
    root = Path(path)
    _check_arguments(size, channels)
    listing = _list(root, class_names)
    infos = _inspect(root, listing.paths)
    shape = size or _common_size(root, listing.paths, infos)
    if channels is None:
        channels = max(info.channels for info in infos)
    total = len(infos) * channels * shape[0] * shape[1]
    memory = _physical_memory()
    if memory and total > memory // 2:
        raise DataError(
            f"{root}: the images must fit into half of this machine's {memory / 1e9:.1f} GB of "
            f"memory. Received: {len(infos):,} images of {shape[0]} × {shape[1]}, "
            f"{total / 1e9:.1f} GB. Give a smaller size, such as size=(64, 64)."
        )
    images = np.empty((len(infos), channels, *shape), np.uint8)
    problems: list[tuple[Path, str]] = []
    for i, file in enumerate(listing.paths):
        try:
            images[i] = image_files.read(file, channels, size)
        except DataError as error:
            problems.append((file, str(error)))
    _refuse(root, problems)
    return Dataset(
        images,
        np.array(listing.labels, np.int64),
        listing.names,
        source=root.name or str(root),
        description=_describe(listing, infos, shape, channels, size is not None),
    )


def split_folders(root: Path) -> dict[str, Path]:
    """Return which subfolders are splits of the data; {} if any other subfolder is there too."""
    folders = _subfolders(root)
    splits = {
        split: folder
        for split, names in SPLITS.items()
        for folder in folders
        if folder.name.lower() in names
    }
    return splits if len(splits) == len(folders) else {}


def _check_arguments(size: tuple[int, int] | None, channels: int | None) -> None:
    if channels not in (None, 1, 3):
        raise ArgumentError(
            f"channels must be 1 (grey), 3 (RGB) or None (detected). "
            f"Received: {format_value(channels)}."
        )
    if size is not None and not (
        len(size) == 2 and all(isinstance(s, (int, np.integer)) and 1 <= s <= 1 << 15 for s in size)
    ):
        raise ArgumentError(
            f"size must be (height, width) in pixels, each from 1 to {1 << 15}. Received: "
            f"{size!r}. For example size=(64, 64)."
        )


def _subfolders(root: Path) -> list[Path]:
    try:
        entries = sorted(root.iterdir())
        return [e for e in entries if e.is_dir() and not hidden(e)]
    except OSError as error:
        raise DataError(
            f"{root}: must be a folder that can be read. Received: {error.strerror}. Check the "
            f"path and its permissions."
        ) from error


def _list(root: Path, class_names: Sequence[str] | None) -> _Listing:
    folders = _subfolders(root)
    remedy = "Make a subfolder for each class and put its images there."
    if not folders:
        loose = sum(1 for entry in root.iterdir() if not hidden(entry))
        raise DataError(
            f"{root}: must hold a subfolder per class. Received: no subfolder, {loose:,} "
            f"file(s). {remedy}"
        )
    splits = split_folders(root)
    if splits:
        first = next(iter(splits.values()))
        raise DataError(
            f"{root}: must hold a subfolder per class. Received: splits of the data "
            f"({', '.join(f.name + '/' for f in splits.values())}). Load one, "
            f'image_folder("{first}"), or all with datasets.open("{root}").'
        )
    names = tuple(class_names or (folder.name for folder in folders))
    unknown = [folder.name for folder in folders if folder.name not in names]
    if unknown:
        raise DataError(
            f"{root}: every subfolder must be one of the classes {', '.join(names)}. Received: "
            f"{', '.join(unknown[:SHOWN])}. Rename or remove it, or train on it too."
        )
    if len(names) == 1:
        raise DataError(
            f"{root}: must hold at least two classes, else there is nothing to distinguish. "
            f"Received: only {names[0]}. {remedy}"
        )
    paths: list[Path] = []
    labels: list[int] = []
    ignored = sum(1 for entry in root.iterdir() if entry.is_file() and not hidden(entry))
    empty: list[str] = []
    for folder in folders:
        files, others = visible_files(folder)
        junk = len(others)
        paths += files
        labels += [names.index(folder.name)] * len(files)
        ignored += junk
        if not files:
            empty.append(folder.name)
    if empty:
        raise DataError(
            f"{root}: every class must have images. Received: none in {len(empty)} of "
            f"{len(folders)} subfolders: {', '.join(empty[:SHOWN])}. Add images to them, or remove "
            f"them."
        )
    return _Listing(paths, labels, names, ignored)


def _inspect(root: Path, paths: list[Path]) -> list[image_files.PictureInfo]:
    infos: list[image_files.PictureInfo] = []
    problems: list[tuple[Path, str]] = []
    for path in paths:
        try:
            infos.append(image_files.inspect(path))
        except DataError as error:
            problems.append((path, str(error)))
    _refuse(root, problems)
    return infos


def _refuse(root: Path, problems: list[tuple[Path, str]]) -> None:
    if not problems:
        return
    shown = "; ".join(f"{path.relative_to(root)} {what}" for path, what in problems[:SHOWN])
    more = f"; and {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
    raise DataError(
        f"{root}: every file in a class's folder must be an intact image (PNG, JPEG, GIF, BMP, "
        f"TIFF, WebP, PPM). Received: {len(problems):,} that cannot be used: {shown}{more}. "
        f"Remove or replace them."
    )


def _common_size(
    root: Path, paths: list[Path], infos: list[image_files.PictureInfo]
) -> tuple[int, int]:
    sizes = Counter((info.height, info.width) for info in infos)
    if len(sizes) == 1:
        return next(iter(sizes))
    common = sizes.most_common()
    example = {
        size: next(
            path.relative_to(root)
            for path, info in zip(paths, infos, strict=True)
            if (info.height, info.width) == size
        )
        for size, _ in common[:SHOWN]
    }
    shown = "; ".join(
        f"{format_shape(size)}: {count:,} (such as {example[size]})"
        for size, count in common[:SHOWN]
    )
    more = f"; and {len(common) - SHOWN:,} other sizes" if len(common) > SHOWN else ""
    raise DataError(
        f"{root}: all images must have one size, height × width. Received: {shown}{more}. Give "
        f"size={common[0][0]} (or any other) to resize them all."
    )


def _physical_memory() -> int:
    """Return the machine's memory in bytes, 0 where it cannot be asked (Windows)."""
    if not hasattr(os, "sysconf"):
        return 0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _describe(
    listing: _Listing,
    infos: list[image_files.PictureInfo],
    shape: tuple[int, int],
    channels: int,
    resized: bool,
) -> str:
    counts = np.bincount(listing.labels, minlength=len(listing.names))
    some = [f"{name} {count:,}" for name, count in zip(listing.names[:20], counts, strict=False)]
    if len(listing.names) > 20:
        some.append("...")
    kind = "grey" if channels == 1 else "colour"
    text = [
        f"{len(infos):,} {kind} images of {format_shape(shape)} pixels in {len(listing.names)} "
        f"classes: {', '.join(some)}."
    ]
    if resized:
        changed = sum((info.height, info.width) != tuple(shape) for info in infos)
        text.append(f"{changed:,} were resized.")
    converted = sum(info.channels != channels for info in infos)
    if converted:
        text.append(f"{converted:,} were converted to {kind}.")
    notes = Counter(note for info in infos for note in info.notes)
    text += [f"{count:,} were {note}." for note, count in notes.most_common()]
    if listing.ignored:
        text.append(f"{listing.ignored:,} files that are no images were skipped.")
    return " ".join(text)
