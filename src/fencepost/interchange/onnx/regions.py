"""Planes that are resized by indexing, as some exporters write it: found by what comes out.

torch.onnx.export with dynamo=True writes adaptive pooling with windows that are not all alike, and
linear interpolation of signals, as GatherND, Where, Add and Div. Such a part of a graph is run on
random values, and is the layer that gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import Graph, Operation, Value
from ..conversion.branches import dominators
from ..conversion.parts import Misfit
from ..conversion.resizing import layer_by_values
from .constants import EVALUATORS, LARGEST, Values, evaluate
from .operators.node import NodeCall

_INDEXING = ("Gather", "GatherND")
_MOST = 256  # operations in such a part
_ATTEMPTS = 64  # in a file


def with_layers(graph: Graph, values: Values) -> Graph:
    """Return the graph with layers in place of the operations that they are written as."""
    indexing = [index for index, one in enumerate(graph.operations) if _operator(one) in _INDEXING]
    if not indexing or graph.failure:
        return graph
    starts = dominators(graph)
    operations = list(graph.operations)
    end, attempts = len(operations) - 1, 0
    while end > indexing[0]:
        start: int | None = starts[end]
        while start is not None and attempts < _ATTEMPTS:
            part = _between(graph, start, end)
            if part is None:
                break
            if any(index in part for index in indexing):
                attempts += 1
                layer = _layer(graph, start, end, sorted(part), values)
                if layer is not None:
                    operations[end] = layer
                    end = min(part)
                    break
            start = starts[start] if start >= 0 else None
        end -= 1
    return replace(graph, operations=tuple(operations))


def _operator(operation: Operation) -> str:
    call = operation.source
    return call.operator if isinstance(call, NodeCall) and not call.node.domain else ""


def _between(graph: Graph, start: int, end: int) -> set[int] | None:
    """Return the operations after one, on the way to another; None if one cannot be computed."""
    part: set[int] = set()
    waiting = [end]
    while waiting:
        index = waiting.pop()
        if index == start or index in part:
            continue
        if index < 0 or len(part) >= _MOST or _operator(graph.operations[index]) not in EVALUATORS:
            return None
        part.add(index)
        waiting += [value.operation for value in graph.operations[index].inputs]
    return part


def _layer(graph: Graph, start: int, end: int, part: list[int], values: Values) -> Operation | None:
    """Run a part of the graph on random values, and return the layer that gives the same."""
    operation = graph.operations[end]
    inputs = graph.input_shapes[0] if start < 0 else graph.operations[start].output_shape
    outputs = operation.output_shape
    if inputs is None or outputs is None or None in inputs or None in outputs:
        return None
    if len(inputs) != len(outputs) or not 3 <= len(inputs) <= 4 or inputs[:2] != outputs[:2]:
        return None
    shape = tuple(size or 0 for size in inputs)
    if np.prod(shape, dtype=float) > LARGEST:
        return None
    known: dict[Value, NDArray[Any]] = {
        Value(start): np.random.default_rng(0).standard_normal(shape)
    }
    try:
        for index in part:
            known[Value(index)] = _computed(graph.operations[index], known, values)
    except Misfit:
        return None
    layer = layer_by_values(shape[1:], known[Value(start)], known[Value(end)])
    if layer is None:
        return None
    kind = type(layer).__name__
    return Operation(
        operation.name, kind, "resize", (Value(start),), (inputs,), (outputs,), layer=layer
    )


def _computed(
    operation: Operation, known: Mapping[Value, NDArray[Any]], values: Values
) -> NDArray[Any]:
    call = operation.source
    assert isinstance(call, NodeCall)
    given = []
    for array in call.inputs:
        if array is None:
            continue
        if array.value is None:
            given.append(values.of(array))
        elif array.value in known:
            given.append(known[array.value])
        else:
            raise Misfit("its input is not known")
    return evaluate(call, given, operation.output_shape)
