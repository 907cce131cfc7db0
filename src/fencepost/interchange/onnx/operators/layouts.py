"""ONNX's operators that only index the elements anew, or put arrays beside one another.

Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....graph import Shape, element_count
from ...facts import shape_text
from ..wire.tensors import MAX_AXES, MAX_SIZE
from .node import (
    NodeCall,
    NodeError,
    NodeFacts,
    axis_index,
    axis_indices,
    broadcast,
    known_values,
    rule,
)


@rule("Reshape")
def reshape(call: NodeCall) -> NodeFacts:
    """Reshape: 0 keeps a size, −1 takes what is left."""
    x, wanted = call.ranked_shape(0), call.attribute_or_input("shape", 1)
    facts = NodeFacts("Reshape", "reshape", sources=(0,))
    if wanted is None:
        target = call.shape(1)
        known = target is not None and len(target) == 1 and (target[0] or 99) <= MAX_AXES
        rank = (target[0] or 0) if known and target is not None else None
        return facts.depends_on_data("the sizes that it makes depend on", rank)
    sizes = _checked_sizes(wanted, minimum=-1)
    if not call.integer("allowzero", 0):
        sizes = [_kept_size(x, axis) if size == 0 else size for axis, size in enumerate(sizes)]
    if sizes.count(-1) > 1:
        raise NodeError("Only one size may be −1.", f"{sizes}", facts)
    count = None if x is None else element_count(x)
    if -1 in sizes or sizes.count(None) == 1:
        axis = sizes.index(-1 if -1 in sizes else None)
        others = element_count((*sizes[:axis], *sizes[axis + 1 :]))
        if count is not None and others is not None:
            if others == 0 or count % others:
                raise NodeError(
                    "An array must be cut into equal parts.",
                    f"{_with_count(x)} for {shape_text(sizes)}",
                    facts,
                )
            sizes[axis] = count // others
        else:
            sizes[axis] = None
    requested = element_count(tuple(sizes))
    if count is not None and requested is not None and requested != count:
        raise NodeError(
            "An array that is reshaped must keep its number of elements.",
            f"{_with_count(x)} for {_with_count(sizes)}",
            facts,
        )
    facts.shapes = (tuple(sizes),)
    if x is not None and len(x) > 2 and tuple(sizes) == _flattened(x, 1):
        facts.kind = "Flatten"
    return facts


@rule("Flatten")
def flatten(call: NodeCall) -> NodeFacts:
    """Flatten: two axes are left."""
    x = call.ranked_shape(0)
    start = call.integer("axis", 1)
    facts = NodeFacts("Flatten" if start == 1 else "Reshape", "reshape", sources=(0,))
    if x is not None:
        facts.shapes = (_flattened(x, start if start == len(x) else axis_index(start, len(x))),)
    return facts


@rule("Transpose")
def transpose(call: NodeCall) -> NodeFacts:
    """Transpose: the axes in another order."""
    x, order = call.ranked_shape(0), call.integers("perm")
    facts = NodeFacts("Permute", "reshape", sources=(0,))
    if x is None:
        return facts
    order = tuple(range(len(x)))[::-1] if order is None else order
    if sorted(order) != list(range(len(x))):
        raise NodeError("perm must name every axis once.", f"{order} for {len(x)} axes")
    facts.arguments = {"dims": order}
    facts.shapes = (tuple(x[axis] for axis in order),)
    return facts


@rule("ReverseSequence")
def reverse(call: NodeCall) -> NodeFacts:
    """ReverseSequence: elements along an axis the other way round, each size as it was."""
    return NodeFacts("ReverseSequence", "reshape", shapes=(call.ranked_shape(2),), sources=(0,))


@rule("Squeeze")
def squeeze(call: NodeCall) -> NodeFacts:
    """Squeeze: axes of size 1 are taken away."""
    x, given = call.ranked_shape(0), call.attribute_or_input("axes", 1)
    facts = NodeFacts("Squeeze", "reshape", sources=(0,))
    if given is None and call.has(1):
        return facts.depends_on_data("the axes that it removes depend on")
    if x is None:
        return facts
    if given is None:
        if None not in x:
            facts.shapes = (tuple(size for size in x if size != 1),)
        return facts
    axes = set(axis_indices(given, len(x)))
    if any(x[axis] not in (1, None) for axis in axes):
        raise NodeError("Only axes of size 1 can be removed.", f"{shape_text(x)}, axes {given}")
    facts.arguments = {"dim": tuple(sorted(axes))}
    facts.shapes = (tuple(size for axis, size in enumerate(x) if axis not in axes),)
    return facts


@rule("Unsqueeze")
def unsqueeze(call: NodeCall) -> NodeFacts:
    """Unsqueeze: axes of size 1 are put in."""
    x, given = call.ranked_shape(0), call.attribute_or_input("axes", 1)
    facts = NodeFacts("Unsqueeze", "reshape", sources=(0,))
    if given is None:
        return facts.depends_on_data("the axes that it inserts depend on")
    if x is not None:
        rank = len(x) + len(given)
        axes = set(axis_indices(given, rank))
        if len(axes) < len(given) or rank > MAX_AXES:
            raise NodeError("Each new axis must have a different index.", f"{given[:9]}")
        facts.arguments = {"dim": tuple(sorted(axes))}
        old = iter(x)
        facts.shapes = (tuple(1 if axis in axes else next(old) for axis in range(rank)),)
    return facts


@rule("Expand")
def expand(call: NodeCall) -> NodeFacts:
    """Expand: axes of size 1 are repeated."""
    x, wanted = call.ranked_shape(0), call.values(1)
    facts = NodeFacts("Expand", "resize", sources=(0,))
    if wanted is None:
        return facts.depends_on_data("the sizes that it makes depend on")
    if x is not None:
        facts.shapes = (broadcast([x, tuple(_checked_sizes(wanted))], "expanded"),)
    return facts


@rule("Tile")
def tile(call: NodeCall) -> NodeFacts:
    """Tile: the array is repeated along each axis."""
    x, repeats = call.ranked_shape(0), call.values(1)
    facts = NodeFacts("Tile", "resize", sources=(0,))
    if repeats is None:
        return facts.depends_on_data("how often it repeats depends on")
    if x is not None:
        counts = _checked_sizes(repeats)
        if len(counts) != len(x):
            raise NodeError(
                "Tile needs an integer for each axis.", f"{shape_text(x)}, repeats {counts}"
            )
        facts.arguments = {"dims": tuple(counts)}
        facts.shapes = (tuple(element_count(pair) for pair in zip(x, counts, strict=True)),)
    return facts


@rule("Concat")
def concat(call: NodeCall) -> NodeFacts:
    """Concat: arrays one after the other along an axis, equal along all others."""
    shapes = [call.ranked_shape(1, index) for index in range(len(call.inputs))]
    dim = call.integer("axis", 1)
    role = "join" if call.data_inputs() > 1 else "reshape"
    facts = NodeFacts("Cat", role, {"dim": dim}, candidates=call.constants())  # type: ignore[arg-type]
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) < len(shapes):
        return facts
    joined = axis_index(dim, len(known[0]))
    if joined != 1 and facts.role == "join":
        facts.role = "unknown"
        facts.reason = "it concatenates along an axis other than the channels"
    other_rank = next((shape for shape in known if len(shape) != len(known[0])), None)
    if other_rank is not None:
        raise NodeError(
            "Arrays that are concatenated must have the same number of axes.",
            f"{shape_text(known[0])} and {shape_text(other_rank)}",
        )
    sizes: list[int | None] = []
    for axis, column in enumerate(zip(*known, strict=True)):
        distinct = list(dict.fromkeys(size for size in column if size is not None))
        if axis == joined:
            sizes.append(_total(column))
        elif len(distinct) > 1:
            examples = [known[column.index(size)] for size in distinct[:2]]
            raise NodeError(
                f"Arrays concatenated along axis {joined} must match along all other axes.",
                " and ".join(map(shape_text, examples)),
            )
        else:
            sizes.append(distinct[0] if distinct else None)
    facts.shapes = (tuple(sizes),)
    return facts


@rule("Split")
def split(call: NodeCall) -> NodeFacts:
    """Split: parts along an axis, of given or of equal sizes."""
    x, sizes = call.ranked_shape(1), call.attribute_or_input("split", 1)
    outputs = len(call.node.outputs)
    dim = call.integer("axis", 0)
    facts = NodeFacts("Split", "reshape", {"dim": dim}, shapes=(None,) * outputs, sources=(0,))
    if sizes is None and call.has(1):
        return facts.depends_on_data("the sizes of its parts depend on")
    if x is None:
        return facts
    axis = axis_index(dim, len(x))
    facts.role = "pointwise" if axis == 1 else "reshape"
    size = x[axis]
    parts: list[Any] = sizes or [None] * outputs
    if not sizes and size is not None:
        count = call.integer("num_outputs", outputs)
        if count != outputs or outputs < 1:
            raise NodeError("num_outputs must be the number of outputs.", f"{count} and {outputs}")
        if call.opset > 17 and "num_outputs" not in call.node.attributes:
            facts.refused = "ONNX Runtime rejects a Split with neither sizes nor num_outputs"
        most = -(-size // outputs)  # the last part is what is left
        parts = [*[most] * (outputs - 1), size - most * (outputs - 1)]
    valid = all(part is None or (isinstance(part, int) and part >= 0) for part in parts)
    if len(parts) != outputs or not valid:
        raise NodeError("Split needs a size for each output.", f"{parts[:9]}, {outputs} outputs")
    total = _total(parts)
    if total is not None and size not in (total, None):
        raise NodeError("The parts must add up to the axis.", f"{parts[:9]} of {size}", facts)
    facts.shapes = tuple((*x[:axis], part, *x[axis + 1 :]) for part in parts)
    return facts


@rule("Gather")
def gather(call: NodeCall) -> NodeFacts:
    """Gather: entries along an axis; of a table that is learned, PyTorch's Embedding."""
    x, chosen = call.ranked_shape(1), call.ranked_shape(0, 1)
    table, indices = call.array(0), call.array(1)
    if table and indices and table.constant and not indices.constant:
        facts = NodeFacts("Embedding", "pointwise", weights=(0,), sources=(0,))
    else:
        facts = NodeFacts("Select", "reshape", sources=(0,))
    if x is None or chosen is None:
        return facts
    axis = axis_index(call.integer("axis", 0), len(x))
    size = x[axis]
    if facts.kind == "Select":
        facts.arguments = {"dim": axis}
        for index in call.values(1) or ():
            if size is not None and isinstance(index, int) and not -size <= index < size:
                raise NodeError("An index must be within its axis.", f"index {index} of {size}")
    elif len(x) == 2 and None not in x:
        facts.weight_shape = tuple(size for size in x if size is not None)
    facts.shapes = ((*x[:axis], *chosen, *x[axis + 1 :]),)
    return facts


