"""A model with what all rules ask of it: who uses what, what outputs see, and how to say it.

Part of check; may call fields, findings, graph and onlookers.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass

from ..graph import Graph, Operation, Shape, Value
from .fields import Sights, sights
from .findings import CODES, Finding
from .onlookers import onlookers

#: What lies along the axes of a window: one, many, and where the far edge is.
_AXES = {
    1: (("cell", "cells", "end"),),
    2: (("row", "rows", "bottom"), ("column", "columns", "right")),
    3: (
        ("plane", "planes", "back"),
        ("row", "rows", "bottom"),
        ("column", "columns", "right"),
    ),
}


@dataclass(frozen=True, eq=False)
class Subject:
    """A model that is being judged; `object_size` is that of the object in pixels, if said."""

    model: Graph
    object_size: tuple[int, ...] = ()

    @functools.cached_property
    def sights(self) -> Sights:
        """What each operation's outputs see."""
        return sights(self.model)

    @functools.cached_property
    def consumers(self) -> dict[Value, list[Operation]]:
        """The operations that each value enters."""
        found: dict[Value, list[Operation]] = defaultdict(list)
        for operation in self.model.operations:
            for value in operation.inputs:
                found[value].append(operation)
        return found

    @functools.cached_property
    def onlookers(self) -> dict[Value, str]:
        """Who looks at all cells of each value."""
        return onlookers(self.model, self.consumers)

    @property
    def failing(self) -> Operation | None:
        """The operation that failed, if one did."""
        return self.model.operations[-1] if self.model.failure and self.model.operations else None

    def called(self, value: Value) -> str:
        """Name whoever made a value."""
        if value.operation < 0:
            return self.model.input_names[value.output]
        return self.model.operations[value.operation].name


def finding(code: str, operation: Operation | None, message: str, repair: str = "") -> Finding:
    """Make a finding about an operation, or about the model as a whole."""
    name, layer = ("", "") if operation is None else (operation.name, operation.describe())
    return Finding(code, CODES[code].severity, name, layer, message, repair)


def by(sizes: Shape) -> str:
    """Write sizes as people do, with "?" for what is not known.

    >>> by((3, 224, None))
    '3 × 224 × ?'
    """
    return " × ".join("?" if size is None else str(size) for size in sizes)


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number of things.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "axis", "axes")
    ('1 row', '2,000 rows', '2 axes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str], last: str = "and") -> str:
    """Put words side by side.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    return f" {last} ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def axis_words(axes: int) -> tuple[tuple[str, str, str], ...]:
    """Words for what lies along each axis: one, many, and where its far edge is."""
    return _AXES.get(axes, (("cell", "cells", "far edge"),) * axes)
