"""A signal, and what a kernel makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...convolution import convolve
from ...convolution.parsing import Origin
from ...errors import ArgumentError
from ...kernels import Kernel
from .. import style
from ..arguments import real_numbers
from ..style import Axes, Figure
from .panels import FEW, draw_samples

BEHIND = "#a3a3a3"  # of a line behind another: lighter than it in a grey print too


def signal(
    f: ArrayLike,
    g: ArrayLike | Kernel | None = None,
    *,
    origin: Origin = "first",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw a signal and, given a kernel, ``y = f ∗ g`` over the same samples.

    Parameters
    ----------
    f : array_like, (n,)
    g : array_like or Kernel, (k,), optional
        A Kernel brings its origin.
    origin : {"first", "centre"} or int
        The element of g that stands for coordinate 0. With "first", y depends on the past only.

    Raises
    ------
    ArgumentError
        f has not exactly one axis.
    DataError, ArgumentError
        f is not real numbers; or as `fencepost.convolve`.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.signal([10, 9, 10, 9, 10, 1, 10, 9, 10, 8], [1 / 3, 1 / 3, 1 / 3])
    >>> [text.get_text() for text in figure.axes[0].child_axes[0].get_legend().get_texts()]
    ['f', 'y = f ∗ g']
    """
    values = real_numbers("f", f).astype(float)
    if values.ndim != 1:
        raise ArgumentError(f"f must be a row of numbers. Received: an array of {values.shape}.")
    canvas = style.canvas(ax, 6.2, 2.9)
    axes = canvas.within_margins(0.6, 0.5, 0.2, 0.35)
    positions = np.arange(len(values), dtype=float)
    draw_samples(axes, positions, values, style.FAINT_INK if g is None else BEHIND, 1.2, "f")
    if g is not None:
        if isinstance(g, Kernel):
            result = convolve(values, g, "same")
        else:
            result = convolve(values, g, "same", origin=origin)
        draw_samples(axes, positions, result, style.VERMILLION, 1.8, "y = f ∗ g", marker="s")
    style.plain(axes)
    axes.margins(x=0.02, y=0.1)
    if len(values) <= FEW:
        axes.locator_params(axis="x", integer=True, nbins=12)
    axes.set_xlabel("x", fontsize=style.TEXT_SIZE, color=style.INK)
    axes.legend(
        fontsize=style.TEXT_SIZE, labelcolor=style.INK, frameon=False, loc="lower right", ncols=2,
        bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, handlelength=2.2,
    )  # fmt: skip
    return canvas.result
