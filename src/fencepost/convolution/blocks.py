"""Arrays of Dask, block by block: each with as much of its neighbours as its results need.

A block of a result is that of the same block of the array. What its windows read is known from the
sizes alone, so that nothing is computed before it is asked for, edges and boundaries included.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .boundaries import Boundary, Indices

if TYPE_CHECKING:
    import dask.array

__all__ = [
    "AxisBlocks",
    "BlockLocation",
    "check_lazy",
    "cut",
    "is_lazy",
    "map_blocks",
    "map_stored",
]


def is_lazy(array: Any) -> TypeGuard[dask.array.Array]:
    """Whether an array is one of Dask's; Dask is not imported for it."""
    return hasattr(array, "__dask_graph__") and type(array).__module__.startswith("dask.array")


def check_lazy(name: str, array: dask.array.Array) -> None:
    """Raise DataError unless every size of an array is known."""
    if any(np.isnan(size) for size in array.shape):
        raise DataError(
            f"{name} must have chunks of known sizes: they determine the neighbours of each chunk. "
            f"Received: shape {array.shape}. Use {name}.compute_chunk_sizes(), which computes it."
        )


@dataclass(frozen=True)
class BlockLocation:
    """Where one block lies along an axis of `size` elements.

    `start`, `end`: The coordinates of the elements that it reads; below 0 or beyond the size where
    these are brought from the other end. `first`, `stop`: The coordinates of its results.
    """

    size: int
    start: int
    end: int
    first: int
    stop: int
    unwrapped: bool

    def runs(self) -> list[slice]:
        """Return the slices of the axis that hold what the block reads."""
        parts = [(self.start, min(self.end, 0)), (max(self.start, 0), min(self.end, self.size))]
        parts.append((max(self.start, self.size), self.end))
        return [slice(a % self.size, a % self.size + b - a) for a, b in parts if a < b]

    def window_indices(self, edges: Boundary, before: int, after: int) -> Indices:
        """List the elements of the block that windows read: `before` the result's and `after`."""
        low, high = self.first - before, self.stop + after
        if self.unwrapped or (low >= 0 and high <= self.size):
            return np.arange(low - self.start, high - self.start, dtype=np.int32)
        indices = edges.indices(low, high, self.size)
        return np.where(indices < 0, indices, indices - self.start).astype(np.int32)


@dataclass(frozen=True)
class AxisBlocks:
    """One axis cut into blocks, each of which reads `depth` elements of its neighbours.

    `first`, `stop`: The coordinates of all results, which lie beyond the array's own if every
    overlap is wanted, and within if whole windows only. `wraps`: Whether the ends are neighbours.
    """

    chunks: tuple[int, ...]
    depth: int
    first: int
    stop: int
    wraps: bool

    def location(self, index: int) -> BlockLocation:
        """Return where a block lies."""
        size, start = sum(self.chunks), sum(self.chunks[:index])
        end = start + self.chunks[index]
        return BlockLocation(
            size,
            start - self.depth if start or self.wraps else 0,
            end + self.depth if end < size or self.wraps else size,
            start if start else self.first,
            end if end < size else self.stop,
            self.wraps,
        )

    @functools.cached_property
    def result_chunks(self) -> tuple[int, ...]:
        """How many results each block gives."""
        locations = map(self.location, range(len(self.chunks)))
        return tuple(location.stop - location.first for location in locations)


def cut(chunks: tuple[int, ...], before: int, after: int, mode: str, edges: Boundary) -> AxisBlocks:
    """Choose the blocks of an axis for windows that reach `before` and `after` their result.

    They are the chunks, but where these are too small to hold what a neighbour reads, several are
    put together.
    """
    size = sum(chunks)
    first, stop = {
        "full": (-after, size + before),
        "same": (0, size),
        "valid": (before, size - after),
    }[mode]
    depth = before + after if mode == "full" else max(before, after)
    merged = _merged(chunks, depth + 1)
    if len(merged) == 1 or depth == 0:
        return AxisBlocks(merged, 0, first, stop, False)
    return AxisBlocks(merged, depth, first, stop, edges.kind == "wrap" and mode != "valid")


