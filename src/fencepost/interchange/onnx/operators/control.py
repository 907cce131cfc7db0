"""ONNX's operators that hold graphs of their own: If, Loop, Scan, SequenceMap.

Their graphs are read for the sizes that they make, as far as these are the same whatever the data
is. Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ....graph import Shape, Value
from ..wire.messages import File
from .counting import rounds
from .node import Array, NodeCall, NodeError, NodeFacts, axis_index, known_values

# After so many rounds, sizes that a loop still changes depend on how often it runs.
_ROUNDS = 4
# A value of nothing in particular: what an array within a loop holds depends on the data.
_ANY = Value(-1)


@dataclass(slots=True)
class Outcome:
    """What a graph within a node makes; nothing if it cannot run, and `failure` says why."""

    outputs: tuple[Array | None, ...] = ()
    parameters: int = 0
    multiply_adds: int | None = 0
    failure: str = ""


#: Reads a graph, with the arrays that enter it by their names in it.
Evaluate: TypeAlias = Callable[[File, Mapping[str, Array]], Outcome]
ControlRule: TypeAlias = Callable[[NodeCall, Evaluate], NodeFacts]


def branch(call: NodeCall) -> File | None:
    """Return the graph of an If that runs; None if that depends on the data."""
    chosen = call.values(0)
    if call.operator != "If" or not chosen or chosen[0] is None:
        return None
    return call.node.bodies.get("then_branch" if chosen[0] else "else_branch")


def _if(call: NodeCall, evaluate: Evaluate) -> NodeFacts:
    """If: one of two graphs, which may make the same sizes."""
    count = len(call.node.outputs)
    facts = NodeFacts("If", "unknown", multiply_adds=None, shapes=(None,) * count)
    facts.reason = "which of its branches runs depends on the data"
    outcomes = {name: evaluate(body, {}) for name, body in call.node.bodies.items()}
    facts.inner = sum(outcome.parameters for outcome in outcomes.values())
    failures = [f"its {name} fails: {o.failure}" for name, o in outcomes.items() if o.failure]
    if failures or len(outcomes) < 2:
        return _unsized(facts, *failures[:1])
    first, other = outcomes.values()
    facts.shapes = _agreeing(_shapes(first, count), _shapes(other, count))
    if first.multiply_adds == other.multiply_adds:
        facts.multiply_adds = first.multiply_adds
    return _unsized(facts, "the sizes that its branches make are not the same")


def _loop(call: NodeCall, evaluate: Evaluate) -> NodeFacts:
    """Loop: a graph again and again, on what it made before."""
    count = len(call.node.outputs)
    facts = NodeFacts("Loop", "unknown", multiply_adds=None, shapes=(None,) * count)
    facts.reason = "how often it runs depends on the data"
    body = call.node.bodies.get("body")
    explicit = call.inputs[2 : len(call.node.inputs)]
    if body is None or len(body.inputs) != len(explicit) + 2:
        return _unsized(facts, "its body takes a different number of inputs")
    going = _known(call.values(1)) if call.has(1) else True
    names = [array.name for array in body.inputs]
    condition = Array((), folded=known_values((going,), ()))
    carried = tuple(None if array is None else array.shape for array in explicit)
    outcome = Outcome()
    for _ in range(_ROUNDS):
        entering = (Array((), _ANY), condition, *(Array(shape, _ANY) for shape in carried))
        outcome = evaluate(body, dict(zip(names, entering, strict=True)))
        facts.inner += outcome.parameters
        if outcome.failure:
            return _unsized(facts, f"its body fails: {outcome.failure}")
        made = _agreeing(carried, _shapes(outcome, len(carried), first=1))
        if made == carried:
            break
        carried = made
    else:
        carried = (None,) * len(carried)
    first = outcome.outputs[0] if outcome.outputs else None
    times = _times(call, body, going, first, evaluate)
    if times is not None:
        facts.reason = f"its body runs {times} times"
        if outcome.multiply_adds is not None:
            facts.multiply_adds = times * outcome.multiply_adds
    collected = _shapes(outcome, count - len(carried), first=1 + len(carried))
    scans = tuple(None if shape is None else (times, *shape) for shape in collected)
    facts.shapes = (*carried, *scans)[:count]
    return _unsized(facts, facts.reason)


def _times(
    call: NodeCall, body: File, going: object, condition: Array | None, evaluate: Evaluate
) -> int | None:
    """Return how often a Loop runs, where that is known.

    `going` is its condition before the first round, `condition` that after one of any data.
    """
    most = _known(call.values(0)) if call.has(0) else None
    most = max(0, most) if isinstance(most, int) and not isinstance(most, bool) else None
    if going is False:
        return 0
    if going is None or (call.has(0) and most is None):
        return None
    if condition is not None and _known(condition.values()):
        return most
    given = [array or Array(None, _ANY) for array in call.inputs[2 : len(call.node.inputs)]]
    start = [Array((), _ANY), Array((), _ANY), *given]
    counted = rounds(body, start, lambda file, arrays: evaluate(file, arrays).outputs)
    return counted if most is None or counted is None else min(most, counted)


def _scan(call: NodeCall, evaluate: Evaluate) -> NodeFacts:
    """Scan: a graph on one slice after the other."""
    count, given = len(call.node.outputs), call.inputs[: len(call.node.inputs)]
    facts = NodeFacts("Scan", "unknown", multiply_adds=None, shapes=(None,) * count)
    facts.reason = "its body runs once for each slice"
    body, scanned = call.node.bodies.get("body"), call.integer("num_scan_inputs", 0)
    if call.opset < 9 or body is None or len(body.inputs) != len(given):
        return _unsized(facts, "its body takes a different number of inputs")
    states, along = given[: len(given) - scanned], given[len(given) - scanned :]
    axes = call.integers("scan_input_axes") or (0,) * len(along)
    lengths: set[int | None] = set()
    slices: list[Shape | None] = []
    for array, axis in zip(along, axes, strict=False):
        shape = None if array is None else array.shape
        if shape is None:
            slices.append(None)
            continue
        position = axis_index(axis, len(shape))
        lengths.add(shape[position])
        slices.append((*shape[:position], *shape[position + 1 :]))
    lengths.discard(None)
    if len(lengths) > 1:
        raise NodeError(
            "Scan must slice arrays of the same length.", f"{sorted(map(str, lengths))}", facts
        )
    length = lengths.pop() if lengths else None
    shapes = [*(None if array is None else array.shape for array in states), *slices]
    entering = {
        array.name: Array(shape, _ANY) for array, shape in zip(body.inputs, shapes, strict=False)
    }
    outcome = evaluate(body, entering)
    facts.inner = outcome.parameters
    if outcome.failure:
        return _unsized(facts, f"its body fails: {outcome.failure}")
    if length is not None and outcome.multiply_adds is not None:
        facts.multiply_adds = length * outcome.multiply_adds
    made = _shapes(outcome, count)
    outputs = call.integers("scan_output_axes") or (0,) * (count - len(states))
    stacked: list[Shape | None] = []
    for shape, axis in zip(made[len(states) :], outputs, strict=False):
        if shape is None:
            stacked.append(None)
            continue
        position = axis_index(axis, len(shape) + 1)
        stacked.append((*shape[:position], length, *shape[position:]))
    kept = _agreeing(tuple(shapes[: len(states)]), made[: len(states)])
    facts.shapes = (*kept, *stacked)[:count]
    return _unsized(facts, "the sizes that it makes depend on the data")


def _sequence_map(call: NodeCall, evaluate: Evaluate) -> NodeFacts:
    """SequenceMap: a graph on each array of a sequence."""
    facts = NodeFacts("SequenceMap", "unknown", multiply_adds=None)
    facts.shapes = (None,) * len(call.node.outputs)
    body = call.node.bodies.get("body")
    if body is not None:
        entering = {array.name: Array(None, _ANY) for array in body.inputs}
        facts.inner = evaluate(body, entering).parameters
    facts.reason = "its body runs once for each array of a sequence"
    return facts


#: By operator.
CONTROL: Mapping[str, ControlRule] = {
    "If": _if,
    "Loop": _loop,
    "Scan": _scan,
    "SequenceMap": _sequence_map,
}


def _shapes(outcome: Outcome, count: int, first: int = 0) -> tuple[Shape | None, ...]:
    """Return the shapes of so many outputs, from one on; None of those that are not there."""
    arrays = outcome.outputs[first : first + count]
    shapes = [None if array is None else array.shape for array in arrays]
    return (*shapes, *(None,) * (count - len(shapes)))


def _agreeing(
    first: Sequence[Shape | None], other: Sequence[Shape | None]
) -> tuple[Shape | None, ...]:
    """Keep the sizes that are the same in both; of another number of axes, nothing."""
    return tuple(
        tuple(m if m == n else None for m, n in zip(a, b, strict=True))
        if a is not None and b is not None and len(a) == len(b)
        else None
        for a, b in zip(first, other, strict=True)
    )


def _known(values: object) -> object:
    """Return the one value; None if it is not known."""
    items = values.ravel().tolist() if hasattr(values, "ravel") else values
    return items[0] if isinstance(items, list) and items else None


def _unsized(facts: NodeFacts, *why: str) -> NodeFacts:
    """Say why sizes are not known, in case some are not."""
    facts.unknown = why[0] if why else facts.reason
    return facts
