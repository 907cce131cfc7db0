"""Where each value lies: one piece of memory, used again as soon as a value has been read."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .program import Program, Step, Value

_TRIES = 300


@dataclass(frozen=True)
class Arena:
    """Offset of each value and each step's scratch, in elements, and the size of the whole."""

    offsets: Mapping[Value, int]
    scratch: Mapping[Step, int]
    size: int


@dataclass(frozen=True)
class _Span:
    """So many elements that are needed from one step to another, both included."""

    size: int
    first: int
    last: int


def plan(program: Program, *, scratch: bool = True, output: bool = True) -> Arena:
    """Place all values so that those which are needed at one time do not overlap.

    `scratch` and `output` say whether the scratch of steps and the last value lie there too.
    """
    spans: dict[Value | Step, _Span] = {}
    for index, step in enumerate(program.steps):
        if step.scratch and scratch:
            spans[step] = _Span(step.scratch, index, index)
        for value in (*step.inputs, step.output):
            memory = value.memory
            if memory is not program.pixels and (output or value is not program.output):
                before = spans.get(memory)
                first = index if before is None else before.first
                spans[memory] = _Span(memory.size, first, index)
    last = program.output.memory
    if output and last in spans:
        spans[last] = _Span(last.size, spans[last].first, len(program.steps))
    offsets, size = _place(spans)
    values = {
        value: offsets[value.memory]
        for step in program.steps
        for value in (*step.inputs, step.output)
        if value.memory in offsets
    }
    if last in offsets:
        values[program.output] = offsets[last]
    return Arena(values, {step: offsets[step] for step in program.steps if step in offsets}, size)


def _place(spans: Mapping[Value | Step, _Span]) -> tuple[dict[Value | Step, int], int]:
    """Place the largest first; where that is more than what is needed at one time, try others."""
    least = _most_at_once(list(spans.values()))
    order = sorted(spans, key=lambda key: (-spans[key].size, spans[key].first))
    best, size = _greedy(spans, order)
    generator = random.Random(0)
    for _ in range(_TRIES):
        if size == least:
            break
        weights = {key: spans[key].size * generator.uniform(0.3, 1.0) for key in order}
        offsets, other = _greedy(spans, sorted(order, key=lambda key: -weights[key]))
        if other < size:
            best, size = offsets, other
    return best, size


def _greedy(
    spans: Mapping[Value | Step, _Span], order: Sequence[Value | Step]
) -> tuple[dict[Value | Step, int], int]:
    """Place one after the other, each as low as those already placed allow."""
    offsets: dict[Value | Step, int] = {}
    for key in order:
        span = spans[key]
        taken = sorted(
            (offset, offset + spans[other].size)
            for other, offset in offsets.items()
            if spans[other].first <= span.last and span.first <= spans[other].last
        )
        offset = 0
        for begin, end in taken:
            if offset + span.size <= begin:
                break
            offset = max(offset, end)
        offsets[key] = offset
    return offsets, max((offsets[key] + spans[key].size for key in order), default=0)


def _most_at_once(spans: Sequence[_Span]) -> int:
    ends = max((span.last for span in spans), default=-1)
    return max(
        (sum(s.size for s in spans if s.first <= time <= s.last) for time in range(ends + 1)),
        default=0,
    )
