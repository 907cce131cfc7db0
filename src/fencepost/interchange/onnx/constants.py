"""The values of arrays that do not depend on the input: in the file, or computed from such ones.

Sources: the ONNX operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..conversion.parts import Float32, Misfit, as_float32
from .operators.node import Array, NodeCall
from .wire.values import read_values

#: Computes the output of a node from its inputs, and the shape that it must have.
Evaluator: TypeAlias = Callable[[NodeCall, Sequence[NDArray[Any]], tuple[int, ...]], Any]

_DEEPEST = 64  # constants computed from constants
LARGEST = 2**24  # elements of one of them, unless it is made of as many


class Values:
    """Finds the values of constants: those in the file, and those that are computed from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # By identity; the arrays are kept, so that none takes the place of another.
        self._computed: dict[int, tuple[Array, NDArray[Any]]] = {}

    def of(self, array: Array, depth: int = 0) -> NDArray[Any]:
        """Return the values. Raises Misfit if they are computed in a way that is not known."""
        if array.tensor is not None:
            return read_values(array.tensor, self.folder)
        if array.folded is not None:
            return np.array(array.folded.tolist())
        if id(array) not in self._computed:
            call = array.made_by
            if call is None or depth > _DEEPEST:
                raise Misfit("its weights are computed while it runs")
            given = [self.of(input_, depth + 1) for input_ in call.inputs if input_ is not None]
            self._computed[id(array)] = array, evaluate(call, given, array.shape)
        return self._computed[id(array)][1]

    def weight(self, call: NodeCall, index: int) -> Float32 | None:
        """Return an input as weights; None if it is left out."""
        array = call.array(index)
        if array is None:
            return None
        if not array.constant:
            raise Misfit("its weights are computed while it runs")
        values = self.of(array)
        if values.dtype.kind != "f" and call.operator != "Pow":
            raise Misfit(f"its weights are of type {values.dtype}, and no floating point")
        return as_float32(call.node.inputs[index], values)


def evaluate(
    call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int | None, ...] | None
) -> NDArray[Any]:
    """Compute the output of a node. Raises Misfit if its operator is not known here."""
    evaluator = EVALUATORS.get(call.operator)
    if evaluator is None or call.node.domain or shape is None or None in shape:
        raise Misfit("its weights are computed while it runs")
    sizes = tuple(size or 0 for size in shape)
    # Repeating makes much of little: a file may claim any size.
    if math.prod(sizes) > max(LARGEST, 4 * sum(array.size for array in given)):
        raise Misfit("its weights are too large")
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(evaluator(call, given, sizes))
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise Misfit(f"its weights cannot be computed: {error}") from None
    if values.shape != sizes:
        raise Misfit("its weights are computed while it runs")
    return values


def _shaped(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    return given[0].reshape(shape)


def _sliced(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    starts, ends, *more = (array.tolist() for array in given[1:])
    axes = more[0] if more else list(range(len(starts)))
    steps = more[1] if len(more) > 1 else [1] * len(starts)
    cut = [slice(None)] * given[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, None if step < 0 and end < -given[0].shape[axis] else end, step)
    return given[0][tuple(cut)]


def _gathered(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    return np.take(given[0], given[1].astype(np.int64), call.integer("axis", 0))


def _gathered_nd(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    data, indices = given[0], given[1].astype(np.int64)
    if call.integer("batch_dims", 0):
        raise ValueError("batches")
    return data[tuple(np.moveaxis(indices, -1, 0))]


def _dequantized(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    values, scale, *zero = given
    if call.integer("block_size", 0):
        raise ValueError("blocks have scales of their own")
    along = [1] * values.ndim
    if scale.ndim:
        along[call.integer("axis", 1)] = -1
    shifted = values.astype(np.int64) - (zero[0].reshape(along).astype(np.int64) if zero else 0)
    return shifted.astype(scale.dtype) * scale.reshape(along)


def _reduced(function: Callable[..., Any]) -> Evaluator:
    def rule(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
        axes = given[1].tolist() if len(given) > 1 else call.integers("axes")
        return function(given[0], axis=None if axes is None else tuple(axes)).reshape(shape)

    return rule


#: By operator.
EVALUATORS: Mapping[str, Evaluator] = {
    **dict.fromkeys(("Reshape", "Unsqueeze", "Squeeze", "Flatten"), _shaped),
    **dict.fromkeys(("Identity", "Cast"), lambda call, given, shape: given[0]),
    "Transpose": lambda call, given, shape: np.transpose(given[0], call.integers("perm")),
    "Expand": lambda call, given, shape: np.broadcast_to(given[0], shape),
    "Tile": lambda call, given, shape: np.tile(given[0], given[1].astype(np.int64)),
    "DequantizeLinear": _dequantized,
    "Concat": lambda call, given, shape: np.concatenate(given, call.integer("axis", 0)),
    "Slice": _sliced,
    "Gather": _gathered,
    "GatherND": _gathered_nd,
    "Where": lambda call, given, shape: np.where(given[0].astype(bool), given[1], given[2]),
    "Add": lambda call, given, shape: given[0] + given[1],
    "Sub": lambda call, given, shape: given[0] - given[1],
    "Mul": lambda call, given, shape: given[0] * given[1],
    "Div": lambda call, given, shape: given[0] / given[1],
    "Pow": lambda call, given, shape: given[0] ** given[1],
    "MatMul": lambda call, given, shape: given[0] @ given[1],
    "Sqrt": lambda call, given, shape: np.sqrt(given[0]),
    "Exp": lambda call, given, shape: np.exp(given[0]),
    "Abs": lambda call, given, shape: np.abs(given[0]),
    "Neg": lambda call, given, shape: -given[0],
    "Reciprocal": lambda call, given, shape: 1 / given[0],
    "Max": lambda call, given, shape: np.maximum(given[0], given[1]),
    "Clip": lambda call, given, shape: np.clip(given[0], *given[1:3]),
    "ReduceSum": _reduced(np.sum),
    "ReduceMean": _reduced(np.mean),
    "ReduceMax": _reduced(np.max),
    "ReduceL2": _reduced(lambda x, axis: np.sqrt(np.square(x).sum(axis=axis))),
}
