"""Signals before and after a convolution, with the kernel beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kernels import Kernel
from .. import style
from ..style import Axes, Figure

Values = NDArray[np.float64]

SHOWN = 6  # signals; more would be too small to be read
DOTS = 900  # samples that can be distinguished in the width of a panel
FEW = 60  # samples that are drawn as points


@dataclass(frozen=True, eq=False)
class SignalPlot:
    """One signal: what it is called, what it was, what it has become."""

    name: str
    before: Values
    after: Values


def draw_signals(
    title: str,
    signals: Sequence[SignalPlot],
    kernels: Sequence[Kernel],
    *,
    axis: Values,
    axis_label: str,
    start: int = 0,
) -> Figure:
    """Draw each signal with its result over it, and the kernels in a column to the right.

    `signals`: The first six are drawn. `axis` (ndarray): Where each sample of `before` stands.
    `start`: The sample of `before` at which `after` starts.
    """
    shown = signals[:SHOWN]
    rows = max(len(shown), 1)
    height = 1.75 + 2.1 * rows
    figure = style.new_figure(10.5, height)
    grid = figure.add_gridspec(
        rows, 2, width_ratios=(4, 1), left=0.075, right=0.975, wspace=0.34, hspace=0.42,
        bottom=0.55 / height, top=1 - 1.27 / height,
    )  # fmt: skip
    figure.text(
        0.075, 1 - 0.24 / height, style.shorten(title, 60), fontsize=style.TITLE_SIZE,
        weight="bold", color=style.INK, va="top", parse_math=False,
    )  # fmt: skip
    figure.text(
        0.075, 1 - 0.58 / height, style.shorten(_through(kernels), 130), fontsize=style.TEXT_SIZE,
        color=style.FAINT_INK, va="top", parse_math=False,
    )  # fmt: skip
    panels: list[Axes] = []
    for row, signal in enumerate(shown):
        axes = figure.add_subplot(grid[row, 0], sharex=panels[0] if panels else None)
        _draw_signal(axes, signal, axis, start)
        axes.tick_params(labelbottom=row == len(shown) - 1)
        panels.append(axes)
    panels[-1].set_xlabel(axis_label, fontsize=style.TEXT_SIZE, color=style.INK, parse_math=False)
    drawn = [axes for axes in figure.axes if axes.get_legend_handles_labels()[1]]
    legend = [axes.get_legend_handles_labels() for axes in drawn[:2]]
    handles = {label: handle for pair in legend for handle, label in zip(*pair, strict=True)}
    panels[0].legend(
        handles.values(), handles.keys(),
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, frameon=False, loc="lower right", ncols=2,
        bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, handlelength=2.2, columnspacing=1.2,
    )  # fmt: skip
    if len(signals) > len(shown):
        figure.text(
            0.975, 1 - 0.24 / height, f"the first {len(shown)} of {len(signals)} signals",
            fontsize=style.SMALL_SIZE, color=style.FAINT_INK, ha="right", va="top",
        )  # fmt: skip
    count = max(rows, len(kernels))
    side = grid[:, 1].subgridspec(count, 1, hspace=0.42 if count == rows else 0.9)
    for row, kernel in enumerate(kernels[: max(rows, 4)]):
        _draw_kernel(figure.add_subplot(side[row, 0]), kernel)
    return figure


def _through(kernels: Sequence[Kernel]) -> str:
    return "convolved with " + ", then ".join(kernel.label for kernel in kernels)


def _draw_signal(axes: Axes, signal: SignalPlot, axis: Values, start: int) -> None:
    step = axis[1] - axis[0] if len(axis) > 1 else 1.0
    positions = axis[0] + step * (start + np.arange(len(signal.after)))
    if start >= 0 and start + len(signal.after) <= len(axis):
        positions = axis[start : start + len(signal.after)]
    draw_samples(axes, axis, signal.before, style.FAINT_INK, 0.9, "before", 0.55)
    upper = _second_scale(axes) if _needs_two_scales(signal) else axes
    draw_samples(upper, positions, signal.after, style.VERMILLION, 1.7, "after")
    style.plain(axes)
    axes.margins(x=0.01)
    style.heading(axes, style.shorten(signal.name, 50))


def _needs_two_scales(signal: SignalPlot) -> bool:
    """Whether one of the two would look flat, as a derivative does beside what it is of."""
    before, after = (values[np.isfinite(values)] for values in (signal.before, signal.after))
    if not len(before) or not len(after):
        return False
    spans = np.ptp(before), np.ptp(after)
    return bool(0 < min(spans) < np.ptp(np.concatenate([before, after])) / 4)


def _second_scale(axes: Axes) -> Axes:
    """Return axes over these, with a scale at the right in the colour of the result."""
    upper = axes.twinx()
    for side in ("top", "left", "bottom"):
        upper.spines[side].set_visible(False)
    upper.spines["right"].set_color(style.VERMILLION)
    upper.tick_params(labelsize=style.SMALL_SIZE, colors=style.VERMILLION, length=3)
    return upper


def draw_samples(
    axes: Axes,
    x: Values,
    y: Values,
    colour: str,
    width: float,
    label: str,
    opacity: float = 1.0,
    marker: str = "o",
) -> None:
    """Draw every sample or, where they are too many, the span of those in each dot's width."""
    if len(y) <= 4 * DOTS:
        few = len(y) <= FEW
        axes.plot(
            x, y, color=colour, linewidth=width, label=label, alpha=opacity,
            marker=marker if few else "", markersize=3.2,
        )  # fmt: skip
        return
    edges = np.linspace(0, len(y), DOTS + 1).astype(int)[:-1]
    low, high = np.fmin.reduceat(y, edges), np.fmax.reduceat(y, edges)
    axes.fill_between(
        x[edges], low, high, color=colour, linewidth=0.6, label=label, alpha=min(opacity, 0.8)
    )


def _draw_kernel(axes: Axes, kernel: Kernel) -> None:
    """Draw the weights as bars around the origin, as the signal meets a single peak."""
    (origin,) = kernel.origin
    positions = np.arange(len(kernel.matrix)) - origin
    few = len(positions) <= FEW
    if few:
        axes.vlines(positions, 0, kernel.matrix, color=style.BLUE, linewidth=1.6)
    axes.plot(
        positions, kernel.matrix, color=style.BLUE, linestyle="" if few else "-",
        marker="o" if few else "", markersize=3.6, linewidth=1.2,
    )  # fmt: skip
    axes.axhline(0, color=style.FAINT_INK, linewidth=0.7)
    style.plain(axes)
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.locator_params(axis="y", nbins=4)
    axes.margins(x=0.12, y=0.15)
    style.heading(axes, style.shorten(kernel.name or "kernel", 18))
