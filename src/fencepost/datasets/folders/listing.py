"""What a folder holds once parts, classes and label files are found: pictures with their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import DataError
from ...text import join_words
from ..class_names import plain
from .tree import File, Tree

__all__ = ["SHOWN", "Contents", "Listing", "sample", "sorted_names"]

SHOWN = 5  # how many examples a message lists


@dataclass
class Listing:
    """Pictures and the class of each, by name; `remarks` are sentences about how they were found.

    `empty`: Classes that were named but have no picture.
    """

    tree: Tree
    files: list[File]
    labels: list[str]
    names: tuple[str, ...]
    remarks: list[str] = field(default_factory=list)
    skipped: int = 0  # files that are no pictures
    others: tuple[Listing, ...] = field(default=(), repr=False)  # the other parts of the data

    def with_names(self, names: Sequence[str]) -> Listing:
        """Return this with the classes that other data decide; raise DataError for another one.

        Names that differ in case, in invisible characters or in how an accent is encoded are the
        same, where that is clear.
        """
        given = tuple(names)
        alike = {_plain(name): name for name in given}
        if len(alike) < len(given):
            alike = {}
        renamed = {
            name: name if name in given else alike.get(_plain(name), name)
            for name in dict.fromkeys(self.labels)
        }
        unknown = [name for name, found in renamed.items() if found not in given]
        if unknown:
            raise DataError(
                f"{self.tree.root}: every class must be one of the classes {sample(given, 20)}. "
                f"Received: {sample(unknown)}. Rename or remove it, or train on it, too."
            )
        labels = [renamed[label] for label in self.labels]
        return replace(self, labels=labels, names=given)

    def nesting(self, folder: str) -> bool | None:
        """Whether the classes are folders of folders; None if they lie in groups (fold1/cat)."""
        if any("/" in name for name in self.names):
            return True
        return False if set(self.names) <= set(self.tree.subfolders(folder)) else None

    def indices(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Return the index of each picture's class."""
        index = {name: k for k, name in enumerate(self.names)}
        return np.array([index[label] for label in self.labels], np.int64)


@dataclass
class Contents:
    """The parts of a folder: train, validation, test; and sentences about all of them."""

    parts: dict[str, Listing]
    remarks: list[str]


def sorted_names(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the classes in order: of integers by value, else by name.

    >>> sorted_names(["10", "9", "10"]), sorted_names(["b", "a"])
    (('9', '10'), ('a', 'b'))
    """
    names = set(labels)
    numbers = all(name.removeprefix("-").isdecimal() for name in names)
    return tuple(sorted(names, key=int)) if numbers else tuple(sorted(names))


def sample(names: Sequence[object], most: int = SHOWN) -> str:
    """Return the first names, and how many more there are.

    >>> sample(["a", "b"]), sample(range(9), 3)
    ('a and b', '0, 1, 2 and 6 more')
    """
    if len(names) <= most:
        return join_words(names)
    return f"{', '.join(map(str, names[:most]))} and {len(names) - most:,} more"


def _plain(name: str) -> str:
    return plain(name).casefold().strip()
