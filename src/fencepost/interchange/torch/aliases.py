"""Which arrays of PyTorch share memory, and what has been written there: views are followed.

``y[0].copy_(x)`` changes `y`, and whatever else lies over its first row, though no call returns it.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...graph import Shape, Value
from .function_call import shape_of


class Write(NamedTuple):
    """What was written: the value and the shape of the array that it was written through.

    `value` is None if it does not depend on the input; `parameters` are those that it was made of.
    `first` and `last` are the elements of the memory between which it lies.
    """

    value: Value | None
    shape: Shape
    parameters: Mapping[int, int]
    first: int
    last: int


@dataclass
class _Memory:
    """What was written to one memory; `reference` keeps its address from being given to another."""

    reference: Any
    writes: list[Write] = field(default_factory=list)


class Aliases:
    """What has been written to the memory of arrays since they were last seen."""

    def __init__(self) -> None:
        from torch.utils.weak import WeakTensorKeyDictionary

        self._memories: dict[int, _Memory] = {}
        self._seen: Any = WeakTensorKeyDictionary()  # how many writes an array has taken account of
        self._originals: Any = WeakTensorKeyDictionary()  # of views of a copy on another device

    def link(self, copies: Iterable[Any], originals: Iterable[Any], views: Sequence[Any]) -> None:
        """Note which views are of a copy that was made on another device for the call."""
        for copy, original in zip(copies, originals, strict=True):
            if copy is original:
                continue
            storage = storage_of(copy)
            for view in views:
                own = storage_of(view)
                if storage is not None and own is not None and own._cdata == storage._cdata:
                    self._originals[view] = original

    def write(self, array: Any, value: Value | None, parameters: Mapping[int, int]) -> None:
        """Note that an array was changed in place; what lies over it is so, too."""
        original = self._originals.get(array)
        if original is not None:  # of which it is not known where the view lies
            self.write(original, value, parameters)
            del self._seen[original]
        storage = storage_of(array)
        if storage is None:
            return
        from torch.multiprocessing.reductions import StorageWeakRef

        if len(self._memories) % 1024 == 1023:
            self._memories = {
                key: memory
                for key, memory in self._memories.items()
                if not memory.reference.expired()
            }
        memory = self._memories.setdefault(storage._cdata, _Memory(StorageWeakRef(storage)))
        memory.writes.append(Write(value, shape_of(array), parameters, *_extent(array)))
        self._seen[array] = len(memory.writes)

    def see(self, array: Any) -> None:
        """Note that what is known of an array is what it is now."""
        memory = self._memory(array)
        if memory is not None:
            self._seen[array] = len(memory.writes)

    def unseen(self, array: Any) -> list[Write]:
        """Return what was written over an array since it was seen, and not by way of itself."""
        memory = self._memory(array)
        if memory is None:
            return []
        writes = memory.writes[self._seen.get(array, 0) :]
        first, last = _extent(array) if writes else (0, 0)
        return [write for write in writes if write.first <= last and first <= write.last]

    def replace(self, first: int) -> None:
        """Let one operation stand for those from its index on, which are no longer there."""
        for memory in self._memories.values():
            memory.writes = [
                write._replace(value=Value(first))
                if write.value is not None and write.value.operation >= first
                else write
                for write in memory.writes
            ]

    def _memory(self, array: Any) -> _Memory | None:
        storage = storage_of(array) if self._memories else None
        return None if storage is None else self._memories.get(storage._cdata)


def versions(arrays: Iterable[Any]) -> list[int]:
    """Return for each array how often its memory was written to, as PyTorch counts it."""
    counts = []
    for array in arrays:
        try:
            counts.append(int(array._version))
        except RuntimeError:  # an array of inference_mode counts nothing
            counts.append(-1)
    return counts


def storage_of(array: Any) -> Any:
    """Return the memory of an array; None of one that has none, such as a sparse one."""
    try:
        return array.untyped_storage()
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):
        return None


def _extent(array: Any) -> tuple[int, int]:
    """Return the first and the last element of the memory that an array lies over, in bytes."""
    sizes = [int(size) for size in array.shape]
    if 0 in sizes:
        return 0, -1
    size = array.element_size()
    first = int(array.storage_offset()) * size
    steps = zip(sizes, array.stride(), strict=True)
    return first, first + (sum((n - 1) * step for n, step in steps) + 1) * size - 1
