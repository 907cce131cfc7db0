"""Archives of files, zip and tar, read one member at a time: nothing is written under their names.

A compressed tar has to be read from its start to reach its end, so it is unpacked once, as a whole,
into a file without a name, which the system removes when it is closed.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import DataError
from ..text import plural
from .folders import hidden

__all__ = ["Archive", "Member", "Packed", "open_archive"]

LARGEST_MEMBER = 1 << 29  # bytes of one file in an archive, unpacked
LARGEST_HEADER = 1 << 20  # bytes; tarfile reads as many as a header claims
# Photographs are hardly compressed, drawings may be 100 times: more is not worth a full disk.
EXPANSION, ALWAYS_ALLOWED = 100, 1 << 30
ROOM = 64 << 20  # bytes that must stay free on the disk
_BLOCK = 512  # bytes; POSIX.1-1988, ustar
_PIECE = 1 << 20
_NAMES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst")

Member = tuple[int, int]  # bytes, and a number that changes with the content


class _Bounded:
    """A file of which tarfile reads no more at once than a header may hold."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int) -> bytes:
        if not 0 <= count <= LARGEST_HEADER:
            raise tarfile.ReadError(f"a header claims {count:,} bytes")
        return self._file.read(count)


class Archive:
    """A zip or tar archive: its visible files and folders, and their content.

    What is no ordinary file (links, encrypted and very large ones) is listed, and refused when
    it is read, with the reason. `has_checksums`: Whether a member's number is
    that of its content. One that cannot be listed closes `packed`.
    """

    def __init__(self, path: Path, packed: zipfile.ZipFile | IO[bytes]) -> None:
        self.path = path
        self.members: dict[str, Member] = {}
        self.folders: set[str] = set()
        self.has_checksums = isinstance(packed, zipfile.ZipFile)
        self._packed = packed
        self._places: dict[str, Any] = {}  # by name: of a zip its member, of a tar where it begins
        self._problems: dict[str, str] = {}
        self._lock = threading.Lock()  # members share the position in the file
        try:
            if isinstance(packed, zipfile.ZipFile):
                self._list_zip(packed)
            else:
                self._list_tar(packed)
        except BaseException:
            packed.close()
            raise

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raises OSError."""
        if name in self._problems:
            raise OSError(self._problems[name])
        place, packed = self._places[name], self._packed
        try:
            with self._lock:
                if isinstance(packed, zipfile.ZipFile):
                    return packed.read(place)
                packed.seek(place[0])
                content = packed.read(place[1])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
            raise OSError(f"damaged in the archive: {error}") from error
        if len(content) < place[1] or os.fstat(packed.fileno()).st_mtime_ns != self._changed:
            raise OSError("the archive has changed since it was listed")
        return content

    def _list_zip(self, packed: zipfile.ZipFile) -> None:
        for info in packed.infolist():
            given = info.filename
            if info.create_system == 0:  # Windows, where programs write its own separator
                given = given.replace("\\", "/")
            name = self._name(given, given.endswith("/"))
            if not name or given.endswith("/"):
                continue
            problem = "encrypted: unpack the archive" if info.flag_bits & 1 else ""
            if info.external_attr >> 16 & 0o170000 == stat.S_IFLNK:
                problem = "a symbolic link: unpack the archive"
            self._add(name, info.file_size, info.CRC, info, problem)

    def _list_tar(self, packed: IO[bytes]) -> None:
        status = os.fstat(packed.fileno())
        self._changed = status.st_mtime_ns
        for info in _tar_members(packed, status.st_size):
            name = self._name(info.name, info.isdir())
            if not name or info.isdir():
                continue
            place, problem = (info.offset_data, info.size), ""
            if info.islnk():  # to a file before it
                place = self._places.get(_plain(info.linkname), (0, 0))
                problem = "" if place[0] else "a link to a file that is not in the archive"
            elif info.issym():
                problem = "a symbolic link: unpack the archive"
            elif info.issparse():
                problem = "a sparse file: unpack the archive"
            elif not info.isreg():
                problem = "not a file"
            # Times alone would not do: programs that pack often set all of them to 0.
            stamp = zlib.crc32(f"{info.mtime} {status.st_mtime_ns} {status.st_size}".encode())
            self._add(name, place[1], stamp, place, problem)

    def _name(self, given: str, is_folder: bool) -> str:
        """Return a member's name without "./", "" for hidden ones, and note its folders."""
        name = _plain(given)
        parts = name.split("/")
        if name.startswith("/") or ".." in parts:
            raise DataError(
                f"{self.path}: files in an archive must lie below its folder. Received: {given}. "
                "Leave it out, or unpack the archive where that does no harm and use the folder."
            )
        if not name or any(map(hidden, parts)):
            return ""
        above = parts if is_folder else parts[:-1]
        self.folders |= {"/".join(above[:k]) for k in range(1, len(above) + 1)}
        return name

    def _add(self, name: str, size: int, stamp: int, place: Any, problem: str) -> None:
        """Note a file; of several under one name the last is read, as when they are unpacked."""
        if not problem and size > LARGEST_MEMBER:
            problem = f"{size / 1e9:.1f} GB: unpack the archive"
        self.members[name], self._places[name] = (size, stamp), place
        self._problems.pop(name, None)
        if problem:
            self.members[name], self._problems[name] = (max(size, 1), stamp), problem


