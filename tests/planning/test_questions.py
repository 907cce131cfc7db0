"""What a designer asks, against answers found by planning every possibility."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.layers.windowed import WindowedLayer
from fencepost.planning import variants
from planning.architectures import ALEXNET, LENET5
from random_networks import random_network

STEM = "Conv2d(8, 7, stride=2, padding=3), ReLU, MaxPool2d(3, stride=2, padding=1)"


def drops_nothing(plan):
    """Whether everything fits, and no element of any layer's input is dropped."""
    return plan.ok and all(
        window.remainder == 0 for row in flat(plan.rows) for window in row.windows
    )


def flat(rows):
    for row in rows:
        yield row
        yield from flat(row.inner)


# --- inputs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        LENET5,
        STEM,
        STEM.replace("padding=1", "padding=1, remainder='crop'"),
        STEM.replace("padding=1", "padding=1, remainder='pad'"),
        "Conv2d(8, 5, dilation=2), Residual(Conv2d(8, 3, padding=1), BatchNorm2d), MaxPool2d(2)",
        "Conv2d(4, 3, stride=2), Subsample(2), Conv2d(4, 3, stride=3, padding=1), GlobalAvgPool",
        "Conv2d(4, 3), Conv2d(6, 3, groups=3)",  # no size helps
        "Conv2d(4, 3), Linear(5)",
    ],
)
def test_inputs_are_those_that_drop_nothing(text):
    plan = fp.plan((1, 28, 28), text)
    (answer,) = plan.inputs(1, 80)
    fitting = [n for n in range(1, 160) if drops_nothing(fp.plan((1, n, n), text))]
    assert answer.axis == "height and width"
    assert list(answer.sizes) == [n for n in fitting if n <= 80]
    if 28 in fitting:
        assert answer.nearest == (28,)
    else:
        below, above = [n for n in fitting if n < 28], [n for n in fitting if n > 28]
        assert list(answer.nearest) == below[-1:] + above[:1]


def test_inputs_of_two_unlike_axes():
    plan = fp.plan((1, 12, 21), "Conv2d(2, (3, 4), stride=(2, 3))")
    height, width = plan.inputs(10, 20)
    assert (height.axis, height.sizes, height.nearest) == ("height", (11, 13, 15, 17, 19), (11, 13))
    assert (width.axis, width.sizes, width.nearest) == ("width", (10, 13, 16, 19), (19, 22))
    for n in height.sizes:
        for m in width.sizes:
            assert drops_nothing(fp.plan((1, n, m), plan.layers))


def test_inputs_of_signals():
    (answer,) = fp.plan((2, 100), "Conv1d(4, 5, stride=3), MaxPool1d(2)").inputs(95, 110)
    assert (answer.axis, answer.sizes, answer.nearest) == ("width", (98, 104, 110), (98, 104))
    assert str(answer) == "width: 98, 104, 110; nearest to 100: 98, 104"


def test_a_known_silent_crop():
    """224 is no input of a ResNet without dropping: 225 is, and 193 before it."""
    blocks = [fp.Conv2d(16, 3, stride=2, padding=1) for _ in range(3)]
    plan = fp.plan((3, 224, 224), [*fp.planning.parse_layers(STEM), *blocks])
    (answer,) = plan.inputs(190, 260)
    assert answer.sizes == (193, 225, 257)
    assert answer.nearest == (193, 225)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (30, 20, "first must not be above last"),
        (0, 5, "first must be an integer, at least 1"),
        (1, 10_001, "at most 10,000 sizes"),
        (1, 2**40, "last must be an integer, at most"),
        ("1", 5, "first must be an integer"),
    ],
)
def test_ranges_that_are_refused(first, last, words):
    with pytest.raises(fp.ArgumentError, match=words):
        fp.plan((1, 28, 28), "ReLU").inputs(first, last)


def test_features_have_no_size_to_ask_for():
    plan = fp.plan((10,), "Linear(3)")
    for question in (lambda: plan.inputs(1, 5), plan.smallest_input):
        with pytest.raises(fp.ArgumentError, match="images and signals"):
            question()


# --- the smallest input ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        LENET5,
        STEM,
        "Conv2d(8, 7), MaxPool2d(3, remainder='crop'), Conv2d(8, 5, stride=2)",
        "Conv2d(8, 7), MaxPool2d(3, remainder='pad'), Conv2d(8, 5, stride=2, remainder='pad')",
        "Residual(Conv2d(1, 5, padding=2)), Conv2d(8, 5, dilation=4)",
        "ReLU",
    ],
)
def test_smallest_input_is_the_first_that_is_taken(text):
    plan = fp.plan((1, 60, 60), text)
    first = next(n for n in range(1, 100) if fp.plan((1, n, n), text).ok)
    assert plan.smallest_input() == (1, first, first)


def test_smallest_input_of_alexnet():
    assert fp.plan((3, 224, 224), ALEXNET).smallest_input() == (3, 63, 63)


@pytest.mark.parametrize("text", ["Conv2d(4, 3), Linear(5)", "Conv2d(6, 3, groups=3)"])
def test_no_input_is_small_enough(text):
    assert fp.plan((1, 28, 28), text).smallest_input() is None


