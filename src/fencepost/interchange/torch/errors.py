"""What someone's own code raised: in one line what, and where; its causes; and one of our own."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

_MAX_LENGTH = 500  # characters of a message; some carry whole arrays
_OURS = str(Path(__file__).parents[2])


def format_exception(error: BaseException) -> str:
    r"""Write which exception it was, its message, and where it was raised.

    >>> format_exception(ValueError("no weights\nhere"))
    'ValueError: no weights here'
    """
    if isinstance(error, SyntaxError) and error.filename:
        what, where = error.msg, f"{_short(error.filename)}, line {error.lineno}"
    else:
        what, where = str(error), location(error)
    message = ": ".join(part for part in (type(error).__name__, one_line(what)) if part)
    return f"{message} ({where})" if where else message


def one_line(text: str) -> str:
    r"""Bring a message to one line, and cut what is too long for it.

    >>> one_line("a\n  b")
    'a b'
    """
    line = " ".join(text.split())
    return line if len(line) <= _MAX_LENGTH else line[: _MAX_LENGTH - 1] + "…"


def location(error: BaseException) -> str:
    """Where an exception was raised: the last line of the user's code, else of a library's."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<", _OURS))
    ]
    libraries = tuple(
        path
        for name, path in sysconfig.get_paths().items()
        if name in ("stdlib", "platstdlib", "purelib", "platlib")
    )
    own = [frame for frame in frames if not frame.filename.startswith(libraries)]
    # PyTorch calls forward, and is never where a user would look first.
    others = [frame for frame in frames if f"{os.sep}torch{os.sep}" not in frame.filename]
    for some in (own, others):
        if some:
            where = some[-1]
            inside = "" if where.name == "<module>" else f", in {where.name}"
            return f"{_short(where.filename)}, line {where.lineno}{inside}"
    return ""


def _short(filename: str) -> str:
    """Name a file as seen from the current directory, if it lies below it."""
    try:
        return str(Path(filename).resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return filename


class NeedsValues(BaseException):
    """A call works on zeros, but not on the meta device, which has no values.

    Not an Exception, so that a model that handles exceptions does not handle this one.
    """


class TooMuchWork(BaseException):
    """Values are wanted that would take too long to compute, after others were computed."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Iterate from an exception to those that it was raised because of."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__
