"""What a message tells its reader to type: arguments in Python, options on a command line.

The same check serves a function and a command. While a command runs, it names its options here,
and messages spell settings as those; else as keyword arguments. A remedy that the reader has no
means to type is left out of the message.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from .text import format_value


class Option(NamedTuple):
    """An option of a command: how it is typed, and, of a flag, how it is typed to say no."""

    name: str
    negative: str = ""
    is_flag: bool = False


_commands: list[Callable[[], Mapping[str, Option]]] = []  # the options of the command that runs


@contextmanager
def command(options: Callable[[], Mapping[str, Option]]) -> Iterator[None]:
    """Let messages speak to somebody at a shell; `options` gives the options by parameter.

    >>> with command(lambda: {"size": Option("--size")}):
    ...     print(setting("size", (64, 48)))
    --size 64x48
    """
    _commands.append(options)
    try:
        yield
    finally:
        _commands.pop()


def setting(name: str, value: Any = ...) -> str:
    """Spell a setting as the reader types it; without a value (``...``), so that one can follow.

    >>> setting("size", (64, 48)), setting("size"), setting("balance", "weights")
    ('size=(64, 48)', 'size=', 'balance="weights"')
    """
    option = _option(name)
    if option is None:
        text = "" if value is ... else repr(value)
        if isinstance(value, str) and text[1:-1] == value and '"' not in value:
            text = f'"{value}"'
        return f"{name}={text}"
    if option.is_flag and value in (True, False):
        return option.name if value else option.negative or f"no {option.name}"
    return option.name if value is ... else f"{option.name} {_typed(value)}"


def received(name: str, value: Any) -> str:
    """Repeat a setting that cannot be used, as the reader typed it.

    >>> received("size", "3×3")
    "size='3×3'"
    >>> with command(lambda: {"size": Option("--size")}):
    ...     received("size", "3×3")
    "--size '3×3'"
    """
    return f"{name}={format_value(value)}" if _option(name) is None else setting(name, value)


def spelled(name: str) -> str:
    """Name a setting as the reader knows it.

    >>> with command(lambda: {"object_size": Option("--object")}):
    ...     print(spelled("object_size"), spelled("sigma"))
    --object sigma
    """
    option = _option(name)
    return name if option is None else option.name


def remedy(text: str, **settings: Any) -> str:
    """Fill in settings as the reader types them; nothing, where the command has no such option.

    >>> remedy(" Or leave them out: {skip_bad}.", skip_bad=True)
    ' Or leave them out: skip_bad=True.'
    >>> with command(lambda: {}):
    ...     remedy(" Or leave them out: {skip_bad}.", skip_bad=True)
    ''
    """
    if _commands and not settings.keys() <= _commands[-1]().keys():
        return ""
    return text.format(**{name: setting(name, value) for name, value in settings.items()})


def in_python(text: str) -> str:
    """Return what only helps somebody who writes Python; nothing while a command runs."""
    return "" if _commands else text


def at_the_shell(text: str) -> str:
    """Return what only helps somebody at a shell; nothing unless a command runs."""
    return text if _commands else ""


def _option(name: str) -> Option | None:
    if name.startswith("--"):
        return Option(name)
    return _commands[-1]().get(name) if _commands else None


def _typed(value: Any) -> str:
    """Write a value as one word of a command line."""
    if isinstance(value, (tuple, list)):
        return "x".join(map(str, value))
    if value is None:
        return "none"
    return shlex.quote(f"{value:g}" if isinstance(value, float) else str(value))
