"""A convolution as a network diagram: neurons, edges, one colour a weight.

One unit is the distance of two neurons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...convolution import SharedWeights
from ...errors import ArgumentError
from ...text import format_shape, format_value
from .. import grids, style
from ..arguments import real_numbers
from ..style import Axes, Figure

Point = tuple[float, float]
Values = NDArray[np.float64]

LONGEST = {1: 24, 2: 12}  # neurons along an axis, padding included
RADIUS = {1: 0.33, 2: 0.24}
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
RISE = 2.2  # from the row of inputs to that of outputs
# Brown for the yellow of the common colours, which is too light for a line.
COLOURS = (*style.COLOURS[:-1], "#8c6d31")
# Sheets of neurons lie flat and are seen from above and aside: where the next row stands.
NEXT_ROW = (-0.35, 0.44)


def shared_weights(
    layer: SharedWeights,
    x: ArrayLike | None = None,
    *,
    activation: Callable[[Values], Values] | None = None,
    shown: Sequence[int | tuple[int, int]] | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw a convolution as a layer of neurons; edges that share a weight have one colour.

    Dashed neurons are padding: they are 0. Colours and dashes are explained below (1D), or by
    the kernel at the right (2D).

    Parameters
    ----------
    layer : fencepost.convolution.SharedWeights
        One kernel over a signal of at most 24 samples, or over an image of at most 12 × 12 pixels,
        padding included; without channels.
    x : array_like, of the layer's input shape, optional
        Written into the neurons, and into the output neurons what the layer makes of it.
    activation : callable, optional
        Applied to the outputs: a ufunc, or a function of an array. Outputs are then named σ(y).
    shown : sequence of int or (row, column), optional
        The outputs whose edges are in colour; the others' are faint (1D) or left out (2D). By
        default all, and in 2D the first and the last.

    Raises
    ------
    ArgumentError
        The layer has channels or several kernels, or is too large to be drawn.
    DataError
        x is not real numbers of the layer's input shape.

    Examples
    --------
    >>> import fencepost as fp
    >>> from fencepost.convolution import SharedWeights
    >>> layer = SharedWeights([1, -1], (5,), padding=(1, 0))
    >>> figure = fp.plots.shared_weights(layer, [0, 0, 5, 5, 5])
    >>> [text.get_text() for text in figure.axes[0].child_axes[0].texts[-6:]]
    ['y(2)', '5', 'y(3)', '0', 'y(4)', '0']
    """
    if not isinstance(layer, SharedWeights):
        raise ArgumentError(
            f"layer must be a SharedWeights. Received: {type(layer).__name__}. "
            "fencepost.convolution.SharedWeights(kernel, input_shape) makes one."
        )
    axes_count = len(layer.windows)
    if layer.kernel.ndim != axes_count:
        raise ArgumentError(
            "layer must have one kernel and no channels to be drawn. "
            f"Received: a kernel of {format_shape(layer.kernel.shape)} over "
            f"{format_shape(layer.input_shape)}."
        )
    padded = tuple(window.padded for window in layer.windows)
    if max(padded) > LONGEST[axes_count]:
        raise ArgumentError(
            f"layer must have at most {LONGEST[axes_count]} inputs along an axis, padding "
            f"included, to be drawn. Received: {format_shape(padded)}."
        )
    values = None if x is None else real_numbers("x", x).astype(float)
    outputs = None if values is None else layer(values)
    if outputs is not None and activation is not None:
        outputs = np.asarray(activation(outputs))
    diagram = _Diagram(layer, values, outputs, "σ(y{})" if activation else "y({})")
    if axes_count == 1:
        return _draw_rows(diagram, shown, ax)
    return _draw_sheets(diagram, shown, ax)


