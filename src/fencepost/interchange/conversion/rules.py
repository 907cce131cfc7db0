"""The rule for each kind of operation that makes a layer of it: the table, and what rules share.

Kinds are PyTorch's names, as both readers give them. A rule returns parts, often one, none where
nothing changes; it raises Misfit where fencepost has no such layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...graph import Operation
from ...layers import Layer
from ...text import quoted
from ..registry import registrar
from .parts import Details, DetailsOf, Misfit, Part, Sizes

Rule: TypeAlias = Callable[[Operation, Details], list[Part]]

#: By kind; the modules `windows` and `values` fill it.
RULES: dict[str, Rule] = {}
#: Makes a function the rule of these kinds.
rule = registrar(RULES)


def parts_of(operation: Operation, details: DetailsOf) -> list[Part]:
    """Return the layers that an operation is. Raises Misfit if it is none of fencepost's."""
    if operation.layer is not None:
        return [Part(operation.layer)]
    rule = RULES.get(operation.kind)
    if rule is None:
        raise Misfit("fencepost has no such layer")
    if operation.output_shape is None or None in operation.output_shape:
        raise Misfit("the size of its output is not known")
    return rule(operation, details(operation))


def new_layer(name: str, *arguments: Any, **options: Any) -> Layer:
    """Make a layer by its name. Raises Misfit if there is none."""
    kind = Layer.types.get(name)
    if kind is None:
        raise Misfit(f"fencepost has no layer {name}")
    return kind(*arguments, **options)


def input_size(operation: Operation) -> Sizes:
    """Return the shape of what enters, without the batch."""
    return tuple(size or 0 for size in (operation.input_shape or ())[1:])


def output_size(operation: Operation) -> Sizes:
    """Return the shape of what leaves, without the batch."""
    return tuple(size or 0 for size in (operation.output_shape or ())[1:])


def where(operation: Operation) -> str:
    """Name an operation for a message."""
    return f"{quoted([operation.name])[0]}, {operation.describe()}"
