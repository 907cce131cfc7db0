"""Rules about what outputs see of the input, and about what nobody uses or knows.  FP3xx, FP4xx.

Part of check; may call fields, graph and subject.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import Operation, Value
from .findings import Finding
from .subject import Subject, by, finding, listed

#: Of the input: what one output sees of it, before places are put together, should be no less.
LEAST_SHARE = 0.5
# Of those that feed what nobody uses, so many are named.
_NAMED = 4


def field_and_input(subject: Subject) -> Iterator[Finding]:
    """FP301, FP302, FP303: the widest receptive field against the input, and the object."""
    model, sights = subject.model, subject.sights
    sighted = [
        number
        for number in range(len(model.operations))
        if sights.fields(number) and model.operations[number].role not in ("reshape", "pad")
    ]
    if not sighted or model.failure:
        return
    last = max(sighted, key=lambda number: (sum(sights.span(number)), -number))
    if not any(model.operations[number].role == "windows" for number in sighted):
        return
    span, size = sights.span(last), sights.input(last)
    operation = model.operations[last]
    seen, given = by(span), by(size)
    narrow = _is_whole_story(subject)
    if (
        narrow
        and subject.object_size
        and any(a < b for a, b in zip(span, _sides(subject, span), strict=True))
    ):
        message = f"an output sees at most {seen} cells of the input, the object has "
        message += f"{by(_sides(subject, span))}."
        repair = "A pool or a stride of 2 in an early layer doubles what all later ones add."
        yield finding("FP303", operation, message, repair)
    elif (
        narrow
        and not subject.object_size
        and any(a < LEAST_SHARE * b for a, b in zip(span, size, strict=True))
    ):
        message = (
            f"an output sees at most {seen} cells of the {given} of the input, less than half; "
            f"an object that is larger must be told from its parts."
        )
        repair = "--object PIXELS judges by the size of what is to be recognised instead."
        yield finding("FP302", operation, message, repair)
    if any(a > b for a, b in zip(span, size, strict=True)):
        covering = next((n for n in sighted if sights.covers(n)), None)
        where = ""
        if covering is not None:
            where = (
                f"; the first output that sees all of it is in {model.operations[covering].name}"
            )
        message = f"an output's field is {seen} cells, the input has {given}{where}."
        yield finding("FP301", operation, message)


def _is_whole_story(subject: Subject) -> bool:
    """Tell whether the fields at places say all: nothing mixes places by another way.

    Gates and attention let every place see the whole, and what is unknown may do anything.
    """
    for number, operation in enumerate(subject.model.operations):
        sight = subject.sights.of[number]
        if sight is None:
            return False
        shape = operation.output_shape or ()
        if not sight.fields and any(size != 1 for size in shape[2:]):
            return False
    return True


def _sides(subject: Subject, span: tuple[int, ...]) -> tuple[int, ...]:
    sides = subject.object_size
    return sides if len(sides) == len(span) else (sides[0],) * len(span)


def shifted(subject: Subject) -> Iterator[Finding]:
    """FP304: paths whose fields do not have the same middle."""
    sights = subject.sights
    for operation in subject.model.operations:
        if operation.role != "join" or not operation.output_shapes:
            continue
        numbers = [value.operation for value in operation.inputs if value.operation >= 0]
        for number in numbers[1:]:
            pairs = list(zip(sights.fields(numbers[0]), sights.fields(number), strict=False))
            shifts = [abs(one.centre - other.centre) for one, other in pairs]
            if any(
                shift >= one.stride == other.stride
                for shift, (one, other) in zip(shifts, pairs, strict=True)
            ):
                names = listed([subject.called(Value(numbers[0])), subject.called(Value(number))])
                far = by(tuple(round(shift) for shift in shifts))
                message = (
                    f"{names} look at places {far} cells of the input apart; neighbouring outputs "
                    f"are {by(tuple(round(one.stride) for one, _ in pairs))} apart."
                )
                repair = "Padding that is the same before and after on both paths centres them."
                yield finding("FP304", operation, message, repair)
                break


def unused(subject: Subject) -> Iterator[Finding]:
    """FP401: operations that lead to no output of the model."""
    model = subject.model
    if model.failure or not model.outputs:
        return
    operations = model.operations
    alive = {value.operation for value in model.outputs}
    for number in range(len(operations) - 1, -1, -1):
        if number in alive:
            alive.update(value.operation for value in operations[number].inputs)
    feeders: dict[int, list[str]] = {}
    for number, operation in enumerate(operations):
        if number in alive:
            continue
        before = sorted({value.operation for value in operation.inputs} & feeders.keys())
        own = [name for one in before for name in (*feeders[one], operations[one].name)]
        feeders[number] = own
        if not any(subject.consumers.get(Value(number, k)) for k in range(_outputs(operation))):
            message = "no output of the model depends on it."
            if own:
                message = f"no output of the model depends on it, nor on {_feeding(own)}."
            yield finding("FP401", operation, message)


def idle_parts(subject: Subject) -> Iterator[Finding]:
    """FP403: parts with parameters that do not run."""
    for name in subject.model.unused:
        yield finding("FP403", None, f"{name} has parameters, and no operation uses them.")


def _outputs(operation: Operation) -> int:
    return max(1, len(operation.output_shapes))


def _feeding(names: list[str]) -> str:
    if len(names) > _NAMED:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    return f"{listed(names)}, which only {'feeds' if len(names) == 1 else 'feed'} it"


def unknown(subject: Subject) -> Iterator[Finding]:
    """FP402: operators without a rule, and what else could not be known."""
    told = set()
    for operation in subject.model.operations:
        if operation.role == "unknown" and operation is not subject.failing:
            told |= {operation.name, operation.kind}
            message = f"there is no rule for {operation.kind}; what follows has no receptive field."
            yield finding("FP402", operation, message)
    for sentence in subject.model.unknown:
        if not any(word and word in sentence for word in told):
            yield finding("FP402", None, sentence)


RULES = (field_and_input, shifted, unused, idle_parts, unknown)
