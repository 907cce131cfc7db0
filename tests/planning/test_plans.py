"""A network on paper: its numbers are those of the network, of PyTorch, and of the literature."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest

import fencepost as fp
from fencepost.planning import parse_layers
from planning import torch_networks
from planning.architectures import ALEXNET, KNOWN, LENET5, VGG16


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def row_at(plan, place):
    """The row of a place, such as "3.0"."""
    first, _, rest = place.partition(".")
    row = plan.rows[int(first)]
    return row if not rest else row.inner[int(rest)]


@pytest.mark.parametrize(
    "network", [fp.models.lenet5(), fp.models.lenet5_1998(), fp.models.small_cnn((3, 32, 40), 7)]
)
def test_numbers_are_those_of_the_network(network):
    plan = fp.plan(network.input_shape, network.layers)
    assert plan.ok
    assert plan.problems == ()
    assert plan.output_shape == network.output_shape
    assert plan.parameters == network.parameter_count
    assert plan.connections == network.connections
    assert plan.multiply_adds == network.multiply_adds
    for row, resolved in zip(plan.rows, network.rows, strict=True):
        assert (row.index, row.place) == (resolved.index, str(resolved.index))
        assert row.layer is resolved.layer
        assert row.input_shape == resolved.input_shape
        assert row.output_shape == resolved.output_shape
        assert row.parameters == resolved.parameters


def test_text_and_layers_are_the_same_plan():
    assert fp.plan((1, 28, 28), LENET5) == fp.plan((1, 28, 28), fp.models.lenet5().layers)


@pytest.mark.parametrize("name", KNOWN)
def test_published_networks_against_pytorch(torch, name):
    shape, text, parameters = KNOWN[name]
    plan = fp.plan(shape, text)
    network = torch_networks.build(torch, shape, plan.layers)
    assert plan.parameters == parameters == sum(p.numel() for p in network.parameters())
    assert [row.output_shape for row in plan.rows] == torch_networks.shapes(torch, network, shape)
    assert plan.multiply_adds == torch_networks.multiply_adds(torch, network, shape)


@pytest.mark.parametrize("name", KNOWN)
def test_published_networks_against_torchinfo(torch, name):
    """It counts a bias as a multiply-add, as a connection is counted here, and no pool."""
    torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not installed")
    shape, text, parameters = KNOWN[name]
    plan = fp.plan(shape, text, batch=2)
    network = torch_networks.build(torch, shape, plan.layers)
    summary = torchinfo.summary(network, (2, *shape), verbose=0, device="meta")
    assert summary.total_params == parameters
    assert summary.total_mult_adds == 2 * sum(row.connections for row in plan.rows if row.share)


def random_layer(generator, axes, strides=(1, 2, 3)):
    kernel = tuple(generator.randint(1, 5) for _ in range(axes))
    stride = tuple(generator.choice(strides) for _ in range(axes))
    padding = tuple(generator.randint(0, k // 2) for k in kernel)
    pooling = generator.random() < 0.3
    name = generator.choice(("MaxPool", "AvgPool")) if pooling else "Conv"
    make = getattr(fp, f"{name}{axes}d")
    if pooling:
        return make(kernel, stride, padding, remainder="crop")
    return make(
        8 * generator.randint(1, 3),
        kernel,
        stride,
        padding,
        dilation=tuple(generator.randint(1, 2) for _ in range(axes)),
        groups=generator.choice((1, 2, 4)),
        bias=generator.random() < 0.5,
        remainder="crop",
    )


def test_random_networks_against_pytorch(torch):
    generator = random.Random(5)
    compared = 0
    for _ in range(60):
        axes = generator.choice((1, 2))
        shape = (4, *(generator.randint(20, 50) for _ in range(axes)))
        layers = [random_layer(generator, axes) for _ in range(4)]
        plan = fp.plan(shape, layers)
        layers = [row.layer for row in plan.rows]  # those that fit
        network = torch_networks.build(torch, shape, layers)
        assert [row.output_shape for row in plan.rows] == torch_networks.shapes(
            torch, network, shape
        )
        assert plan.parameters == sum(p.numel() for p in network.parameters())
        assert plan.multiply_adds == torch_networks.multiply_adds(torch, network, shape)
        compared += len(layers)
    assert compared > 120


# --- receptive fields -----------------------------------------------------------------------


# The same figures as of chains of windows in tests/graph/test_axis_field.py, by way of the layers.
@pytest.mark.parametrize(
    ("text", "last", "field", "stride"),
    [(LENET5, 5, 16, 4), (ALEXNET, 12, 195, 32), (VGG16, 28, 196, 16), (VGG16, 30, 212, 32)],
)
def test_published_receptive_fields(text, last, field, stride):
    plan = fp.plan((1, 28, 28) if text is LENET5 else (3, 224, 224), text)
    row = plan.rows[last]
    assert row.receptive_field == (field, field)
    assert {item.stride for item in row.fields} == {stride}
    assert not row.covers
    linear = next(row.index for row in plan.rows if isinstance(row.layer, fp.Linear))
    assert {row.covers for row in plan.rows[:linear]} == {False}
    assert {row.covers for row in plan.rows[linear:]} == {True}


def influence(network, shape):
    """For each output, which elements of the input change it: found by changing them one by one.

    The network must be linear: then the outputs for a single 1 are what it adds.
    """
    elements = int(np.prod(shape[1:]))
    impulses = np.zeros((elements, *shape), np.float32)
    impulses[:, 0].reshape(elements, elements)[np.arange(elements), np.arange(elements)] = 1
    responses = np.asarray(network(impulses)).any(axis=1)  # whichever channel
    return responses.reshape(*shape[1:], *responses.shape[1:])


def measured(network, shape):
    """First and last element along each axis that each output depends on; None if on none."""
    found = influence(network, shape)
    axes = len(shape) - 1
    spans = []
    for axis in range(axes):
        others = tuple(a for a in range(2 * axes) if a not in (axis, axes + axis))
        along = found.any(axis=others)  # (elements, outputs)
        elements = [np.flatnonzero(column) for column in along.T]
        spans.append([(some[0], some[-1]) if some.size else None for some in elements])
    return spans


def linear_layer(generator, axes):
    layer = random_layer(generator, axes, strides=(1, 1, 2))
    if isinstance(layer, (fp.MaxPool1d, fp.MaxPool2d)):
        make = fp.SumPool1d if axes == 1 else fp.SumPool2d
        return make(layer.kernel_size, layer.stride, layer.padding, remainder="crop")
    if isinstance(layer, (fp.Conv1d, fp.Conv2d)):
        return type(layer)(
            4, layer.kernel_size, layer.stride, layer.padding, layer.dilation,
            bias=False, remainder="crop",
        )  # fmt: skip
    return layer


def linear_block(generator, axes):
    """A residual block whose chain is uneven for even kernels, and a layer to give it channels."""
    conv = fp.Conv1d if axes == 1 else fp.Conv2d
    chain = [
        conv(4, generator.choice((1, 2, 3, 4)), padding="same", bias=False)
        for _ in range(generator.randint(1, 2))
    ]
    return [conv(4, 1, bias=False), fp.Residual(*chain)]


def test_measured_receptive_fields():
    generator = random.Random(11)
    outputs = inner = residuals = 0
    for _ in range(60):
        axes = generator.choice((1, 2))
        shape = (1, *(generator.randint(16, 26) for _ in range(axes)))
        layers = [linear_layer(generator, axes) for _ in range(3)]
        if generator.random() < 0.5:
            layers[1:1] = linear_block(generator, axes)
        plan = fp.plan(shape, layers)
        layers = [row.layer for row in plan.rows]
        if not layers:
            continue
        residuals += any(isinstance(layer, fp.Residual) for layer in layers)
        network = fp.Network(shape, layers, seed=3)
        for field, size, spans in zip(
            plan.rows[-1].fields, shape[1:], measured(network, shape), strict=True
        ):
            for index, span in enumerate(spans):
                if span is None:
                    continue
                first, last = span
                elements = field.elements(index)
                outputs += 1
                assert elements.start <= first
                assert last < elements.stop
                # Holes between taps may lie at an edge; a field inside the input shows its ends.
                if elements.start >= 0 and elements.stop <= size:
                    assert (first, last) == (elements.start, elements.stop - 1)
                    inner += 1
    assert outputs > 500
    assert inner > 200
    assert residuals > 15


def test_fields_once_the_axes_are_gone():
    plan = fp.plan((1, 10, 9), "Conv2d(2, 3, 2, remainder='crop'), Flatten, ReLU, Linear(3), ReLU")
    assert [row.fields is None for row in plan.rows] == [False, True, True, True, True]
    # A flattened value depends on what it did; a linear one on all but the row that was dropped.
    assert [row.receptive_field for row in plan.rows] == [(3, 3)] * 3 + [(9, 9)] * 2
    assert [row.covers for row in plan.rows] == [False] * 5
    exact = fp.plan((1, 9, 9), "Conv2d(2, 3, stride=2), GlobalAvgPool")
    assert (exact.rows[-1].fields, exact.rows[-1].receptive_field) == (None, (9, 9))
    assert exact.rows[-1].covers
    features = fp.plan((7,), "ReLU, Linear(3)")
    assert [row.receptive_field for row in features.rows] == [(1,), (7,)]
    assert [row.covers for row in features.rows] == [False, True]


# --- problems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "text", "fitting", "words"),
    [
        ((1, 10, 10), "Conv2d(2, 3, stride=2), ReLU", 0, "end exactly at the far edge"),
        ((1, 10, 10), "ReLU, Conv2d(2, 11), ReLU", 1, "larger than its input"),
        ((1, 10, 10), "ReLU, Linear(3)", 1, "Flatten"),
        ((1, 10, 10), "Flatten, Conv2d(2, 3)", 1, "(channels, height, width)"),
        ((1, 10), "Conv2d(2, 3)", 0, "1d"),
        ((3, 10, 10), "Conv2d(2, 3, groups=2)", 0, "groups must divide in_channels"),
        ((3, 10, 10), "Residual(Conv2d(2, 3))", 0, "keep the size"),
        ((3, 10, 10), "Residual(ReLU, Conv2d(3, 11))", 0, "in its layer 1"),
        ((10**5, 10**5, 10**5), "ReLU", 0, "at most 2,147,483,647 values"),
        ((1, 9, 9), f"Conv2d({10**30}, 3)", 0, "at most 2,147,483,647 values"),
        (
            (1, 10, 10),
            "Conv2d(2, 3, stride=2, padding='same')",
            0,
            "unambiguous only for a stride of 1",
        ),
    ],
)
def test_sizes_that_do_not_fit_are_told_and_never_raised(shape, text, fitting, words):
    plan = fp.plan(shape, text)
    assert not plan.ok
    assert len(plan.rows) == fitting
    assert plan.output_shape is None
    (problem,) = plan.problems
    assert isinstance(problem, fp.SizeError)
    assert words in " ".join(str(problem).split())
    # It is the error that the network raises, less the sizes, which the plan shows itself.
    with pytest.raises(fp.SizeError) as caught:
        fp.Network(shape, parse_layers(text))
    assert caught.value.in_layer(caught.value.layer).problem == problem.problem
    shown = str(plan)
    assert shown.endswith(str(problem))
    assert "The sizes up to here" not in shown
    assert shown.count("✗") == 1
    assert len(plan.layers) == len(parse_layers(text))


@pytest.mark.parametrize(
    ("shape", "layers", "options", "words"),
    [
        ((), [fp.ReLU()], {}, "input_shape must be"),
        ((1, 2, 3, 4), [fp.ReLU()], {}, "input_shape must be"),
        ((1, 0, 3), [fp.ReLU()], {}, "at least 1"),
        ("1x28x28", [fp.ReLU()], {}, "input_shape must be"),
        ((1, 9, 9), [], {}, "at least one layer"),
        ((1, 9, 9), "", {}, "at least one layer"),
        ((1, 9, 9), [fp.ReLU], {}, "write ReLU()"),
        ((1, 9, 9), "Relu", {}, "ReLU"),
        ((1, 9, 9), [fp.ReLU()], {"batch": 0}, "batch must be an integer, at least 1"),
    ],
)
def test_arguments_that_are_refused(shape, layers, options, words):
    with pytest.raises(fp.ArgumentError) as caught:
        fp.plan(shape, layers, **options)
    assert words in str(caught.value)


# --- the other numbers ----------------------------------------------------------------------


def test_layers_within_a_residual():
    text = "Conv2d(8, 3), Residual(Conv2d(8, 3, padding=1), Residual(Conv2d(8, 5, padding=2)))"
    plan = fp.plan((1, 20, 20), text)
    places = [row_at(plan, place).place for place in ("1", "1.0", "1.1")]
    assert places == ["1", "1.0", "1.1"]
    assert row_at(plan, "1.1").inner[0].place == "1.1.0"
    fields = [row_at(plan, place).receptive_field[0] for place in ("0", "1.0", "1.1", "1")]
    assert fields == [3, 5, 9, 9]
    outer = row_at(plan, "1")
    assert outer.parameters == sum(row.parameters for row in outer.inner)
    assert outer.multiply_adds == sum(row.multiply_adds for row in outer.inner)
    # Its own sum is a value of the network too, and so is the inner block's.
    assert outer.activation_bytes == 4 * (8 * 18 * 18) * 4
    assert plan.activation_bytes == 5 * (8 * 18 * 18) * 4


def test_what_fits_of_a_residual_that_does_not():
    text = "Conv2d(8, 3), Residual(Conv2d(8, 3, padding=1), ReLU, Conv2d(8, 3, stride=2)), ReLU"
    plan = fp.plan((3, 10, 10), text)
    assert [row.place for row in plan.unfinished] == ["1.0", "1.1"]
    assert [row.receptive_field for row in plan.unfinished] == [(5, 5)] * 2
    assert plan.misfit is plan.layers[1]
    assert plan.parameters == 224 + 584
    assert sum(row.share for row in (*plan.rows, *plan.unfinished)) == pytest.approx(1)
    lines = plan.text(100).split("\n")
    shown = [line.split("  ")[0] for line in lines if line[:1].isdigit()]
    assert shown[:5] == ["0", "1", "1.0", "1.1", "1.2"]
    (marked,) = (line for line in lines if "✗" in line)
    assert marked.startswith("1.2    Conv2d(8, 3, stride=2)")
    # Each layer fits, but their sum does not.
    plan = fp.plan((3, 10, 10), "Residual(Conv2d(3, 3))")
    assert [row.output_shape for row in plan.unfinished] == [(3, 8, 8)]
    (marked,) = (line for line in plan.text().split("\n") if "✗" in line)
    assert marked.startswith("0    Residual")


def test_what_fits_of_chains_that_do_not():
    plan = fp.plan((3, 10, 10), "Concat([], [ReLU, Conv2d(8, 11)], Conv2d(8, 3))")
    assert [row.place for row in plan.unfinished] == ["0.1.0"]
    assert plan.misfit_within == ("0.1.1", fp.Conv2d(8, 11), (3, 10, 10))
    (marked,) = (line for line in plan.text().split("\n") if "✗" in line)
    assert marked.startswith("0.1.1    Conv2d(8, 11)")
    choices = plan.solve("0.1.1.kernel_size")
    assert not choices.fitting
    plan = fp.plan((3, 10, 10), "Residual(Conv2d(8, 3), shortcut=[Conv2d(8, 2)])")
    assert [choice.value for choice in plan.solve("0.shortcut.0.kernel_size").fitting] == [3]


def test_receptive_fields_of_chains():
    text = "Concat([], Conv2d(8, 3, padding=1), Conv2d(8, 5, padding=2)), Gate(GlobalAvgPool)"
    plan = fp.plan((3, 10, 10), text)
    assert plan.rows[0].receptive_field == (5, 5)
    assert not plan.rows[0].covers
    assert plan.rows[1].covers


def test_receptive_fields_of_what_enlarges():
    """By hand: 3 + 2 · 2 of the convolutions and the stride of the pool between them."""
    text = "Conv2d(4, 3, padding=1), MaxPool2d(2), {}, Conv2d(4, 3, padding=1)"
    for layer in ("Upsample(scale_factor=2)", "ConvTranspose2d(4, 2, stride=2)"):
        plan = fp.plan((1, 8, 8), text.format(layer))
        assert [row.output_shape[1] for row in plan.rows] == [8, 4, 8, 8]
        assert [row.receptive_field[0] for row in plan.rows] == [3, 4, 4, 6]
    plan = fp.plan((1, 12, 12), "AdaptiveAvgPool2d(4)")
    assert plan.rows[0].receptive_field == (3, 3)
    assert fp.plan((1, 12, 12), "Conv2d(4, 3), AdaptiveAvgPool2d(1)").rows[1].covers


def test_memory_is_of_the_batch():
    single, many = (fp.plan((1, 28, 28), LENET5, batch=batch) for batch in (1, 32))
    values = [fp.Network((1, 28, 28), parse_layers(LENET5)).features(np.zeros((1, 28, 28), "f4"))]
    assert single.activation_bytes == sum(array.nbytes for array in values[0].values())
    assert many.activation_bytes == 32 * single.activation_bytes
    assert many.multiply_adds == single.multiply_adds


def test_shares_add_up():
    rows = fp.plan((1, 28, 28), LENET5).rows
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert [row.index for row in rows if row.share] == [0, 3, 7, 9, 11]
    assert fp.plan((1, 28, 28), "ReLU").rows[0].share == 0


def test_what_is_computed_grows_with_the_layers_only():
    def calls(blocks):
        """Return how many functions are called: a measure of time that no other program changes."""
        block = [fp.Conv2d(16, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]
        layers, count = [*block * blocks, fp.GlobalAvgPool()], 0

        def called(frame, event, argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(called)
        try:
            fp.plan((3, 64, 64), layers)
        finally:
            sys.setprofile(None)
        return count

    calls(1)  # what is imported and remembered
    assert calls(66) < 2.1 * calls(33)
    # 55 a layer where this was written, in 19 microseconds.
    assert calls(33) < 100 * 100
