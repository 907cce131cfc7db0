"""The arithmetic with sizes that exporters write into a graph: Shape, Gather, Mul, Concat, Reshape.

Only arrays of few numbers are computed, in Python's integers and floats; None stands for a number
that is not known, and whatever is made of it. Sources: the ONNX operators of these names
(onnx.ai/onnx/operators).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from fencepost.interchange.onnx.operators.calls import (
    Call,
    Misfit,
    Numbers,
    Result,
    axis,
    numbers,
    small,
)
from fencepost.interchange.onnx.wire.messages import attribute
from fencepost.interchange.onnx.wire.tensors import LARGEST_SIZE, TYPES, Tensor

_Fold: TypeAlias = Callable[[Call, Sequence[Numbers], Result], Sequence[Numbers]]

_LARGEST_INTEGER = 2**63


def fold(call: Call, result: Result) -> tuple[Numbers | None, ...]:
    """Compute the outputs of a node of constants, where that can be done.

    Returns the numbers of each output, or nothing.
    """
    rule = _FOLDS.get(call.node.operator)
    if rule is None or not all(map(small, result.shapes)):
        return ()
    given = [one.numbers() if small(one.shape) else None for one in call.inputs if one is not None]
    known = [one for one in given if one is not None]
    if len(known) < len(given):
        return ()
    try:
        # NumPy gives the one number of an array without axes as such.
        found = [np.asarray(one, object) for one in rule(call, known, result)]
    except (ArithmeticError, IndexError, TypeError, ValueError):
        return ()  # numbers that do not fit together: their shapes are known all the same
    if [one.shape for one in found] != list(result.shapes)[: len(found)]:
        return ()
    return tuple(found)


def shape_of(call: Call) -> Result:
    """Shape: the sizes of an array, which may be computed from anything."""
    x = call.rank(0)
    result = Result("Shape", "reshape", ((None,),), sources=())
    if x is not None:
        end = attribute(call.node, "end")
        part = x[call.integer("start", 0) : end if isinstance(end, int) else None]
        result.shapes = ((len(part),),)
        result.folded = (numbers(part, (len(part),)),)
    return result


def size_of(call: Call) -> Result:
    """Size: how many cells an array has."""
    x = call.rank(0)
    known = x is not None and None not in x
    cells = math.prod(size or 0 for size in x or ()) if known else None
    return Result("Numel", "reshape", ((),), folded=(numbers((cells,), ()),), sources=())


def constant(call: Call) -> Result:
    """Constant: numbers that stand in the node."""
    for name in ("value", "value_int", "value_ints", "value_float", "value_floats"):
        value = attribute(call.node, name)
        if isinstance(value, Tensor):
            return Result("Constant", "reshape", (value.shape,))
        if isinstance(value, tuple):
            return Result(
                "Constant", "reshape", ((len(value),),), folded=(numbers(value, (len(value),)),)
            )
        if value is not None:
            return Result("Constant", "reshape", ((),), folded=(numbers((value,), ()),))
    strings = attribute(call.node, "value_strings")
    return Result("Constant", "reshape", ((len(strings),) if isinstance(strings, tuple) else (),))


def constant_of_shape(call: Call) -> Result:
    """ConstantOfShape: one number everywhere."""
    sizes = call.flat(0)
    result = Result("Full", "reshape", (None,), sources=())
    if sizes is not None:
        if not all(one is None or (isinstance(one, int) and one >= 0) for one in sizes):
            raise Misfit("A size must be a whole number of at least 0.", f"{sizes[:9]}")
        result.shapes = (tuple(sizes),)
        value = attribute(call.node, "value")
        filling = value.numbers() if isinstance(value, Tensor) else (0.0,)
        if filling and small(result.shapes[0]):
            result.folded = (numbers(filling[:1] * math.prod(sizes), tuple(sizes)),)
    else:
        result.unknown = "the sizes that it makes depend on the data"
    return result


def range_of(call: Call) -> Result:
    """Range: numbers from a start to a limit in equal steps."""
    ends = [call.flat(index) for index in range(3)]
    result = Result("Arange", "reshape", ((None,),), sources=())
    if all(one and isinstance(one[0], (int, float)) for one in ends):
        start, limit, step = (one[0] for one in ends if one)
        if step == 0 or not all(math.isfinite(one) for one in (start, limit, step)):
            raise Misfit("Range must go in steps other than 0.", f"{start}, {limit}, {step}")
        quotient = (limit - start) / step
        if not quotient < LARGEST_SIZE:
            raise Misfit(
                f"Range may make at most {LARGEST_SIZE:,} numbers.", f"{start}, {limit}, {step}"
            )
        count = math.ceil(max(0, quotient))
        result.shapes = ((count,),)
        if small((count,)):
            result.folded = (numbers([start + index * step for index in range(count)], (count,)),)
    else:
        result.unknown = "how many numbers it makes depends on the data"
    return result


def _plain(function: Callable[..., Any]) -> _Fold:
    """Apply a function place by place."""

    def place_by_place(*values: Any) -> Any:
        if None in values:
            return None
        found = function(*values)
        # Sizes are 64 bits long; what grows beyond them is no size of an array.
        return None if isinstance(found, int) and abs(found) >= _LARGEST_INTEGER else found

    def rule(_: Call, given: Sequence[Numbers], __: Result) -> Sequence[Numbers]:
        arrays = np.broadcast_arrays(*given)
        cells = [place_by_place(*row) for row in zip(*(a.ravel() for a in arrays), strict=True)]
        return [numbers(cells, arrays[0].shape)]

    return rule


def _pairwise(function: Callable[[Any, Any], Any]) -> _Fold:
    """Apply a function of two numbers to any number of arrays, from the first to the last."""
    return _plain(lambda *values: list(itertools.accumulate(values, function))[-1])


def _divided(a: Any, b: Any) -> Any:
    """Divide; integers as C does, towards zero."""
    if isinstance(a, int) and isinstance(b, int):
        whole = abs(a) // abs(b)
        return whole if (a < 0) == (b < 0) else -whole
    return a / b


def _power(a: Any, b: Any) -> Any:
    if abs(b) > 64:
        return None
    found = a**b
    return int(found) if isinstance(a, int) and not isinstance(found, complex) else found


def _cast(call: Call, given: Sequence[Numbers], result: Result) -> Sequence[Numbers]:
    word = TYPES.get(call.integer("to", 0), ("", 0))[0]
    kind: Callable[[Any], Any] = float
    if word == "bool":
        kind = bool
    elif "int" in word:
        kind = int
    return _plain(kind)(call, given, result)


def _gather(call: Call, given: Sequence[Numbers], _: Result) -> Sequence[Numbers]:
    data, chosen = given
    place = axis(call.integer("axis", 0), data.ndim)
    return [np.take(data, np.asarray(chosen, np.int64), axis=place)]


def _concat(call: Call, given: Sequence[Numbers], _: Result) -> Sequence[Numbers]:
    return [np.concatenate(given, axis=call.integer("axis", 0))]


def _slice(call: Call, given: Sequence[Numbers], _: Result) -> Sequence[Numbers]:
    starts, ends = call.listed("starts", 1) or [], call.listed("ends", 2) or []
    axes = call.listed("axes", 3) or list(range(len(starts)))
    steps = call.listed("steps", 4) or [1] * len(starts)
    cut = [slice(None)] * given[0].ndim
    for start, end, place, step in zip(starts, ends, axes, steps, strict=True):
        # −1 as an end is the last place; going backwards, one before the first is what is meant.
        stop = None if step < 0 and end < -given[0].shape[place] else end
        cut[place] = slice(start, stop, step)
    return [given[0][tuple(cut)]]


def _split(call: Call, given: Sequence[Numbers], result: Result) -> Sequence[Numbers]:
    place = axis(call.integer("axis", 0), given[0].ndim)
    sizes = [shape[place] or 0 for shape in result.shapes if shape is not None]
    return np.split(given[0], list(itertools.accumulate(sizes))[:-1], axis=place)


def _reshaped(_: Call, given: Sequence[Numbers], result: Result) -> Sequence[Numbers]:
    return [given[0].reshape(_whole(result))]


def _expanded(_: Call, given: Sequence[Numbers], result: Result) -> Sequence[Numbers]:
    return [np.broadcast_to(given[0], _whole(result))]


def _transposed(call: Call, given: Sequence[Numbers], _: Result) -> Sequence[Numbers]:
    return [np.transpose(given[0], call.integers("perm"))]


def _reduced(function: Callable[[Sequence[Any]], Any]) -> _Fold:
    """Reduce all numbers to one, as long as all axes are meant."""

    def rule(_: Call, given: Sequence[Numbers], result: Result) -> Sequence[Numbers]:
        shape = _whole(result)
        values = given[0].ravel().tolist()
        if math.prod(shape) != 1 or not values:
            raise ValueError
        found = None if None in values else function(values)
        if isinstance(found, int) and abs(found) >= _LARGEST_INTEGER:
            found = None
        return [numbers((found,), shape)]

    return rule


def _whole(result: Result) -> tuple[int, ...]:
    shape = result.shapes[0]
    return tuple(size or 0 for size in shape or ())


def _same(_: Call, given: Sequence[Numbers], __: Result) -> Sequence[Numbers]:
    return [given[0]]


_FOLDS: dict[str, _Fold] = {
    "Abs": _plain(abs),
    "Add": _pairwise(lambda a, b: a + b),
    "And": _plain(lambda a, b: bool(a and b)),
    "Cast": _cast,
    "Ceil": _plain(lambda a: float(math.ceil(a))),
    "Concat": _concat,
    "Div": _pairwise(_divided),
    "Equal": _plain(lambda a, b: a == b),
    "Expand": _expanded,
    "Flatten": _reshaped,
    "Floor": _plain(lambda a: float(math.floor(a))),
    "Gather": _gather,
    "Greater": _plain(lambda a, b: a > b),
    "GreaterOrEqual": _plain(lambda a, b: a >= b),
    "Identity": _same,
    "Less": _plain(lambda a, b: a < b),
    "LessOrEqual": _plain(lambda a, b: a <= b),
    "Max": _pairwise(max),
    "Min": _pairwise(min),
    "Mod": _plain(lambda a, b: a % b),
    "Mul": _pairwise(lambda a, b: a * b),
    "Neg": _plain(lambda a: -a),
    "Not": _plain(lambda a: not a),
    "Or": _plain(lambda a, b: bool(a or b)),
    "Pow": _plain(_power),
    "ReduceMax": _reduced(max),
    "ReduceMin": _reduced(min),
    "ReduceProd": _reduced(math.prod),
    "ReduceSum": _reduced(sum),
    "Reshape": _reshaped,
    "Round": _plain(lambda a: float(round(a))),
    "Slice": _slice,
    "Split": _split,
    "Sqrt": _plain(math.sqrt),
    "Squeeze": _reshaped,
    "Sub": _pairwise(lambda a, b: a - b),
    "Sum": _pairwise(lambda a, b: a + b),
    "Transpose": _transposed,
    "Unsqueeze": _reshaped,
    "Where": _plain(lambda c, a, b: a if c else b),
}
