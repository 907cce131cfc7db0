"""Columns of a table in the order in which a network was trained on them, by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .signals import Rows

__all__ = ["in_order", "ordered"]


def in_order(names: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """Return where columns of these names stand; None unless each has one place.

    >>> in_order(["b", "id", "a"], ["a", "b"]), in_order(["b", "b"], ["b"]), in_order(["a"], [])
    ([2, 0], None, None)
    """
    places, counts = {name: k for k, name in enumerate(names)}, Counter(names)
    if not wanted or any(counts[name] != 1 for name in wanted):
        return None
    return [places[name] for name in wanted]


def ordered(rows: Rows, wanted: Sequence[str]) -> Rows:
    """Return the columns of these names, if each has one, in their order: that of training."""
    places = in_order(rows.names, wanted) if rows.header else None
    if places is None or places == list(range(len(rows.names))):
        return rows
    said = [*rows.remarks, "Its columns stand in another order than in training."]
    names = [rows.names[k] for k in places]
    return replace(rows, values=rows.values[:, places], names=names, remarks=said)