def test_smallest_input_of_huge_kernels():
    text = f"Conv2d(1, {10**5}), Conv2d(1, (1, {10**5}), stride=2)"
    assert fp.plan((1, 28, 28), text).smallest_input() == (1, 10**5, 2 * 10**5 - 1)


# --- the padding that keeps the size --------------------------------------------------------


def test_same_padding_keeps_the_size():
    generator = random.Random(2)
    found = 0
    for _ in range(300):
        stride = tuple(generator.choice((1, 1, 2, 3)) for _ in "hw")
        kernel = tuple(generator.randint(1, 6) for _ in "hw")
        layer = fp.Conv2d(2, kernel, stride, dilation=generator.randint(1, 3), remainder="crop")
        size = tuple(generator.randint(12, 30) for _ in "hw")
        (answer,) = fp.plan((1, *size), [layer]).same_padding()
        assert answer.output == tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
        if answer.padding is None:
            assert any(k < s for k, s in zip(kernel, stride, strict=True))
            continue
        changed = fp.plan((1, *size), [variants.varied(layer, padding=answer.padding)])
        assert drops_nothing(changed)
        assert changed.output_shape == (2, *answer.output)
        found += 1
    assert found > 200


def test_same_padding_in_words():
    text = (
        "Conv2d(8, 4), Residual(Conv2d(8, 3, padding=1)), Conv2d(8, 1, stride=3), ReLU, Linear(3)"
    )
    assert [str(item) for item in fp.plan((1, 12, 12), text).same_padding()] == [
        "layer 0, Conv2d(8, 4): padding=((1, 2), (1, 2)) keeps 12 × 12",
        "layer 1.0, Conv2d(8, 3, padding=1): padding=1 keeps 9 × 9",
        "layer 2, Conv2d(8, 1, stride=3): no padding makes 3 × 3 of 9 × 9",
    ]


def test_same_padding_of_a_layer_that_does_not_fit():
    (answer,) = fp.plan((1, 4, 4), "Conv2d(8, 5), ReLU").same_padding()
    assert (answer.padding, answer.output) == (2, (4, 4))


# --- one argument ---------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["kernel_size", "stride", "padding", "dilation"])
@pytest.mark.parametrize("layer", [0, 2])
def test_solutions_are_all_values_that_drop_nothing(argument, layer):
    text = "Conv2d(6, 5, stride=2, padding=2), ReLU, Conv2d(6, 3, dilation=2), MaxPool2d(2)"
    plan = fp.plan((1, 29, 29), text.replace("MaxPool2d(2)", 'MaxPool2d(2, remainder="crop")'))
    answer = plan.solve(f"{layer}.{argument}")
    expected = []
    for value in range(40):
        layers = list(plan.layers)
        try:
            layers[layer] = variants.varied(layers[layer], **{argument: value})
        except fp.ArgumentError:
            continue
        changed = fp.plan(plan.input_shape, layers)
        inside = argument != "padding" or value < plan.rows[layer].windows[0].effective_kernel_size
        if drops_nothing(changed) and inside and not redundant(changed.rows[layer]):
            expected.append((value, changed.rows[layer].output_shape, changed.output_shape))
    found = [(item.value, item.output_shape, item.network_output) for item in answer.fitting]
    assert found == expected
    assert answer.argument == argument


def redundant(row):
    """Strides beyond the one with a single window say nothing new."""
    return any(window.stride > max(1, window.span) for window in row.windows)


def test_solutions_within_a_residual():
    plan = fp.plan((1, 12, 12), "Conv2d(8, 3), Residual(ReLU, Conv2d(8, 5))")
    assert not plan.ok
    answer = plan.solve("1.1.padding")
    assert [item.value for item in answer.fitting] == [2]
    assert str(answer) == (
        "layer 1.1, Conv2d(8, 5): everything fits with\n  padding=2  → 8 × 10 × 10"
    )


def test_solutions_of_groups():
    answer = fp.plan((12, 9, 9), "Conv2d(8, 3)").solve("0.groups")
    assert [item.value for item in answer.fitting] == [1, 2, 4]


