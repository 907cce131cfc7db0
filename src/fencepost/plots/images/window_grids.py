"""Windows on a grid: stride, padding, and the elements that no window covers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError
from ...sizing import Padding, Remainder, Sizes, Window, windows
from ...text import format_shape, plural
from .. import grids, style
from ..style import Axes, Figure

LONGEST = 32  # elements along an axis, padding included
BOLD = 1.15  # how much wider bold characters are
MOST_LINES = 12  # of windows below each other
UNCOVERED, UNCOVERED_HATCH = "#e57373", "xxxx"
ZERO, ZERO_HATCH = "#ececec", "////"
OUTPUT = "#cfe8dd"
# The windows that are framed, each with its output in the same colour and dash.
FRAMES = ((style.BLUE, "-"), (style.GREEN, "--"), (style.PURPLE, "-."))


def stride(
    input_size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "crop",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the windows over an input, and mark the elements that none of them covers.

    One axis: every window on a line of its own, and the output. Two: the input with, for each
    element, how many windows cover it, and three windows framed with their outputs. Elements
    that no window covers are red and hatched, padding is grey and hatched.

    Parameters
    ----------
    input_size, kernel_size, stride, padding, dilation
        As `fencepost.output_size`, for one axis or two, of at most 32 elements.
    remainder : {"crop", "pad", "error"}
        What to do if the windows do not end at the far edge. Here "crop", so that it shows.

    Raises
    ------
    SizeError, ArgumentError
        As `fencepost.output_size`; and for more than two axes, or longer ones.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.stride(13, kernel_size=3, stride=2)
    >>> figure.axes[0].texts[0].get_text()
    'output = (13 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 6'
    """
    sizes = (input_size, kernel_size, stride, padding, dilation)
    layer = _drawable(windows(*sizes, remainder=remainder))
    if len(layer) == 1:
        return _draw_staircase(layer[0], ax)
    across, down = layer[1], layer[0]
    canvas = style.canvas(ax, 7.0, _figure_height([layer]) + 0.2)
    coverage = np.outer(_coverage(down), _coverage(across))
    note = f"the numbers: how many windows cover an element{_uncovered(coverage, layer)}"
    top = _head(canvas, _summary(layer), note) / canvas.height
    axes = canvas.panel(0.01, 0.01, 0.98, 0.98 - top)
    shown = [(0, 0), (0, min(1, across.output - 1)), (min(1, down.output - 1), 0)]
    _draw_layer(axes, layer, list(dict.fromkeys(shown)), _wide(layer), numbered=True)
    return canvas.result


