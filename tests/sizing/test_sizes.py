"""The output-size equation against windows that are counted one by one, and against PyTorch."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fencepost as fp
from fencepost.sizing import fitting_windows, windows
from sizing.counted_windows import arguments, covered_elements, random_window


def test_against_counted_windows():
    generator = random.Random(1)
    outcomes = {"fits": 0, "remainder": 0, "too large": 0}
    for _ in range(40_000):
        window = random_window(generator)
        found = covered_elements(window)
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
        lost = [
            element for element in unseen if window.before <= element < window.before + window.input
        ]
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
        assert padded.output == len(covered_elements(padded)) == len(found) + 1
        assert padded.after - window.after == window.stride - len(unseen)
        assert padded.before == window.before
    assert min(outcomes.values()) > 1_000, outcomes


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


def test_the_numbers_of_the_article():
    assert fp.output_size(13, kernel_size=3, stride=2) == 6
    assert fp.output_size((10, 5), kernel_size=3) == (8, 3)
    assert fp.output_size((10, 5), kernel_size=3, padding=1) == (10, 5)
    with pytest.raises(fp.SizeError, match=r"= 4\.5"):
        fp.output_size(10, kernel_size=3, stride=2)


@given(st.integers(1, 10**12), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_huge_sizes_are_answered_too(size, kernel, stride, padding):
    try:
        fp.output_size(size, kernel, stride, padding)
    except fp.SizeError as error:
        call = {"input_size": size, "kernel_size": kernel, "stride": stride, "padding": padding}
        for suggestion in error.suggestions:
            assert fp.output_size(**{**call, **suggestion.changes}) == suggestion.output
