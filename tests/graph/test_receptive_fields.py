"""Receptive fields over branching graphs: against elements followed one by one, and published."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from fencepost.graph import AxisField, receptive_fields
from fencepost.sizing import Window
from graph.graph_builder import GraphBuilder

MARGIN = 300  # elements beyond both edges that are followed too


class Followed:
    """A signal whose elements each know which of the input they come from: by definition."""

    def __init__(self, size, seen=None):
        self.size = size
        self.seen = seen or (lambda index: {index})

    def taps(self, size, elements):
        return Followed(size, lambda o: set().union(*(self.seen(i) for i in elements(o))))

    def conv(self, kernel, stride, padding, dilation):
        size = (self.size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        return self.taps(
            size, lambda o: [o * stride - padding + t * dilation for t in range(kernel)]
        )

    def transposed(self, kernel, stride, padding):
        size = (self.size - 1) * stride - 2 * padding + kernel
        return self.taps(
            size,
            lambda o: [
                i
                for i in range(-MARGIN, self.size + MARGIN)
                if 0 <= o + padding - i * stride < kernel
            ],
        )

    def doubled(self):
        return self.taps(2 * self.size, lambda o: [o // 2])

    def joined(self, other):
        return Followed(self.size, lambda o: self.seen(o) | other.seen(o))


steps = st.one_of(
    st.tuples(
        st.just("conv"), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)
    ),
    st.integers(1, 3).flatmap(
        lambda stride: st.tuples(
            st.just("transposed"), st.integers(stride, 5), st.just(stride), st.integers(0, 1)
        )
    ),
    st.tuples(st.just("doubled")),
)


def apply(graph, value, followed, step):
    kind, *numbers = step
    if kind == "conv":
        kernel, stride, padding, dilation = numbers
        return graph.conv(value, 1, kernel, stride, padding, dilation), followed.conv(*numbers)
    if kind == "transposed":
        return graph.transposed(value, 1, *numbers), followed.transposed(*numbers)
    return graph.resize(value, [2 * n for n in graph.shape(value)[2:]]), followed.doubled()


def grow(graph, value, followed, chain):
    for step in chain:
        if step[0] == "conv" and graph.shape(value)[2] + 2 * step[3] < step[4] * (step[1] - 1) + 1:
            break
        if (
            step[0] == "transposed"
            and graph.shape(value)[2] * step[2] + step[1] <= step[2] + 2 * step[3]
        ):
            break
        if graph.shape(value)[2] > 60:
            break
        value, followed = apply(graph, value, followed, step)
    return value, followed


def spans(field, outputs):
    return [
        (elements.start, elements.stop) if elements else None
        for elements in map(field.elements, range(outputs))
    ]


def hulls(followed, outputs):
    seen = [followed.seen(o) for o in range(outputs)]
    return [(min(item), max(item) + 1) if item else None for item in seen]


@settings(max_examples=150)
@given(st.integers(8, 20), st.lists(steps, min_size=1, max_size=4))
def test_chains_against_cells_followed_one_by_one(size, chain):
    graph = GraphBuilder((1, 1, size))
    value, followed = grow(graph, graph.input, Followed(size), chain)
    model = graph.model()
    if not model.operations:
        return
    found = receptive_fields(model)
    outputs = graph.shape(value)[2]
    (field,) = found.arrays[-1].fields[1:]
    assert followed.size == outputs
    expected = hulls(followed, outputs)
    assert spans(field, outputs) == expected
    covering = any(item and item[0] <= 0 and item[1] >= size for item in expected)
    assert found.arrays[-1].covers([1]) == covering


@settings(max_examples=60)
@given(
    st.integers(10, 20),
    st.lists(steps, max_size=3),
    st.lists(st.tuples(st.just("conv"), st.sampled_from([1, 3, 5]), st.just(1)), max_size=2),
)
def test_joins_against_cells_followed_one_by_one(size, chain, branch):
    graph = GraphBuilder((1, 1, size))
    value, followed = grow(graph, graph.input, Followed(size), chain)
    other, beside = value, followed
    for _, kernel, dilation in branch:
        other, beside = apply(graph, other, beside, ("conv", kernel, 1, kernel // 2, dilation))
    graph.join(value, graph.pointwise(other))
    outputs = graph.shape(value)[2]
    (field,) = receptive_fields(graph.model()).arrays[-1].fields[1:]
    assert spans(field, outputs) == hulls(followed.joined(beside), outputs)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2), st.integers(0, 3)),
        max_size=4,
    )
)
def test_one_phase_follows_the_recurrence(chain):
    field, (size, step, padding) = AxisField(), (1, 1, 0)
    for kernel, stride, dilation, before in chain:
        window = Window(50, kernel, stride, dilation, before)
        field = field.after(window)
        size += dilation * (kernel - 1) * step
        padding += before * step
        step *= stride
    assert len(field.spans) == 1
    assert (field.size, field.stride, field.before) == (size, step, padding)


def test_a_global_branch_lets_everything_be_seen():
    graph = GraphBuilder((1, 3, 9, 9))
    value = graph.conv(graph.input, 8, 3, padding=1)
    gate = graph.pointwise(graph.conv(graph.pooled(value), 8, 1), "Sigmoid")
    graph.join(value, gate, kind="Mul")
    found = receptive_fields(graph.model())
    assert (found.sizes(0), found.covers(0)) == ((3, 3), False)
    assert (found.sizes(4), found.covers(4)) == ((9, 9), True)


def test_dense_layers_see_what_was_not_dropped():
    graph = GraphBuilder((1, 1, 10, 11))
    graph.linear(graph.flatten(graph.conv(graph.input, 4, 3, stride=2)), 5)
    found = receptive_fields(graph.model())
    assert found.sizes(2) == (9, 11)
    assert not found.covers(2)


def test_axes_that_are_moved_and_named_anew():
    graph = GraphBuilder((1, 16, 20, 3))  # height, width, channels
    value = graph.reshape(
        graph.input, 1, 3, 16, 20, kind="Permute", arguments={"dims": (0, 3, 1, 2)}
    )
    value = graph.conv(value, 8, (3, 5), stride=(1, 2), padding=(1, 2))
    value = graph.reshape(value, 1, 2, 4, 16, 10)
    value = graph.reshape(
        value, 1, 4, 2, 16, 10, kind="Permute", arguments={"dims": (0, 2, 1, 3, 4)}
    )
    value = graph.conv(graph.reshape(value, 1, 8, 16, 10), 8, 3, padding=1)
    found = receptive_fields(graph.model())
    assert found.axes == (0, 1)
    assert found.sizes(1) == (3, 5)
    assert found.sizes(5) == (5, 9)
    assert found.fields(5)[1].stride == 2
    # Rows and columns in one: windows over them have no field.
    graph.conv(graph.reshape(value, 1, 8, 160), 1, 3)
    assert receptive_fields(graph.model()).arrays[-1] is None


def test_a_linear_layer_of_channels_leaves_places_by_themselves():
    graph = GraphBuilder((1, 3, 16, 20))
    value = graph.conv(graph.input, 8, 3, padding=1)
    dims = {"dims": (0, 2, 3, 1)}
    value = graph.reshape(value, 1, 16, 20, 8, kind="Permute", arguments=dims)
    value = graph.add("Linear", "dense", [value], (1, 16, 20, 4), weight_shape=(4, 8))
    dims = {"dims": (0, 3, 1, 2)}
    value = graph.reshape(value, 1, 4, 16, 20, kind="Permute", arguments=dims)
    graph.conv(value, 8, 3, padding=1)
    assert receptive_fields(graph.model()).sizes(4) == (5, 5)
    # Over positions in one axis, as an MLP-Mixer has it, or over rows, it depends on all of them.
    graph = GraphBuilder((1, 3, 16, 20))
    tokens = graph.reshape(graph.conv(graph.input, 8, 4, stride=4), 1, 8, 20)
    graph.add("Linear", "dense", [tokens], (1, 8, 20), weight_shape=(20, 20))
    assert receptive_fields(graph.model()).covers(2)
    graph = GraphBuilder((1, 3, 16, 20))
    graph.add("Linear", "dense", [graph.input], (1, 3, 16, 4), weight_shape=(4, 20))
    assert receptive_fields(graph.model()).covers(0)


def test_paths_from_two_inputs():
    graph = GraphBuilder((1, 1, 12, 12), (1, 1, 12, 12), (1, 1, 9, 9))
    one, other, small = graph.inputs
    graph.join(graph.conv(one, 1, 3, padding=1), other)
    graph.join(graph.pointwise(graph.pooled(one)), graph.pooled(small))
    graph.add("Mystery", "unknown", [one], (1, 1, 12, 12))
    graph.pointwise(graph.join(one, graph.add("Mystery", "unknown", [one], (1, 1, 12, 12))))
    found = receptive_fields(graph.model())
    assert found.sizes(1) == (3, 3)
    assert found.sizes(5) == (12, 12)
    assert [found.arrays[index] for index in (6, 7, 8, 9)] == [None] * 4


def test_paths_of_different_strides_are_not_guessed():
    graph = GraphBuilder((1, 1, 8, 8))
    half = graph.pool(graph.input, 2)
    graph.join(half, graph.pad(graph.input, 0, -4))
    assert receptive_fields(graph.model()).arrays[-1] is None


def test_strides_after_enlarging_are_fractions():
    graph = GraphBuilder((1, 1, 8, 8))
    graph.transposed(graph.input, 1, 4, stride=2, padding=1)
    (field, _) = receptive_fields(graph.model()).fields(0)
    assert field.stride == Fraction(1, 2)
    assert field.size == 2


def test_too_many_phases_are_not_followed():
    graph = GraphBuilder((1, 1, 101, 4))
    graph.resize(graph.resize(graph.input, (103, 4)), (10_007, 4))
    assert receptive_fields(graph.model()).arrays[-1] is None
