"""The arithmetic with sizes that exporters write into a graph: Shape, Gather, Mul, Concat, Reshape.

Only arrays of few values are computed, in Python's integers and floats; None stands for a value
that is not known, and whatever is made of it. Sources: the ONNX operators of these names
(onnx.ai/onnx/operators).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ....graph import element_count
from ..wire.messages import attribute
from ..wire.tensors import MAX_SIZE, TYPES, Tensor
from .node import (
    KnownValues,
    NodeCall,
    NodeError,
    NodeFacts,
    axis_index,
    is_small,
    known_values,
    rule,
)

_Arrays: TypeAlias = Sequence[KnownValues]
_Fold: TypeAlias = Callable[[NodeCall, _Arrays, NodeFacts], _Arrays]

_MAX_INTEGER = 2**63


def fold(call: NodeCall, facts: NodeFacts) -> tuple[KnownValues | None, ...]:
    """Compute the outputs of a node of constants, where that can be done.

    Returns the values of each output, or nothing.
    """
    rule = _FOLDS.get(call.operator)
    if rule is None or not all(map(is_small, facts.shapes)):
        return ()
    given = [
        array.values() if is_small(array.shape) else None
        for array in call.inputs
        if array is not None
    ]
    known = [values for values in given if values is not None]
    if len(known) < len(given):
        return ()
    try:
        # NumPy gives the one value of an array without axes as such.
        outputs = [np.asarray(values, object) for values in rule(call, known, facts)]
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return ()  # values that do not fit together: their shapes are known all the same
    if [values.shape for values in outputs] != list(facts.shapes)[: len(outputs)]:
        return ()
    return tuple(outputs)


@rule("Shape")
def shape_of(call: NodeCall) -> NodeFacts:
    """Shape: the sizes of an array, which may be computed from anything."""
    x = call.ranked_shape(0)
    facts = NodeFacts("Shape", "reshape", shapes=((None,),), sources=())
    if x is not None:
        end = attribute(call.node, "end")
        _give(facts, x[call.integer("start", 0) : end if isinstance(end, int) else None])
    return facts


@rule("Size")
def size_of(call: NodeCall) -> NodeFacts:
    """Size: how many elements an array has."""
    x = call.ranked_shape(0)
    count = None if x is None else element_count(x)
    folded = (known_values((count,), ()),)
    return NodeFacts("Numel", "reshape", shapes=((),), folded=folded, sources=())


@rule("Constant")
def constant(call: NodeCall) -> NodeFacts:
    """Constant: values that stand in the node."""
    facts = NodeFacts("Constant", "reshape", shapes=((),))
    for name in ("value", "value_int", "value_ints", "value_float", "value_floats"):
        value = attribute(call.node, name)
        if isinstance(value, Tensor):
            facts.shapes = (value.shape,)
        elif isinstance(value, tuple):
            _give(facts, value)
        elif value is not None:
            facts.folded = (known_values((value,), ()),)
        if value is not None:
            return facts
    strings = attribute(call.node, "value_strings")
    facts.shapes = ((len(strings),) if isinstance(strings, tuple) else (),)
    return facts


@rule("ConstantOfShape")
def constant_of_shape(call: NodeCall) -> NodeFacts:
    """ConstantOfShape: one value everywhere."""
    sizes = call.values(0)
    facts = NodeFacts("Full", "reshape", sources=())
    if sizes is None:
        return facts.depends_on_data("the sizes that it makes depend on")
    if not all(size is None or (type(size) is int and size >= 0) for size in sizes):
        raise NodeError("A size must be an integer of at least 0.", f"{sizes[:9]}")
    shape = tuple(sizes)
    facts.shapes = (shape,)
    value = attribute(call.node, "value")
    filling = value.values() if isinstance(value, Tensor) else (0.0,)
    if filling and is_small(shape):
        facts.folded = (known_values(filling[:1] * math.prod(shape), shape),)
    return facts


@rule("Range")
def range_of(call: NodeCall) -> NodeFacts:
    """Range: values from a start to a limit in equal steps."""
    ends = [call.values(index) for index in range(3)]
    facts = NodeFacts("Arange", "reshape", shapes=((None,),), sources=())
    if not all(values and isinstance(values[0], (int, float)) for values in ends):
        return facts.depends_on_data("how many values it makes depends on", 1)
    start, limit, step = (values[0] for values in ends if values)
    received = f"{start}, {limit}, {step}"
    if step == 0 or not all(map(math.isfinite, (start, limit, step))):
        raise NodeError("The step of Range must not be 0.", received)
    quotient = (limit - start) / step
    if not quotient < MAX_SIZE:
        raise NodeError(f"Range may produce at most {MAX_SIZE:,} values.", received)
    count = math.ceil(max(0, quotient))
    facts.shapes = ((count,),)
    if is_small((count,)):
        _give(facts, [start + index * step for index in range(count)])
    return facts


def _give(facts: NodeFacts, values: Sequence[Any]) -> None:
    """Let a list of values be what comes out."""
    facts.shapes = ((len(values),),)
    facts.folded = (known_values(values, (len(values),)),)


def _bounded(value: Any) -> Any:
    """Sizes are 64 bits long; what grows beyond them is no size of an array."""
    return None if isinstance(value, int) and abs(value) >= _MAX_INTEGER else value


def _elementwise(function: Callable[..., Any]) -> _Fold:
    """Apply a function element by element."""

    def rule(_: NodeCall, given: _Arrays, __: NodeFacts) -> _Arrays:
        arrays = np.broadcast_arrays(*given)
        rows = zip(*(array.ravel() for array in arrays), strict=True)
        values = [None if None in row else _bounded(function(*row)) for row in rows]
        return [known_values(values, arrays[0].shape)]

    return rule


def _pairwise(function: Callable[[Any, Any], Any]) -> _Fold:
    """Apply a function of two numbers to any number of arrays, from the first to the last."""
    return _elementwise(lambda *values: list(itertools.accumulate(values, function))[-1])


def _divided(a: Any, b: Any) -> Any:
    """Divide; integers as C does, towards zero."""
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


def _power(a: Any, b: Any) -> Any:
    if abs(b) > 64:
        return None
    power = a**b
    return int(power) if isinstance(a, int) and not isinstance(power, complex) else power


def _cast(call: NodeCall, given: _Arrays, facts: NodeFacts) -> _Arrays:
    name = TYPES.get(call.integer("to", 0), ("", 0))[0]
    kind: Callable[[Any], Any] = bool if name == "bool" else int if "int" in name else float
    return _elementwise(kind)(call, given, facts)


def _gather(call: NodeCall, given: _Arrays, _: NodeFacts) -> _Arrays:
    data, chosen = given
    axis = axis_index(call.integer("axis", 0), data.ndim)
    return [np.take(data, np.asarray(chosen, np.int64), axis=axis)]


def _concat(call: NodeCall, given: _Arrays, _: NodeFacts) -> _Arrays:
    return [np.concatenate(given, axis=call.integer("axis", 0))]


def _slice(call: NodeCall, given: _Arrays, _: NodeFacts) -> _Arrays:
    starts, ends = (
        call.attribute_or_input("starts", 1) or [],
        call.attribute_or_input("ends", 2) or [],
    )
    axes = call.attribute_or_input("axes", 3) or list(range(len(starts)))
    steps = call.attribute_or_input("steps", 4) or [1] * len(starts)
    cut = [slice(None)] * given[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # −1 as an end is the last index; going backwards, one before the first is what is meant.
        stop = None if step < 0 and end < -given[0].shape[axis] else end
        cut[axis] = slice(start, stop, step)
    return [given[0][tuple(cut)]]


def _split(call: NodeCall, given: _Arrays, facts: NodeFacts) -> _Arrays:
    axis = axis_index(call.integer("axis", 0), given[0].ndim)
    sizes = [shape[axis] or 0 for shape in facts.shapes if shape is not None]
    return np.split(given[0], list(itertools.accumulate(sizes))[:-1], axis=axis)


def _reshaped(_: NodeCall, given: _Arrays, facts: NodeFacts) -> _Arrays:
    return [given[0].reshape(_known_shape(facts))]


def _expanded(_: NodeCall, given: _Arrays, facts: NodeFacts) -> _Arrays:
    return [np.broadcast_to(given[0], _known_shape(facts))]


def _transposed(call: NodeCall, given: _Arrays, _: NodeFacts) -> _Arrays:
    return [np.transpose(given[0], call.integers("perm"))]


def _reduced(function: Callable[[Sequence[Any]], Any]) -> _Fold:
    """Reduce all values to one, as long as all axes are meant."""

    def rule(_: NodeCall, given: _Arrays, facts: NodeFacts) -> _Arrays:
        shape = _known_shape(facts)
        values = given[0].ravel().tolist()
        if math.prod(shape) != 1 or not values:
            raise ValueError
        return [known_values((None if None in values else _bounded(function(values)),), shape)]

    return rule


def _known_shape(facts: NodeFacts) -> tuple[int, ...]:
    shape = facts.shapes[0]
    return tuple(size or 0 for size in shape or ())


def _same(_: NodeCall, given: _Arrays, __: NodeFacts) -> _Arrays:
    return [given[0]]


_FOLDS: dict[str, _Fold] = {
    "Abs": _elementwise(abs),
    "Add": _pairwise(lambda a, b: a + b),
    "And": _elementwise(lambda a, b: bool(a and b)),
    "Cast": _cast,
    "Ceil": _elementwise(lambda a: float(math.ceil(a))),
    "Concat": _concat,
    "Div": _pairwise(_divided),
    "Equal": _elementwise(lambda a, b: a == b),
    "Expand": _expanded,
    "Flatten": _reshaped,
    "Floor": _elementwise(lambda a: float(math.floor(a))),
    "Gather": _gather,
    "Greater": _elementwise(lambda a, b: a > b),
    "GreaterOrEqual": _elementwise(lambda a, b: a >= b),
    "Identity": _same,
    "Less": _elementwise(lambda a, b: a < b),
    "LessOrEqual": _elementwise(lambda a, b: a <= b),
    "Max": _pairwise(max),
    "Min": _pairwise(min),
    "Mod": _elementwise(lambda a, b: a % b),
    "Mul": _pairwise(lambda a, b: a * b),
    "Neg": _elementwise(lambda a: -a),
    "Not": _elementwise(lambda a: not a),
    "Or": _elementwise(lambda a, b: bool(a or b)),
    "Pow": _elementwise(_power),
    "ReduceMax": _reduced(max),
    "ReduceMin": _reduced(min),
    "ReduceProd": _reduced(math.prod),
    "ReduceSum": _reduced(sum),
    "Reshape": _reshaped,
    "Round": _elementwise(lambda a: float(round(a))),
    "Slice": _slice,
    "Split": _split,
    "Sqrt": _elementwise(math.sqrt),
    "Squeeze": _reshaped,
    "Sub": _pairwise(lambda a, b: a - b),
    "Sum": _pairwise(lambda a, b: a + b),
    "Transpose": _transposed,
    "Unsqueeze": _reshaped,
    "Where": _elementwise(lambda c, a, b: a if c else b),
}
