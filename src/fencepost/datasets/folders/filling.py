"""Pictures decoded on all cores into an array, in the order in which they are asked for.

The array may be used while it is filled: `wait` returns when the pictures that it is asked for are
there. What cannot be decoded is collected, so that one message names all of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .inspecting import Progress, workers
from .store import BAD, DONE, Store

__all__ = ["Filling", "Picture"]

Picture = Callable[[int], NDArray[np.uint8]]
FLUSH_SECONDS = 1.0  # how much decoding a power cut may cost
POLL_SECONDS = 0.05  # how often one who waits looks for Ctrl-C


class Filling:
    """Threads that fill a store, until all of it is full or `stop` is called.

    `read` gives the pixels of a picture, by index, or raises DataError with what is wrong.
    """

    def __init__(self, store: Store, read: Picture, problems: dict[int, str]) -> None:
        self._store = store
        self._read = read
        self.problems = dict(problems)
        # What another process calls bad meanwhile is decoded here too: its reason is not known.
        self.state = np.where(store.state == DONE, store.state, 0).astype(np.uint8)
        self.state[list(problems)] = BAD
        self._remaining = int((self.state == 0).sum())
        self._changed = threading.Condition()
        self._urgent: list[int] = []
        self._taken: set[int] = set()
        self._order: NDArray[np.int64] = np.flatnonzero(self.state == 0)
        self._at = 0
        self._stopped = False
        self._failure: BaseException | None = None
        self._flushed = time.monotonic()
        self._unflushed: list[int] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to decode, if there is anything to be decoded."""
        for _ in range(min(workers(), self._remaining)):
            thread = threading.Thread(target=self._work, name="fencepost-decode", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop decoding, and keep what is there."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._flush()
        self._store.close()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to decode."""
        return self._remaining == 0

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Decode these first, in this order, then the others."""
        if self.complete:
            return
        with self._changed:
            others = np.ones(len(self.state), bool)
            others[indices] = False
            self._order = np.concatenate([indices, np.flatnonzero(others & (self.state == 0))])
            self._at = 0

    def wait(
        self,
        indices: NDArray[np.int64] | None = None,
        progress: Progress | None = None,
        interrupted: Callable[[], bool] | None = None,
    ) -> bool:
        """Wait until these pictures (None: all) are decoded; False if `interrupted` said so before.

        What failed has the state BAD. Raises OSError: The store cannot be written.
        """
        if self.complete and self._failure is None:
            return True
        with self._changed:
            if indices is not None:
                missing = indices[self.state[indices] == 0]
                self._urgent = missing[::-1].tolist()
            while True:
                if self._failure is not None:
                    raise self._failure
                left = self._remaining if indices is None else self._left(indices)
                if progress is not None:
                    total = len(self.state)
                    progress(total - self._remaining, total)
                if left == 0:
                    return True
                if self._stopped or (interrupted is not None and interrupted()):
                    return False
                self._changed.wait(POLL_SECONDS)

    def _left(self, indices: NDArray[np.int64]) -> int:
        return int((self.state[indices] == 0).sum())

    def _work(self) -> None:
        try:
            while (index := self._next()) is not None:
                self._decode(index)
        except BaseException as error:  # told to whoever waits, in another thread
            with self._changed:
                self._failure = self._failure or error
                self._stopped = True
                self._changed.notify_all()
            with contextlib.suppress(OSError):
                self._flush()

    def _next(self) -> int | None:
        """Take the next picture to be decoded; None if there is none."""
        with self._changed:
            while not self._stopped:
                if self._urgent:
                    index = self._urgent.pop()
                elif self._at < len(self._order):
                    index = int(self._order[self._at])
                    self._at += 1
                else:
                    return None
                if self.state[index] == 0 and index not in self._taken:
                    self._taken.add(index)
                    return index
            return None

    def _decode(self, index: int) -> None:
        state, problem = DONE, ""
        if self._store.is_done(index):  # by another process
            pass
        else:
            try:
                self._store.write(index, self._read(index))
            except DataError as error:
                state, problem = BAD, str(error)
        with self._changed:
            self._taken.discard(index)
            self.state[index] = state
            if problem:
                self.problems[index] = problem
            self._remaining -= 1
            self._unflushed.append(index)
            due = self._remaining == 0 or time.monotonic() - self._flushed > FLUSH_SECONDS
            if due:
                self._flushed = time.monotonic()
            self._changed.notify_all()
        if due:
            self._flush()

    def _flush(self) -> None:
        with self._changed:
            ready, self._unflushed = self._unflushed, []
        if ready:
            self._store.commit(np.array(ready), self.state[ready])
