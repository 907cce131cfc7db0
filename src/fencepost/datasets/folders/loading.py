"""Folders of pictures as data sets: found, sized, decoded on all cores, kept in a cache on disk."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import flag, string, strings
from ...errors import DataError
from ...files.levels import Levels
from ...remedies import remedy
from ...text import format_shape, plural
from ..class_names import doubts
from ..dataset import Dataset
from ..lazy_images import LazyImages, Source
from .broken import changed, decode, in_other_parts, problems_again
from .classes import read_contents
from .filling import Filling
from .inspecting import Headers, identities, inspect_all, repeated
from .labels.label_files import ENDINGS, folder_of
from .listing import Contents, Listing, sample
from .messages import counted, format_bytes, left_out, no_cache, refused, unwritable
from .options import AUTO, NONE, Loading, as_cache
from .sizes import choose_size
from .store import (
    BAD,
    DiskStore,
    MemoryStore,
    Store,
    cache_folder,
    create_entry,
    entry_key,
    open_entry,
)  # fmt: skip
from .tree import File, Tree

__all__ = ["Loading", "image_folder", "load", "open_folder"]

# A set whose files hold less is decoded so quickly that a cache would only take room.
WORTH_CACHING = 50 << 20  # bytes


def image_folder(
    path: str | os.PathLike[str],
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    *,
    fit: str = "crop",
    class_names: Sequence[str] | None = None,
    label: str | None = None,
    nested: bool | None = None,
    skip_bad: bool = False,
    cache: str | os.PathLike[str] | None = "auto",
) -> Dataset:
    """Load images from a folder with a subfolder per class, or with a label file.

    PNG, JPEG, GIF, BMP, TIFF, WebP, PGM/PPM and, if Pillow reads it, AVIF are read. Images are
    rotated upright as their EXIF says; 12- and 16-bit pixels become 8-bit; palettes and CMYK become
    RGB; transparent images are composited on white; of animations the first frame is used. Hidden
    files, and text or system files such as .txt or Thumbs.db, are skipped. The result's
    `description` says all of that, and what was guessed.

    Parameters
    ----------
    path : path
        A folder, or a zip or tar archive of one. Each subfolder is a class, named after it and
        indexed in sorted order (integers by value); images may lie deeper within it. Without
        subfolders the class may be part of the file names (cat.0.jpg). Or a table (labels.csv,
        .tsv, .txt, .json, .jsonl) in the folder or beside it names each image and its class; or
        this is such a table.
    size : int or (height, width), optional
        Resize all images to this; one number sets both. If left out, images of one size of up to
        256 × 256 are left as they are, and for others a size is chosen, which the description says.
    channels : {1, 3}, optional
        Grey or RGB; if left out, RGB if any image has colour.
    fit : {"crop", "pad", "stretch"}
        How an image of another aspect ratio is fitted to `size`: "crop" cuts off what is too wide
        or too high, "pad" fills up with black, "stretch" distorts it.
    class_names : sequence of str, optional
        The classes and their order, if another folder (of training images) defines them.
    label : str, optional
        The column of the label file that holds the classes, if it is not detected.
    nested : bool, optional
        Whether the classes are folders of folders, such as animals/cat; None: detected.
    skip_bad : bool
        Leave out files that cannot be used, and list them in `left_out`, instead of an error.
    cache : "auto", path or None
        The folder in which decoded images are kept for later runs; it is memory-mapped, so images
        may exceed memory. "auto" is the user's folder for caches, for files of more than 50 MB;
        None keeps them in memory.

    Returns
    -------
    Dataset
        Images uint8 (N, C, H, W).

    Raises
    ------
    ArgumentError
        An invalid `size`, `channels` or `fit`.
    DataError
        No such folder; no classes, or one only; a label file that does not fit; files that are no
        images or damaged, which are counted and the first ones named; no room for the cache.

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
    how = Loading(size, channels, fit, skip_bad, as_cache(cache))
    class_names = None if class_names is None else strings("class_names", class_names)
    label = None if label is None else string("label", label)
    nested = None if nested is None else flag("nested", nested)
    contents = open_folder(path, label, nested, skip_bad)
    if set(contents.parts) != {"train"}:
        folders = [Path(path, part) for part in contents.parts]  # not of parts in a table
        use = next((f"Use one of them, such as {at}, or load" for at in folders if at.is_dir()), "")
        raise DataError(
            f"{path}: must contain a subfolder for each class. Received: parts of the data "
            f"({', '.join(contents.parts)}). {use or 'Load'} all with fencepost.datasets.open."
        )
    (listing,) = contents.parts.values()
    listing.remarks[:0] = contents.remarks
    return load(listing, how, class_names)


