"""Where decoded pictures are kept: in memory, or in a cache on disk that is mapped into memory.

An entry of the cache is a folder, named by what it was made from: name, size and time of every
file, and how they are brought to one size. It holds ``images.npy``; ``state.npy``, which pictures
are there; ``files.npy``, what tells each file from another; and ``about.json``.

Any number of processes may fill one entry at the same time: a picture has its place, whoever
decodes it writes the same bytes, and its state is set only once these are on the disk. So a process
that is killed, or a computer that is switched off, loses some seconds of decoding and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...files.mapped import Mapped
from .tree import File

__all__ = ["BAD", "DONE", "DiskStore", "MemoryStore", "Store", "cache_folder", "entry_key"]

TODO, DONE, BAD = 0, 1, 2
FORMAT = 3  # since deep colours have the levels of their data set
IMAGES, STATE, FILES, ABOUT = "images.npy", "state.npy", "files.npy", "about.json"
_OURS = re.compile(r"[0-9a-f]{24}|\.making-\w+")  # names of folders in a cache
UNUSED_DAYS = 30  # after which an entry of the cache is removed
ROOM = 64 << 20  # bytes that must stay free on the disk


class Store(Protocol):
    """What pictures are decoded into."""

    pixels: NDArray[np.uint8]
    state: NDArray[np.uint8]

    def write(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Keep a picture."""

    def is_done(self, index: int) -> bool:
        """Whether another process has decoded it meanwhile."""

    def commit(self, indices: NDArray[np.int64], state: NDArray[np.uint8]) -> None:
        """Note what became of these pictures, once their pixels are safe."""

    def release(self) -> None:
        """Give back the memory of what was read."""

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Begin to read pictures that will be needed soon."""

    def check(self) -> None:
        """Raise DataError if what was read is not what was written."""

    def close(self) -> None:
        """Write no more."""


class MemoryStore:
    """Pictures in memory."""

    def __init__(self, count: int, shape: Sequence[int]) -> None:
        self.pixels = np.empty((count, *shape), np.uint8)
        self.state = np.zeros(count, np.uint8)

    def write(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Keep a picture."""
        self.pixels[index] = picture

    def is_done(self, index: int) -> bool:
        """Whether it is there: nobody else writes here."""
        return False

    def commit(self, indices: NDArray[np.int64], state: NDArray[np.uint8]) -> None:
        """Note what became of these pictures."""
        self.state[indices] = state

    def release(self) -> None:
        """Keep all: it is nowhere else."""

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Do nothing: they are there."""

    def check(self) -> None:
        """Do nothing: it is memory of this process."""

    def close(self) -> None:
        """Do nothing."""


class DiskStore:
    """Pictures in an entry of the cache: written to the file, read through a map of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about: dict[str, Any] = json.loads((folder / ABOUT).read_text())
        self._file = os.open(folder / IMAGES, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._map = np.load(folder / IMAGES, mmap_mode="r")
        self.pixels = self._map.view(np.ndarray)
        self.state = np.load(folder / STATE, mmap_mode="r+")
        self._offset = int(self._map.offset)
        # Of pages that are needed in random order those beside them are not read along.
        if hasattr(mmap, "MADV_RANDOM"):
            self._map._mmap.madvise(mmap.MADV_RANDOM)
        self._reader = ThreadPoolExecutor(1, "fencepost-read")
        if len(self.state) != len(self.pixels):
            raise ValueError("pixels and state differ in length")
        remedy = "Start again: damaged entries of the cache are rebuilt."
        with (folder / STATE).open("rb") as file:
            self._mapped = [
                Mapped(array, number, str(folder / name), remedy, constant=False)
                for array, number, name in (
                    (self.pixels, self._file, IMAGES), (self.state, file.fileno(), STATE),
                )
            ]  # fmt: skip
        # Pixels may be used longer than this.
        weakref.finalize(self._map, list, self._mapped)
        with contextlib.suppress(OSError):
            os.utime(folder / ABOUT)  # when it was last used

    def write(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Write a picture. Not through the map, where a full disk would be the end of the process.

        Raises OSError.
        """
        data, at = memoryview(picture.tobytes()), self._offset + index * picture.nbytes
        while data:
            written = _write_at(self._file, data, at)
            data, at = data[written:], at + written

    def is_done(self, index: int) -> bool:
        """Whether another process has decoded it meanwhile."""
        return bool(self.state[index] == DONE)

    def commit(self, indices: NDArray[np.int64], state: NDArray[np.uint8]) -> None:
        """Note what became of these pictures, once their pixels are on the disk."""
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(self._file)
        self.state[indices] = state

    def release(self) -> None:
        """Give the pages that were read back to the system, which keeps what it has room for."""
        mapping = self._map._mmap
        if hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Have the system read pictures from the disk while others are used."""
        if hasattr(os, "posix_fadvise") and self._file >= 0 and len(indices):
            self._reader.submit(self._advise, np.sort(indices))

    def _advise(self, indices: NDArray[np.int64]) -> None:
        size = self.pixels[:1].nbytes
        with contextlib.suppress(OSError):
            for index in indices.tolist():
                at = self._offset + index * size
                os.posix_fadvise(self._file, at, size, os.POSIX_FADV_WILLNEED)

    def check(self) -> None:
        """Raise DataError if a file of the entry was cut while it was read."""
        for mapped in self._mapped:
            mapped.check()

    def close(self) -> None:
        """Write no more; what is mapped stays so."""
        self._reader.shutdown(cancel_futures=True)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def cache_folder() -> Path:
    """Return where the cache is, unless another place is given: the system's place for caches."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fencepost"


def entry_key(files: Sequence[File], preparation: dict[str, Any]) -> str:
    """Return the name of the entry for these files, brought to this form."""
    from PIL import __version__ as pillow

    made = json.dumps([FORMAT, pillow, preparation], sort_keys=True)
    digest = blake2b(made.encode(), digest_size=12)
    for file in files:
        digest.update(
            f"\0{file.name}\0{file.size}\0{file.stamp}".encode("utf-8", "surrogateescape")
        )
    return digest.hexdigest()


def open_entry(folder: Path) -> DiskStore | None:
    """Return the entry, or None if there is none that can be used."""
    try:
        return DiskStore(folder)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def create_entry(
    folder: Path, files: Sequence[File], shape: Sequence[int], about: dict[str, Any]
) -> DiskStore:
    """Make an entry, with what an older entry has of the same files, and open it.

    Raises OSError: There is no room for it, or nothing may be written there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_unused(folder.parent)
    size = len(files) * int(np.prod(shape))
    free = shutil.disk_usage(folder.parent).free
    if size + ROOM > free:
        raise OSError(
            28, f"{free / 1e6:,.1f} MB are free, of which {ROOM / 1e6:.0f} MB must stay so"
        )
    partial = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        identities = _identities(files)
        np.save(partial / FILES, identities)
        state = np.zeros(len(files), np.uint8)
        _allocate(partial / IMAGES, (len(files), *shape))
        older = _older_entry(folder, about)
        if older is not None:
            _take_over(older, partial / IMAGES, identities, state)
        np.save(partial / STATE, state)
        (partial / ABOUT).write_text(json.dumps(about))
        with contextlib.suppress(OSError):  # another process was quicker: its entry is as good
            partial.rename(folder)
        store = open_entry(folder)
        if store is None:  # a damaged one is in the way
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
            store = DiskStore(folder)
        if older is not None:
            shutil.rmtree(older, ignore_errors=True)
        return store
    finally:
        shutil.rmtree(partial, ignore_errors=True)


_seeking = threading.Lock()


def _write_at(file: int, data: memoryview, at: int) -> int:
    """Write at a position of a file, as far as it goes; without os.pwrite, which Windows lacks."""
    if hasattr(os, "pwrite"):
        return os.pwrite(file, data, at)
    with _seeking:
        os.lseek(file, at, os.SEEK_SET)
        return os.write(file, data)


def _allocate(path: Path, shape: tuple[int, ...]) -> None:
    """Write an array of zeros, for which the disk has room: later writes into it do not fail."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        at, size = file.tell(), int(np.prod(shape))
        file.flush()
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, at + size)
            return
        zeros = bytes(1 << 20)
        for start in range(0, size, len(zeros)):
            file.write(zeros[: size - start])


def _identities(files: Sequence[File]) -> NDArray[np.uint64]:
    """Return a number of 64 bits for each file: name, size and time."""
    texts = (f"{f.name}\0{f.size}\0{f.stamp}".encode("utf-8", "surrogateescape") for f in files)
    return np.frombuffer(b"".join(blake2b(t, digest_size=8).digest() for t in texts), np.uint64)


def _older_entry(folder: Path, about: dict[str, Any]) -> Path | None:
    """Return the entry that the same folder had, brought to the same form, before it changed."""
    for other in folder.parent.glob(f"*/{ABOUT}"):
        try:
            found = json.loads(other.read_text())
        except (OSError, ValueError):
            continue
        same = all(found.get(name) == about[name] for name in ("root", "part", "made"))
        if same and other.parent != folder:
            return other.parent
    return None


def _take_over(
    older: Path, images: Path, identities: NDArray[np.uint64], state: NDArray[np.uint8]
) -> None:
    """Copy from an older entry the pictures whose files are the same."""
    try:
        known = np.load(older / FILES)
        source = np.load(older / IMAGES, mmap_mode="r")
        done = np.load(older / STATE) == DONE
        place = {int(identity): k for k, identity in enumerate(known) if done[k]}
        target = np.load(images, mmap_mode="r+")
        if target.shape[1:] != source.shape[1:]:
            return
        for k, identity in enumerate(identities.tolist()):
            if identity in place:
                target[k] = source[place[identity]]
                state[k] = DONE
        target.flush()
    except (OSError, ValueError, KeyError):  # then all are decoded again
        state[:] = TODO


def remove_unused(cache: Path) -> None:
    """Remove entries that were not used for a month, and what killed processes left."""
    for folder in cache.iterdir():
        if not _OURS.fullmatch(folder.name):
            continue
        limit = 1 if folder.name.startswith(".making-") else UNUSED_DAYS
        mark = folder if folder.name.startswith(".making-") else folder / ABOUT
        with contextlib.suppress(OSError):
            if time.time() - mark.stat().st_mtime > limit * 86400:
                shutil.rmtree(folder, ignore_errors=True)
