"""Values in one piece of memory: none overlap that are needed together, and none is wasted."""

from __future__ import annotations

import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, network
from fencepost.interchange.c import arena, lowering


def needed(program, placed):
    """Return offset, size and time of each memory and scratch."""
    times = {}
    for index, step in enumerate(program.steps):
        for value in (*step.inputs, step.output):
            if value.memory is not program.pixels:
                key = value.memory
                first, _ = times.get(key, (index, index))
                times[key] = first, index
    if program.output.memory in times:
        times[program.output.memory] = times[program.output.memory][0], len(program.steps)
    spans = [(placed.offsets[v], v.size, *time) for v, time in times.items() if v in placed.offsets]
    scratch = [
        (placed.scratch[step], step.scratch, index, index)
        for index, step in enumerate(program.steps)
        if step.scratch
    ]
    return spans + scratch


@pytest.mark.parametrize("name", [*LAYERS, *MODELS])
def test_no_two_values_overlap(name):
    net = network(name) if name in LAYERS else MODELS[name]()
    program = lowering.lower(net)
    placed = arena.plan(program)
    spans = needed(program, placed)
    for i, (offset, size, first, last) in enumerate(spans):
        assert offset + size <= placed.size
        for other, other_size, begin, end in spans[:i]:
            if begin <= last and first <= end:
                assert offset + size <= other or other + other_size <= offset
    at_once = max(
        sum(size for _, size, first, last in spans if first <= time <= last)
        for time in range(len(program.steps) + 1)
    )
    assert placed.size == at_once  # nothing is wasted in any of these


def test_a_pool_that_is_not_part_of_its_convolution_keeps_what_it_pools():
    net = fp.Network((1, 8, 8), [fp.Conv2d(4, 3), fp.MaxPool2d(3, 1), fp.GlobalAvgPool()])
    assert arena.plan(lowering.lower(net, copied=False)).size == 4 * 36 + 4 * 16
    net = fp.Network((1, 8, 8), [fp.Conv2d(4, 3), fp.MaxPool2d(2), fp.GlobalAvgPool()])
    assert arena.plan(lowering.lower(net, copied=False)).size == 4 * 9 + 4