def _merged(chunks: tuple[int, ...], least: int) -> tuple[int, ...]:
    merged: list[int] = []
    gathered = 0
    for chunk in chunks:
        gathered += chunk
        if gathered >= least:
            merged.append(gathered)
            gathered = 0
    if gathered and merged:
        merged[-1] += gathered
    return tuple(merged) or (sum(chunks),)


def map_blocks(
    function: Callable[..., NDArray[Any]],
    arrays: list[dask.array.Array],
    axes: Mapping[int, AxisBlocks],
    name: str,
    meta: NDArray[Any],
) -> dask.array.Array:
    """Return the array whose blocks are those that `function(*blocks, locations=...)` makes.

    `arrays` have equal chunks. `locations` are where the blocks lie along each of `axes`, by axis.
    `meta`: An empty array like the result.
    """
    import dask.array as da

    read = [_with_neighbours(array, axes) for array in arrays]
    chunks = list(read[0].chunks)
    for axis, blocks in axes.items():
        chunks[axis] = blocks.result_chunks
    placed = functools.partial(_placed, function=function, axes=dict(axes))
    return da.map_blocks(
        placed, *read, dtype=meta.dtype, meta=meta, chunks=tuple(chunks), token=name
    )


def map_stored(
    function: Callable[..., NDArray[Any]],
    source: Any,
    chunks: tuple[tuple[int, ...], ...],
    axes: Mapping[int, AxisBlocks],
    name: str,
    meta: NDArray[Any],
) -> dask.array.Array:
    """Do what `map_blocks` does with an array that lies in a file, of which `source[...]` reads.

    Every block reads by itself what it needs of its neighbours, so that none waits for another, and
    nothing is kept in memory for those to come. `chunks`: Those of the result along other axes.
    """
    import dask.array as da

    cuts = [axes[axis].result_chunks if axis in axes else c for axis, c in enumerate(chunks)]
    read = functools.partial(_read, source=source, axes=dict(axes), function=function)
    return da.map_blocks(read, dtype=meta.dtype, meta=meta, chunks=tuple(cuts), token=name)


def _read(
    *,
    source: Any,
    axes: Mapping[int, AxisBlocks],
    function: Callable[..., NDArray[Any]],
    block_id: tuple[int, ...],
) -> NDArray[Any]:
    locations = {axis: cuts.location(block_id[axis]) for axis, cuts in axes.items()}
    runs = [
        locations[a].runs() if a in locations else [slice(None)] for a in range(len(source.shape))
    ]
    return function(_joined(source, runs), locations=locations)


def _joined(source: Any, runs: list[list[slice]]) -> NDArray[Any]:
    """Return what lies in the runs of each axis, side by side."""
    for axis, parts in enumerate(runs):
        if len(parts) > 1:
            read = [_joined(source, [*runs[:axis], [part], *runs[axis + 1 :]]) for part in parts]
            return np.concatenate(read, axis)
    return np.asarray(source[tuple(parts[0] for parts in runs)])


def _placed(
    *blocks: NDArray[Any],
    function: Callable[..., NDArray[Any]],
    axes: Mapping[int, AxisBlocks],
    block_id: tuple[int, ...],
) -> NDArray[Any]:
    locations = {axis: cuts.location(block_id[axis]) for axis, cuts in axes.items()}
    return function(*blocks, locations=locations)


def _with_neighbours(array: dask.array.Array, axes: Mapping[int, AxisBlocks]) -> dask.array.Array:
    """Return an array whose blocks hold what their results read."""
    import dask.array as da
    from dask.array.overlap import overlap

    known = {axis: tuple(c for c in chunks if c) for axis, chunks in enumerate(array.chunks)}
    array = array.rechunk({**known, **{axis: cuts.chunks for axis, cuts in axes.items()}})
    depth = {axis: cuts.depth for axis, cuts in axes.items() if cuts.depth}
    if not depth:
        return array
    inner = [slice(None)] * array.ndim
    for axis, cuts in axes.items():
        if cuts.wraps:
            before = (slice(None),) * axis
            last, first = (
                array[(*before, slice(-cuts.depth, None))],
                array[(*before, slice(cuts.depth))],
            )
            array = da.concatenate([last, array, first], axis)
            inner[axis] = slice(1, -1)
    shared = overlap(array, depth, dict.fromkeys(depth, "none"), allow_rechunk=False)
    return shared.blocks[tuple(inner)]