@rule("GatherElements")
def gather_elements(call: NodeCall) -> NodeFacts:
    """GatherElements: an entry for each index."""
    x, chosen = call.ranked_shape(1), call.ranked_shape(1, 1)
    if x is not None and chosen is not None:
        axis = _same_axes(call, x, chosen)
        for index, (size, count) in enumerate(zip(x, chosen, strict=True)):
            if index != axis and None not in (size, count) and (count or 0) > (size or 0):
                raise NodeError(
                    "Indices must lie within the array along all other axes.",
                    f"{shape_text(chosen)} for {shape_text(x)}",
                )
    return NodeFacts("Gather", "reshape", shapes=(call.ranked_shape(1, 1),), sources=(0,))


@rule("GatherND")
def gather_nd(call: NodeCall) -> NodeFacts:
    """GatherND: a slice for each row of indices."""
    x, chosen = call.ranked_shape(1), call.ranked_shape(1, 1)
    facts = NodeFacts("Index", "reshape", sources=(0,))
    if x is None or chosen is None or chosen[-1] is None:
        return facts
    start = call.integer("batch_dims", 0) + chosen[-1]
    if not chosen[-1] <= start <= len(x):
        raise NodeError("Indices must name axes that exist.", f"{start} of {len(x)} axes")
    facts.shapes = ((*chosen[:-1], *x[start:]),)
    return facts


