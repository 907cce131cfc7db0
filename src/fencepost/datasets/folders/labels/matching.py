"""Finds the file that a label file means: with or without folder, ending, or letter case."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["PICTURE", "FileIndex"]

PICTURE = re.compile(r"\.(?:jpe?g|jfif|png|gif|bmp|tiff?|webp|avif|p[gpn]m)\b", re.IGNORECASE)


class FileIndex:
    r"""The names of pictures, to be found by what people write for them.

    >>> index = FileIndex(["cat/001.jpg", "dog/002.jpg", "dog/003.jpg"])
    >>> index.find("photos/cat/001.jpg"), index.find("002"), index.find("Dog\\003.JPG")
    ('cat/001.jpg', 'dog/002.jpg', 'dog/003.jpg')
    >>> index.find("004.jpg") is None
    True
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_plain(name): name for name in names}
        self._by_last: dict[str, list[str]] = defaultdict(list)
        for plain in self._names:
            last = plain.rpartition("/")[2]
            self._by_last[last].append(plain)
            stem = last.rpartition(".")[0]
            if stem:
                self._by_last[stem].append(plain)

    def find(self, cell: str, base: str = "") -> str | None:
        """Return the name of the file that is meant; None if there is none, or if it is unclear.

        `base`: The folder of the table, to which the name may be relative.
        """
        wanted, base = _plain(cell.strip()), _plain(base)
        if not wanted:
            return None
        for exact in (base + wanted, wanted):
            if exact in self._names:
                return self._names[exact]
        folders, _, last = wanted.rpartition("/")
        candidates = self._by_last.get(last, [])
        if base and len(candidates) > 1:
            candidates = [plain for plain in candidates if plain.startswith(base)] or candidates
        if len(candidates) > 1:
            scores = [_shared_end(plain.rpartition("/")[0], folders) for plain in candidates]
            best = max(scores)
            candidates = [p for p, score in zip(candidates, scores, strict=True) if score == best]
        return self._names[candidates[0]] if len(candidates) == 1 else None

    def several(self, cell: str) -> list[str]:
        """Return the files that a cell may mean, if there are several."""
        plain = self._by_last.get(_plain(cell.strip()).rpartition("/")[2], [])
        return [self._names[each] for each in plain] if len(plain) > 1 else []


def _plain(name: str) -> str:
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    name = name.replace("\\", "/").casefold()
    while name.startswith("./"):
        name = name[2:]
    return name.lstrip("/")


def _shared_end(one: str, other: str) -> int:
    """Return how many folders at the end of two paths are the same."""
    count = 0
    for a, b in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if a != b or not a:
            break
        count += 1
    return count
