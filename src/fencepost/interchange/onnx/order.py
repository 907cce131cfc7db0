"""The nodes of an ONNX graph in an order in which they can run, or the reason why there is none."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Container, Iterable

from ...errors import DataError
from .wire.messages import File, Node
from .wire.tensors import quote


def ordered(file: File, outside: Container[str] = ()) -> list[Node]:
    """Return the nodes, each after those whose outputs it takes; otherwise as they stand.

    What graphs within a node take is taken by the node; `outside` are names of the graph around.

    Raises DataError if a name is given twice, or is taken and never given, or if nodes wait for
    one another in a cycle.
    """
    producers = _producers(file)
    for node in file.nodes:
        for name in _taken(node):
            if name not in producers and name not in outside:
                raise DataError(
                    "every input of a node must be an input, a weight or the output of a node. "
                    f"Received: {_node_name(node)} takes {quote(name)}, which nothing produces"
                )
    for output in file.outputs:
        if output.name not in producers and output.name not in outside:
            raise DataError(
                "every output of a model must be the output of a node. "
                f"Received: {quote(output.name)}, which nothing produces"
            )
    in_order = all(
        producers.get(name, -1) < index
        for index, node in enumerate(file.nodes)
        for name in _taken(node)
    )
    return file.nodes if in_order else _sorted(file.nodes, producers)


def _taken(node: Node) -> list[str]:
    return [name for name in (*node.inputs, *node.captured) if name]


def _producers(file: File) -> dict[str, int]:
    """Map each array to the index of the node that gives it; −1 of inputs and weights."""
    lists = {"inputs": [array.name for array in file.inputs]}
    lists["weights"] = [weight.name for weight in file.weights]
    for what, names in lists.items():
        name, count = Counter(["", *names]).most_common(1)[0]
        if count > 1:
            raise _duplicate(name, f"two {what}")
    # Old files list the weights among the inputs.
    producers = dict.fromkeys([*lists["inputs"], *lists["weights"]], -1)
    for index, node in enumerate(file.nodes):
        for name in node.outputs:
            if name in producers:
                other = producers[name]
                what = "an input or weight" if other < 0 else _node_name(file.nodes[other])
                raise _duplicate(name, f"{what} and {_node_name(node)}")
            if name:
                producers[name] = index
    return producers


def _sorted(nodes: list[Node], producers: dict[str, int]) -> list[Node]:
    """Take, again and again, the first node that waits for nothing (Kahn, 1962)."""
    needs = [{producers.get(name, -1) for name in _taken(node)} - {-1} for node in nodes]
    consumers: list[list[int]] = [[] for _ in nodes]
    for index, needed in enumerate(needs):
        for producer in needed:
            consumers[producer].append(index)
    counts = [len(needed) for needed in needs]
    ready = [index for index, count in enumerate(counts) if not count]
    order: list[Node] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(nodes[index])
        for consumer in consumers[index]:
            counts[consumer] -= 1
            if not counts[consumer]:
                heapq.heappush(ready, consumer)
    if len(order) < len(nodes):
        cycle = _cycle(needs, counts)
        names = " → ".join(_node_name(nodes[index]) for index in [*cycle[:4], cycle[0]])
        more = f" ({len(cycle)} nodes in all)" if len(cycle) > 4 else ""
        raise DataError(f"no node may depend on its own output. Received: {names}{more}")
    return order


def _cycle(needs: list[set[int]], counts: list[int]) -> list[int]:
    """Find a cycle: whatever still waits, waits for a node that still waits."""
    index = next(index for index, count in enumerate(counts) if count)
    steps: dict[int, int] = {}
    path: list[int] = []
    while index not in steps:
        steps[index] = len(path)
        path.append(index)
        index = next(producer for producer in needs[index] if counts[producer])
    return path[steps[index] :][::-1]


def _node_name(node: Node) -> str:
    """Name a node for a message."""
    return f"node {quote(node.name or ', '.join(node.outputs) or node.operator)}"


def _duplicate(name: str, who: str) -> DataError:
    return DataError(
        f"every array must have a unique name. Received: {quote(name)} is produced by {who}"
    )


def named_alike(nodes: Iterable[Node]) -> dict[tuple[str, ...], str]:
    """Say of nodes, by their outputs, that one before has the same name."""
    names: set[str] = set()
    alike: dict[tuple[str, ...], str] = {}
    for node in nodes:
        if node.name and node.name in names:
            twice = f"ONNX Runtime rejects two nodes of one name: {quote(node.name)}"
            alike[tuple(node.outputs)] = twice
        names.add(node.name)
    return alike