@rule("Scatter", "ScatterElements", "ScatterND")
def scatter(call: NodeCall) -> NodeFacts:
    """ScatterND, ScatterElements, Scatter: the array, with some of its entries replaced."""
    x, chosen, new = (call.ranked_shape(1, index) for index in range(3))
    if call.operator != "ScatterND" and x is not None and chosen is not None:
        _same_axes(call, x, chosen)
        if new is not None and None not in (*chosen, *new) and new != chosen:
            raise NodeError(
                "There must be an update for each index.",
                f"{shape_text(new)} for {shape_text(chosen)}",
            )
    return NodeFacts("Scatter", "join", shapes=(call.ranked_shape(1),))


def _same_axes(call: NodeCall, x: Shape, chosen: Shape) -> int:
    """Return the axis along which indices count, of an array with as many axes as they have."""
    axis = axis_index(call.integer("axis", 0), len(x))
    if len(chosen) != len(x):
        raise NodeError(
            "Indices must have as many axes as the array.",
            f"{shape_text(chosen)} for {shape_text(x)}",
        )
    return axis


@rule("TopK")
def top_k(call: NodeCall) -> NodeFacts:
    """TopK: the largest entries along an axis, and their indices."""
    x, count = call.ranked_shape(1), call.attribute_or_input("k", 1)
    facts = NodeFacts("Topk", "reshape", shapes=(None, None))
    if count is None:
        return facts.depends_on_data("how many it keeps depends on")
    if x is not None and len(count) == 1:
        axis = axis_index(call.integer("axis", -1), len(x))
        (kept,), size = _checked_sizes(count), x[axis]
        if kept is not None and size is not None and kept > size:
            raise NodeError("TopK cannot keep more entries than its axis has.", f"{kept} of {size}")
        facts.shapes = ((*x[:axis], kept, *x[axis + 1 :]),) * 2
    return facts


