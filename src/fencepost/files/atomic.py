"""Atomic writes: a file appears complete or not at all, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
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


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to write to; when the block ends, it becomes `target`.

    As with `atomic_path`, what was at `target` stays until then, and if anything goes wrong.
    """
    partial, before = (
        target.with_name(f".{target.name}.{os.getpid()}{ending}") for ending in (PARTIAL, ".old")
    )
    try:
        partial.mkdir()
        yield partial
        if target.exists():
            target.rename(before)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if before.exists() and not target.exists():
            before.rename(target)
        raise
    if before.is_dir():
        shutil.rmtree(before, ignore_errors=True)
    else:
        before.unlink(missing_ok=True)


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
