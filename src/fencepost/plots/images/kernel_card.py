"""All about one kernel in a figure: its weights, what it lets through, what it does to a sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...kernels import Kernel, KernelSet
from .. import style
from ..signals.lines import signal
from ..style import Figure
from .kernel_grids import filtering, kernel
from .samples import read_portrait

WIDTH, UPPER, LOWER = 7.0, 3.4, 3.5  # inches


def kernel_card(g: Kernel | KernelSet, portrait: Path | None = None) -> Figure:
    """Draw a kernel with its frequency response and, below, a sample before and after it.

    The sample is a photograph (matplotlib's, or `portrait`); for a 1D kernel, a signal with a
    step, a wave and noise. A set is drawn with the photograph only.
    """
    alone = isinstance(g, Kernel)
    height = LOWER + UPPER * alone
    figure = style.new_figure(WIDTH, height)
    lower = figure.add_axes((0, 0, 1, LOWER / height))
    if isinstance(g, Kernel):
        kernel(g, ax=figure.add_axes((0.03, LOWER / height, 0.94, UPPER / height)))
    if isinstance(g, Kernel) and g.ndim == 1:
        lower.set_position((0.09, 0.5 / height, 0.88, (LOWER - 0.9) / height))
        signal(sample_signal(), g, ax=lower)
    else:
        # The response of an odd kernel has both signs, and half of it would be cut off at black.
        odd = isinstance(g, Kernel) and g.symmetry.centre == "odd"
        filtering(read_portrait(portrait), g, ax=lower, magnitude=odd)
    return figure


def sample_signal() -> NDArray[np.float64]:
    """Return 60 samples: a step up and down, then a wave, with a little noise."""
    step = np.repeat([0.0, 4.0, 1.0], [8, 10, 12])
    wave = 2 + 1.5 * np.sin(np.arange(30) / 2.5)
    return np.concatenate([step, wave]) + np.random.default_rng(0).normal(0, 0.15, 60)
