"""Jobs shared by copies of this process: small files, at which threads wait for Python's lock.

Each copy takes every n-th job and says through a pipe what became of it. A copy that is killed
loses nothing: what it has not said is done by this process. If this process is killed, the copies
end with the job that they are at.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["can_fork", "copies"]

_LENGTH = struct.Struct("<I")
_READ = 1 << 16  # bytes, what a pipe holds
_PAUSE = 0.1  # seconds of work to tell of at once: to wake who listens may take as long as a job

Take = Callable[[int, Any], None]


def can_fork() -> bool:
    """Whether this process may be copied: only on Linux, and while Python has no other threads."""
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def copies(
    count: int, workers: int, work: Callable[[int], Any], again: Callable[[int], Any]
) -> Iterator[Callable[[Take], None]]:
    """Let copies of this process do jobs 0 to `count`; give a function that collects the results.

    It calls ``take(job, work(job))`` for each, in the order in which they are done, and returns
    when all are. `work` must raise nothing but KeyboardInterrupt, at which those that are done are
    taken before it goes on. For jobs of a copy that was killed `again` is called here instead: it
    may have done them, and not said so.
    """
    pipes: dict[int, int] = {}
    try:
        for first in range(workers):
            pipe, process = _copy(range(first, count, workers), work, pipes)
            pipes[pipe] = process
        yield lambda take: _collect(count, again, take, pipes)
    finally:
        _interrupt(pipes)
        for pipe, process in pipes.items():
            os.close(pipe)
            with suppress(ChildProcessError):
                os.waitpid(process, 0)


def _copy(jobs: range, work: Callable[[int], Any], others: dict[int, int]) -> tuple[int, int]:
    """Return the pipe from a copy of this process, and the process."""
    read, write = os.pipe()
    process = os.fork()
    if process:
        os.close(write)
        return read, process
    try:  # nothing may leave the copy but by its pipe: not an error, nor what waits to be printed
        os.close(read)
        for other in others:
            os.close(other)
        _do(jobs, work, write)
    finally:
        os._exit(0)


def _do(jobs: range, work: Callable[[int], Any], pipe: int) -> None:
    said: list[tuple[int, Any]] = []
    last = time.monotonic()
    try:
        for job in jobs:
            said.append((job, work(job)))
            if time.monotonic() - last > _PAUSE:
                _say(said, pipe)
                last = time.monotonic()
    finally:
        _say(said, pipe)


def _say(said: list[tuple[int, Any]], pipe: int) -> None:
    message = pickle.dumps(said)
    said.clear()
    message = _LENGTH.pack(len(message)) + message
    while message:
        message = message[os.write(pipe, message) :]


def _interrupt(pipes: dict[int, int]) -> None:
    for process in pipes.values():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGINT)


def _collect(count: int, again: Callable[[int], Any], take: Take, pipes: dict[int, int]) -> None:
    waiting = set(range(count))

    def taken(job: int, result: Any) -> None:
        waiting.discard(job)
        take(job, result)

    messages = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as ready:
        for pipe in pipes:
            ready.register(pipe, selectors.EVENT_READ)
        try:
            _receive(ready, messages, taken)
        except KeyboardInterrupt:
            _interrupt(pipes)  # which the terminal has told already, and `kill` has not
            _receive(ready, messages, taken)
            raise
    for job in sorted(waiting):  # of a copy that was killed
        take(job, again(job))


def _receive(ready: selectors.BaseSelector, messages: dict[int, bytearray], take: Take) -> None:
    """Take results until all pipes are closed."""
    while ready.get_map():
        for key, _ in ready.select():
            data = os.read(key.fd, _READ)
            if not data:
                ready.unregister(key.fd)
                continue
            message = messages[key.fd]
            message += data
            while len(message) >= (start := _LENGTH.size):
                end = start + _LENGTH.unpack_from(message)[0]
                if len(message) < end:
                    break
                said = pickle.loads(message[start:end])
                del message[:end]
                for job, result in said:
                    take(job, result)
