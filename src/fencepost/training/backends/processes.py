"""The processes that train one network together: who is first, and what all agree on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

T = TypeVar("T")


class Processes:
    """One process, which need not ask anybody; the interface of those that do."""

    #: This one's index, and how many there are.
    rank, count = 0, 1
    #: How many of them are on this machine.
    local_count = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and reports."""
        return self.rank == 0

    def agree(self, value: int) -> int:
        """Return the largest of what all say: each must call it at the same point."""
        return value

    def sum(self, tensor: T) -> T:
        """Add up a tensor of each process, in place, and return it."""
        return tensor

    def talking(self) -> AbstractContextManager[None]:
        """Raise TrainingError, inside, where another process is gone."""
        return nullcontext()

    def from_first(self, make: Callable[[], T]) -> T:
        """Return what the first makes, in all of them."""
        return make()
