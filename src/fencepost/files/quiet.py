"""Warnings of those who read files for us, silenced in one thread and one block only.

``warnings.catch_warnings`` changes the filters of the whole process: of two threads that overlap,
the one that leaves last puts back what the other had set, and all warnings are ignored from then
on. Here one filter is set, once, which asks whether its own thread is in such a block.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

__all__ = ["quiet"]

_THREAD = threading.local()


@dataclass(frozen=True)
class _InQuiet:
    """In place of a filter's pattern: matches any text in a thread that is in a quiet block.

    `pattern` is what others make filters of anew, as scikit-learn does for each of its jobs: of
    these, which cannot ask for the thread, none matches anything.
    """

    pattern: str = "(?!)"

    def match(self, text: str) -> bool:
        return bool(getattr(_THREAD, "blocks", 0))


_FILTER: tuple[Any, ...] = ("ignore", _InQuiet(), Warning, None, 0)


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore all warnings of this thread within the block.

    >>> import warnings
    >>> with quiet():
    ...     warnings.warn("nobody sees this")
    """
    filters: Any = warnings.filters
    if not filters or filters[0] != _FILTER:  # others have set theirs before it, or removed it
        with suppress(ValueError):
            filters.remove(_FILTER)
        filters.insert(0, _FILTER)
    _THREAD.blocks = getattr(_THREAD, "blocks", 0) + 1
    try:
        yield
    finally:
        _THREAD.blocks -= 1
