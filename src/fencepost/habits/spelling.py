"""Names that are spelled almost like another."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from ..text import quoted

T = TypeVar("T")


def nearest(name: str, known: Iterable[str]) -> str:
    """Offer the known names that are most like `name`: a sentence, or nothing.

    What differs in case and underscores only is offered alone.

    >>> nearest("gausian", ["mean", "gaussian"]), nearest("MaxPool2D", ["MaxPool1d", "MaxPool2d"])
    ('Did you mean "gaussian"?', 'Did you mean "MaxPool2d"?')
    """
    originals = {original.lower(): original for original in known}
    near = [lower for lower in originals if plain(lower) == plain(name)]
    near = near or difflib.get_close_matches(name.lower(), list(originals), n=3, cutoff=0.6)
    if not near:
        return ""
    return f"Did you mean {' or '.join(quoted(originals[lower] for lower in near))}?"


def plain(name: str) -> str:
    """Return a name without case, underscores and hyphens, in which libraries differ."""
    return name.lower().replace("_", "").replace("-", "")


def in_another_case(name: str, table: Mapping[str, T]) -> T | None:
    """Return what a table has under a name that differs in case and underscores only."""
    return next((value for word, value in table.items() if plain(word) == plain(name)), None)
