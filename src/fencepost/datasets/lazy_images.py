"""Images that behave like an array and are decoded when they are needed, or lie on disk."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

__all__ = ["LazyImages", "Source"]

CHUNK = 1024  # images of one piece of `pieces`
RELEASE = 128 << 20  # bytes read from the cache on disk before their memory is given back
AHEAD = 64 << 20  # bytes that the disk is asked for before they are needed


class Store(Protocol):
    """Where decoded pictures are kept."""

    pixels: NDArray[np.uint8]

    def release(self) -> None:
        """Give back the memory of what was read."""

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Begin to read pictures that will be needed soon."""

    def check(self) -> None:
        """Raise DataError if what was read is not what was written."""


class Filling(Protocol):
    """What decodes pictures into a store; `state` is 0 for those that are not there, 2 if bad."""

    state: NDArray[np.uint8]
    problems: dict[int, str]

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Decode these first, in this order."""

    def wait(
        self,
        indices: NDArray[np.int64] | None,
        progress: Callable[[int, int], None] | None,
        interrupted: Callable[[], bool] | None,
    ) -> bool:
        """Wait until these (None: all) are decoded."""

    def stop(self) -> None:
        """Stop decoding, and keep what is there."""


class Source:
    """The pictures of one folder: what fills them, and what is said of those that are bad."""

    def __init__(
        self,
        store: Store,
        filling: Filling,
        refuse: Callable[[dict[int, str]], DataError],
        unwritable: Callable[[OSError], DataError],
        fingerprint: str,
        identities: Callable[[], NDArray[np.uint64]] | None = None,
        changed: Callable[[NDArray[np.int64]], list[str]] | None = None,
    ) -> None:
        self.store, self.filling = store, filling
        self.refuse, self.unwritable = refuse, unwritable
        self.fingerprint = fingerprint
        self.identities = identities
        self.changed = changed
        self.read = 0  # bytes since memory was last given back
        self.order = np.zeros(0, np.int64)
        self.position = self.fetched = 0  # in `order`: what was waited for, what is being read
        weakref.finalize(self, filling.stop)  # at the latest when Python ends

    def expect(self, order: NDArray[np.int64]) -> None:
        """Note in which order pictures will be needed."""
        self.order, self.position, self.fetched = order, 0, 0
        self.filling.expect(order)

    def used(self, indices: NDArray[np.int64]) -> None:
        """Give back memory now and then, and have the disk read what comes next."""
        bytes_each = self.store.pixels[:1].nbytes
        self.read += bytes_each * len(indices)
        if self.read > RELEASE:
            self.store.release()
            self.read = 0
        at = self.position
        if at < len(self.order) and len(indices) and self.order[at] == indices[0]:
            self.position += len(indices)
            ahead = max(self.position, self.fetched)
            self.fetched = self.position + AHEAD // bytes_each
            self.store.prefetch(self.order[ahead : self.fetched])


class LazyImages:
    """Images (N, C, H, W) that are decoded in the background, in memory or in a cache on disk.

    Indexing waits for the images that are asked for and returns an array of them; ``np.asarray``
    waits for all. `fit` and `evaluate` take them piece by piece, so that they need not fit into
    memory.

    Attributes
    ----------
    pixels : array of uint8, shape (M, C, H, W)
        All pictures of the folder, those not decoded yet included.
    indices : array of int64, shape (N,)
        Which of them these images are.
    """

    def __init__(self, source: Source, indices: NDArray[np.int64]) -> None:
        self._source = source
        self.indices = indices
        self.pixels = source.store.pixels
        self.shape = (len(indices), *self.pixels.shape[1:])
        self.dtype = self.pixels.dtype
        self.ndim = self.pixels.ndim

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"LazyImages{self.shape}"

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return self.size

    @property
    def fingerprint(self) -> str:
        """An identifier that changes with any of the files, or with how they are prepared."""
        return self._source.fingerprint

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        if isinstance(key, tuple):
            first, others = key[0], key[1:]
            return self[first][others if np.isscalar(first) else (slice(None), *others)]
        chosen = self.indices[key]
        self.wait(np.atleast_1d(chosen))
        images = np.array(self.pixels[chosen])
        self.check()
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        self.wait(self.indices)
        whole = len(self) == len(self.pixels) and bool((np.diff(self.indices) == 1).all())
        array: NDArray[Any] = self.pixels if whole and not copy else self.pixels[self.indices]
        self.check()
        return array if dtype is None else array.astype(dtype, copy=False)

    def select(self, chosen: NDArray[Any]) -> LazyImages:
        """Return the images at these indices (or where a mask is true), without copying any."""
        return LazyImages(self._source, self.indices[chosen])

    def pieces(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the images in pieces of 1,024."""
        for start in range(0, len(self), CHUNK):
            yield self[start : start + CHUNK]

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Announce the order in which the pictures at these indices of `pixels` will be needed."""
        self._source.expect(indices)

    def wait(
        self,
        indices: NDArray[np.int64] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        interrupted: Callable[[], bool] | None = None,
    ) -> bool:
        """Wait until the pictures at `indices` of `pixels` (None: all) are decoded.

        Returns False if `interrupted` said to stop before. If any is bad, all the others are
        decoded too, so that the error names every file.

        Raises DataError: Files that cannot be used, all of them named; or no room in the cache.
        """
        filling = self._source.filling
        self._source.used(self.indices if indices is None else indices)
        try:
            if not filling.wait(indices, progress, interrupted):
                return False
            bad = filling.state == 2
            if bad.any() and bad[self.indices].any():
                if not filling.wait(None, progress, interrupted):
                    return False
                raise self._source.refuse(filling.problems)
        except OSError as error:
            raise self._source.unwritable(error) from error
        return True

    def decoded(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the indices of `pixels` that are decoded already."""
        there: NDArray[np.int64] = indices[self._source.filling.state[indices] == 1]
        return there

    def check(self) -> None:
        """Raise DataError if the file that stores the images was truncated while it was in use."""
        self._source.store.check()

    def identities(self) -> NDArray[np.uint64] | None:
        """Return a number for each image, (N,), equal for equal files; None if unknown."""
        known = self._source.identities
        return None if known is None else known()[self.indices]

    def changed(self) -> list[str]:
        """Return the names of files that were changed or removed since their folder was listed."""
        changed = self._source.changed
        return [] if changed is None else changed(self.indices)

    def problems(self) -> dict[int, str]:
        """Return what is wrong with those that could not be decoded, by index of `pixels`."""
        return dict(self._source.filling.problems)
