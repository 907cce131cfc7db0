"""Tables of functions by what they serve: operators, layers. Decorators fill them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Function = TypeVar("Function")


def registrar(table: dict[Key, Function]) -> Callable[..., Callable[[Function], Function]]:
    """Return a decorator that enters a function into `table`, under each of the decorator's keys.

    >>> rules = {}
    >>> rule = registrar(rules)
    >>> @rule("Add", "Sum")
    ... def add(x, y):
    ...     return x + y
    >>> sorted(rules)
    ['Add', 'Sum']
    """

    def serves(*keys: Key) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            table.update(dict.fromkeys(keys, function))
            return function

        return register

    return serves
