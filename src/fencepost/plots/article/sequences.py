"""Figures 1 to 3 and 8 of the article: signals, smoothed and searched for edges."""

from __future__ import annotations

import numpy as np

from ...convolution import convolve
from ..signals.lines import signal
from ..style import number
from .drawn import Drawn

F = (10, 9, 10, 9, 10, 1, 10, 9, 10, 8)
MEAN = (1 / 3, 1 / 3, 1 / 3)
BLOCKS = (0, 0, 0, 4, 4, 4, 4, 1, 1, 1)
EDGES = (1, -1)
SAMPLES, PERIODS, NOISE, WIDTH = 400, 2, 0.35, 25


def one_signal() -> Drawn:
    """Draw the signal f."""
    others = [value for value in F if value > 1]
    return Drawn(
        signal(F),
        "The signal f: a sound with noise in it.",
        f"All of its {len(F)} values lie from {min(others)} to {max(others)}, but "
        f"f({F.index(min(F))}) = {min(F)}.",
    )


def smoothed() -> Drawn:
    """Draw f, and y = f ∗ g for the mean of three."""
    y = convolve(F, MEAN, "same", origin="first")
    dip = F.index(min(F))
    only = np.arange(len(F)) == dip
    low = np.flatnonzero(convolve(only, MEAN, "same", origin="first"))  # where f(5) has a part
    return Drawn(
        signal(F, MEAN),
        "The signal f, and y = f ∗ g for g = [⅓, ⅓, ⅓].",
        f"y begins at {number(float(y[0]))}, as g overlaps one value only; f({dip}) = {F[dip]} "
        f"lowers y at {', '.join(map(str, low))}, as many steps as g has weights: {len(low)}. "
        f"y falls to {number(float(y[low].min()))} there, not to {F[dip]}.",
    )


def noisy_sine() -> Drawn:
    """Draw a sine wave with noise, and what a mean leaves of it."""
    rng = np.random.default_rng(0)
    clean = np.sin(np.linspace(0, 2 * np.pi * PERIODS, SAMPLES))
    f = clean + rng.normal(0, NOISE, SAMPLES)
    g = np.full(WIDTH, 1 / WIDTH)
    inner = slice(WIDTH // 2, SAMPLES - WIDTH // 2)  # where g lies within f
    y = convolve(f, g, "valid")
    before, after = (float(np.std(values - clean[inner])) for values in (f[inner], y))
    return Drawn(
        signal(f, g, origin="centre"),
        f"A noisy sine wave f of {SAMPLES} samples, and y = f ∗ g for the mean of {WIDTH}.",
        f"What is not wave, by its standard deviation, falls from {before:.2f} to {after:.2f}; "
        f"the mean of {WIDTH} independent values has 1/√{WIDTH} = {WIDTH**-0.5:.2f} of their "
        "noise.",
    )


def edges() -> Drawn:
    """Draw a signal with edges, and y = f ∗ [1, −1]."""
    y = convolve(BLOCKS, EDGES, "same", origin="first")
    responses = ", ".join(f"y({index}) = {number(float(y[index]))}" for index in np.flatnonzero(y))
    return Drawn(
        signal(BLOCKS, EDGES),
        "A signal f with edges, and y = f ∗ [1, −1].",
        f"y is 0 wherever f stays the same, and gives each edge's position, height and sign: "
        f"{responses}.",
    )