@rule("OneHot")
def one_hot(call: NodeCall) -> NodeFacts:
    """OneHot: a new axis as long as there are classes."""
    x, depth = call.ranked_shape(0), call.values(1)
    facts = NodeFacts("OneHot", "pointwise")
    if x is not None:
        axis = axis_index(call.integer("axis", -1), len(x), new=True)
        size = _checked_sizes(depth)[0] if depth else None
        pair = call.shape(2)
        if pair is not None and element_count(pair) not in (2, None):
            raise NodeError("OneHot needs two values, off and on.", shape_text(pair))
        facts.shapes = ((*x[:axis], size, *x[axis:]),)
    return facts


@rule("NonZero")
def non_zero(call: NodeCall) -> NodeFacts:
    """NonZero: as many columns as there are elements that are not 0.

    PyTorch's export of `nonzero(ones(n))` counts to n with it.
    """
    x, values = call.ranked_shape(0), call.values(0)
    if x and values is not None and None not in values:
        indices = np.stack(np.nonzero(np.reshape(values, x)))
        folded = (known_values(indices.ravel().tolist(), indices.shape),)
        return NodeFacts("Nonzero", "reshape", shapes=(indices.shape,), folded=folded)
    shape = (None if x is None else len(x), None)
    facts = NodeFacts("Nonzero", "reshape", shapes=(shape,))
    return facts.depends_on_data("how many elements are not 0 depends on")


def _checked_sizes(values: Sequence[Any], minimum: int = 0) -> list[int | None]:
    """Check sizes that were computed."""
    if len(values) > MAX_AXES:
        raise NodeError(f"An array may have at most {MAX_AXES} axes.", f"{len(values)}")
    for value in values:
        if value is not None and (not isinstance(value, int) or not minimum <= value <= MAX_SIZE):
            raise NodeError(f"A size must be an integer from 0 to {MAX_SIZE:,}.", f"{value}")
    return list(values)


def _kept_size(x: Shape | None, axis: int) -> int | None:
    if x is not None and axis >= len(x):
        raise NodeError("A size of 0 keeps that of the axis.", f"axis {axis} of {shape_text(x)}")
    return None if x is None else x[axis]


def _flattened(x: Shape, start: int) -> Shape:
    return element_count(x[:start]), element_count(x[start:])


def _with_count(shape: Sequence[int | None] | None) -> str:
    assert shape is not None  # only asked of known arrays
    return f"{shape_text(shape)} = {element_count(tuple(shape)):,}"


def _total(sizes: Sequence[int | None]) -> int | None:
    """Add sizes; None if one of them is unknown."""
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