def open_folder(
    path: str | os.PathLike[str],
    label: str | None = None,
    nested: bool | None = None,
    skip_bad: bool = False,
) -> Contents:
    """Find parts, classes and labels of a folder, an archive or a label file."""
    root, table = Path(path), None
    if root.suffix.lower() in ENDINGS and root.is_file():
        root, table = folder_of(root), str(root)
    return read_contents(Tree.of(root), label, nested, table, skip_bad)


def load(
    listing: Listing, how: Loading, class_names: Sequence[str] | None = None, part: str = "train"
) -> Dataset:
    """Decode the pictures of a listing, or begin to, and return them as a data set.

    Raises DataError: As `image_folder`.
    """
    root = listing.tree.root
    if class_names:
        listing = listing.with_names(class_names)
    if len(listing.names) == 1:
        raise DataError(
            f"{root}: must contain at least two classes. "
            f"Received: only {listing.names[0]}. Make a subfolder for each class and put its "
            "images there."
        )
    store, filling, sentences, resized, levels = _prepare(listing, how, part)
    images = LazyImages(
        Source(
            store,
            filling,
            lambda problems: refused(
                listing, problems, in_other_parts(listing, how), isinstance(store, DiskStore)
            ),
            lambda error: unwritable(store, error),
            entry_key(listing.files, {"shape": list(store.pixels.shape)}),
            functools.cache(lambda: identities(listing.tree, listing.files)),
            lambda indices: changed(listing.tree, [listing.files[k] for k in indices.tolist()]),
        ),
        np.arange(len(listing.files)),
    )
    filling.start()
    targets, said = listing.indices(), []
    if how.wait or how.skip_bad or filling.problems:
        if how.skip_bad:
            filling.wait(None, how.progress)
            kept = np.flatnonzero(filling.state != BAD)
            images, targets = images.select(kept), targets[kept]
            said = left_out(listing, filling.problems, len(kept))
        else:
            images.wait(progress=how.progress)
    pixels: Any = np.asarray(images) if how.wait else images
    counts = np.bincount(targets, minlength=len(listing.names)).tolist()
    head = counted(len(targets), images.shape[1:], listing.names, counts)
    remarks = [*sentences, *listing.remarks, *doubts(listing.names)]
    if said:
        remarks.append(f"Left out: {plural(len(said), 'file')} that cannot be used.")
    if listing.skipped:
        what = "that is not an image was" if listing.skipped == 1 else "that are not images were"
        remarks.append(f"{plural(listing.skipped, 'file')} {what} skipped.")
    return Dataset(
        pixels,
        targets,
        listing.names,
        source=root.name or str(root),
        description=" ".join([head, *remarks]),
        fit=how.fit if resized else None,
        left_out=tuple(said),
        levels=levels,
    )


def _prepare(
    listing: Listing, how: Loading, part: str
) -> tuple[Store, Filling, list[str], bool, Levels]:
    """Return where pictures go, what fills it, what is to be said, if any is resized, levels."""
    tree, files = listing.tree, listing.files
    size_asked = None if how.pair is None else [int(side) for side in how.pair]
    made: dict[str, Any] = {"size": size_asked, "channels": how.channels, "fit": how.fit}
    if how.levels is not None:
        made["levels"] = [how.levels.integers, how.levels.floats]
    folder = _cache(how, files)
    entry = None if folder is None else open_entry(folder / entry_key(files, made))
    if entry is not None:
        about = entry.about
        known: dict[int, str] = {}
    else:
        headers = inspect_all(tree, files, how.progress)
        if len(headers.problems) == len(files):
            raise refused(listing, headers.problems, in_other_parts(listing, how))
        about = _about(listing, how, headers, made, part)
        known = headers.problems
    size, channels = (about["height"], about["width"]), int(about["channels"])
    sentences = list(about["sentences"])
    levels = Levels(*(pair and (pair[0], pair[1]) for pair in about["levels"]))
    store: Store
    if entry is not None:
        store = entry
        if (entry.state != 0).all():
            sentences.append(f"Read from the cache {entry.folder.parent}.")
        known = {int(k): "cannot be used" for k in np.flatnonzero(entry.state == BAD)}
        known = problems_again(tree, files, known, channels, size, how.fit, levels)
    else:
        store, said = _store(listing, how, folder, entry_key(files, made), (channels, *size), about)
        sentences += said

    def read(index: int) -> NDArray[np.uint8]:
        return decode(tree, files[index], channels, size, how.fit, levels)

    return store, Filling(store, read, known), sentences, bool(about["resized"]), levels


