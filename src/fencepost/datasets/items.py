"""Data sets from lists of paths, generators, and whatever can be indexed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import strings
from ..errors import ArgumentError, DataError
from ..files.pictures import opened
from ..text import format_value, plural
from . import image_files
from .class_names import class_indices, is_missing
from .dataset import Dataset
from .folders import Loading, load
from .folders.listing import Listing, sorted_names
from .folders.messages import counted
from .folders.options import as_cache
from .folders.tree import File, Tree
from .layouts import to_nchw
from .spool import Spool

__all__ = ["from_items", "from_paths"]


def from_paths(
    paths: Iterable[str | os.PathLike[str]],
    labels: Iterable[Any],
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    *,
    fit: str = "crop",
    class_names: Sequence[str] | None = None,
    skip_bad: bool = False,
    cache: str | os.PathLike[str] | None = "auto",
) -> Dataset:
    """Load image files from a list of their paths and the class of each.

    Parameters
    ----------
    paths : iterable of paths
    labels : iterable of str or int
        The class of each, by name or by integer.
    size, channels, fit, class_names, skip_bad, cache
        As `image_folder` takes them.

    Returns
    -------
    Dataset
        Images uint8 (N, C, H, W).

    Raises
    ------
    ArgumentError
        Not as many labels as paths.
    DataError
        As `image_folder`.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = [f"{folder}/{k}.png" for k in range(4)]
    ...     for name in names:
    ...         Image.new("RGB", (9, 7)).save(name)
    ...     fp.datasets.from_paths(names, ["cat", "dog", "cat", "dog"])
    Dataset(files: 4 × (3, 7, 9) uint8, 2 classes)
    """
    how = Loading(size, channels, fit, skip_bad, as_cache(cache))
    class_names = None if class_names is None else strings("class_names", class_names)
    names = [os.path.abspath(path) for path in paths]
    texts = [_label_text(label, index) for index, label in enumerate(labels)]
    if len(names) != len(texts):
        raise ArgumentError(
            f"labels must be one for each path. Received: {plural(len(texts), 'label')} for "
            f"{plural(len(names), 'path')}."
        )
    if not names:
        raise DataError("paths must not be empty. Received: none. Use at least two image files.")
    files = [_file(name) for name in names]
    # Absolute names stay what they are below any root.
    tree = Tree(Path("files"), {file.name: file for file in files}, [], [])
    listing = Listing(tree, files, texts, sorted_names(texts))
    return load(listing, how, class_names)


def from_items(
    items: Any,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    *,
    fit: str = "crop",
    class_names: Sequence[str] | None = None,
    cache: str | os.PathLike[str] | None = "auto",
) -> Dataset:
    """Make a data set from pairs of an image and its class, in any iterable or indexable object.

    Parameters
    ----------
    items : iterable, or an object with __len__ and __getitem__ (such as PyTorch's Dataset)
        Each is a pair (image, label), or a mapping with "image" and "label". An image is a path,
        a picture of Pillow, or an array or tensor (H, W), (H, W, C) or (C, H, W); uint8 or, from
        0 to 1, floats, which stay what they are.
    size, channels, fit, class_names
        As `image_folder` takes them. Names are also taken from `items.classes`.
    cache : "auto", path or None
        The folder for a file of images of more than 256 MB, which is removed when they are no
        longer used; None keeps them in memory. Floats stay in memory.

    Returns
    -------
    Dataset
        Images uint8 or float32 (N, C, H, W).

    Raises
    ------
    DataError
        No items; an item that is not a pair or an image, or has another shape; floats of several
        sizes.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> fp.datasets.from_items((np.full((8, 8), k, np.uint8), k % 2) for k in range(6))
    Dataset(items: 6 × (1, 8, 8) uint8, 2 classes)
    """
    spool = Spool(Loading(size, channels, fit, cache=as_cache(cache)))  # checks them
    class_names = None if class_names is None else strings("class_names", class_names)
    labels: list[str] = []
    for index, item in enumerate(_iterate(items)):
        image, label = _pair(item, index)
        spool.add(_picture(image, index))
        labels.append(_label_text(label, index))
    if not labels:
        raise DataError("items must not be empty. Received: none. Use pairs of image and label.")
    names = tuple(class_names or _names_of(items, labels) or sorted_names(labels))
    integers = all(label.isdecimal() for label in labels) and not set(labels) <= set(names)
    targets = (
        np.array([int(label) for label in labels])
        if integers
        else class_indices(labels, names, "items", "item")
    )
    pixels = spool.finish()
    counts = np.bincount(targets, minlength=len(names)).tolist()
    return Dataset(
        pixels,
        targets,
        names,
        source="items",
        description=" ".join([counted(len(pixels), pixels.shape[1:], names, counts), *spool.said]),
        fit=fit if spool.resized else None,
        levels=spool.levels,
    )


def _file(name: str) -> File:
    try:
        status = os.stat(name)
    except OSError:  # named when it is to be opened
        return File(name, 0, 0)
    return File(name, status.st_size, status.st_mtime_ns)


def _iterate(items: Any) -> Iterator[Any]:
    if hasattr(items, "__getitem__") and hasattr(items, "__len__"):
        return (items[index] for index in range(len(items)))
    try:
        return iter(items)
    except TypeError:
        raise DataError(
            "items must be iterable, or have __len__ and __getitem__. Received: a "
            f"{type(items).__name__}."
        ) from None


def _pair(item: Any, index: int) -> tuple[Any, Any]:
    if hasattr(item, "keys"):
        keys = {str(key).lower(): key for key in item.keys()}  # noqa: SIM118 (any mapping)
        image = next((keys[k] for k in ("image", "img", "pixel_values") if k in keys), None)
        label = next((keys[k] for k in ("label", "labels", "target", "class") if k in keys), None)
        if image is not None and label is not None:
            return item[image], item[label]
    elif isinstance(item, (tuple, list)) and len(item) == 2:
        return item[0], item[1]
    raise DataError(
        "each item must be a pair (image, label), or have image and label by name. Received: "
        f"{format_value(item)} as item {index}."
    )


def _picture(image: Any, index: int) -> Any:
    """Return a picture of Pillow, upright, L or RGB, one of more bits, or floats (C, H, W)."""
    from PIL import Image as pillow

    try:
        if isinstance(image, (str, os.PathLike)):
            with opened(image) as picture:
                return _taken(picture)
        if isinstance(image, pillow.Image):
            return _taken(image)
    except DataError as error:
        name = image if isinstance(image, (str, os.PathLike)) else f"item {index}"
        raise DataError(f"{name}: must be an intact image. Received: one that {error}.") from error
    first = hasattr(image, "detach")  # a tensor of PyTorch
    array = np.asarray(image.detach() if first else image)
    if array.ndim not in (2, 3) or array.dtype.kind not in "uif" or 0 in array.shape:
        raise DataError(
            "each image must be a path, a PIL image, or an array (H, W), (H, W, C) or (C, H, W). "
            f"Received: {array.dtype} of shape {array.shape} as item {index}."
        )
    layout = "NCHW" if first and array.ndim == 3 else None
    planes = to_nchw(array[None], f"item {index}", layout)[0]
    if array.dtype != np.uint8:
        return planes.astype(np.float32)
    if len(planes) == 1:
        return pillow.fromarray(planes[0])
    if len(planes) not in (3, 4):
        raise DataError(f"each image must have 1, 3 or 4 channels. Received: {len(planes)}.")
    return image_files.flatten(pillow.fromarray(np.moveaxis(planes, 0, -1).copy()), 3)


def _taken(image: Any) -> Any:
    """Return an image of Pillow's upright and in 8 bits, or as it is where it has more."""
    deep = image_files.uncut_picture(image)
    if deep is not None:
        return deep
    return image_files.flatten(image, image_files.channels_of(image))


def _label_text(label: Any, index: int) -> str:
    text = label
    if not isinstance(label, str):
        try:
            text = str(int(label)) if int(label) == label else ""
        except (TypeError, ValueError, OverflowError):
            text = ""
    if is_missing(text):
        raise DataError(
            "each label must be the name of a class, or an integer. Received: "
            f"{format_value(label)} in item {index}."
        )
    return str(text)


def _names_of(items: Any, labels: list[str]) -> tuple[str, ...]:
    """Return the names of classes that a data set has for its integers, as torchvision's do."""
    names = getattr(items, "classes", None)
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return ()
    integers = all(label.isdecimal() and int(label) < len(names) for label in labels)
    return tuple(names) if integers else ()
