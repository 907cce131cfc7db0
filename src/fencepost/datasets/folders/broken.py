"""Which pictures cannot be used, and why: each is decoded, and all that is wrong is collected."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.levels import Levels
from .. import image_files
from .filling import Filling
from .inspecting import inspect_all
from .listing import Listing
from .messages import CHANGED
from .options import Loading
from .store import MemoryStore
from .tree import File, Tree

__all__ = ["changed", "decode", "in_other_parts", "problems_again"]

_SIDE = 32  # pixels to which images are brought that are only tried


def decode(
    tree: Tree, file: File, channels: int, size: tuple[int, int], fit: str, levels: Levels
) -> NDArray[np.uint8]:
    """Return the pixels of a picture. Raises DataError: What is wrong with it, without its name."""
    try:
        with tree.open(file.name) as opened:
            if not tree.is_archive and _differs(file, os.fstat(opened.fileno())):
                raise DataError(CHANGED)
            if not file.size:
                raise DataError("is empty")
            return image_files.read(opened, channels, size, fit, levels)
    except OSError as error:
        raise DataError(f"cannot be opened ({error.strerror or error})") from error


def _differs(file: File, status: os.stat_result) -> bool:
    return (status.st_size, status.st_mtime_ns) != (file.size, file.stamp)


def changed(tree: Tree, files: Sequence[File]) -> list[str]:
    """Return the names of the files of a folder that are no longer as they were listed."""
    if tree.is_archive:
        return []
    names = []
    for file in files:
        try:
            same = not _differs(file, os.stat(tree.path(file.name)))
        except OSError:
            same = False
        if not same:
            names.append(file.name)
    return names


def problems_again(
    tree: Tree,
    files: list[File],
    bad: Mapping[int, str],
    channels: int,
    size: tuple[int, int],
    fit: str,
    levels: Levels,
) -> dict[int, str]:
    """Return what is wrong with the pictures that an entry of the cache knows as bad."""
    problems = {}
    for index, said in bad.items():
        try:
            decode(tree, files[index], channels, size, fit, levels)
            problems[index] = said
        except DataError as error:
            problems[index] = str(error)
    return problems


def in_other_parts(listing: Listing, how: Loading) -> list[tuple[str, str]]:
    """Return the pictures of the other parts that cannot be used, by name, each with the reason.

    Once one part is refused, all of them are read, so that one message names whatever is wrong.
    """
    return [problem for other in listing.others for problem in _problems(other, how)]


def _problems(listing: Listing, how: Loading) -> list[tuple[str, str]]:
    tree, files = listing.tree, listing.files
    headers = inspect_all(tree, files)
    nothing = np.zeros((1, 1, 1), np.uint8)

    def read(index: int) -> NDArray[np.uint8]:
        size = (_SIDE, _SIDE)
        decode(tree, files[index], how.channels or 3, size, how.fit, headers.levels)
        return nothing

    filling = Filling(MemoryStore(len(files), nothing.shape), read, headers.problems)
    filling.start()
    filling.wait()
    return [(files[k].name, what) for k, what in sorted(filling.problems.items())]
