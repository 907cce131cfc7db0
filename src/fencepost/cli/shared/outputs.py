"""Find out before the work, not after it, whether its results can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...errors import ArgumentError, DataError

_SHOWN = 5  # files that a message names
PICTURES = ("--plot", "--find-lr", "--show-augmentation")


def check_outputs(
    files: Mapping[str, Path | None], overwrite: bool, *, kept: Mapping[str, Path | None] = {}
) -> None:
    """Check the files that a command writes, by option; those in `kept` may exist.

    Raises `DataError` for a file that cannot be written, or that exists unless `overwrite`, and
    `ArgumentError` for one that two options name, or whose ending is none of a picture's.
    """
    taken: dict[Path, str] = {}
    given = {option: path for option, path in {**files, **kept}.items() if path is not None}
    for option, path in given.items():
        other = taken.setdefault(path.resolve(), option)
        if other != option:
            raise ArgumentError(
                f"{option} and {other} must be two files. Received: {path} for both."
            )
    for option, path in given.items():
        check_writable(option, path)
        if option in PICTURES:
            check_picture(path)
        if option not in kept:
            check_new(option, [path], overwrite)


def check_picture(path: Path) -> None:
    """Raise `ArgumentError` unless a picture can be written under this name."""
    from ...plots import saving

    saving.ending(path, saving.PICTURES)


def check_new(option: str, paths: Iterable[Path], overwrite: bool) -> None:
    """Raise `DataError` for files that exist, unless they are to be overwritten."""
    existing = [] if overwrite else [path for path in paths if os.path.lexists(path)]
    if existing:
        some = ", ".join(map(str, existing[:_SHOWN]))
        more = f" and {len(existing) - _SHOWN:,} more" if len(existing) > _SHOWN else ""
        raise DataError(
            f"{option} must name {'files that do' if len(existing) > 1 else 'a file that does'} "
            f"not exist yet. Received: {some}{more}. Use --overwrite to overwrite "
            f"{'them' if len(existing) > 1 else 'it'}, or another name."
        )


def is_file_name(out: Path) -> bool:
    """Whether `out` means a file, and not a folder to put one in."""
    from ...filtering.formats.zarr_files import is_zarr

    folder = out.is_dir() and not is_zarr(out)
    return not folder and bool(out.suffix)


def check_writable(option: str, path: Path) -> None:
    """Raise `DataError` unless a file can be put at `path`.

    Files are written under another name beside `path` and renamed, so it is the folder that has to
    be writable.  An empty file is made there and removed at once: permission bits do not say
    whether a disk is mounted read-only.
    """
    if path.is_dir():
        raise DataError(f"{option} must name a file. Received: {path}, which is a folder.")
    if path.exists() and not path.is_file():
        raise DataError(
            f"{option} must name an ordinary file. Received: {path}, which is a device."
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise DataError(
            f"{option} must name a file that may be replaced. Received: {path}, which is "
            "write-protected. Name another file, or change its permissions."
        )
    folder = path.parent
    if not folder.is_dir():
        raise DataError(
            f"{option} must name a file in a folder that exists. Received: {path}. "
            f"Make the folder first: mkdir -p {folder}"
        )
    _check_folder(option, path, folder)


def check_folder(option: str, path: Path) -> None:
    """Raise `DataError` unless `path` is, or can become, a folder that files can be put in."""
    folder = path
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise DataError(
            f"{option} must name a folder. Received: {path}, where {folder} is a file. Name "
            "another."
        )
    _check_folder(option, path, folder)


def _check_folder(option: str, path: Path, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            # Some full disks take an empty file and refuse its first byte.
            probe.write(b"?")
            probe.flush()
    except OSError as error:
        raise DataError(
            f"{option} must name a place that can be written. Received: {path}; writing in "
            f"{folder} fails: {error.strerror or error}. Name a place elsewhere."
        ) from error