@dataclass(frozen=True, eq=False)
class _Diagram:
    """The layer's neurons by their positions along the axes, those of the padding included."""

    layer: SharedWeights
    values: Values | None
    outputs: Values | None
    name: str  # of an output, with room for its position

    def inputs(self) -> list[tuple[tuple[int, ...], bool]]:
        """Every input position, counted from the first true input, and whether it is padding."""
        windows = self.layer.windows
        positions = np.ndindex(*(window.padded for window in windows))
        neurons = []
        for padded in positions:
            position = tuple(p - w.before for p, w in zip(padded, windows, strict=True))
            inside = all(0 <= p < w.input for p, w in zip(position, windows, strict=True))
            neurons.append((position, not inside))
        return neurons

    def edges(self, output: tuple[int, ...]) -> list[tuple[tuple[int, ...], int]]:
        """From which position each edge of an output comes, and which weight it carries."""
        edges = self.layer.edges
        mine = edges.outputs == np.ravel_multi_index(output, self.layer.output_shape)
        ends = []
        for weight in edges.weights[mine]:
            tap = np.unravel_index(int(weight), self.layer.kernel.shape)
            if self.layer.operation == "convolve":
                tap = tuple(n - 1 - t for n, t in zip(self.layer.kernel.shape, tap, strict=True))
            position = tuple(
                o * w.stride - w.before + int(t)
                for o, t, w in zip(output, tap, self.layer.windows, strict=True)
            )
            ends.append((position, int(weight)))
        return ends

    def text(self, values: Values | None, position: tuple[int, ...]) -> str:
        return "" if values is None else style.number(round(float(values[position]), 12), 2)


