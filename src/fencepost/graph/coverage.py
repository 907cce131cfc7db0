"""Which operation uses all elements of a value, and which strides step over some.

Every value is asked about once, however many consumers it has: files may come from anyone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..sizing import Window
from .operations import Graph, Operation, Value

#: Roles of what changes each element by itself, or adds elements: that uses none of them up.
KEEPING = ("pointwise", "pad")


def full_consumers(
    graph: Graph, consumers: Mapping[Value, Sequence[Operation]]
) -> dict[Value, str]:
    """Name, for each value, an operation that depends on all of its elements, if there is one.

    Operations stand in the order in which they run, so that from the last to the first, all
    consumers of an operation's output have been asked before.
    """
    names: dict[Value, str] = dict.fromkeys(graph.outputs, "whoever takes the model's output")
    positions = {id(operation): index for index, operation in enumerate(graph.operations)}
    for value in sorted(consumers, key=lambda value: value.operation, reverse=True):
        if value in names:
            continue
        direct, further = "", ""
        for consumer in consumers[value]:
            if consumer.role in KEEPING and len(consumer.inputs) == 1:
                further = names.get(Value(positions[id(consumer)]), further)
            elif not (consumer.role == "windows" and any(map(steps_over, consumer.windows))):
                direct = consumer.name
                break
        if direct or further:
            names[value] = direct or further
    return names


def coverage(window: Window) -> tuple[int, int]:
    """Of every so many elements, how many some window contains: by their position within a stride.

    >>> coverage(Window(28, kernel=1, stride=2)), coverage(Window(28, kernel=3, stride=2))
    ((1, 2), (2, 2))
    """
    apart = window.stride // math.gcd(window.dilation, window.stride)
    return (min(window.kernel, apart), window.stride) if window.output > 1 else (1, 1)


def steps_over(window: Window) -> bool:
    """Tell whether there are elements that no window contains, between those that some do."""
    contained, elements = coverage(window)
    return contained < elements
