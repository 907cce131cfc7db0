"""Atomic writes: a file appears complete or not at all, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

PARTIAL = ".partial"  # how the name of a file ends that is being written


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends, the file there becomes `target`.

    If anything goes wrong in the block, Ctrl-C included, the unfinished file is removed and what
    was at `target` stays.
    """
    # In the same folder, for only within one file system is a rename atomic.
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        partial.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def atomic_write(target: Path, content: bytes, check: Callable[[Path], None] | None = None) -> None:
    """Make a file of this content, and see it on the disk before it takes its name.

    `check` is called with the temporary path before that; if it raises, there is no file.
    """
    with atomic_path(target) as partial:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if check is not None:
            check(partial)
