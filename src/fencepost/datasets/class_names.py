"""The names of classes and their indices: the same in every kind of file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text import join_words

__all__ = ["class_indices", "doubts", "is_missing", "plain"]

SHOWN = 20  # names that an error lists
_GROUPED = re.compile(r"[1-9]\d{0,2}([ .,'’]\d{3})+")  # an integer whose thousands are separated
_NO_DIGIT = re.compile(r"\D")
# What pandas, R and spreadsheets write where a label is missing, and what may be a class as well:
# Namibia, or a state of the machine.
_MISSING, _PERHAPS_MISSING = {"", "nan", "nat", "<na>", "#n/a"}, {"na", "n/a", "null", "?"}


def class_indices(
    labels: Sequence[str], names: Sequence[str], where: str, item: str = ""
) -> NDArray[np.int64]:
    """Return the index of each label among the names of the classes.

    `where` names the file in errors, `item` what has a label, such as "signal".

    >>> class_indices(["dog", "cat", "dog"], ("cat", "dog"), "pets.csv")
    array([1, 0, 1])
    """
    index = {name: k for k, name in enumerate(names)}
    unknown = next((k for k, label in enumerate(labels) if label not in index), None)
    if unknown is not None:
        known = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        position = f" in {item} {unknown + 1}" if item else ""
        raise DataError(
            f"{where}: every label must be one of the classes {known}. Received: "
            f"{labels[unknown]!r}{position}. Correct it, leave it out, or train on it too."
        )
    return np.array([index[label] for label in labels], np.int64)


def is_missing(label: str) -> bool:
    """Whether a cell of a table says that there is no label.

    >>> is_missing("NaN"), is_missing("none")
    (True, False)
    """
    return label.strip().casefold() in _MISSING


def plain(name: str) -> str:
    """Return a name without what the eye cannot see: codes of accents, characters of no width.

    >>> plain("e\u0301te\u200b") == plain("\u00e9te")
    True
    """
    visible = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) != "Cf")
    return "".join(visible)


def doubts(names: Sequence[str]) -> list[str]:
    """Say which classes are perhaps the same, or none.

    These differ in nothing but case, spaces, invisible characters or how thousands are separated.

    >>> doubts(["Cat", "cat", "dog"])
    ['The classes Cat and cat differ only in case or in spaces.']
    >>> doubts(["1000", "1,000"])
    ['The classes 1000 and 1,000 differ only in how thousands are separated.']
    >>> doubts(["NA", "cat", "dog"])
    ['The class NA may stand for a missing label: if so, leave its images out.']
    """
    same: dict[str, list[str]] = {}
    for name in names:
        short = " ".join(plain(name).casefold().split())
        if _GROUPED.fullmatch(short):
            short = _NO_DIGIT.sub("", short)
        same.setdefault(short, []).append(name)
    remarks = [
        f"The classes {join_words(each)} differ only in {_difference(each)}."
        for each in same.values()
        if len(each) > 1
    ]
    return remarks + [
        f"The class {name} may stand for a missing label: if so, leave its images out."
        for name in names
        if name.strip().casefold() in _PERHAPS_MISSING
    ]


def _difference(names: Sequence[str]) -> str:
    if len({plain(name) for name in names}) < len(names):
        return "invisible characters, or in how accents are encoded"
    grouped = any(_GROUPED.fullmatch(name.strip()) for name in names)
    return "how thousands are separated" if grouped else "case or in spaces"
