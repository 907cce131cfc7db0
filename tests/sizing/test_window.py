"""One axis: windows of padding only, inverse windows and equations, counted and against PyTorch."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from fencepost.sizing import Window, windows
from sizing.counted_windows import covered_elements, random_window


def test_blank_windows_against_counted_ones():
    generator = random.Random(2)
    blank = 0
    for _ in range(10_000):
        window = random_window(generator, largest=8)
        inside = range(window.before, window.before + window.input)
        expected = sum(all(tap not in inside for tap in taps) for taps in covered_elements(window))
        assert window.blank_windows == expected, window
        blank += expected > 0
    assert blank > 500


def test_blank_windows_of_kernels_with_wide_holes():
    generator = random.Random(3)
    for _ in range(10_000):
        window = random_window(generator, largest=8)
        window = replace(window, dilation=generator.randint(1, 14), before=generator.randint(0, 60))
        inside = range(window.before, window.before + window.input)
        expected = sum(all(tap not in inside for tap in taps) for taps in covered_elements(window))
        assert window.blank_windows == expected, window
    huge = Window(8, 3, 1, dilation=9, before=10**15)
    assert huge.blank_windows == huge.output - 8  # the last 8: their last element is on the input


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_transposed_windows_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    generator = random.Random(3)
    for _ in range(300):
        size, kernel, stride, dilation = (generator.randint(1, 5) for _ in range(4))
        padding, rest = generator.randint(0, 2), generator.randrange(max(stride, dilation))
        window = Window.inverse(size, kernel, stride, dilation, padding, padding, rest)
        layer = torch.nn.ConvTranspose1d(1, 1, kernel, stride, padding, rest, dilation=dilation)
        if window.input < 1:
            continue
        x = torch.zeros(1, 1, size, device="meta")
        assert window.input == layer.to("meta")(x).shape[-1]
        if rest < stride:
            assert (window.output, window.remainder) == (size, rest)


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


def blank(call):
    return [window.blank_windows for window in windows(**call)]
