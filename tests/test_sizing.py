"""The output-size equation against windows that are counted one by one, and against PyTorch."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.sizing import Window, fitting_windows, windows


def looked_at(window):
    """The padded cells that each window touches, found by moving it step by step."""
    found = []
    start = 0
    while True:
        taps = [start + tap * window.dilation for tap in range(window.kernel)]
        if taps[-1] >= window.before + window.input + window.after:
            return found
        found.append(taps)
        start += window.stride


def random_window(generator, largest=30):
    return Window(
        input=generator.randint(1, largest),
        kernel=generator.randint(1, 7),
        stride=generator.randint(1, 6),
        dilation=generator.choice((1, 1, 1, 2, 3, 5)),
        before=generator.choice((0, 0, 1, 2, 5)),
        after=generator.choice((0, 0, 1, 2, 5)),
    )


def arguments(window):
    pair = (window.before, window.after)
    return (window.input, window.kernel, window.stride, pair, window.dilation)


def test_against_counted_windows():
    generator = random.Random(1)
    outcomes = {"fits": 0, "remainder": 0, "too large": 0}
    for _ in range(40_000):
        window = random_window(generator)
        found = looked_at(window)
        call = arguments(window)
        raises = generator.random() < 0.2  # an error works out its suggestions, which takes time
        if not found:
            outcomes["too large"] += 1
            if not raises:
                assert window.output == 0
                continue
            with pytest.raises(fp.SizeError, match="kernel is larger than its input"):
                fp.output_size(*call, remainder=generator.choice(("error", "crop", "pad")))
            continue
        unseen = range(found[-1][-1] + 1, window.padded)
        lost = [cell for cell in unseen if window.before <= cell < window.before + window.input]
        assert (window.output, window.remainder) == (len(found), len(unseen))
        assert window.lost_elements == len(lost)
        assert fp.output_size(*call, remainder="crop") == len(found)
        if not unseen:
            outcomes["fits"] += 1
            for remainder in ("error", "pad"):
                assert fp.output_size(*call, remainder=remainder) == len(found)
            continue
        outcomes["remainder"] += 1
        if raises:
            with pytest.raises(fp.SizeError) as caught:
                fp.output_size(*call)
            assert caught.value.lost_elements == len(lost)
        (padded,) = windows(*call, remainder="pad")
        assert padded.remainder == 0
        assert padded.output == len(looked_at(padded)) == len(found) + 1
        assert padded.after - window.after == window.stride - len(unseen)
        assert padded.before == window.before
    assert min(outcomes.values()) > 1_000, outcomes


def test_blank_windows_against_counted_ones():
    generator = random.Random(2)
    blank = 0
    for _ in range(10_000):
        window = random_window(generator, largest=8)
        inside = range(window.before, window.before + window.input)
        expected = sum(all(tap not in inside for tap in taps) for taps in looked_at(window))
        assert window.blank_windows == expected, window
        blank += expected > 0
    assert blank > 500


def test_blank_windows_of_kernels_with_wide_holes():
    generator = random.Random(3)
    for _ in range(10_000):
        window = random_window(generator, largest=8)
        window = replace(window, dilation=generator.randint(1, 14), before=generator.randint(0, 60))
        inside = range(window.before, window.before + window.input)
        expected = sum(all(tap not in inside for tap in taps) for taps in looked_at(window))
        assert window.blank_windows == expected, window
    huge = Window(8, 3, 1, dilation=9, before=10**15)
    assert huge.blank_windows == huge.output - 8  # the last 8: their last cell is on the input


def test_several_axes_are_several_single_ones():
    generator = random.Random(3)
    for _ in range(1_500):
        axes = [random_window(generator) for _ in range(generator.randint(1, 4))]
        calls = [arguments(window) for window in axes]
        together = [tuple(column) for column in zip(*calls, strict=True)]
        try:
            expected = tuple(fp.output_size(*call) for call in calls)
        except fp.SizeError:
            with pytest.raises(fp.SizeError):
                fp.output_size(*together)
        else:
            assert fp.output_size(*together) == expected


def test_the_quick_answer_is_the_one_that_explains():
    generator = random.Random(3)
    outcomes = {True: 0, False: 0}
    for _ in range(500):
        one, other = random_window(generator), random_window(generator)
        remainder = generator.choice(("error", "crop", "pad"))
        same = generator.random() < 0.3
        pairs = tuple((window.before, window.after) for window in (one, other))
        call = [
            tuple(getattr(window, name) for window in (one, other))
            for name in ("input", "kernel", "stride", "dilation")
        ]
        call.insert(3, "same" if same else pairs)
        try:
            expected = windows(*call, remainder=remainder)
        except fp.SizeError:
            expected = None
        assert fitting_windows(*call, remainder) == expected
        outcomes[expected is None] += 1
    assert min(outcomes.values()) > 100


def test_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    generator = random.Random(4)
    whole = 0
    for _ in range(4_000):
        axes = [random_window(generator) for _ in range(generator.choice((1, 2, 3)))]
        size, kernel, stride, _, dilation = zip(*map(arguments, axes), strict=True)
        padding = tuple(window.before for window in axes)
        # On the meta device PyTorch works out shapes and nothing else.
        x = torch.empty((1, 1, *size), device="meta")
        weight = torch.empty((1, 1, *kernel), device="meta")
        convolve = getattr(torch.nn.functional, f"conv{len(axes)}d")
        try:
            expected = tuple(convolve(x, weight, None, stride, padding, dilation).shape[2:])
        except RuntimeError:
            with pytest.raises(fp.SizeError, match=r"larger than its input|at least once"):
                fp.output_size(size, kernel, stride, padding, dilation)
            continue
        # One axis takes (before, after) where several take a number each.
        padding = ((padding[0], padding[0]),) if len(axes) == 1 else padding
        call = (size, kernel, stride, padding, dilation)
        assert fp.output_size(*call, remainder="crop") == expected
        if all(window.remainder == 0 for window in windows(*call, remainder="crop")):
            whole += 1
            assert fp.output_size(*call) == expected
        elif generator.random() < 0.2:
            with pytest.raises(fp.SizeError):
                fp.output_size(*call)
    assert whole > 500


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_transposed_windows_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    generator = random.Random(3)
    for _ in range(300):
        places, kernel, stride, dilation = (generator.randint(1, 5) for _ in range(4))
        padding, rest = generator.randint(0, 2), generator.randrange(max(stride, dilation))
        window = Window.inverse(places, kernel, stride, dilation, padding, padding, rest)
        layer = torch.nn.ConvTranspose1d(1, 1, kernel, stride, padding, rest, dilation=dilation)
        if window.input < 1:
            continue
        x = torch.zeros(1, 1, places, device="meta")
        assert window.input == layer.to("meta")(x).shape[-1]
        if rest < stride:
            assert (window.output, window.remainder) == (places, rest)


def test_same_padding_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for kernel in range(1, 10):
        for dilation in range(1, 5):
            (window,) = windows(11, kernel, padding="same", dilation=dilation)
            layer = torch.nn.Conv1d(1, 1, kernel, padding="same", dilation=dilation).to("meta")
            padding = (window.before, window.after)
            assert padding == tuple(layer._reversed_padding_repeated_twice)
            assert window.output == layer(torch.zeros(1, 1, 11, device="meta")).shape[-1] == 11


@given(
    size=st.integers(1, 10**9),
    kernel=st.integers(1, 10**4),
    dilation=st.integers(1, 10**3),
)
def test_same_keeps_the_size(size, kernel, dilation):
    (window,) = windows(size, kernel, padding="same", dilation=dilation)
    assert window.output == size
    assert window.after - window.before == dilation * (kernel - 1) % 2
    assert bool(window.remark) == (window.before != window.after)


sizes = st.integers(1, 60)
few = st.integers(1, 8)


@given(sizes, few, few, st.integers(0, 8), few)
def test_a_larger_input_has_no_smaller_output(size, kernel, stride, padding, dilation):
    call = (kernel, stride, padding, dilation)
    try:
        smaller = fp.output_size(size, *call, remainder="crop")
    except fp.SizeError:
        return
    assert smaller <= fp.output_size(size + 1, *call, remainder="crop") <= smaller + 1
    assert fp.output_size(size + stride, *call, remainder="crop") == smaller + 1


@given(few, few, few, st.integers(0, 8), few)
def test_the_equation_can_be_turned_round(output, kernel, stride, padding, dilation):
    size = (output - 1) * stride + dilation * (kernel - 1) + 1 - 2 * padding
    if size >= 1:
        assert fp.output_size(size, kernel, stride, padding, dilation) == output


@given(st.integers(0, 50), few, few, few)
def test_a_padded_remainder_needs_the_fewest_zeros(more, kernel, stride, dilation):
    size = dilation * (kernel - 1) + 1 + more
    (window,) = windows(size, kernel, stride, 0, dilation, remainder="pad")
    assert window.after < stride
    assert window.output == -(-more // stride) + 1


def test_the_equation_as_text_is_the_equation():
    generator = random.Random(5)
    for _ in range(3_000):
        window = random_window(generator)
        left, right, result = window.equation.split(" = ")
        assert left == "output"
        numerator, rest = right.removeprefix("(").rsplit(") / ", 1)
        stride = rest.removesuffix(" + 1")
        total = eval(numerator.replace("−", "-").replace("·", "*"))
        exact = Fraction(total, int(stride)) + 1
        shown = Fraction(result.rstrip("…").replace("−", "-"))
        if result.endswith("…"):
            assert 0 < abs(exact) - abs(shown) < Fraction(1, 100)
        else:
            assert shown == exact
        assert (exact.denominator == 1) == (window.span % window.stride == 0)


def test_the_numbers_of_the_article():
    assert fp.output_size(13, kernel_size=3, stride=2) == 6
    assert fp.output_size((10, 5), kernel_size=3) == (8, 3)
    assert fp.output_size((10, 5), kernel_size=3, padding=1) == (10, 5)
    with pytest.raises(fp.SizeError, match=r"= 4\.5"):
        fp.output_size(10, kernel_size=3, stride=2)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ((10, 3), 8),
        (((10,), 3), (8,)),
        ((10, (3, 5)), (8, 6)),
        ((10, 3, (1, 7)), (8, 2)),
        ((10, 3, 1, 0, (1, 2)), (8, 6)),
        ((10, 3, 1, (0, 2)), 10),  # one axis: before and after
        (((10,), 3, 1, (0, 2)), (10,)),
        (((10, 10), 3, 1, (0, 2)), (8, 12)),  # two axes: one number each
        (((10, 10), 3, 1, ((0, 2), (1, 0))), (10, 9)),
        (((10, 10), 3, 1, (1, (1, 0))), (10, 9)),
        ((10, 3, 1, ((0, 2), (1, 0))), (10, 9)),
        ((10, 3, 1, ((0, 2),)), (10,)),
        ((10, 3, 1, (1, 1, 1)), (10, 10, 10)),
        ((10, 4, 1, "same"), 10),
        (((10, 7), (4, 3), 1, "same", 2), (10, 7)),
        (([10, 7], [4, 3]), (7, 5)),
        ((np.int64(10), np.uint8(3)), 8),
        (((np.int32(10), 5), np.array(3)), (8, 3)),
    ],
)
def test_ways_to_write_a_call(call, expected):
    result = fp.output_size(*call)
    assert result == expected
    assert type(result) is type(expected)
    assert all(type(item) is int for item in (result if isinstance(result, tuple) else (result,)))


INTEGER = "{} must be an integer, at least {}. Received: {}."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"input_size": 0}, INTEGER.format("input_size", 1, "input_size=0")),
        ({"input_size": -4}, INTEGER.format("input_size", 1, "input_size=-4")),
        ({"input_size": (4, 0)}, INTEGER.format("input_size", 1, "input_size=0")),
        ({"kernel_size": 0}, INTEGER.format("kernel_size", 1, "kernel_size=0")),
        ({"stride": 0}, INTEGER.format("stride", 1, "stride=0")),
        ({"dilation": 0}, INTEGER.format("dilation", 1, "dilation=0")),
        ({"padding": -1}, INTEGER.format("padding", 0, "padding=-1")),
        ({"padding": (0, -1)}, INTEGER.format("padding", 0, "padding=-1")),
        ({"input_size": True}, INTEGER.format("input_size", 1, "input_size=True")),
        ({"stride": np.True_}, INTEGER.format("stride", 1, "stride=np.True_")),
        ({"padding": False}, INTEGER.format("padding", 0, "padding=False")),
        ({"input_size": 10.0}, INTEGER.format("input_size", 1, "input_size=10.0")),
        ({"kernel_size": "3"}, INTEGER.format("kernel_size", 1, "kernel_size='3'")),
        ({"kernel_size": None}, INTEGER.format("kernel_size", 1, "kernel_size=None")),
        (
            {"stride": np.array([1, 2])},
            INTEGER.format("stride", 1, "stride=array([1, 2])"),
        ),
        (
            {"input_size": ()},
            "input_size must have at least one axis. Received: input_size=().",
        ),
        ({"padding": []}, "padding must have at least one axis. Received: padding=[]."),
        (
            {"padding": ((1, 2, 3),)},
            "padding of one axis must be one number or a pair (before, after). "
            "Received: (1, 2, 3).",
        ),
        (
            {"padding": "valid"},
            'padding must be a number of zeros, (before, after) pairs or "same". '
            "Received: padding='valid'.",
        ),
        (
            {"remainder": "floor"},
            'remainder must be one of "error", "crop", "pad". Received: remainder=\'floor\'.',
        ),
        (
            {"remainder": None},
            'remainder must be one of "error", "crop", "pad". Received: remainder=None.',
        ),
        (
            {"input_size": (9, 9), "kernel_size": (3, 3, 3)},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 2, kernel_size has 3.",
        ),
        (
            {"input_size": (9, 9), "padding": ((1, 1),)},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 2, padding has 1.",
        ),
        (
            {"input_size": (9,), "padding": (1, (1, 2))},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 1, padding has 2.",
        ),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else "",
)
def test_arguments_that_are_refused(call, message):
    with pytest.raises(fp.ArgumentError) as caught:
        fp.output_size(**{"input_size": 10, "kernel_size": 3, **call})
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


# --- what a SizeError suggests ---------------------------------------------------------------


def random_call(generator):
    """A call in one of the ways that people write it: ints, axes, pairs, "same"."""
    axes = generator.choice((0, 0, 1, 2, 2, 3))
    uniform = generator.random() < 0.5

    def size(low, high):
        if not axes:
            return generator.randint(low, high)
        if uniform:
            return (generator.randint(low, high),) * axes
        return tuple(generator.randint(low, high) for _ in range(axes))

    def maybe(low, high):
        return generator.randint(low, high) if generator.random() < 0.6 else size(low, high)

    padding = maybe(0, 3)
    if generator.random() < 0.3:
        pairs = tuple((generator.randint(0, 3), generator.randint(0, 3)) for _ in range(axes or 1))
        padding = pairs if axes else pairs[0]
    elif axes == 1 and isinstance(padding, tuple):
        padding = padding[0]
    if generator.random() < 0.1:
        padding = "same"
    return {
        "input_size": generator.randint(1, 40) if generator.random() < 0.1 else size(1, 40),
        "kernel_size": maybe(1, 12),
        "stride": maybe(1, 9),
        "padding": padding,
        "dilation": generator.choice((1, 1, 2, 3)) if generator.random() < 0.8 else maybe(1, 4),
        "remainder": generator.choice(("error", "error", "error", "crop", "pad")),
    }


def blank(call):
    return [window.blank_windows for window in windows(**call)]


def test_every_suggestion_fits():
    generator = random.Random(6)
    errors = suggestions = 0
    seen = set()
    for _ in range(5_000):
        call = random_call(generator)
        try:
            result = fp.output_size(**call)
        except fp.SizeError as error:
            errors += 1
            assert error.suggestions, call
            for suggestion in error.suggestions:
                suggestions += 1
                seen.update(suggestion.changes)
                changed = {**call, **suggestion.changes}
                result = fp.output_size(**changed)
                assert result == suggestion.output, (call, suggestion)
                assert type(result) is type(suggestion.output), (call, suggestion)
                assert all(value != call[name] for name, value in suggestion.changes.items())
                assert suggestion.text in str(error)
            assert len({str(item.changes) for item in error.suggestions}) == len(
                error.suggestions
            ) or (call["padding"] == "same")
        else:
            assert result == tuple(w.output for w in windows(**call)) or result == (
                windows(**call)[0].output
            )
    assert errors > 2_000 and suggestions > 10_000
    assert seen == {"input_size", "padding", "stride", "kernel_size", "dilation", "remainder"}


def test_no_suggestion_makes_windows_of_padding_only():
    generator = random.Random(7)
    checked = 0
    for _ in range(2_000):
        call = random_call(generator)
        if call["padding"] == "same" or call["remainder"] != "error":
            continue
        try:
            windows(**call)
        except fp.SizeError as error:
            try:
                before = blank({**call, "remainder": "crop"})
            except fp.SizeError:
                continue
            for suggestion in error.suggestions:
                if not {"input_size", "kernel_size", "stride", "dilation"} & {*suggestion.changes}:
                    checked += 1
                    now = blank({**call, **suggestion.changes})
                    assert all(n <= b for n, b in zip(now, before, strict=True)), (call, suggestion)
    assert checked > 1_000


def test_suggestions_are_the_nearest():
    """On one axis, nothing between the call and a suggested input, kernel or stride fits."""
    generator = random.Random(8)
    names = {"input_size": "input", "kernel_size": "kernel", "stride": "stride"}
    names["dilation"] = "dilation"
    compared = 0
    for _ in range(1_000):
        window = random_window(generator)
        if fits(window):
            continue
        with pytest.raises(fp.SizeError) as caught:
            fp.output_size(*arguments(window))
        for name, direction in itertools.product(names, (-1, 1)):
            now = getattr(window, names[name])
            suggested = [
                value
                for suggestion in caught.value.suggestions
                if name in suggestion.changes
                and ((value := suggestion.changes[name]) - now) * direction > 0
            ]
            most = 2 * now if name == "stride" else now + 80
            tried = range(now + direction, 0 if direction < 0 else most + 1, direction)
            changed = (replace(window, **{names[name]: value}) for value in tried)
            nearest = next((item for item in changed if fits(item)), None)
            if nearest is not None and nearest.blank_windows > window.blank_windows:
                nearest = None
            expected = [] if nearest is None else [getattr(nearest, names[name])]
            assert suggested == expected, (window, name)
            compared += bool(expected)
    assert compared > 1_000


def fits(window):
    found = looked_at(window)
    return bool(found) and found[-1][-1] == window.padded - 1


def test_both_meanings_of_same_with_a_stride():
    generator = random.Random(9)
    for _ in range(3_000):
        size, kernel = generator.randint(1, 40), generator.randint(1, 9)
        stride, dilation = generator.randint(2, 6), generator.randint(1, 3)
        with pytest.raises(fp.SizeError, match="only clear for stride 1") as caught:
            fp.output_size(size, kernel, stride, "same", dilation)
        tensorflow, *pytorch = caught.value.suggestions
        assert "TensorFlow" in tensorflow.note
        assert tensorflow.output == -(-size // stride)
        padding = dilation * (kernel - 1) // 2
        span = size + 2 * padding - dilation * (kernel - 1) - 1
        assert len(pytorch) == (span >= 0)
        if pytorch:
            assert "PyTorch" in pytorch[0].note
            assert pytorch[0].changes["padding"] == padding
            assert pytorch[0].output == span // stride + 1


def test_tensorflows_meaning_of_same_in_numbers():
    # https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2: (in, kernel, stride).
    expected = {
        (28, 3, 2): (0, 1),
        (5, 3, 2): 1,
        (13, 6, 5): (1, 2),
        (7, 2, 3): (0, 1),
        (10, 1, 4): 0,
    }
    for call, padding in expected.items():
        with pytest.raises(fp.SizeError) as caught:
            fp.output_size(*call, padding="same")
        assert caught.value.suggestions[0].changes["padding"] == padding


@settings(deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_huge_sizes_are_answered_too(size, kernel, stride, padding):
    try:
        fp.output_size(size, kernel, stride, padding)
    except fp.SizeError as error:
        call = {"input_size": size, "kernel_size": kernel, "stride": stride, "padding": padding}
        for suggestion in error.suggestions:
            assert fp.output_size(**{**call, **suggestion.changes}) == suggestion.output
