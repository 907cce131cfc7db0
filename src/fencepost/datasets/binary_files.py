"""Files of data as bytes: opened for reading, and how much more than its length one may hold."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..errors import DataError

__all__ = ["GZIP_MAGIC", "MAX_DEFLATE_RATIO", "open_binary"]

GZIP_MAGIC = b"\x1f\x8b"
# No deflate stream expands more (zlib's technical notes: 1032 to 1 asymptotically).
MAX_DEFLATE_RATIO = 1032


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading, or say why not."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(
            f"{path}: the file must exist and be readable. Received: {error.strerror}. Check "
            f"the path and its permissions."
        ) from error
    if not path.is_file():
        file.close()
        raise DataError(f"{path}: must be a file. Received: something else. Use a file's path.")
    return file
