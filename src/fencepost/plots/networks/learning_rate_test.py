"""The loss of each step of a test in which the learning rate rises."""

from __future__ import annotations

import numpy as np

from ...errors import ArgumentError
from ...training import LearningRates
from .. import style
from ..style import Axes, Figure


def learning_rates(found: LearningRates, *, ax: Axes | None = None) -> Figure | Axes:
    """Draw the loss at each learning rate of `fencepost.training.find_lr`, and its suggestion.

    Dots are the batches' losses, the line their moving average; the rate is on a logarithmic
    scale, and a dashed line marks where the loss fell most steeply.

    Parameters
    ----------
    found : fencepost.training.LearningRates
        What `find_lr` returned.

    Raises
    ------
    ArgumentError
        `found` is not what `find_lr` returns.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> from fencepost.training import LearningRates
    >>> rates, losses = np.geomspace(1e-5, 1, 6), np.array([2.3, 2.3, 2.0, 1.0, 0.8, 3.0])
    >>> figure = fp.plots.learning_rates(LearningRates(rates, losses, losses, 1e-2))
    >>> figure.axes[0].child_axes[0].get_xscale()
    'log'
    """
    if not isinstance(found, LearningRates):
        raise ArgumentError(
            f"found must be what find_lr returned. Received: {type(found).__name__}."
        )
    canvas = style.canvas(ax, 6.4, 3.2)
    left, below = 0.75 / canvas.width, 0.5 / canvas.height
    axes = canvas.panel(
        left, below, 1 - left - 0.2 / canvas.width, 1 - below - 0.52 / canvas.height
    )
    style.plain(axes)
    axes.set_xscale("log")
    axes.plot(
        found.rates, found.losses, linestyle="", marker="o", markersize=2.5,
        color=style.FAINT_INK, label="each batch",
    )  # fmt: skip
    axes.plot(found.rates, found.smoothed, color=style.BLUE, linewidth=1.6, label="average")
    axes.axvline(
        found.suggestion, color=style.VERMILLION, linewidth=1.4, linestyle="--",
        label=f"steepest at {found.suggestion:.2g}",
    )  # fmt: skip
    # Beyond the lowest loss a batch may have any: the rest would be a flat line.
    highest = max(float(found.smoothed[0]), float(np.median(found.losses)))
    axes.set_ylim(0, 1.6 * highest)
    axes.set_xlabel("learning rate", fontsize=style.TEXT_SIZE, color=style.INK)
    axes.set_ylabel("loss", fontsize=style.TEXT_SIZE, color=style.INK)
    axes.legend(
        fontsize=style.SMALL_SIZE, frameon=False, labelcolor=style.INK, loc="lower right",
        bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2, handlelength=2.0,
    )  # fmt: skip
    style.heading(axes, "Learning rate")
    return canvas.result
