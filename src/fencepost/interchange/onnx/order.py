"""The nodes of an ONNX graph in an order in which they can run, or the reason why there is none."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from fencepost.errors import DataError
from fencepost.interchange.onnx.wire.messages import File, Node
from fencepost.interchange.onnx.wire.tensors import shown


def ordered(file: File) -> list[Node]:
    """Return the nodes, each after those whose outputs it takes; otherwise as they stand.

    Raises DataError if a name is given twice, or is taken and never given, or if nodes wait for
    one another in a circle.
    """
    givers = _givers(file)
    for node in file.nodes:
        for name in node.inputs:
            if name and name not in givers:
                raise DataError(
                    "every array that a node takes must be an input, a weight or the output of a "
                    f"node. Received: {_called(node)} takes {shown(name)}, which nothing gives"
                )
    for output in file.outputs:
        if output.name not in givers:
            raise DataError(
                "every output of a model must be the output of a node. "
                f"Received: {shown(output.name)}, which nothing gives"
            )
    if _in_order(file.nodes, givers):
        return file.nodes
    return _sorted(file.nodes, givers)


def _givers(file: File) -> dict[str, int]:
    """Say of each array which node gives it; −1 of inputs and weights."""
    givers: dict[str, int] = {}
    inputs = {one.name for one in file.inputs}
    if len(inputs) < len(file.inputs):
        raise _twice(_doubled(one.name for one in file.inputs), "two inputs")
    for weight in file.weights:
        if weight.name in givers:
            raise _twice(weight.name, "two weights")
        givers[weight.name] = -1
    givers.update(dict.fromkeys(inputs, -1))  # old files list the weights among the inputs
    for index, node in enumerate(file.nodes):
        for name in node.outputs:
            if name in givers:
                other = givers[name]
                what = "an input or weight" if other < 0 else _called(file.nodes[other])
                raise _twice(name, f"{what} and {_called(node)}")
            if name:
                givers[name] = index
    return givers


def _in_order(nodes: list[Node], givers: dict[str, int]) -> bool:
    return all(
        givers[name] < index for index, node in enumerate(nodes) for name in node.inputs if name
    )


def _sorted(nodes: list[Node], givers: dict[str, int]) -> list[Node]:
    """Take, again and again, the first node that waits for nothing (Kahn, 1962)."""
    waits = [{givers[name] for name in node.inputs if name} - {-1} for node in nodes]
    takers: list[list[int]] = [[] for _ in nodes]
    for index, needed in enumerate(waits):
        for giver in needed:
            takers[giver].append(index)
    counts = [len(needed) for needed in waits]
    ready = [index for index, count in enumerate(counts) if not count]
    found: list[Node] = []
    while ready:
        index = heapq.heappop(ready)
        found.append(nodes[index])
        for taker in takers[index]:
            counts[taker] -= 1
            if not counts[taker]:
                heapq.heappush(ready, taker)
    if len(found) < len(nodes):
        circle = _circle(waits, counts)
        names = " → ".join(_called(nodes[index]) for index in [*circle[:4], circle[0]])
        more = f" ({len(circle)} nodes in all)" if len(circle) > 4 else ""
        raise DataError(f"no node may wait for its own output. Received: {names}{more}")
    return found


def _circle(waits: list[set[int]], counts: list[int]) -> list[int]:
    """Find a circle: whoever still waits, waits for one that still waits."""
    index = next(index for index, count in enumerate(counts) if count)
    seen: dict[int, int] = {}
    path: list[int] = []
    while index not in seen:
        seen[index] = len(path)
        path.append(index)
        index = next(giver for giver in waits[index] if counts[giver])
    return path[seen[index] :][::-1]


def _called(node: Node) -> str:
    """Name a node for a message."""
    return f"node {shown(node.name or ', '.join(node.outputs) or node.operator)}"


def _doubled(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("the caller has seen that one is there twice")


def _twice(name: str, who: str) -> DataError:
    return DataError(
        f"every array must have a name of its own. Received: {shown(name)} is given by {who}"
    )
