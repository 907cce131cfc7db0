"""The files of a folder that a person would count.  Calls errors."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError

# What lies beside pictures and is none.
JUNK = {".txt", ".md", ".csv", ".json", ".xml", ".html", ".ini", ".db", ".yaml", ".yml", ".log"}


def hidden(path: Path) -> bool:
    """Whether a file or folder is one that people do not see."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def visible_files(folder: Path) -> tuple[list[Path], int]:
    """Return the files that should be images, in sorted order, and how many others there are.

    Folders within the folder are looked into. Raises DataError if one cannot be read.
    """
    files: list[Path] = []
    junk = 0

    def refuse(error: OSError) -> None:
        raise DataError(
            f"{error.filename}: the folder must be readable. Received: {error.strerror}. Check "
            f"its permissions."
        ) from error

    for at, inner, names in os.walk(folder, onerror=refuse):
        inner[:] = sorted(name for name in inner if not hidden(Path(name)))
        for name in sorted(names):
            if hidden(Path(name)):
                continue
            if Path(name).suffix.lower() in JUNK:
                junk += 1
            else:
                files.append(Path(at, name))
    return files, junk
