"""How often a Loop of ONNX runs whose condition counts: found by computing what it counts with.

TensorFlow's loops over time are written so: a counter is carried, raised by one, and compared with
a length. Where a node of another kind has a part in that, or the data has, it is not known how
often the loop runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..wire.messages import File, Node, attribute
from .node import Array, known_values

# Their results grow evenly with what they are given, or are shaped anew.
_EVEN = ("Add", "Cast", "Identity", "Reshape", "Squeeze", "Sub", "Unsqueeze")
# Once false, these stay so, of two numbers that grow evenly and were in order in the first round.
_COMPARING = ("And", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
_BOOL = 9  # ONNX's number of the type
_MOST = 2**31  # rounds

#: Returns what a graph makes of arrays by their names; None of what is not known.
Evaluate = Callable[[File, Mapping[str, Array]], Sequence[Array | None]]


def rounds(body: File, given: Sequence[Array], evaluate: Evaluate) -> int | None:
    """Return how often a loop goes through its body, of which the first round is one.

    `given`: What enters the body in the first round, with values where they are known.
    """
    names = [array.name for array in body.inputs]
    makers = {output: node for node in body.nodes for output in node.outputs}
    needed = _needed(body, names, makers)
    if needed is None:
        return None
    nodes, states = needed
    outputs = [body.outputs[0], *(body.outputs[index - 1] for index in states)]
    counting = replace(body, nodes=nodes, outputs=outputs)

    def step(values: Sequence[int]) -> tuple[bool, list[int]] | None:
        entering = dict(zip(names, given, strict=True))
        for index, value in zip(states, values, strict=True):
            shape = (1,) * len(given[index].shape or ())
            entering[names[index]] = Array(shape, folded=known_values((value,), shape))
        made = [_number(array) for array in evaluate(counting, entering)]
        goes, *after = made or [None]
        numbers = [value for value in after if value is not None]
        return None if goes is None or len(numbers) < len(states) else (bool(goes), numbers)

    start = [value for index in states if (value := _number(given[index])) is not None]
    first = step(start) if len(start) == len(states) else None
    second = step(first[1]) if first is not None else None
    if first is None or second is None:
        return None
    steps = [b - a for a, b in zip(start, first[1], strict=True)]
    if [b - a for a, b in zip(first[1], second[1], strict=True)] != steps:
        return None

    def goes_on(after: int) -> bool | None:
        made = step([a + after * b for a, b in zip(start, steps, strict=True)])
        return None if made is None else made[0]

    last = 1  # the round before is one after which it goes on
    while goes_on(last - 1):
        last *= 2
        if last > _MOST:
            return None
    low, high = last // 2, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if goes_on(middle - 1) else (low, middle)
    return high


def _needed(
    body: File, names: Sequence[str], makers: Mapping[str, Node]
) -> tuple[list[Node], list[int]] | None:
    """Return the nodes that the condition depends on, and which inputs they carry on."""
    waiting, seen = [body.outputs[0].name], set[str]()
    states: list[int] = []
    used: list[Node] = []
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        node = makers.get(name)
        if name in names[:2]:  # the round itself, and the condition before
            return None
        if name in names:
            index = names.index(name)
            states.append(index)
            waiting.append(body.outputs[index - 1].name)
        elif node is not None:
            if node.domain or node.operator not in (*_EVEN, *_COMPARING, "Constant"):
                return None
            used.append(node)
            waiting += [taken for taken in node.inputs if taken]
    nodes = [node for node in body.nodes if any(node is one for one in used)]
    carried = {body.outputs[index - 1].name for index in states}
    truths = _truths(nodes)
    return None if truths is None or truths & carried else (nodes, sorted(states))


def _truths(nodes: Sequence[Node]) -> set[str] | None:
    """Return what is true or false; None if a number is made of that, which jumps."""
    truths: set[str] = set()
    for node in nodes:
        taken = [name in truths for name in node.inputs if name]
        to_bool = node.operator == "Cast" and attribute(node, "to") == _BOOL
        if node.operator == "And" or to_bool or (node.operator == "Identity" and all(taken)):
            if not all(taken):
                return None
            truths.update(node.outputs)
        elif any(taken):
            return None
        elif node.operator in _COMPARING:
            truths.update(node.outputs)
    return truths


def _number(array: Array | None) -> int | None:
    values = None if array is None else array.values()
    items = [] if values is None else values.ravel().tolist()
    return items[0] if len(items) == 1 and isinstance(items[0], int) else None
