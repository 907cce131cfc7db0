"""Files that are mapped into memory, and may be cut or changed by others while they are read.

A read beyond the end of a file that has become shorter would end the process with SIGBUS. The
engine has it give zeros instead, and whoever has read asks `Mapped.check` before the values are
used.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _engine
from ..errors import DataError

__all__ = ["Mapped", "check_memory", "watch", "watched"]


class Mapped:
    """Watches the memory that an array maps of a file, for as long as this object lives.

    Parameters
    ----------
    array : ndarray
        Any array of the mapped memory, such as a ``numpy.memmap``, contiguous.
    file : int or mmap
        A descriptor of the file, which is duplicated; or what maps it.
    name : str
        How an error calls it, and `remedy` what it advises.
    constant : bool
        Whether the file must not be written to either.
    length : int, optional
        How many bytes the file must have; by default those that it has now.
    """

    def __init__(
        self,
        array: NDArray[Any],
        file: int | mmap.mmap,
        name: str,
        remedy: str,
        constant: bool = True,
        length: int | None = None,
    ) -> None:
        self._address = int(array.__array_interface__["data"][0])
        self._name, self._remedy, self._constant = name, remedy, constant
        self._file = os.dup(file) if isinstance(file, int) else file
        self._before = self._state() if length is None else (length, 0)
        self._watched = bool(array.nbytes) and _engine.watch_mapping(self._address, array.nbytes)
        _WATCHED[self._address] = self
        weakref.finalize(self, _end, self._file, self._address if self._watched else None)

    def check(self) -> None:
        """Raise DataError if the file was cut, or changed, since it was opened."""
        now = self._state()
        cut = now[0] < self._before[0] or (self._watched and _engine.mapping_is_cut(self._address))
        if cut or (self._constant and now != self._before):
            how = f"cut to {now[0]:,} bytes" if cut else "changed"
            raise DataError(
                f"{self._name}: a file must stay as it is while it is read. Received: it was {how} "
                f"meanwhile. {self._remedy}"
            )

    def _state(self) -> tuple[int, int]:
        if not isinstance(self._file, int):
            return self._file.size(), 0
        status = os.fstat(self._file)
        return status.st_size, status.st_mtime_ns if self._constant else 0


_ANEW = "Open it again once it is complete."
_WATCHED: weakref.WeakValueDictionary[int, Mapped] = weakref.WeakValueDictionary()


def check_memory(array: NDArray[Any]) -> None:
    """Raise DataError if an array shows a file that is watched, and that was cut meanwhile."""
    each: Any = array
    while isinstance(each, np.ndarray):
        mapped = _WATCHED.get(int(each.__array_interface__["data"][0]))
        if mapped is not None:
            mapped.check()
        each = each.base


def watch(array: object) -> Mapped | None:
    """Watch the file behind an array of the caller's, a ``numpy.memmap`` or a view of one.

    Returns None for any other; else what must be kept, and asked to `check`, as long as the array
    is read. Raises DataError: The file has been cut since it was opened.
    """
    each: Any = array
    while isinstance(each, np.ndarray):
        base: Any = each.base
        if isinstance(each, np.memmap) and isinstance(base, mmap.mmap):
            mapped = _WATCHED.get(int(each.__array_interface__["data"][0]))
            if mapped is None:
                name, length = str(each.filename or "the file"), each.offset + each.nbytes
                mapped = Mapped(each, base, name, _ANEW, constant=False, length=length)
            mapped.check()
            return mapped
        each = base
    return None


@contextmanager
def watched(array: object) -> Iterator[None]:
    """Raise DataError, at the latest at the end, if the file behind an array of `watch` was cut."""
    mapped = watch(array)
    yield
    if mapped is not None:
        mapped.check()


def memory_of(buffer: memoryview) -> NDArray[np.uint8]:
    """Return mapped bytes as an array, for `Mapped`."""
    return np.frombuffer(buffer, np.uint8)


def _end(file: int | mmap.mmap, address: int | None) -> None:
    if isinstance(file, int):
        os.close(file)
    if address is not None:
        _engine.forget_mapping(address)