def padding(
    input_size: Sizes,
    kernel_size: Sizes,
    padding: Padding = "same",
    stride: Sizes = 1,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "crop",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw a layer without padding, and below it the same layer with it.

    Padding is grey and hatched with zeros in it; the first window and the last are framed,
    and their outputs. Elements that no window covers are red and hatched.

    Parameters
    ----------
    input_size, kernel_size, padding, stride, dilation, remainder
        As `stride`; for one axis, the input is drawn as a row.

    Raises
    ------
    SizeError, ArgumentError
        As `stride`.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.padding((5, 10), kernel_size=3, padding=1)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['no padding: 5 × 10 → 3 × 8', 'padding 1: 5 × 10 → 5 × 10']
    """
    cases = [
        _drawable(windows(input_size, kernel_size, stride, zeros, dilation, remainder=remainder))
        for zeros in (0, padding)
    ]
    canvas = style.canvas(ax, 7.0, _figure_height(cases))
    heights = np.array([_tall(case) + 1.2 for case in cases])
    shares = heights / heights.sum()
    width = max(_wide(case) for case in cases)
    bottom = 1.0
    for case, share in zip(cases, shares, strict=True):
        bottom -= share
        axes = canvas.panel(0.01, bottom + 0.01, 0.98, share - 0.3 / canvas.height - 0.01)
        last = tuple(window.output - 1 for window in case)
        shown = list(dict.fromkeys([(0,) * len(case), last]))
        _draw_layer(axes, case, shown, width, numbered=False)
        wide = 0.96 * canvas.width
        title = _summary(case)
        if style.text_width(title, style.TEXT_SIZE, "bold") > wide:
            title = style.fitted(title.partition(": ")[2], style.TEXT_SIZE, wide, "bold")
        canvas.write(0.02, bottom + share - 0.17 / canvas.height, title, weight="bold")
    return canvas.result


def _head(canvas: style.Canvas, title: str, note: str) -> float:
    """Write a title and a note at the top, in as many lines as they need; return their inches."""
    wide = 0.96 * canvas.width
    lines: list[tuple[str, dict[str, str | float]]] = [
        (line, {"weight": "bold"}) for line in style.wrapped(title, style.TEXT_SIZE, wide / BOLD)
    ]
    faint: dict[str, str | float] = {"fontsize": style.SMALL_SIZE, "color": style.FAINT_INK}
    lines += [(line, faint) for line in style.wrapped(note, style.SMALL_SIZE, wide)]
    for number, (line, look) in enumerate(lines):
        canvas.write(0.02, 1 - (0.16 + 0.2 * number) / canvas.height, line, **look)
    return 0.05 + 0.2 * len(lines)


def _drawable(layer: tuple[Window, ...]) -> tuple[Window, ...]:
    if len(layer) > 2 or max(window.padded for window in layer) > LONGEST:
        raise ArgumentError(
            f"input_size must have one axis or two, of at most {LONGEST} elements with padding, to "
            f"be drawn. Received: {format_shape(tuple(window.padded for window in layer))}."
        )
    return layer


def _coverage(window: Window) -> NDArray[np.int64]:
    """Count, for each element of the padded input, the windows that cover it."""
    starts = window.stride * np.arange(window.output)
    taps = starts[:, None] + window.dilation * np.arange(window.kernel)
    return np.bincount(taps.ravel(), minlength=window.padded)


def _input_mask(layer: Sequence[Window]) -> NDArray[np.bool_]:
    """Where the padded input is input, along (rows, columns)."""
    inside = [
        (np.arange(w.padded) >= w.before) & (np.arange(w.padded) < w.before + w.input)
        for w in layer
    ]
    return np.logical_and.outer(*(inside if len(inside) == 2 else (np.ones(1, bool), *inside)))


def _summary(layer: Sequence[Window]) -> str:
    zeros = [(window.before, window.after) for window in layer]
    if not any(map(any, zeros)):
        name = "no padding"
    elif len({item for pair in zeros for item in pair}) == 1:
        name = f"padding {zeros[0][0]}"
    else:
        name = f"padding {', '.join(f'({before}, {after})' for before, after in zeros)}"
    strides = {window.stride for window in layer}
    if strides != {1}:
        name += f", stride {format_shape(tuple(sorted(strides)))}"
    sizes = (tuple(window.input for window in layer), tuple(window.output for window in layer))
    return f"{name}: {format_shape(sizes[0])} → {format_shape(sizes[1])}"


def _uncovered(coverage: NDArray[np.int64], layer: Sequence[Window]) -> str:
    uncovered_count = int((_input_mask(layer) & (coverage == 0)).sum())
    if not uncovered_count:
        return ""
    return f"; {plural(uncovered_count, 'element')} not covered"


# --- one axis: the staircase of windows ----------------------------------------------------------


def _draw_staircase(window: Window, ax: Axes | None) -> Figure | Axes:
    lines = min(window.output, MOST_LINES)
    tall = 3.2 + lines * 0.6 + 1.4
    side = min(0.42, 6.8 / (window.padded + 1))
    canvas = style.canvas(ax, 7.0, side * tall + 0.5)
    coverage = _coverage(window)[None]
    equation = window.equation
    if window.output and window.remainder:
        equation += f" → {window.output}"
    note = f"input above, {window.output} windows and their outputs below"
    note += _uncovered(coverage, (window,))
    top = _head(canvas, equation, note) / canvas.height
    axes = canvas.panel(0.01, 0.01, 0.98, 0.98 - top)
    cell = grids.sheet(axes, -0.5, -0.8, window.padded + 0.5, tall - 0.8)
    _draw_input(axes, (window,), coverage, cell, numbered=False)
    grids.draw_coordinates(axes, (0, window.padded), (0, -window.before), cell)
    for index in range(window.output):
        top = 1.5 + 0.6 * (index % lines)
        colour, _ = FRAMES[index % 3]
        start = index * window.stride
        for tap in range(window.kernel):
            position = (start + tap * window.dilation + 0.06, top)
            look = {"fill": True, "facecolor": colour, "alpha": 0.75}
            grids.draw_frame(axes, position, (0.88, 0.36), colour, width=0.8, **look)
        if window.dilation > 1:  # what holds the window together
            ends = [start + 0.5, start + window.effective_kernel_size - 0.5]
            axes.plot(ends, [top + 0.18] * 2, color=colour, linewidth=1.0, zorder=1)
        axes.plot(
            [start + window.effective_kernel_size / 2, _output_at(window, index) + 0.5],
            [top + 0.4, tall - 2.6], color=colour, linewidth=0.7, linestyle=":", zorder=0,
        )  # fmt: skip
    first = _output_at(window, 0)
    bottom = tall - 2.55
    grids.draw_cells(axes, (first, bottom), (1, window.output), colour=OUTPUT)
    outputs = grids.as_texts(np.arange(window.output))[None]
    grids.draw_numbers(axes, (first, bottom), outputs, cell, size=min(style.TEXT_SIZE, 40 * cell))
    return canvas.result


def _output_at(window: Window, index: int) -> float:
    """Return the column of an output: the row of outputs stands in the middle."""
    return (window.padded - window.output) / 2 + index


# --- two axes: an input, and the output that it gives --------------------------------------------


def _draw_layer(
    axes: Axes,
    layer: tuple[Window, ...],
    shown: Sequence[tuple[int, ...]],
    width: float,
    *,
    numbered: bool,
) -> None:
    """Draw the padded input and, to its right (of a row, below it), the output.

    The windows of the outputs `shown` are framed, and joined with their outputs. `width` is that
    of the room, in elements.
    """
    flat = len(layer) == 1
    down, across = (Window(1, 1), layer[0]) if flat else layer
    edge = _edge(layer)
    cell = grids.sheet(axes, -edge, -0.3, width - edge, _tall(layer) - 0.3)
    coverage = np.outer(_coverage(down), _coverage(across))
    _draw_input(axes, layer, coverage, cell, numbered=numbered)
    if flat:
        at = ((across.padded - across.output) / 2, 2.6)
    else:
        at = (across.padded + 2.4 + edge, (down.padded - down.output) / 2)
    grids.draw_cells(axes, at, (down.output, across.output), colour=OUTPUT)
    for position, (colour, dash) in zip(shown, FRAMES, strict=False):
        row, column = (0, *position) if flat else position
        x, y = column * across.stride, row * down.stride
        u, v = at[0] + column, at[1] + row
        right, bottom = x + across.effective_kernel_size, y + down.effective_kernel_size
        grids.draw_frame(axes, (x, y), (right - x, bottom - y), colour, dash=dash)
        grids.draw_frame(axes, (u, v), (1, 1), colour, dash=dash)
        if flat:
            joined = (((x, y + 1), (u, v)), ((right, y + 1), (u + 1, v)))
        else:
            joined = (((right, y), (u, v)), ((right, bottom), (u, v + 1)))
        for start, end in joined:
            axes.plot(*zip(start, end, strict=True), color=colour, linewidth=0.6, linestyle=dash)
    away = edge / 2
    size = max(grids.SMALLEST, min(style.TEXT_SIZE, 44 * cell))
    _label(axes, size, across.before + across.input / 2, down.padded + away, across.input)
    # Not below the output, where the lines from the windows arrive.
    above = at[1] - away if not flat else at[1] + 1 + away
    _label(axes, size, at[0] + across.output / 2, above, across.output)
    if not flat:
        _label(axes, size, -away, down.before + down.input / 2, down.input)
        aside = at[0] + across.output + away
        _label(axes, size, aside, at[1] + down.output / 2, down.output)


def _edge(layer: Sequence[Window]) -> float:
    """Room for a size beside its grid, in elements: the more there are, the smaller they are."""
    return 0.9 if len(layer) == 1 else max(0.9, 0.04 * (layer[1].padded + layer[1].output))


def _tall(layer: Sequence[Window]) -> float:
    return 5.0 if len(layer) == 1 else layer[0].padded + 0.3 + _edge(layer)


def _wide(layer: Sequence[Window]) -> float:
    if len(layer) == 1:
        return max(layer[0].padded, layer[0].output) + 1.8
    return layer[1].padded + layer[1].output + 2.4 + 3 * _edge(layer)


def _label(axes: Axes, points: float, x: float, y: float, size: int) -> None:
    axes.text(x, y, str(size), ha="center", va="center_baseline", fontsize=points, color=style.INK)


def _draw_input(
    axes: Axes, layer: Sequence[Window], coverage: NDArray[np.int64], cell: float, *, numbered: bool
) -> None:
    """Draw the padded input: plain elements, hatched zeros around them, red ones not covered."""
    inside = _input_mask(layer)
    uncovered = inside & (coverage == 0)
    zero = {"colour": ZERO, "edge": "#a0a0a0", "hatch": ZERO_HATCH}
    red = {"colour": UNCOVERED, "hatch": UNCOVERED_HATCH}
    for mask, look in ((inside & ~uncovered, {}), (~inside, zero), (uncovered, red)):
        grids.draw_cells(axes, (0, 0), inside.shape, mask=mask, **look)
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
    zeros = np.where(inside, "", "0")
    grids.draw_numbers(axes, (0, 0), zeros, cell, size=min(7.5, 30 * cell), bbox=box)
    if numbered:
        texts = np.where(inside, grids.as_texts(coverage), "")
        grids.draw_numbers(axes, (0, 0), np.where(uncovered, "", texts), cell)
        grids.draw_numbers(axes, (0, 0), np.where(uncovered, texts, ""), cell, bbox=box)


def _figure_height(cases: Sequence[tuple[Window, ...]]) -> float:
    """Inches for cases below each other in a figure of its own."""
    side = min(6.8 / max(_wide(case) for case in cases), 0.34)
    return sum(side * _tall(case) + 0.35 for case in cases)
