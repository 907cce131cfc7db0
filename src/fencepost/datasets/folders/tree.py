"""The files below a folder, or within an archive: their names, and what tells one from another.

Names are relative and have slashes, whatever the system. All that is decided about parts, classes
and label files is decided from them, before a picture is opened.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ...errors import DataError
from ...files.archives import Archive, open_archive
from ...files.folders import hidden, is_other

__all__ = ["File", "Tree"]


@dataclass(frozen=True, slots=True)
class File:
    """A file as its folder lists it; `stamp` changes with it: its time, or a checksum."""

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
    _archive: Archive | None = None

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Tree:
        """List a folder or an archive.

        Raises DataError: It cannot be read, or is neither.
        """
        root = Path(path)
        tree = cls.of_archive(root) if root.is_file() else None
        if tree is not None:
            return tree
        files: list[File] = []
        folders: list[str] = []
        _scan(root, "", (), files, folders)
        return cls._sorted(root, files, folders)

    @classmethod
    def of_archive(cls, path: Path) -> Tree | None:
        """List an archive; None if the file is none. Raises DataError: It cannot be read."""
        archive = open_archive(path)
        if archive is None:
            return None
        files = [File(name, *member) for name, member in archive.members.items()]
        return cls._sorted(path, files, list(archive.folders), archive)

    @classmethod
    def _sorted(
        cls, root: Path, files: list[File], folders: list[str], archive: Archive | None = None
    ) -> Tree:
        files.sort(key=lambda file: file.name.split("/"))
        pictures = {file.name: file for file in files if not is_other(file.name)}
        others = [file.name for file in files if is_other(file.name)]
        return cls(root, pictures, others, sorted(folders), archive)

    @property
    def is_archive(self) -> bool:
        """Whether the files are those of an archive."""
        return self._archive is not None

    @property
    def has_checksums(self) -> bool:
        """Whether size and stamp of a file say what is in it."""
        return self._archive is not None and self._archive.has_checksums

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises OSError."""
        if self._archive is None:
            return open(self.root / name, "rb")
        return io.BytesIO(self._archive.read(name))

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

    def unwrapped(self, prefix: str, classes: Sequence[str] = ()) -> str:
        """Return the folder within a folder if it is all that is there (seg_train/seg_train).

        `classes`: Names of folders that are the only one of a part where it has one class.
        """
        known = {name.partition("/")[0].casefold() for name in classes}
        while True:
            inner = self.subfolders(prefix)
            loose = any("/" not in name for name in self.below(prefix))
            if loose or len(inner) != 1 or inner[0].casefold() in known:
                return prefix
            if not self.subfolders(f"{prefix}{inner[0]}/"):
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
