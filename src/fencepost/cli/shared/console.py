"""What the commands say, and where: one JSON object on standard output, or text for people."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...text import format_shape, plural

if TYPE_CHECKING:
    from rich.progress import Progress

_NO_TERMINAL = (100, 24)  # columns and lines where the output goes to a file


class Interrupted(Exception):
    """The user stopped the command; the message says what was saved, or another process does."""


class Console:
    """Text for people: results on standard output, or, if that is for JSON, on standard error.

    A silent one is for a process beside another that says the same.
    """

    def __init__(self, as_json: bool, silent: bool = False) -> None:
        self.as_json = as_json
        self._silent = silent

    @property
    def width(self) -> int:
        """How many characters a line has room for."""
        return shutil.get_terminal_size(_NO_TERMINAL).columns

    def say(self, *lines: str) -> None:
        """Write results for people, at once."""
        if self._silent:
            return
        text = "\n".join(lines)
        if self.as_json:
            print(text, file=sys.stderr, flush=True)
        else:
            _print(text)

    def note(self, *lines: str) -> None:
        """Write what is no result, such as what was read or saved: always on standard error."""
        if not self._silent:
            print("\n".join(lines), file=sys.stderr, flush=True)

    def result(self, value: Mapping[str, Any]) -> None:
        """Write the one JSON object, if that is wanted."""
        if self.as_json and not self._silent:
            ascii_only = not _is_unicode(sys.stdout)
            _print(json.dumps(value, ensure_ascii=ascii_only, allow_nan=False))


def prepare_streams() -> None:
    """Let everything be written: to streams that are closed, or that know few characters."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream: Any = getattr(sys, name)
        if stream is None:  # closed by `>&-`; a file must not get its number
            null = os.open(os.devnull, os.O_WRONLY)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            setattr(sys, name, os.fdopen(descriptor, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            # Names of files that are no UTF-8 go out as the bytes that they are.
            stream.reconfigure(errors="surrogateescape" if _is_unicode(stream) else "replace")


def empty_streams() -> None:
    """Drop what a full disk or a closed pipe did not take.

    Python would try again at its end, complain, and change the exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print(text: str) -> None:
    """Print on standard output, which is the file of what goes wrong there."""
    try:
        print(text, flush=True)
    except OSError as error:
        error.filename = error.filename or "standard output"
        raise


def _is_unicode(stream: Any) -> bool:
    return str(getattr(stream, "encoding", "utf-8")).lower().replace("-", "").startswith("utf")


def noun(shape: tuple[int, ...]) -> str:
    """Return what arrays of this shape are called.

    >>> noun((1, 28, 28)), noun((1, 128))
    ('images', 'signals')
    """
    return "signals" if len(shape) == 2 else "images"


def format_sample_shape(shape: tuple[int, ...]) -> str:
    """Write the shape of one image or signal.

    >>> format_sample_shape((3, 32, 40))
    '32 × 40 pixels, 3 channels'
    >>> format_sample_shape((1, 128))
    '128 samples, 1 channel'
    """
    channels, *sizes = shape
    pixels = plural(sizes[0], "sample") if len(sizes) == 1 else f"{format_shape(sizes)} pixels"
    return f"{pixels}, {plural(channels, 'channel')}"


@contextmanager
def images_bar(total: int) -> Iterator[Callable[[], None]]:
    """Show how many of many are done, where somebody can see it."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    with _progress() as progress:
        task = progress.add_task("filtering", total=total)
        yield lambda: progress.advance(task)


@contextmanager
def part_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much of one file is done (rows, samples), where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _progress() as progress:
        task = progress.add_task(name)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _progress() -> Progress:
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    return Progress(*columns, console=Terminal(stderr=True), transient=True)
