"""Commands of many options: each group of them is a dataclass, and a panel of the help."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Make options of the fields of the dataclasses that a command takes.

    Each field is annotated as an option is, and has a default. The docstring's first line is the
    heading of the group in the help.
    """
    groups = typing.get_type_hints(command)
    groups.pop("return", None)

    def run(**given: Any) -> None:
        command(
            **{
                name: group(
                    **{field.name: given[field.name] for field in dataclasses.fields(group)}
                )
                for name, group in groups.items()
            }
        )

    options = [option for group in groups.values() for option in _options(group)]
    run.__name__, run.__doc__, run.__module__ = (
        command.__name__,
        command.__doc__,
        command.__module__,
    )
    run.__annotations__ = {option.name: option.annotation for option in options}
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return run


def _options(group: type[Any]) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as parameters, all of one panel."""
    heading = (inspect.getdoc(group) or "").splitlines()[0].rstrip(".")
    hints = typing.get_type_hints(group, include_extras=True)
    options = []
    for field in dataclasses.fields(group):
        kind, given = typing.get_args(hints[field.name])
        option = copy.copy(given)  # another command may have it too
        option.rich_help_panel = heading
        options.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=Annotated[kind, option],
            )
        )
    return options