@dataclass(frozen=True)
class Packed:
    """A file in an archive, that is read when it is wanted; its `path` is for people."""

    path: Path
    archive: Archive = field(compare=False, repr=False)
    member: str

    def __str__(self) -> str:
        return str(self.path)

    def read_bytes(self) -> bytes:
        """Return the content. Raises OSError."""
        return self.archive.read(self.member)


def open_archive(path: Path) -> Archive | None:
    """Open a file as an archive; None if it is none.

    Raises DataError: It is damaged, expands too far, or holds files outside of its folder.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_BLOCK)
    except OSError:
        return None
    if start[:2] == b"PK":
        return _opened("zip", path, lambda: Archive(path, zipfile.ZipFile(path)))
    unpack = next((opens for magic, opens in _unpackers().items() if start.startswith(magic)), None)
    named = path.name.lower().endswith(_NAMES) or ".tar." in path.name.lower()
    if unpack is not None:
        with contextlib.suppress(Exception), unpack(path) as stream:
            start = stream.read(_BLOCK)
    empty = len(start) == _BLOCK and not any(start)
    if not (_begins_tar(start) or (named and (unpack is not None or empty))):
        return None
    return _opened("tar", path, lambda: _open_tar(path, unpack))


def _opened(kind: str, path: Path, opening: Callable[[], Archive]) -> Archive:
    try:
        return opening()
    except DataError:
        raise
    except Exception as error:  # a damaged one makes zipfile and tarfile raise nearly anything
        raise DataError(
            f"{path}: must be a {kind} archive that can be read. Received: {error}. Copy it again, "
            "or unpack it and use the folder."
        ) from error


def _unpackers() -> dict[bytes, Callable[[Path], IO[bytes]]]:
    found: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
    with contextlib.suppress(ImportError):  # since Python 3.14
        found[b"\x28\xb5\x2f\xfd"] = importlib.import_module("compression.zstd").open
    return found


def _begins_tar(start: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _open_tar(path: Path, unpack: Callable[[Path], IO[bytes]] | None) -> Archive:
    if unpack is None:
        return Archive(path, path.open("rb"))
    # Where there is one, /var/tmp is on a disk; /tmp may be memory.
    place = None if "TMPDIR" in os.environ or not os.path.isdir("/var/tmp") else "/var/tmp"
    whole = tempfile.TemporaryFile(dir=place)  # noqa: SIM115  # as long as the archive is used
    try:
        with unpack(path) as stream:
            _unpack(path, stream, whole, shutil.disk_usage(place or tempfile.gettempdir()).free)
    except BaseException:
        whole.close()
        raise
    return Archive(path, whole)


def _unpack(path: Path, stream: IO[bytes], whole: IO[bytes], free: int) -> None:
    most = max(ALWAYS_ALLOWED, EXPANSION * path.stat().st_size)
    total = 0
    while piece := stream.read(_PIECE):
        total += len(piece)
        if total > most:
            raise ValueError(f"a file that expands to more than {most / 1e9:.0f} GB")
        if total + ROOM > free:
            raise OSError(f"a file that needs more than the {free / 1e9:.2f} GB that are free")
        whole.write(piece)
    whole.seek(0)


def _tar_members(packed: IO[bytes], length: int) -> Iterator[tarfile.TarInfo]:
    """Yield each member of a tar, all of which must lie within the file."""
    bounded: Any = _Bounded(packed)
    tar: Any
    with tarfile.open(fileobj=bounded, mode="r:") as tar:
        count, at = 0, -1
        while (info := tar.next()) is not None:
            if tar.offset <= at or info.size < 0 or (info.isreg() and tar.offset > length + _BLOCK):
                raise tarfile.ReadError(f"{info.name} is cut off")
            if info.isreg() and not info.issparse() and info.offset_data + info.size > length:
                raise tarfile.ReadError(f"{info.name} is cut off")
            count, at = count + 1, tar.offset
            tar.members = []  # tarfile keeps all of them: a kilobyte each
            yield info
        packed.seek(tar.offset)
        end = packed.read(_BLOCK)
        if end.strip(b"\0"):
            raise tarfile.ReadError(f"no file can be read after {plural(count, 'file')}")


def _plain(name: str) -> str:
    """Return a name without "." and doubled slashes."""
    return str(PurePosixPath(name)) if name.strip("./") or ".." in name else ""
