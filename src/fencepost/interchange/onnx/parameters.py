"""Which of an ONNX file's arrays are learned: an operation's parameters, each counted once."""

from __future__ import annotations

from .operators.node import Array, NodeCall, NodeFacts

# Types of weights: floating point, and what it is quantised to.
_FLOATS = (1, 10, 11, 16, 17, 18, 19, 20, 23, 24, 27, 28)
_QUANTISED = (2, 3, 6, 21, 22, 25, 26)


def parameters(call: NodeCall, facts: NodeFacts) -> int:
    """Count what the operation learns, once in the whole model."""
    certain = sum(_learned(call.array(index), certain=True) for index in facts.weights)
    others = sum(_learned(call.array(index), certain=False) for index in facts.candidates)
    return facts.inner + certain + others


def _learned(array: Array | None, *, certain: bool) -> int:
    """Count the weights that an array is, or was computed from; those counted before are not."""
    total = 0
    waiting = [] if array is None else [array]
    while waiting:
        source = waiting.pop()
        if source.is_counted or not source.constant:
            continue
        source.is_counted = True
        waiting.extend(source.sources)
        weight = source.tensor
        if weight is None:
            continue
        types = (*_FLOATS, *_QUANTISED) if certain else _FLOATS
        scalar = weight.size == 1 and not (certain and source is array)
        untrained = source.literal and (not certain or _is_uniform(source))
        if weight.element_type in types and not scalar and not untrained:
            total += weight.size
    return total


def _is_uniform(array: Array) -> bool:
    """Whether all values are the same: a norm without parameters is written so."""
    values = array.values()
    return values is not None and len(set(values.ravel().tolist())) == 1
