"""What a SizeError suggests: each suggestion fits, and is the nearest."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

import fencepost as fp
from fencepost.sizing import windows
from sizing.counted_windows import arguments, covered_elements, random_window


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
    found = covered_elements(window)
    return bool(found) and found[-1][-1] == window.padded - 1


def test_both_meanings_of_same_with_a_stride():
    generator = random.Random(9)
    for _ in range(3_000):
        size, kernel = generator.randint(1, 40), generator.randint(1, 9)
        stride, dilation = generator.randint(2, 6), generator.randint(1, 3)
        with pytest.raises(fp.SizeError, match="unambiguous only for a stride of 1") as caught:
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


@pytest.mark.parametrize("kind", ["Conv", "MaxPool", "AvgPool", "SumPool"])
def test_what_layers_are_told_is_typed_and_fits(kind):
    rng = np.random.default_rng(len(kind))

    def each(axes, low, high):
        count = axes if rng.random() < 0.4 else 1
        numbers = tuple(int(n) for n in rng.integers(low, high, count))
        return numbers if len(numbers) == axes > 1 else numbers[0]

    proposed = 0
    for _ in range(150):
        axes = int(rng.integers(1, 3))
        shape = (2, *(int(n) for n in rng.integers(1, 25, axes)))
        given = {"kernel_size": each(axes, 1, 7), "padding": each(axes, 0, 4)}
        given |= {"stride": each(axes, 1, 5)} if rng.random() < 0.6 else {}
        given |= {"out_channels": 4, "dilation": each(axes, 1, 4)} if kind == "Conv" else {}
        layer = getattr(fp, f"{kind}{axes}d")
        try:
            layer(**given).output_shape(shape)
        except fp.SizeError as error:
            for suggestion in error.suggestions:
                changes = dict(suggestion.changes)
                sizes = changes.pop("input_size", shape[1:])
                sizes = sizes if isinstance(sizes, tuple) else (sizes,)
                made = layer(**(given | changes)).output_shape((2, *sizes))[1:]
                assert list(made) == np.atleast_1d(suggestion.output).tolist()
                proposed += 1
    assert proposed > 100
