"""A graph as chains of operations, and of joins of chains: its series-parallel decomposition.

Where arrays meet, the branches begin at the nearest operation through which all of them come: the
immediate dominator of the join. Source: Cooper, Harvey, Kennedy: A simple, fast dominance
algorithm (2001); a graph in topological order needs one pass.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from ...graph import Graph, Operation
from ...text import quoted

#: Of the model's input.
_INPUT = -1
# Branches may share an operation without weights (the mean that is subtracted twice): it is written
# once for each of them.
_MOST_COPIES = 8


@dataclass(frozen=True)
class Join:
    """An operation on several arrays, and the chain that makes each of them."""

    operation: Operation
    chains: tuple[Chain, ...]


Chain: TypeAlias = "tuple[Operation | Join, ...]"


def decompose(graph: Graph) -> tuple[Chain, list[str]]:
    """Write a graph of one input and one output as a chain.

    Returns the chain, and what does not fit, in sentences: operations that two branches share
    without starting from it.
    """
    inputs = _inputs(graph)
    starts = _dominators(inputs)
    visits: Counter[int] = Counter()
    problems: list[str] = []

    def chain(end: int, start: int) -> Chain:
        items: list[Operation | Join] = []
        node = end
        while node != start:
            visits[node] += 1
            operation, sources = graph.operations[node], inputs[node]
            if visits[node] > (1 if operation.parameters else _MOST_COPIES):
                problems.append(
                    f"{quoted([operation.name])[0]} feeds branches that cross others: branches "
                    "must begin together and end together"
                )
                return ()
            if len(sources) == 1:
                items.append(operation)
                node = sources[0]
            else:
                first = starts[node]
                chains = tuple(chain(source, first) for source in sources)
                items.append(Join(operation, chains))
                node = first
        return tuple(reversed(items))

    return chain(graph.outputs[0].operation, _INPUT), problems


def dominators(graph: Graph) -> list[int]:
    """Return, for each operation, the last one before it that every way to it passes; −1: none."""
    return _dominators(
        [[value.operation for value in operation.inputs] for operation in graph.operations]
    )


def _inputs(graph: Graph) -> list[list[int]]:
    """Return the operations that feed each one; a concatenation takes up one that it begins with.

    DenseNet joins all that there was before, again and again: the concatenation of a, b and c is
    that of (a and b) and c, if a and b are joined already.
    """
    inputs = [[value.operation for value in operation.inputs] for operation in graph.operations]
    joined: dict[tuple[int, ...], int] = {}
    for index, operation in enumerate(graph.operations):
        if operation.kind != "Cat":
            continue
        whole = tuple(inputs[index])
        for length in range(len(whole) - 1, 1, -1):
            if whole[:length] in joined:
                inputs[index] = [joined[whole[:length]], *whole[length:]]
                break
        joined.setdefault(whole, index)
    return inputs


def _dominators(inputs: list[list[int]]) -> list[int]:
    starts: list[int] = []
    for sources in inputs:
        nodes = set(sources) or {_INPUT}
        while len(nodes) > 1:
            latest = max(nodes)
            nodes.remove(latest)
            nodes.add(starts[latest])
        starts.append(nodes.pop())
    return starts