def test_a_pool_keeps_its_windows_side_by_side():
    answer = fp.plan((1, 12, 12), "MaxPool2d(2), ReLU").solve("0.kernel_size")
    assert [(item.value, item.output_shape) for item in answer.fitting] == [
        (value, (1, 12 // value, 12 // value)) for value in (1, 2, 3, 4, 6, 12)
    ]


def test_no_solution():
    answer = fp.plan((1, 224, 224), STEM).solve("0.stride")
    assert answer.fitting == ()
    assert "no stride" in str(answer)


def test_solutions_in_words():
    plan = fp.plan((1, 9, 9), "Conv2d(2, 3, stride=2), Conv2d(4, 3), Flatten, Linear(3)")
    assert str(plan.solve("0.stride")) == (
        "layer 0, Conv2d(2, 3, stride=2): everything fits with\n"
        "  stride=1  → 2 × 7 × 7\n"
        "  stride=2  → 2 × 4 × 4, as it is\n"
        "  stride=3  → 2 × 3 × 3"
    )
    without = fp.plan(plan.input_shape, plan.layers[:2])
    assert "stride=1  → 2 × 7 × 7, at the end 4 × 5 × 5" in str(without.solve("0.stride"))


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("stride", 'such as "3.stride"'),
        ("0", 'such as "3.stride"'),
        ("-1.stride", 'such as "3.stride"'),
        (3, 'such as "3.stride"'),
        ("9.stride", "There is no layer 9: there are 0 to 3"),
        ("0.0.stride", "There is no layer 0.0"),
        ("1.stride", "only solve for layers with windows"),
        ("0.strid", 'Did you mean "stride"?'),
        ("0.bias", "can be solved for kernel_size, stride, padding, dilation, groups"),
        ("2.dilation", "can be solved for kernel_size, stride, padding"),
        ("3.stride", "layer 2, MaxPool2d(2), before it, does not fit"),
    ],
)
def test_questions_that_are_refused(argument, words):
    plan = fp.plan((1, 9, 9), "Conv2d(2, 3), ReLU, MaxPool2d(2), Conv2d(2, 3)")
    with pytest.raises(fp.ArgumentError) as caught:
        plan.solve(argument)
    assert words in str(caught.value)


ANY_LAYER = st.sampled_from(
    [
        *fp.planning.parse_layers(
            "ReLU, Flatten, Linear(3), GlobalAvgPool, BatchNorm1d, BatchNorm2d, RBF, Dropout,"
            "Conv1d(4, 3), MaxPool1d(2), Conv2d(4, 3), Conv2d(4, 3, stride=2, padding='same'),"
            "Conv2d(4, (5, 2), padding=((1, 2), (0, 3)), dilation=2, remainder='pad'),"
            "Conv2d(6, 3, groups=2), MaxPool2d(3, 2, padding=1, remainder='crop'), Subsample(2),"
            "Residual(Conv2d(4, 3, padding=1)), Residual(ReLU, Conv2d(4, 4)), Residual(Linear(3)),"
            "Residual(Conv2d(8, 3), shortcut=Conv2d(8, 3)), Concat([], Conv2d(4, 3, padding=1)),"
            "Concat(Linear(3), []), AdaptiveAvgPool2d(3), Upsample(scale_factor=2), Upsample(5),"
            "ConvTranspose2d(4, 3, stride=2, padding=1), GroupNorm(2), LayerNorm, Softmax,"
            "Gate(GlobalAvgPool, Linear(4)), Gate(Conv2d(1, 1))"
        )
    ]
)


@settings(max_examples=150)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.lists(ANY_LAYER, min_size=1, max_size=5),
)
def test_any_network_can_be_asked_anything(shape, layers):
    plan = fp.plan(shape, layers)
    assert str(plan)
    assert plan._repr_html_()
    assert json.dumps(plan.to_dict())
    assert all(str(item) for item in plan.same_padding())
    if len(shape) > 1:
        assert all(str(input_) for input_ in plan.inputs(1, 9))
        smallest = plan.smallest_input()
        assert smallest is None or fp.plan(smallest, layers).ok
    for index, layer in enumerate(layers):
        try:
            answer = plan.solve(f"{index}.kernel_size")
        except fp.ArgumentError as error:
            assert "windows" in str(error) or "does not fit" in str(error)
        else:
            assert str(answer)
            for choice in answer.fitting:
                changed = list(plan.layers)
                changed[index] = variants.varied(layer, kernel_size=choice.value)
                assert fp.plan(shape, changed).output_shape == choice.network_output


@pytest.mark.parametrize("seed", range(12))
def test_what_is_solved_for_is_put_into_random_networks_and_fits(seed):
    network = random_network(seed)
    if len(network.input_shape) == 1:
        return
    plan = fp.plan(network.input_shape, network.layers)
    smallest = plan.smallest_input()
    assert smallest is None or fp.plan(smallest, network.layers).ok
    for place, layer, entering in plan.entering():
        if not isinstance(layer, WindowedLayer):
            continue
        path = place.split(".")
        for name in ("kernel_size", "stride", "padding", "dilation", "groups"):
            try:
                choices = plan.solve(f"{place}.{name}").fitting
            except fp.ArgumentError:  # a pool has no groups; or what comes before drops elements
                continue
            strict = variants.strict(network.layers)
            for choice in choices:
                new = variants.varied(variants.at(strict, path), **{name: choice.value})
                changed = fp.plan(network.input_shape, variants.exchanged(strict, path, new))
                assert changed.ok
                assert changed.rows[-1].output_shape == choice.network_output
                assert new.output_shape(entering) == choice.output_shape
    for same in plan.same_padding():
        if same.padding is not None:
            layer = variants.varied(same.layer, padding=same.padding)
            assert layer.output_shape((layer_channels(plan, same.place), *same.input))[1:] == (
                same.output
            )


def layer_channels(plan, place):
    return next(shape[0] for where, _, shape in plan.entering() if where == place)
