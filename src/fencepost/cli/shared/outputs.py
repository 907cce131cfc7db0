"""Find out before the work, not after it, whether its results can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ...errors import ArgumentError, DataError


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


def check_picture(option: str, path: Path) -> None:
    """Raise unless a picture can be put at `path`, whose ending says of which kind."""
    from ...plots import saving

    saving.ending(path, saving.PICTURES)
    check_writable(option, path)


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


def check_others(out: Path, others: Mapping[str, Path | None]) -> None:
    """Check further files, by option, which must be other files than `out` and each other."""
    taken = {out.resolve(): "--out"}
    for option, path in others.items():
        if path is None:
            continue
        check_writable(option, path)
        other = taken.setdefault(path.resolve(), option)
        if other != option:
            raise ArgumentError(
                f"{option} and {other} must be two files. Received: {path} for both."
            )
