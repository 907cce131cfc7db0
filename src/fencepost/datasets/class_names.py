"""The names of classes and their indices: the same in every kind of file."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text import join_words

__all__ = ["alike", "class_indices"]

SHOWN = 20  # names that an error lists
_GROUPED = re.compile(r"[1-9]\d{0,2}([ .,'’]\d{3})+")  # an integer whose thousands are separated
_NO_DIGIT = re.compile(r"\D")


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


def alike(names: Sequence[str]) -> list[str]:
    """Say which classes differ in nothing but case, spaces or how thousands are separated.

    >>> alike(["Cat", "cat", "dog"])
    ['The classes Cat and cat differ only in case or in spaces.']
    >>> alike(["1000", "1,000"])
    ['The classes 1000 and 1,000 differ only in how thousands are separated.']
    """
    plain: dict[str, list[str]] = {}
    for name in names:
        short = " ".join(name.casefold().split())
        if _GROUPED.fullmatch(short):
            short = _NO_DIGIT.sub("", short)
        plain.setdefault(short, []).append(name)
    return [
        f"The classes {join_words(same)} differ only in {_difference(same)}."
        for same in plain.values()
        if len(same) > 1
    ]


def _difference(names: Sequence[str]) -> str:
    grouped = any(_GROUPED.fullmatch(name.strip()) for name in names)
    return "how thousands are separated" if grouped else "case or in spaces"
