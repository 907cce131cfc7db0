"""Rules about receptive fields, and about what is not used or not known.  FP3xx, FP4xx."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...graph import Operation, Value
from ...graph.axis_field import AxisField
from ...remedies import setting
from ...text import format_shape, join_words
from ..findings import Finding
from .context import RuleContext, finding

#: Of the input: receptive fields, before positions are put together, should be no smaller.
LEAST_SHARE = 0.5
# Of those that feed what is not used, so many are named.
_NAMED = 4
# What a sentence of `Graph.unknown` is about, where that is an operation.
_SUBJECT = re.compile(r"(?:How |The operator )?\"?(?:[\w-]+\.)*([^\s\".:]+)")


def field_and_input(context: RuleContext) -> Iterator[Finding]:
    """FP301, FP302, FP303: the widest receptive field against the input, and the object."""
    graph, fields = context.graph, context.fields
    known = [
        index
        for index in range(len(graph.operations))
        if fields.fields(index) and graph.operations[index].role not in ("reshape", "pad")
    ]
    if not known or graph.failure:
        return
    last = max(known, key=lambda index: (sum(fields.sizes(index)), -index))
    if not any(graph.operations[index].role == "windows" for index in known):
        return
    field, size = fields.sizes(last), fields.input_sizes(last)
    operation = graph.operations[last]
    shape, given = format_shape(field), format_shape(size)
    wanted = _sides(context, field) if context.object_size else [LEAST_SHARE * n for n in size]
    narrow = _is_all_known(context) and any(a < b for a, b in zip(field, wanted, strict=True))
    if narrow and context.object_size:
        message = f"the receptive field is at most {shape} elements, but the object has "
        message += f"{format_shape(_sides(context, field))}."
        repair = "A pool or a stride of 2 in an early layer doubles what all later layers add."
        yield finding("FP303", operation, message, repair)
    elif narrow:
        message = (
            f"the receptive field is at most {shape} of the {given} elements of the input, less "
            "than half; a larger object must be recognised by its parts."
        )
        repair = f"{setting('object_size', 64)} compares it with an object of 64 pixels instead."
        yield finding("FP302", operation, message, repair)
    if any(a > b for a, b in zip(field, size, strict=True)):
        covering = next((index for index in known if fields.covers(index)), None)
        where = ""
        if covering is not None:
            name = graph.operations[covering].name
            where = f". The first layer with an output that depends on all of it is {name}"
        message = f"the receptive field is {shape} elements, but the input has {given}{where}."
        yield finding("FP301", operation, message)


def _is_all_known(context: RuleContext) -> bool:
    """Tell whether the fields at positions are all: nothing mixes positions by another way.

    Gates and attention make every position depend on the whole, and what is unknown may do
    anything.
    """
    for array, operation in zip(context.fields.arrays, context.graph.operations, strict=True):
        if array is None:
            return False
        shape = operation.output_shape or ()
        if not array.fields and any(size != 1 for size in shape[2:]):
            return False
    return True


def _sides(context: RuleContext, field: tuple[int, ...]) -> tuple[int, ...]:
    sides = context.object_size
    return sides if len(sides) == len(field) else (sides[0],) * len(field)


def shifted(context: RuleContext) -> Iterator[Finding]:
    """FP304: paths whose fields do not have the same middle."""
    fields = context.fields
    for operation in context.graph.operations:
        if operation.role != "join" or not operation.output_shapes:
            continue
        makers = [value.operation for value in operation.inputs if value.operation >= 0]
        for maker in makers[1:]:
            pairs = list(zip(fields.fields(makers[0]), fields.fields(maker), strict=False))
            shifts = [abs(item.centre - other.centre) for item, other in pairs]
            if any(
                item.stride == other.stride and shift >= max(item.period, other.period)
                for shift, (item, other) in zip(shifts, pairs, strict=True)
            ) and not _are_causal(pairs):
                names = join_words([context.maker(Value(makers[0])), context.maker(Value(maker))])
                far = format_shape(tuple(round(shift) for shift in shifts))
                message = (
                    f"the receptive fields of {names} are {far} input elements apart; those of "
                    "neighbouring outputs "
                    f"are {format_shape(tuple(round(item.stride) for item, _ in pairs))} apart."
                )
                repair = "The same padding before and after on both paths centres them."
                yield finding("FP304", operation, message, repair)
                break


def _are_causal(pairs: list[tuple[AxisField, AxisField]]) -> bool:
    """Tell whether the fields of a signal end at the same element, and go back by design."""
    return len(pairs) == 1 and len({field.spans[-1][1] for field in pairs[0]}) == 1


def unused(context: RuleContext) -> Iterator[Finding]:
    """FP401: operations that lead to no output of the model."""
    graph = context.graph
    if graph.failure or not graph.outputs:
        return
    operations = graph.operations
    alive = {value.operation for value in (*graph.outputs, *graph.measured)}
    for index in range(len(operations) - 1, -1, -1):
        if index in alive:
            alive.update(value.operation for value in operations[index].inputs)
    feeders: dict[int, list[int]] = {}
    for index, operation in enumerate(operations):
        if index in alive:
            continue
        before = sorted({value.operation for value in operation.inputs} & feeders.keys())
        own = [number for fed in before for number in (*feeders[fed], fed)]
        feeders[index] = own
        values = [Value(index, output) for output in range(_outputs(operation))]
        if any(context.consumers.get(value) for value in values):
            continue
        if graph.kept.issuperset(values) and not any(
            map(_costs, [operation, *(operations[number] for number in own)])
        ):
            continue
        message = "no output of the model depends on it."
        if own:
            names = [operations[number].name for number in own]
            message = f"no output of the model depends on it, nor on {_feeding(names)}."
        yield finding("FP401", operation, message)


def _costs(operation: Operation) -> bool:
    """Tell whether an operation learns or multiplies anything."""
    return bool(operation.parameters or operation.multiply_adds)


def idle_parts(context: RuleContext) -> Iterator[Finding]:
    """FP403: parts with parameters that do not run."""
    for name in context.graph.unused:
        yield finding("FP403", None, f"{name} has parameters, and no operation uses them.")


def _outputs(operation: Operation) -> int:
    return max(1, len(operation.output_shapes))


def _feeding(names: list[str]) -> str:
    if len(names) > _NAMED:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    return f"{join_words(names)}, which only {'feeds' if len(names) == 1 else 'feed'} it"


def unknown(context: RuleContext) -> Iterator[Finding]:
    """FP402: operators without a rule, and what else could not be known."""
    named = set()
    for operation in context.graph.operations:
        if operation.role == "unknown" and operation is not context.failing:
            named |= {operation.name, operation.kind}
            why = operation.reason or f"there is no rule for {operation.kind}"
            message = f"{why}; receptive fields after it are unknown."
            yield finding("FP402", operation, message)
    for sentence in context.graph.unknown:
        subject = _SUBJECT.match(sentence)
        if subject is None or subject[1] not in named:
            yield finding("FP402", None, sentence)


RULES = (field_and_input, shifted, unused, idle_parts, unknown)