def _cache(how: Loading, files: list[File]) -> Path | None:
    """Return the folder of the cache, or None if the pictures are kept in memory."""
    if how.cache == NONE:
        return None
    if how.cache == AUTO:
        if sum(file.size for file in files) < WORTH_CACHING:
            return None
        return cache_folder()
    return Path(how.cache).expanduser()


def _about(
    listing: Listing, how: Loading, headers: Headers, made: dict[str, Any], part: str
) -> dict[str, Any]:
    """Return what is decided from the headers, as an entry of the cache keeps it."""
    good = headers.sizes[:, 0] > 0
    sizes = headers.sizes[good]
    size, why = (how.pair, "") if how.pair is not None else choose_size(sizes)
    channels = how.channels or int(headers.channels[good].max())
    changed = int((sizes != size).any(axis=1).sum())
    resized = how.pair is not None or changed > 0
    kind = "grey" if channels == 1 else "colour"
    sentences = [why] if why else []
    if resized:
        ways = {
            "crop": ", keeping their aspect ratio; what did not fit was cropped",
            "pad": ", keeping their aspect ratio, and padded with black",
            "stretch": ", ignoring their aspect ratio",
        }
        if changed or part == "train":
            sentences.append(f"{_were(changed)} resized{ways[how.fit] if changed else ''}.")
    converted = int((headers.channels[good] != channels).sum())
    if converted:
        sentences.append(f"{_were(converted)} converted to {kind}.")
    levels = how.levels or headers.levels
    sentences += [f"{_were(count)} {note}." for note, count in headers.notes.most_common()]
    if headers.levels != Levels():
        sentences.append(levels.sentence)
    pairs = repeated(listing.tree, listing.files, listing.labels, headers.marks)
    if pairs:
        same = [" = ".join(listing.files[k].name for k in pair) for pair in pairs]
        sentences.append(f"The same image is in several classes: {sample(same, 3)}.")
    return {
        "root": str(listing.tree.root.resolve()),
        "part": part,
        "made": made,
        "height": int(size[0]),
        "width": int(size[1]),
        "channels": channels,
        "resized": resized,
        "levels": [levels.integers, levels.floats],
        "sentences": sentences,
    }


def _were(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'}"


def _store(
    listing: Listing,
    how: Loading,
    folder: Path | None,
    key: str,
    shape: tuple[int, ...],
    about: dict[str, Any],
) -> tuple[Store, list[str]]:
    count = len(listing.files)
    total = count * int(np.prod(shape))
    if folder is not None:
        try:
            store = create_entry(folder / key, listing.files, shape, about)
            return store, [
                f"Decoded into the cache {folder} ({format_bytes(total)}"
                f"{remedy('; {cache} for none', cache=None)})."
            ]
        except OSError as error:
            if how.cache != AUTO or not _fits_memory(total):
                raise no_cache(folder, total, error) from error
            said = [
                f"The cache {folder} cannot be written ({error.strerror or error}), so the images "
                "are kept in memory."
            ]
            return MemoryStore(count, shape), said
    if not _fits_memory(total):
        raise DataError(
            f"{listing.tree.root}: without a cache the images must fit into half of this machine's "
            f"{format_bytes(_physical_memory())} of memory. Received: {count:,} images of "
            f"{format_shape(shape[1:])}, {format_bytes(total)}. Use a smaller size"
            + remedy(", such as {size}", size=(64, 64))
            + remedy(", or a folder for the cache, {cache}", cache="FOLDER")
            + "."
        )
    return MemoryStore(count, shape), []


def _fits_memory(total: int) -> bool:
    memory = _physical_memory()
    return not memory or total <= memory // 2


def _physical_memory() -> int:
    """Return the machine's memory in bytes, 0 where it cannot be asked (Windows)."""
    if not hasattr(os, "sysconf"):
        return 0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