def _look(weight: int) -> tuple[str, object]:
    """Return the colour and dash of a weight: 64 pairs, and in grey print the dash is left."""
    count = len(COLOURS)
    return COLOURS[weight % count], style.DASHES[(weight + weight // count) % count]


# --- one axis: two rows of neurons ---------------------------------------------------------------


def _draw_rows(
    diagram: _Diagram, shown: Sequence[int | tuple[int, int]] | None, ax: Axes | None
) -> Figure | Axes:
    layer = diagram.layer
    (window,) = layer.windows
    chosen = [_index(p, layer) for p in (range(window.output) if shown is None else shown)]
    legend = _rows_of_legend(layer, 7.0 if ax is None else style.canvas(ax, 0, 0).width)
    width = window.padded + 1.4
    side = min(6.9 / width, 0.62)
    canvas = style.canvas(ax, 7.0, side * (RISE + 2.1) + 0.22 * len(legend) + 0.1)
    below = (0.22 * len(legend) + 0.06) / canvas.height
    axes = canvas.panel(0.005, below, 0.99, 1 - below)
    left = -window.before - 0.9
    # Rows count downwards here, as in `grids`: the outputs are at 0, the inputs below them.
    side = grids.sheet(axes, left, -1.0, left + width, RISE + 1.0)
    size = _text_size(diagram, side, RADIUS[1])
    middle = (window.effective_kernel_size - 1) / 2 - window.before
    for output in (*(set(range(window.output)) - set(chosen)), *chosen):
        for (at,), weight in diagram.edges((output,)):
            colour, dash = _look(weight) if output in chosen else (style.GRID, "-")
            ends = ((at, RISE), (output * window.stride + middle, 0.0))
            _edge(axes, ends, colour, dash, 1.6)
    for position, padding in diagram.inputs():
        text = "0" if padding else diagram.text(diagram.values, position)
        _neuron(axes, (position[0], RISE), RADIUS[1], text, size, dashed=padding)
        if not padding:
            _name(axes, position[0], RISE + 0.62, f"f({position[0]})", side)
    for output in range(window.output):
        x = output * window.stride + middle
        lowered = "".join(SUBSCRIPTS[int(digit)] for digit in str(output))
        text = diagram.name.format(output if diagram.name[0] == "y" else lowered)
        _name(axes, x, -0.62, text, side)
        _neuron(axes, (x, 0.0), RADIUS[1], diagram.text(diagram.outputs, (output,)), size)
    _write_legend(canvas, legend)
    return canvas.result


def _index(position: int | tuple[int, int], layer: SharedWeights) -> int:
    (count,) = layer.output_shape
    if not isinstance(position, int) or not 0 <= position < count:
        raise ArgumentError(
            f"shown must name outputs from 0 to {count - 1}. Received: {format_value(position)}."
        )
    return position


def _rows_of_legend(layer: SharedWeights, room: float) -> list[list[tuple[int | None, str]]]:
    """Weights with their values, as many in a line as fit; and what dashed neurons are."""
    entries: list[tuple[int | None, str]] = [
        (index, f"g({index}) = {style.number(float(weight))}")
        for index, weight in enumerate(layer.kernel)
    ]
    if any(window.before or window.after for window in layer.windows):
        entries.append((None, "dashed neuron: padding, 0"))
    rows: list[list[tuple[int | None, str]]] = [[]]
    used = 0.0
    for entry in entries:
        wide = style.text_width(entry[1], style.TEXT_SIZE) + 0.75
        if rows[-1] and used + wide > room - 0.1:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += wide
    return rows


def _write_legend(canvas: style.Canvas, rows: list[list[tuple[int | None, str]]]) -> None:
    for number, row in enumerate(rows):
        widths = [style.text_width(text, style.TEXT_SIZE) + 0.75 for _, text in row]
        x = (canvas.width - sum(widths)) / 2
        y = 0.22 * (len(rows) - number - 0.4) / canvas.height
        for (weight, text), wide in zip(row, widths, strict=True):
            if weight is not None:
                colour, dash = _look(weight)
                canvas.axes.plot(
                    [x / canvas.width, (x + 0.36) / canvas.width], [y, y], linewidth=1.8,
                    transform=canvas.axes.transAxes, color=colour, linestyle=dash, clip_on=False,
                )  # fmt: skip
            canvas.write((x + 0.43) / canvas.width, y, text)
            x += wide


# --- two axes: two sheets of neurons, and the kernel ---------------------------------------------


def _draw_sheets(
    diagram: _Diagram, shown: Sequence[int | tuple[int, int]] | None, ax: Axes | None
) -> Figure | Axes:
    layer = diagram.layer
    down, across = layer.windows
    corners = dict.fromkeys([(0, 0), (down.output - 1, across.output - 1)])
    chosen = [_pair(p, layer) for p in (corners if shown is None else shown)]
    rows, columns = layer.kernel.shape
    cell = min(0.8, 4.0 / max(rows, columns))  # of the kernel, in units
    deep = (down.padded - 1) * NEXT_ROW[1]  # how far the sheet of inputs reaches down the paper
    # High enough for the front of the outputs to stand above the back of the inputs.
    moved = (down.output - 1) * down.stride + down.effective_kernel_size / 2
    rise = 1.3 + moved * NEXT_ROW[1]
    left = min((down.padded - 1) * NEXT_ROW[0] - 0.6, -2.2)
    legend = across.padded + 0.4
    width = legend + columns * cell + 0.3 - left
    top = down.effective_kernel_size / 2 * NEXT_ROW[1] - rise - 0.6
    tall = deep + 0.5 - top
    side = min(6.9 / width, 0.62)
    canvas = style.canvas(ax, side * width + 0.1, side * tall + 0.1)
    axes = canvas.panel(0.005, 0.005, 0.99, 0.99)
    side = grids.sheet(axes, left, top, left + width, top + tall)
    size = _text_size(diagram, side, RADIUS[2])

    def source(position: tuple[int, ...]) -> Point:
        row, column = position[0] + down.before, position[1] + across.before
        return column + row * NEXT_ROW[0], row * NEXT_ROW[1]

    def target(position: tuple[int, ...]) -> Point:
        """Return the point above the middle of the window."""
        row = position[0] * down.stride + (down.effective_kernel_size - 1) / 2
        column = position[1] * across.stride + (across.effective_kernel_size - 1) / 2
        return column + row * NEXT_ROW[0], row * NEXT_ROW[1] - rise

    for position, padding in diagram.inputs():
        text = "0" if padding else diagram.text(diagram.values, position)
        _neuron(axes, source(position), RADIUS[2], text, size, dashed=padding)
    for output in chosen:
        for position, weight in diagram.edges(output):
            _edge(axes, (source(position), target(output)), *_look(weight), 1.3)
    for position in np.ndindex(layer.output_shape):
        text = diagram.text(diagram.outputs, position)
        _neuron(axes, target(position), RADIUS[2], text, size, strong=position in chosen)
    _draw_weights(axes, layer.kernel, (legend, top + (tall - rows * cell) / 2), cell, side)
    # Where no edge passes: right of the front of the inputs, left of the back of the outputs.
    front = source((down.input + down.after - 1, across.input + across.after - 1))
    back = target((0, 0))
    for x, y, side_of, what, room in (
        (front[0] + 0.42, front[1], "left", ("input", layer.input_shape), legend - 0.2),
        (back[0] - 0.42, back[1], "right", ("output", layer.output_shape), left),
    ):
        text = f"{what[0]} {format_shape(what[1])}"
        wide = style.text_width(text, style.SMALL_SIZE)
        points = style.SMALL_SIZE * min(1.0, abs(room - x) * side / wide)
        if points >= grids.SMALLEST:
            look = {"color": style.FAINT_INK, "ha": side_of, "va": "center_baseline"}
            axes.text(x, y, text, fontsize=points, **look)  # type: ignore[arg-type]
    return canvas.result


def _pair(position: int | tuple[int, int], layer: SharedWeights) -> tuple[int, int]:
    rows, columns = layer.output_shape
    if not (isinstance(position, tuple) and len(position) == 2):
        position = (-1, -1)
    if not (0 <= position[0] < rows and 0 <= position[1] < columns):
        raise ArgumentError(
            f"shown must name outputs by row and column, of {rows} × {columns}. "
            f"Received: {format_value(position)}."
        )
    return position


def _draw_weights(axes: Axes, kernel: Values, at: Point, cell: float, side: float) -> None:
    """Draw the kernel with each weight in its colour and dash, and its number."""
    texts = grids.as_texts(kernel, 2)
    size = grids.fitting_size(texts, cell * side * 0.8)
    for (row, column), text in np.ndenumerate(texts):
        colour, dash = _look(row * kernel.shape[1] + column)
        x, y = at[0] + column * cell, at[1] + row * cell
        inner = (cell * 0.84, cell * 0.84)
        grids.draw_frame(axes, (x + 0.08 * cell, y + 0.08 * cell), inner, colour, dash=dash)
        if size >= grids.SMALLEST:
            _text(axes, x + cell / 2, y + cell / 2, str(text), size)
    middle = at[0] + kernel.shape[1] * cell / 2
    _text(axes, middle, at[1] - 0.3, "g", min(style.HEADING_SIZE, 36 * side))


# --- neurons and edges ---------------------------------------------------------------------------


def _text_size(diagram: _Diagram, side: float, radius: float) -> float:
    """Points in which every number fits its neuron; 0 if they would be too small."""
    arrays = [v.ravel() for v in (diagram.values, diagram.outputs) if v is not None]
    texts = grids.as_texts(np.round(np.concatenate(arrays), 12), 2) if arrays else np.array(["0"])
    size = grids.fitting_size(texts, 2 * radius * side, style.TEXT_SIZE)
    return size if size >= grids.SMALLEST else 0.0


def _neuron(
    axes: Axes,
    at: Point,
    radius: float,
    text: str,
    size: float,
    *,
    dashed: bool = False,
    strong: bool = False,
) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(
        Circle(
            at, radius, facecolor="#f2f2f2" if dashed else style.PAPER,
            edgecolor=style.FAINT_INK if dashed else style.INK, zorder=4,
            linewidth=2.0 if strong else 1.0, linestyle="--" if dashed else "-",
        )
    )  # fmt: skip
    if text and size:
        _text(axes, *at, text, size)


def _edge(axes: Axes, ends: tuple[Point, Point], colour: str, dash: object, width: float) -> None:
    x, y = zip(*ends, strict=True)
    axes.plot(x, y, color=colour, linestyle=dash, linewidth=width, zorder=2, solid_capstyle="butt")


def _name(axes: Axes, x: float, y: float, text: str, side: float) -> None:
    """Write the name of a neuron beside it, if there is room."""
    size = min(style.SMALL_SIZE, math.floor(10 * 0.9 * side / style.text_width("f(00)", 10)))
    if size >= grids.SMALLEST:
        _text(axes, x, y, text, size, style.FAINT_INK)


def _text(axes: Axes, x: float, y: float, text: str, size: float, colour: str = style.INK) -> None:
    axes.text(x, y, text, ha="center", va="center_baseline", fontsize=size, color=colour, zorder=5)
