"""Words of a command line that are texts or paths, taken as they are.

Newer versions of Typer let Pydantic read every option, and it takes a tenth of a second to be
imported: as long as all else that a command imports before it knows what is asked.
"""

from __future__ import annotations

import os
import typing
from pathlib import Path
from typing import Any

__all__ = ["Plain"]

_NONE, _TEXT_OR_PATH = type(None), (str, Path)


class Plain:
    """A command whose parameters take what is plain; all else Typer reads, or refuses."""

    callback: Any

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, and the one for help."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        new = [each for each in parameters if "process_value" not in vars(each)]
        hints = typing.get_type_hints(self.callback) if new and self.callback else {}
        for parameter in new:
            _replace(parameter, hints.get(parameter.name, _NONE))
        return parameters


def _replace(parameter: Any, hint: Any) -> None:
    kind = next((one for one in typing.get_args(hint) if one is not _NONE), hint)
    is_list = typing.get_origin(hint) is list
    several = parameter.multiple or parameter.nargs != 1
    of_typer = parameter.process_value

    def process_value(ctx: Any, value: Any) -> Any:
        if value is None:
            plain = not parameter.required and not several
        elif is_list:
            plain = bool(value) and all(_is_plain(kind, one) for one in value)
            value = [*map(kind, value)] if plain else value
        elif plain := not several and (_is_plain(kind, value) or _is_of(kind, value)):
            value = kind(value)
        if not plain:
            return of_typer(ctx, value)
        return value if parameter.callback is None else parameter.callback(ctx, parameter, value)

    parameter.process_value = process_value


def _is_of(kind: Any, value: Any) -> bool:
    """Whether a value is an option's default, or whether a flag is there."""
    return kind in (bool, int, float, Path) and isinstance(value, kind)


def _is_plain(kind: Any, value: Any) -> bool:
    """Whether there is nothing to say against a text: of a path, that it cannot be read."""
    if kind not in _TEXT_OR_PATH or not isinstance(value, str):
        return False
    return kind is str or not os.path.exists(value) or os.access(value, os.R_OK)
