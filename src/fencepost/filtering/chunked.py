"""Images of any size to a Zarr array: block by block with Dask, here or on a cluster."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..files.atomic import atomic_folder
from ..threads import get_num_threads, set_num_threads
from .formats import zarr_files
from .formats.row_files import opened
from .lazy import filtered_from
from .options import Options
from .steps import Step

if TYPE_CHECKING:
    import dask.array

__all__ = ["filter_chunks"]

_BLOCK = 1 << 25  # bytes of a block; each worker holds one, its neighbours' edges, and its result
_ROWS = 256  # of an image that is read by rows, of which a block has a multiple
_SECONDS = 10  # within which a scheduler answers, or is not there

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Rows:
    """An image in a file that is read by rows, opened by whoever reads some."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        with opened(self.path) as image:
            rows = image.read(*index[0].indices(self.shape[0])[:2])
        rows = rows if len(self.shape) == 3 else rows[..., 0]
        return rows[(slice(None), *index[1:])]


def filter_chunks(
    source: Path,
    target: Path,
    steps: tuple[Step, ...],
    options: Options,
    scheduler: str | None,
    progress: Progress,
) -> tuple[int, ...]:
    """Filter an image from a file to a Zarr array, and return the shape of the result, (H, W, C).

    The array appears when it is complete.
    """
    zarr_files.import_zarr()
    import dask.array as da

    source, target = source.resolve(), target.resolve()  # workers may stand in another folder
    image: Any
    like = colours = None
    if zarr_files.is_zarr(source):
        image = zarr_files.ZarrImage.open(source)
        like, unit = image.array, zarr_files.unit(image.array)[-len(image.shape) :]
    else:
        with opened(source) as rows:
            shape = rows.shape[:2] if rows.flat else rows.shape
            image, colours = _Rows(source, shape, rows.dtype), rows.colours
        unit = (_ROWS, *shape[1:])
    # Blocks are written side by side, so no two may share a chunk.
    block = _block(unit, image.shape, image.dtype)
    result = filtered_from(image, block, colours, steps, options)
    with atomic_folder(target) as partial:
        array = zarr_files.create(partial, result.shape, result.dtype, like)
        if scheduler is None:
            counted = _Counted(array, _RowsDone(result.shape, progress))
            with _one_thread_each() as pool:
                da.store(result, counted, lock=False, scheduler="threads", pool=pool)
        else:
            _store_remotely(result, array, scheduler, _RowsDone(result.shape, progress))
    return result.shape if result.ndim == 3 else (*result.shape, 1)


def _block(unit: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Return a multiple of a chunk, about square, of up to so many bytes as a block has."""
    rows, columns = (min(n, size) for n, size in zip(unit[:2], shape[:2], strict=True))
    others = int(np.prod(shape[2:])) * dtype.itemsize
    while 2 * rows * columns * others <= _BLOCK and (rows < shape[0] or columns < shape[1]):
        if columns >= shape[1] or (rows <= columns and rows < shape[0]):
            rows *= 2
        else:
            columns *= 2
    return (rows, columns, *shape[2:])


class _RowsDone:
    """Says how many rows of a result are written, after each block."""

    def __init__(self, shape: tuple[int, ...], progress: Progress) -> None:
        self.shape, self._progress = shape, progress
        self._lock, self._done = threading.Lock(), 0

    def add(self, elements: int) -> None:
        """Note that so many more elements are written."""
        with self._lock:
            self._done += elements
            rows = self.shape[0]
            self._progress(self._done * rows // math.prod(self.shape), rows)


class _Counted:
    """A Zarr array that notes what is written into it."""

    def __init__(self, array: Any, done: _RowsDone) -> None:
        self.shape, self._array, self._done = done.shape, array, done

    def __setitem__(self, index: Any, block: NDArray[Any]) -> None:
        self._array[index] = block
        self._done.add(block.size)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """Give threads that compute blocks side by side, each by itself; at the end none works on."""
    workers = get_num_threads()
    set_num_threads(1)
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # else one may write into what is being removed
        set_num_threads(workers)


def _written(block: NDArray[Any], array: Any, block_info: Any = None) -> NDArray[np.int64]:
    """Write a block in its place, and return its size as a block of one element."""
    array[tuple(slice(*ends) for ends in block_info[0]["array-location"])] = block
    return np.full((1,) * block.ndim, block.size)


def _store_remotely(result: dask.array.Array, array: Any, scheduler: str, done: _RowsDone) -> None:
    """Have the workers of a cluster compute and write the blocks."""
    from distributed import Client, as_completed

    class Closed(Client):  # type: ignore[misc]  # it has no types
        """A client that is closed where it does not start.

        Else the garbage collector closes it, and where it runs while a cluster is being started,
        both wait for one lock for good.
        """

        def start(self, **options: Any) -> None:
            try:
                super().start(**options)
            except BaseException:
                self.close()
                raise

    try:
        client = Closed(scheduler, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ArgumentError(
            "scheduler must be the address of a Dask scheduler that runs, such as "
            f'"tcp://127.0.0.1:8786". Received: {scheduler!r} ({error}).'
        ) from error
    with client:
        sizes = result.map_blocks(
            _written,
            array=array,
            dtype=np.int64,
            chunks=tuple((1,) * count for count in result.numblocks),
            meta=np.empty((0,) * result.ndim, np.int64),
        )
        futures = client.compute(sizes.to_delayed().ravel().tolist())
        try:
            for _, size in as_completed(futures, loop=client.loop, with_results=True):
                done.add(int(size.sum()))
        except BaseException as error:
            client.cancel(futures)
            if isinstance(error, Exception):
                raise DataError(f"could not be filtered on the cluster: {error}") from error
            raise
