"""ONNX's operators on sequences of arrays, and on arrays that may be missing (Optional).

Where it is known which array stands where, a sequence is no operation: its arrays are followed
through it. Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import replace

from ....graph import Shape
from ..wire.messages import Node
from .node import Array, NodeCall, NodeError, NodeFacts, axis_index, known_values, rule

# A sequence of more arrays is not written out.
_MOST = 4096
_NAMES = (
    "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase", "SequenceAt",
    "SequenceLength", "SplitToSequence", "ConcatFromSequence", "Optional", "OptionalGetElement",
    "OptionalHasElement",
)  # fmt: skip


def followed(
    call: NodeCall, arrays: MutableMapping[str, Array], read: Callable[[Node], None]
) -> bool:
    """Find what an operator on a sequence makes, as `arrays`; tell whether that is known.

    What it computes is read as the nodes that it stands for: Split, Concat.
    """
    if call.node.domain or call.operator not in _NAMES or not call.node.outputs:
        return False
    name = call.node.outputs[0]
    if call.operator == "SplitToSequence":
        made = _split(call, arrays, read)
    elif call.operator == "ConcatFromSequence":
        return _concat(call, arrays, read)
    else:
        made = _moved(call)
    if made is None:
        return False
    arrays[name] = made
    arrays.update(dict.fromkeys(call.node.outputs[1:], Array(None)))  # that it does not have
    return True


def _moved(call: NodeCall) -> Array | None:
    """Return the sequence that an operator makes of others, or the array that it picks."""
    first = call.array(0)
    if call.operator == "SequenceConstruct":
        given = [array for array in call.inputs if array is not None]
        return _sequence(given) if len(given) == len(call.inputs) else None
    if call.operator == "SequenceEmpty":
        return Array(None, items=())
    if call.operator == "Optional":
        return first
    if call.operator == "OptionalHasElement":
        return Array((), folded=known_values((True,), ())) if first is not None else None
    if call.operator == "OptionalGetElement":
        return first
    if first is None or first.items is None:
        return None
    items = list(first.items)
    if call.operator == "SequenceLength":
        return Array((), folded=known_values((len(items),), ()))
    at = 2 if call.operator == "SequenceInsert" else 1
    end = len(items) if at == 2 else len(items) - 1
    index = end if at == 2 or call.operator == "SequenceErase" else None
    if call.has(at):
        values = call.values(at)
        index = values[0] if values else None
    if not isinstance(index, int):
        return None
    size = end if at == 2 else len(items)
    if not -len(items) <= index <= end:
        raise NodeError(
            "A position must be within the sequence.", f"{index} of {len(items)} arrays"
        )
    index += len(items) if index < 0 else 0
    if call.operator == "SequenceAt":
        return items[index]
    if call.operator == "SequenceErase":
        del items[index]
        return _sequence(items)
    added = call.array(1)
    if added is None:
        return None
    items.insert(min(index, size), added)
    return _sequence(items)


def _sequence(items: list[Array]) -> Array | None:
    if len(items) > _MOST:
        return None
    values = [item.value for item in items if item.value is not None]
    return Array(None, values[0] if values else None, items=tuple(items))


def _split(
    call: NodeCall, arrays: MutableMapping[str, Array], read: Callable[[Node], None]
) -> Array | None:
    """Read SplitToSequence as Split; without sizes and axes kept, as a Gather of each."""
    x, node = call.ranked_shape(1), call.node
    if x is None:
        return None
    axis = axis_index(call.integer("axis", 0), len(x))
    size, parts = x[axis], call.values(1)
    if size is None or (call.has(1) and not parts):
        return None
    given = [1] if parts is None else parts
    if call.shape(1) in ((), None):  # of one size, the last with what is left
        (most,) = given
        if not isinstance(most, int) or most < 1:
            raise NodeError("Parts must have a size of at least 1.", f"{most}")
        given = [min(most, size - start) for start in range(0, size, most)]
    names = tuple(f"{node.outputs[0]}[{index}]" for index in range(len(given)))
    if not names or len(names) > _MOST:
        return None
    axes = {name: content for name, content in node.attributes.items() if name == "axis"}
    x_name = node.inputs[0]
    if call.has(1) or call.integer("keepdims", 1):
        sizes = f"{names[0]}.split"
        arrays[sizes] = Array((len(given),), folded=known_values(given, (len(given),)))
        inputs = (x_name, sizes)
        read(replace(node, operator="Split", inputs=inputs, outputs=names, attributes=axes))
    else:
        for index, name in enumerate(names):
            at = f"{name}.index"
            arrays[at] = Array((), folded=known_values((index,), ()))
            picks = replace(node, operator="Gather", inputs=(x_name, at), outputs=(name,))
            read(replace(picks, attributes=axes))
    return _sequence([arrays.get(name, Array(None)) for name in names])


def _concat(
    call: NodeCall, arrays: MutableMapping[str, Array], read: Callable[[Node], None]
) -> bool:
    """Read ConcatFromSequence as Concat; with a new axis, after an Unsqueeze of each array."""
    first, node = call.array(0), call.node
    if first is None or not first.items:
        return False
    names = [f"{node.outputs[0]}<{index}>" for index in range(len(first.items))]
    arrays.update(zip(names, first.items, strict=True))
    if call.integer("new_axis", 0):
        rank = len(first.items[0].shape or ())
        axis = axis_index(call.integer("axis", 0), rank, new=True)
        added = f"{node.outputs[0]}.axes"
        arrays[added] = Array((1,), folded=known_values((axis,), (1,)))
        for index, name in enumerate(names):
            names[index] = f"{name}+"
            widens = replace(node, operator="Unsqueeze", inputs=(name, added), attributes={})
            read(replace(widens, outputs=(names[index],)))
    read(replace(node, operator="Concat", inputs=tuple(names)))
    return True


@rule(*_NAMES)
def sequence(call: NodeCall) -> NodeFacts:
    """State what is known all the same: which array it is depends on the data."""
    facts = NodeFacts(call.operator, "unknown", multiply_adds=None)
    facts.reason = facts.unknown = "which arrays its sequence holds is not known before it runs"
    first = call.array(0)
    if call.operator == "SequenceLength":
        facts.shapes = ((),)
    if call.operator == "SequenceAt" and first is not None and first.items:
        shapes = [item.shape for item in first.items]
        facts.reason = facts.unknown = "which array of its sequence it takes depends on the data"
        facts.shapes = (_agreeing(shapes),)
    return facts


def _agreeing(shapes: list[Shape | None]) -> Shape | None:
    """Return the sizes that all arrays have; None for those that they have not."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes) or len({len(shape) for shape in known}) > 1:
        return None
    columns = zip(*known, strict=True)
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in columns)
