"""What losses, optimizers and schedules have in common: a name, and fields that are checked."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar, TypeVar

from .. import habits
from ..arguments import choice
from ..errors import ArgumentError
from ..text import format_value


class Setting(ABC):
    """A frozen dataclass that checks its fields when it is made."""

    #: As errors, histories and the engine call it.
    name: ClassVar[str]

    def _set(self, **fields: object) -> None:
        """Put checked values in place of those that were given."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)


S = TypeVar("S", bound=Setting)


def as_setting(argument: str, value: S | str, kinds: Mapping[str, type[S]]) -> S:
    """Take a setting as an object or, with its defaults, by its name."""
    if isinstance(value, str):
        plain = habits.SETTINGS.get(value.lower(), value.lower())
        return kinds[plain]() if plain in kinds else kinds[choice(argument, value, kinds)]()
    if isinstance(value, tuple(kinds.values())):
        return value
    given: object = value
    made = f" Make one: {given.__name__}()." if isinstance(given, type) else ""
    classes = ", ".join(f"{kind.__name__}(...)" for kind in kinds.values())
    raise ArgumentError(
        f"{argument} must be {classes} or one of {', '.join(kinds)}. "
        f"Received: {format_value(value)}." + made
    )
