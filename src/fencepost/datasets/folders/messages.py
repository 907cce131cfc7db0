"""What is said of the pictures of a folder: how many, what is wrong, why there is no cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from ...errors import DataError
from ...remedies import remedy, setting
from ...text import format_shape, join_words, plural
from .listing import Listing, sample
from .store import DiskStore, Store

__all__ = ["counted", "format_bytes", "left_out", "no_cache", "refused", "unwritable"]

MOST = 20  # files that a message names
CHANGED = "has changed since the folder was listed"


def format_bytes(count: int) -> str:
    """Write bytes in MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def no_cache(folder: Path, total: int, error: OSError) -> DataError:
    """Say why there can be no cache in a folder."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if there.exists() and not there.is_dir():
        return DataError(
            f"{folder}: the cache must be a folder. Received: {there}, which is a file. Use "
            + remedy("another name, {cache}, or ", cache="FOLDER")
            + setting("cache", None)
            + " to keep the images in memory."
        )
    return DataError(
        f"{folder}: the cache must be a folder with room for {format_bytes(total)}. Received: "
        f"{error.strerror or error}. Use a smaller size"
        + remedy(", another folder, {cache}", cache="FOLDER")
        + remedy(", or {cache} to keep the images in memory", cache=None)
        + "."
    )


def unwritable(store: Store, error: OSError) -> DataError:
    """Say that a picture could not be written into the cache."""
    where = store.folder.parent if isinstance(store, DiskStore) else "memory"
    return DataError(
        f"{where}: the cache must have room for all images. Received: {error.strerror or error}. "
        "What was decoded is kept: free some space, "
        + remedy("or use another folder ({cache}), ", cache="FOLDER")
        + "and start again."
    )


def refused(
    listing: Listing,
    problems: Mapping[int, str],
    others: Sequence[tuple[str, str]] = (),
    cached: bool = False,
) -> DataError:
    """Name the pictures that cannot be used, with those of other parts, or the folder that is gone.

    `others`: Names, each with the reason. `cached`: Whether what was decoded is kept on disk.
    """
    root = listing.tree.root
    named = [(listing.files[k].name, what) for k, what in sorted(problems.items())] + list(others)
    groups = groupby(named[:MOST], key=lambda pair: pair[1])
    shown = "; ".join(
        f"{join_words(names)}{': each' if len(names) > 1 else ''} {what}"
        for what, names in ((what, [name for name, _ in same]) for what, same in groups)
    )
    more = f"; and {len(named) - MOST:,} more" if len(named) > MOST else ""
    gone = _gone_folders(listing, problems)
    if gone:
        return DataError(
            f"{root}: the folders of the classes must stay while they are read. Received: "
            f"{sample([f'{name}/' for name in gone])} {'is' if len(gone) == 1 else 'are'} gone, "
            f"with {plural(len(named), 'image')}. Move them back, and start again"
            + (": what was decoded is in the cache." if cached else ".")
        )
    if all(what == CHANGED for _, what in named):
        return DataError(
            f"{root}: files must stay as they are while they are read. Received: {shown}{more}. "
            "Start again once nothing writes there"
            + (": only what changed is decoded anew." if cached else ".")
        )
    return DataError(
        f"{root}: every file in a class's folder must be an intact image (PNG, JPEG, GIF, BMP, "
        f"TIFF, WebP, AVIF, PPM). Received: {len(named):,} that cannot be used: {shown}{more}. "
        "Remove or replace them" + remedy(", or skip them: {skip_bad}", skip_bad=True) + "."
    )


def _gone_folders(listing: Listing, problems: Mapping[int, str]) -> list[str]:
    if listing.tree.is_archive:
        return []
    folders = {listing.files[k].name.rpartition("/")[0] for k in problems}
    return sorted(f for f in folders if f and not listing.tree.path(f).is_dir())


def left_out(listing: Listing, problems: Mapping[int, str], kept: int) -> list[str]:
    """Name each picture that is left out, with the reason."""
    if not kept:
        raise refused(listing, problems)
    return [f"{listing.files[k].name} {what}" for k, what in sorted(problems.items())]


def counted(count: int, shape: tuple[int, ...], names: Sequence[str], counts: Sequence[int]) -> str:
    """Say how many pictures there are of each class."""
    some = [f"{name} {number:,}" for name, number in zip(names[:20], counts, strict=False)]
    end = ", ..." if len(names) > 20 else "."
    kind = "grey" if shape[0] == 1 else "colour"
    return (
        f"{count:,} {kind} images of {format_shape(shape[1:])} pixels in {len(names)} classes: "
        f"{', '.join(some)}{end}"
    )
