"""The files of a folder that a person would count."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError

ARCHIVES = (
    *(".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"),
    *(".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"),
)
# What lies beside pictures and is none.
_OTHER = {
    *ARCHIVES, ".txt", ".md", ".rst", ".rtf", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html",
    ".ini", ".db", ".yaml", ".yml", ".log", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ods",
    ".parquet", ".feather", ".sqlite", ".names", ".data", ".cfg", ".toml", ".ndjson", ".xmp",
    ".aae", ".thm", ".py", ".ipynb", ".sh", ".bat", ".pkl", ".pt", ".pth", ".h5", ".onnx",
    ".safetensors", ".ckpt", ".md5", ".sha1", ".sha256", ".lnk", ".url", ".bak", ".tmp", ".part",
    ".crdownload", ".cache", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg",
    ".wmv", ".mp3", ".wav", ".ogg", ".flac", ".m4a", ".arff", ".ts", ".mat", ".orc", ".xlsm",
    ".xlsb", ".numbers", ".sav", ".dta", ".sas7bdat", ".rds", ".rdata", ".pickle", ".hdf5",
    ".tfrecord", ".edf", ".hea",
}  # fmt: skip
_OTHER_NAMES = {"readme", "license", "licence", "copying", "authors", "attribution", "makefile"}
_SYSTEM = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "Icon\r"}


def hidden(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder is one that people do not see."""
    name = os.path.basename(path)
    return name.startswith(".") or name in _SYSTEM


def is_other(name: str) -> bool:
    """Whether a file is by its name no picture: a text, a video, what systems leave behind."""
    stem, ending = os.path.splitext(os.path.basename(name).lower())
    return ending in _OTHER or (not ending and stem in _OTHER_NAMES)


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
        others += (Path(at, name) for name in inner if name.endswith(".zarr"))  # chunks of an array
        inner[:] = sorted(n for n in inner if not hidden(n) and not n.endswith(".zarr"))
        for name in sorted(names):
            if not hidden(name):
                (others if is_other(name) else files).append(Path(at, name))
    return files, others
