"""Atomic writes: a file appears complete or not at all, whatever happens meanwhile.

What is being written has a name of its own beside the file,
``.NAME.MACHINE-RUN-PROCESS-COUNT.partial``. If the process is killed it stays, and the next that
writes in that folder on this machine removes it. Threads, processes and machines that write the
same file do not meet: the last one wins.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

PARTIAL = ".partial"  # how the name of a file ends that is being written
_REPLACED = ".old"  # and that of a folder that is being replaced
_LONGEST = 255  # bytes of a name, on nearly every file system
_COUNT = itertools.count()
_machine = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
_MACHINE = f"{zlib.crc32(_machine.encode()) & 0xFFFF:04x}"
_RUN = os.urandom(2).hex()  # another process may have had the number of this one
_LEFTOVER = re.compile(
    rf"\.(.+)\.{_MACHINE}-([0-9a-f]{{4}})-(\d+)-\d+(\{PARTIAL}|\{_REPLACED})", re.DOTALL
)
_cleared: set[str] = set()  # folders in which this process has looked for leftovers


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends, the file there becomes `target`.

    If anything goes wrong in the block, Ctrl-C included, the unfinished file is removed and what
    was at `target` stays. Where `target` is a link, the file that it leads to is written; the
    permissions of a file that is replaced are kept. An `OSError` names `target`.
    """
    if os.path.islink(target):
        target = Path(os.path.realpath(target))
    # In the same folder, for only within one file system is a rename atomic.
    partial = _beside(target, PARTIAL)
    _clear(os.path.dirname(target))
    try:
        yield partial
        _keep_permissions(target, partial)
        os.replace(partial, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError) and error.errno is not None:
            named = error.filename
            if named is None or os.path.basename(os.fsdecode(named)) == partial.name:
                error.filename = str(target)
        raise


def _keep_permissions(target: Path, partial: Path) -> None:
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return  # it is new
    with contextlib.suppress(OSError):
        os.chmod(partial, stat.S_IMODE(mode))


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to write to; when the block ends, it becomes `target`.

    As with `atomic_path`, what was at `target` stays until then, and if anything goes wrong.
    """
    partial, before = (_beside(target, ending) for ending in (PARTIAL, _REPLACED))
    _clear(os.path.dirname(target))
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
    _remove(before)


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


def remove_leftovers(folder: Path) -> None:
    """Remove what processes of this machine that were killed have left in a folder.

    A folder that was about to be replaced gets its name back, unless its successor has it.
    """
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            match = _LEFTOVER.fullmatch(path.name)
            if match is None or not _is_gone(int(match[3]), match[2]):
                continue
            with contextlib.suppress(OSError):
                if match[4] == _REPLACED and not (folder / match[1]).exists():
                    path.rename(folder / match[1])
                else:
                    _remove(path)


def _beside(target: Path, ending: str) -> Path:
    """Return a name that nobody else uses, in the folder of `target`."""
    mark = f".{_MACHINE}-{_RUN}-{os.getpid()}-{next(_COUNT)}{ending}"
    name = os.fsencode(target.name)
    if len(name) > _LONGEST:  # the system says so, with the name that was given
        return target
    return target.with_name("." + name[: _LONGEST - len(mark) - 1].decode("utf-8", "ignore") + mark)


def _clear(folder: str) -> None:
    """Remove leftovers, once in the life of this process: a folder may hold very many files."""
    folder = os.path.abspath(folder)
    if folder not in _cleared:
        _cleared.add(folder)
        remove_leftovers(Path(folder))


def _is_gone(process: int, run: str) -> bool:
    """Whether a process has ended (Windows would end it to find out)."""
    if process == os.getpid():
        return run != _RUN
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
