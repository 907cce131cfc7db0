"""The files of a folder that a person would count."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError

# What lies beside pictures and is none.
_OTHER = {
    ".txt", ".md", ".csv", ".json", ".xml", ".html", ".ini", ".db", ".yaml", ".yml", ".log", ".pdf",
    ".zip", ".py", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mp3",
    ".wav", ".ogg", ".flac", ".m4a",
}  # fmt: skip


def hidden(path: Path) -> bool:
    """Whether a file or folder is one that people do not see."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def visible_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files that should be images, in sorted order, and the others (texts, videos).

    Folders within the folder are looked into. Raises DataError if one cannot be read.
    """
    files: list[Path] = []
    others: list[Path] = []

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
            is_other = Path(name).suffix.lower() in _OTHER
            (others if is_other else files).append(Path(at, name))
    return files, others
