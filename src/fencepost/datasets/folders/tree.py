"""The files below a folder, or within a zip archive: their names, and what tells one from another.

Names are relative and have slashes, whatever the system. All that is decided about parts, classes
and label files is decided from them, before a picture is opened.
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from ...errors import DataError
from ...files.folders import hidden, is_other
from ..binary_files import ZIP_MAGIC

__all__ = ["File", "Tree"]

LARGEST_MEMBER = 1 << 29  # bytes of one picture in an archive, unpacked


@dataclass(frozen=True, slots=True)
class File:
    """A file as its folder lists it; `stamp` is when it was changed, of an archive its checksum."""

    name: str
    size: int
    stamp: int


@dataclass
class Tree:
    """All visible files below `root`, in the order of their names.

    `pictures`: What should be pictures, by name. `others`: Texts, tables, videos. `folders`: All
    folders, empty ones too.
    """

    root: Path
    pictures: dict[str, File]
    others: list[str]
    folders: list[str]
    _archive: zipfile.ZipFile | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Tree:
        """List a folder or an archive.

        Raises DataError: It cannot be read, or is neither.
        """
        root = Path(path)
        archive = None
        if root.is_file() and _is_zip(root):
            archive = _open_archive(root)
            files = list(_members(root, archive))
            folders = {name.rpartition("/")[0] for name in archive.namelist()}
            folders |= {parent for folder in list(folders) for parent in _parents(folder)}
            visible = [name for name in folders if name and not _any_hidden(name)]
        else:
            files, visible = [], []
            _scan(root, "", (), files, visible)
        files.sort(key=lambda file: file.name.split("/"))
        pictures = {file.name: file for file in files if not is_other(file.name)}
        others = [file.name for file in files if is_other(file.name)]
        return cls(root, pictures, others, sorted(visible), archive)

    @property
    def is_archive(self) -> bool:
        """Whether the files are those of an archive."""
        return self._archive is not None

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises OSError."""
        if self._archive is None:
            return open(self.root / name, "rb")
        try:
            with self._lock:  # members share the position in the archive
                return io.BytesIO(self._archive.read(name))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise OSError(f"damaged in the archive: {error}") from error

    def below(self, prefix: str) -> list[str]:
        """Return the pictures below a folder, by their names within it."""
        return [name[len(prefix) :] for name in self.pictures if name.startswith(prefix)]

    def subfolders(self, prefix: str) -> list[str]:
        """Return the folders right below a folder."""
        inner = (name[len(prefix) :] for name in self.folders if name.startswith(prefix))
        return [name for name in inner if name and "/" not in name]

    def filled_subfolders(self, prefix: str) -> set[str]:
        """Return the folders right below a folder that have pictures in them."""
        return {name.partition("/")[0] for name in self.below(prefix) if "/" in name}

    def unwrapped(self, prefix: str) -> str:
        """Return the folder within a folder if it is all that is there (seg_train/seg_train)."""
        while True:
            inner = self.subfolders(prefix)
            loose = any("/" not in name for name in self.below(prefix))
            if loose or len(inner) != 1 or not self.subfolders(f"{prefix}{inner[0]}/"):
                return prefix
            prefix += f"{inner[0]}/"

    def without(self, prefixes: Sequence[str]) -> Tree:
        """Return the same files but for those below some folders."""
        gone = tuple(prefixes)
        return replace(
            self,
            pictures={n: file for n, file in self.pictures.items() if not n.startswith(gone)},
            others=[name for name in self.others if not name.startswith(gone)],
            folders=[name for name in self.folders if not f"{name}/".startswith(gone)],
        )

    def path(self, name: str) -> Path:
        """Return where a file lies; of an archive, for messages only."""
        return self.root / name


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == ZIP_MAGIC
    except OSError:
        return False


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a damaged directory makes zipfile raise nearly anything
        raise DataError(
            f"{path}: must be a zip archive that can be read. Received: {error}. Copy it again, or "
            "unpack it and use the folder."
        ) from error


def _members(path: Path, archive: zipfile.ZipFile) -> Iterator[File]:
    for info in archive.infolist():
        if info.is_dir() or _any_hidden(info.filename):
            continue
        if info.flag_bits & 1 or info.file_size > LARGEST_MEMBER:
            what = "encrypted" if info.flag_bits & 1 else f"of {info.file_size:,} bytes"
            raise DataError(
                f"{path}: an archive must hold images that can be read one by one. Received: "
                f"{info.filename}, which is {what}. Unpack it and use the folder."
            )
        yield File(info.filename, info.file_size, info.CRC)


def _parents(folder: str) -> Iterator[str]:
    parts = folder.split("/")
    return ("/".join(parts[:k]) for k in range(1, len(parts)))


def _any_hidden(name: str) -> bool:
    return any(map(hidden, name.rstrip("/").split("/")))


def _scan(
    root: Path, at: str, above: tuple[str, ...], files: list[File], folders: list[str]
) -> None:
    """List a folder and those in it; links are followed, but never round a circle."""
    here = os.path.join(root, at)
    real = os.path.realpath(here)
    if real in above:
        return
    try:
        with os.scandir(here) as entries:
            found = [entry for entry in entries if not hidden(entry.name)]
    except OSError as error:
        where = f"{root}/{at}" if at else str(root)
        raise DataError(
            f"{where}: must be a folder that can be read. Received: {error.strerror}. Check the "
            "path and its permissions."
        ) from error
    for entry in found:
        name = f"{at}/{entry.name}" if at else entry.name
        try:
            if entry.is_dir():
                folders.append(name)
                _scan(root, name, (*above, real), files, folders)
                continue
            status = entry.stat()
            files.append(File(name, status.st_size, status.st_mtime_ns))
        except OSError:  # a link to nowhere, or gone meanwhile: named when it is to be opened
            files.append(File(name, 0, 0))
