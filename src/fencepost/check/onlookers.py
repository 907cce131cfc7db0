"""Who looks at all cells of a value, and whom strides let step over some.

Part of check; may call graph and sizing. Every value is asked about once, however many consumers
it has: files may come from anyone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..graph import Graph, Operation, Value
from ..sizing import Window

#: Roles of what changes each cell by itself, or adds cells: that does not count as looking.
KEEPING = ("pointwise", "pad")


def onlookers(model: Graph, consumers: Mapping[Value, Sequence[Operation]]) -> dict[Value, str]:
    """Name, for each value, somebody who looks at all of its cells; nobody is left out.

    Operations stand in the order in which they run, so that from the last to the first everybody
    who takes an operation's output has been asked before.
    """
    found: dict[Value, str] = dict.fromkeys(model.outputs, "who takes the model's output")
    numbers = {id(one): number for number, one in enumerate(model.operations)}
    for value in sorted(consumers, key=lambda value: value.operation, reverse=True):
        if value in found:
            continue
        direct, further = "", ""
        for one in consumers[value]:
            if one.role in KEEPING and len(one.inputs) == 1:
                further = found.get(Value(numbers[id(one)]), further)
            elif not (one.role == "windows" and any(map(skips, one.windows))):
                direct = one.name
                break
        if direct or further:
            found[value] = direct or further
    return found


def looked_at(window: Window) -> tuple[int, int]:
    """Of every so many cells, how many some window meets: by their place within a stride.

    >>> looked_at(Window(28, kernel=1, stride=2)), looked_at(Window(28, kernel=3, stride=2))
    ((1, 2), (2, 2))
    """
    apart = window.stride // math.gcd(window.dilation, window.stride)
    return (min(window.kernel, apart), window.stride) if window.output > 1 else (1, 1)


def skips(window: Window) -> bool:
    """Tell whether there are cells that no window meets, between those that some do."""
    part, whole = looked_at(window)
    return part < whole
