"""What a model's code has at hand, and need not use: nothing was forgotten if it does not.

A part may return more than is asked of it, elements are picked and given a name, and the last turn
of a loop prepares a next one.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...graph import Value
from .frames import ModuleFrame
from .names import PICKING

_BETWEEN = ("torch.", "functools", __name__.rpartition(".")[0])


class Kept:
    """Collects such arrays while a module runs; `values` are they."""

    def __init__(self) -> None:
        self.values: set[Value] = set()
        self._picked: list[tuple[Any, Value]] = []  # by the last call

    def look(self) -> None:
        """Note, before another call, what the last one picked, if anything holds it still."""
        self.values |= {value for picked, value in self._picked if picked() is not None}
        self._picked.clear()

    def made(self, name: str, frames: Sequence[ModuleFrame], array: Any, value: Value) -> None:
        """Note an array if a call in a module picked it, or is one that a loop repeats."""
        if name in PICKING:
            self._picked.append((weakref.ref(array), value))
        if not frames:
            return
        code = sys._getframe(1)
        while code.f_back and code.f_globals.get("__name__", "").startswith(_BETWEEN):
            code = code.f_back
        call = code.f_code, code.f_lasti
        if call in frames[-1].calls:
            self.values.add(value)
        frames[-1].calls.add(call)

    def returned(self, values: Iterable[Value]) -> None:
        """Note what a module returns: all of it, if it returns several arrays."""
        values = set(values)
        if len(values) > 1:
            self.values |= values
        self.values |= {value for _, value in self._picked}
        self._picked.clear()

    def drop(self, first: int) -> None:
        """Forget what operations made from one on."""
        self.values = {value for value in self.values if value.operation < first}


def arrays_kept_in(
    value: Any, depth: int = 6, seen: dict[int, tuple[int, Any]] | None = None
) -> Iterator[Any]:
    """Find the tensors in anything: in nested containers, and in the attributes of objects.

    `depth`: How many objects may lie within each other. `seen`: What was looked through by its
    identity, and to which depth: things may hold each other, or themselves.
    """
    from torch import Tensor
    from torch.nn import Module

    seen = {} if seen is None else seen
    if isinstance(value, Tensor):
        yield value
    elif seen.get(id(value), (-1, None))[0] >= depth:
        return
    elif isinstance(value, (list, tuple, Mapping)):
        seen[id(value)] = depth, value
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from arrays_kept_in(item, depth, seen)
    elif depth and hasattr(value, "__dict__") and not isinstance(value, (type, Module)):
        yield from arrays_kept_in(vars(value), depth - 1, seen)
