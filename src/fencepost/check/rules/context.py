"""A graph with what all rules ask of it: receptive fields, consumers, coverage, and names."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass

from ...graph import Graph, Operation, ReceptiveFields, Shape, Value, receptive_fields
from ...graph.coverage import full_consumers
from ..findings import CODES, Finding

#: What lies along the axes of a window: one, many, and where the far edge is.
_AXES = {
    1: (("element", "elements", "end"),),
    2: (("row", "rows", "bottom"), ("column", "columns", "right")),
    3: (("slice", "slices", "back"), ("row", "rows", "bottom"), ("column", "columns", "right")),
}


@dataclass(frozen=True, eq=False)
class RuleContext:
    """A graph that rules are run on; `object_size` is that of the object in pixels, if given."""

    graph: Graph
    object_size: tuple[int, ...] = ()

    @functools.cached_property
    def fields(self) -> ReceptiveFields:
        """The receptive fields of each operation's outputs."""
        return receptive_fields(self.graph)

    @functools.cached_property
    def consumers(self) -> dict[Value, list[Operation]]:
        """The operations that each value enters."""
        consumers: dict[Value, list[Operation]] = defaultdict(list)
        for operation in self.graph.operations:
            for value in operation.inputs:
                consumers[value].append(operation)
        return consumers

    @functools.cached_property
    def full_consumers(self) -> dict[Value, str]:
        """For each value, an operation that depends on all of its elements."""
        return full_consumers(self.graph, self.consumers)

    @property
    def failing(self) -> Operation | None:
        """The operation that failed, if one did."""
        return self.graph.operations[-1] if self.graph.failure and self.graph.operations else None

    def shape(self, value: Value) -> Shape | None:
        """The shape of a value, with the batch; None if nothing is known of it."""
        if value.operation < 0:
            return self.graph.input_shapes[value.output]
        shapes = self.graph.operations[value.operation].output_shapes
        return shapes[value.output] if value.output < len(shapes) else None

    def maker(self, value: Value) -> str:
        """Name the operation that makes a value, or the input that it is."""
        if value.operation < 0:
            return self.graph.input_names[value.output]
        return self.graph.operations[value.operation].name


def finding(code: str, operation: Operation | None, message: str, repair: str = "") -> Finding:
    """Make a finding about an operation, or about the model as a whole."""
    name, layer = ("", "") if operation is None else (operation.name, operation.describe())
    return Finding(code, CODES[code].severity, name, layer, message, repair)


def axis_words(axes: int) -> tuple[tuple[str, str, str], ...]:
    """Words for what lies along each axis: one, many, and where its far edge is."""
    return _AXES.get(axes, (("element", "elements", "far edge"),) * axes)
