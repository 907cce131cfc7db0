"""Windows at random, and their elements found by moving them step by step."""

from __future__ import annotations

from fencepost.sizing import Window


def covered_elements(window):
    """The elements of the padded input that each window covers, found by moving it step by step."""
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
