"""The headers of many pictures, read on all cores: their sizes, their channels, what is wrong."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.levels import Levels, Range
from .. import image_files
from .tree import File, Tree

__all__ = ["Headers", "Progress", "identities", "inspect_all", "repeated", "workers"]

Progress = Callable[[int, int], None]  # how many are done, of how many
_CHUNK = 64  # files of one task
_PIECE = 1024  # bytes by whose checksum files are told from each other


@dataclass(frozen=True)
class Headers:
    """Of each picture: (height, width) once upright, (N, 2), 0 if it cannot be used; channels (N,).

    `marks`: Numbers (N,) that differ where files do: size, and a checksum of a part of it. `notes`:
    How many pictures each note is about. `problems`: What is wrong, by index. `levels`: What
    becomes black and white in deep pictures.
    """

    sizes: NDArray[np.int64]
    channels: NDArray[np.int64]
    marks: NDArray[np.uint64]
    notes: Counter[str]
    problems: dict[int, str]
    levels: Levels


def workers() -> int:
    """Return on how many threads pictures are decoded: one for each core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def inspect_all(tree: Tree, files: list[File], progress: Progress | None = None) -> Headers:
    """Read the header of each file."""
    sizes = np.zeros((len(files), 2), np.int64)
    channels = np.zeros(len(files), np.int64)
    marks = np.zeros(len(files), np.uint64)
    notes: Counter[str] = Counter()
    problems: dict[int, str] = {}
    integers: list[Range] = []
    floats: list[Range] = []
    done = 0
    pool = ThreadPoolExecutor(workers())
    try:
        pieces = (range(at, min(at + _CHUNK, len(files))) for at in range(0, len(files), _CHUNK))
        for piece in pool.map(lambda indices: list(_inspect(tree, files, indices)), pieces):
            for index, info, mark in piece:
                marks[index] = mark
                if isinstance(info, str):
                    problems[index] = info
                    continue
                sizes[index] = info.height, info.width
                channels[index] = info.channels
                notes.update(info.notes)
                integers += [info.integers] if info.integers is not None else []
                floats += [info.floats] if info.floats is not None else []
            done += len(piece)
            if progress is not None:
                progress(done, len(files))
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for all of them
    return Headers(sizes, channels, marks, notes, problems, Levels.of(integers, floats))


def _inspect(
    tree: Tree, files: list[File], indices: Iterable[int]
) -> Iterator[tuple[int, image_files.PictureInfo | str, int]]:
    for index in indices:
        info: image_files.PictureInfo | str
        size, mark = files[index].size, 0
        try:
            with tree.open(files[index].name) as file:
                info = "is empty" if not size else image_files.inspect(file)
                file.seek(size // 2)
                mark = (size & 0xFFFFFFFF) << 32 | zlib.crc32(file.read(_PIECE))
        except OSError as error:
            info = f"cannot be opened ({error.strerror or error})"
        except DataError as error:
            info = str(error)
        yield index, info, mark


def _content(tree: Tree, file: File) -> bytes:
    with tree.open(file.name) as opened:
        return opened.read()


def identities(tree: Tree, files: list[File]) -> NDArray[np.uint64]:
    """Return a number for each file, the same for files of the same content.

    Files whose size no other picture of the tree has are not read; of a zip archive none is.
    """
    sizes = Counter(file.size for file in tree.pictures.values())

    def identity(file: File) -> int:
        what = f"\0{file.name}".encode("utf-8", "surrogateescape")
        if tree.has_checksums:
            what = f"{file.size} {file.stamp}".encode()
        elif sizes[file.size] > 1:
            with contextlib.suppress(OSError):
                what = _content(tree, file)
        return int.from_bytes(blake2b(what, digest_size=8).digest(), "little")

    with ThreadPoolExecutor(workers()) as pool:
        return np.fromiter(pool.map(identity, files), np.uint64, len(files))


def repeated(
    tree: Tree, files: list[File], labels: list[str], marks: NDArray[np.uint64]
) -> list[tuple[int, int]]:
    """Return the files, by index, that are the same and have different labels, in pairs."""
    pairs = []
    order = np.argsort(marks, kind="stable")
    same = np.flatnonzero((marks[order][1:] == marks[order][:-1]) & (marks[order][1:] != 0))
    for k in same.tolist():
        first, second = int(order[k]), int(order[k + 1])
        if labels[first] == labels[second]:
            continue
        with contextlib.suppress(OSError):
            contents = [_content(tree, files[k]) for k in (first, second)]
            if contents[0] == contents[1]:
                pairs.append((first, second))
    return pairs
