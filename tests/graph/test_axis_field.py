"""Receptive fields: against published values, and against elements that are followed one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fencepost.graph import AxisField
from fencepost.sizing import Window, windows


def axis_field(size, stride, before):
    """The field of one phase: effective stride and padding, as the literature gives them."""
    return AxisField(((-before, size - before),), stride)


def through(chain):
    """The field of (kernel, stride, padding) after (kernel, stride, padding)…"""
    field = AxisField()
    for kernel, stride, padding in chain:
        field = field.after(Window(1000, kernel, stride, before=padding, after=padding))
    return field


C3, P2 = (3, 1, 1), (2, 2, 0)
D3, E3 = (3, 2, 1), (3, 2, 0)
# (size, stride, padding) of the last layer, as published: Araujo, Norris and Sim, Computing
# receptive fields of convolutional neural networks, Distill 2019. Their AlexNet has no padding at
# its first layer; their ResNets have the stride in each block's last unit and 0 elements before the
# pool, as their MobileNet has before every stride of 2. The 196 of VGG-16's conv5_3 is the figure
# generally quoted; LeNet-5's follows by hand: 5, 6, 6 + 4·2 = 14, 14 + 1·2 = 16.
PUBLISHED = {
    "lenet5": ([(5, 1, 2), P2, (5, 1, 0), P2], (16, 4, 2)),
    "alexnet": (
        [(11, 4, 0), E3, (5, 1, 2), E3, C3, C3, C3, E3],
        (195, 32, 64),
    ),
    "vgg16_conv5_3": ([C3, C3, P2] * 2 + [C3, C3, C3, P2] * 2 + [C3] * 3, (196, 16, 90)),
    "vgg16_pool5": ([C3, C3, P2] * 2 + [C3, C3, C3, P2] * 3, (212, 32, 90)),
    "resnet50": (
        [(7, 2, 3), E3, C3, C3, D3, C3, C3, C3, D3, *[C3] * 5, D3, C3, C3, C3],
        (483, 32, 239),
    ),
    "resnet101": (
        [(7, 2, 3), E3, C3, C3, D3, C3, C3, C3, D3, *[C3] * 22, D3, C3, C3, C3],
        (1027, 32, 511),
    ),
    "mobilenet": ([E3, C3, E3, C3, E3, C3, E3, *[C3] * 5, E3, C3], (315, 32, 126)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published(name):
    chain, (size, stride, before) = PUBLISHED[name]
    assert through(chain) == axis_field(size, stride, before)


layers = st.tuples(
    st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2), st.integers(1, 3)
)


def follow(input_size, chain):
    """For each output element, the first and the last input element on any path to it."""
    margin = 60  # padding, far enough to be followed through three layers
    seen = {i: (i, i) for i in range(-margin, input_size + margin)}
    for window in chain:
        taps = [k * window.dilation - window.before for k in range(window.kernel)]
        met = {}
        for i in range(-margin, window.output + margin):
            elements = [i * window.stride + tap for tap in taps]
            if seen.keys() >= set(elements):
                met[i] = (min(seen[c][0] for c in elements), max(seen[c][1] for c in elements))
        seen = met
    return [seen[i] for i in range(chain[-1].output if chain else input_size)]


@given(st.integers(12, 30), st.lists(layers, max_size=3))
def test_field_is_the_span_of_the_cells_on_every_path(input_size, chain):
    size, field, passed = input_size, AxisField(), []
    for kernel, stride, before, after, dilation in chain:
        if size + before + after < dilation * (kernel - 1) + 1:
            break
        (window,) = windows(size, kernel, stride, (before, after), dilation, remainder="crop")
        passed.append(window)
        field = field.after(window)
        size = window.output
    spans = follow(input_size, passed)
    assert [(field.elements(i)[0], field.elements(i)[-1]) for i in range(size)] == spans
    assert field.covers(input_size, size) == any(a <= 0 and b >= input_size - 1 for a, b in spans)


@given(*(st.builds(axis_field, st.integers(1, 20), st.just(2), st.integers(0, 9)) for _ in "ab"))
def test_joined_spans_both_and_no_more(one, other):
    both = one.joined(other)
    ends = [(field.elements(5).start, field.elements(5).stop) for field in (one, other)]
    assert both.elements(5) == range(min(a for a, _ in ends), max(b for _, b in ends))
    assert both == other.joined(one)
    assert one.joined(one) == one


def test_nothing_covers_without_outputs():
    assert not axis_field(size=50, stride=1, before=20).covers(10, outputs=0)
