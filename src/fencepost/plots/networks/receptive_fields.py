"""The receptive field of an output through all layers, on the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ArgumentError, DataError
from ...graph import AxisField
from ...network import Network
from ...planning import LayerPlan, Plan
from ...text import format_shape, format_value
from .. import style
from ..arguments import as_plan, check_finite
from ..style import Axes, Figure
from . import tiles
from .volume_layout import short_name

MOST = len(style.COLOURS) - 1  # the last, yellow, is too light for a line
LEAST_FOR_TWO = 0.24  # inches of a row of the legend that has two lines
LEAST_FOR_NAMES = 1.0  # inches across the legend, less its dashes
Spans = tuple[range, ...]


def receptive_field(
    network: Network | Plan,
    image: ArrayLike | None = None,
    *,
    at: Sequence[int] | int | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the receptive field of an output on the input, with that of each layer on the way.

    What lies beyond the image, hatched, is padding.

    Parameters
    ----------
    network : Network or Plan
    image : array_like, (C, H, W) or (H, W), of a signal network (C, W) or (W,), optional
        Drawn below the frames; without it, the input is an empty sheet.
    at : int or (row, column), optional
        The output of the last layer that still has positions; the middle one by default. Of every
        layer before it, the field is drawn that lies nearest to the middle of the last.

    Raises
    ------
    ArgumentError
        No layer has windows, or there is no output at `at`.
    DataError
        The image does not have the network's shape.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.receptive_field(fp.models.lenet5())
    >>> [text.get_text() for text in figure.axes[0].texts][2:6]
    ['0: Conv2d(6, 5, padding=2)', '5 × 5 pixels', '2: MaxPool2d(2)', '6 × 6 pixels']
    """
    plan = as_plan(network)
    rows = [row for row in plan.rows if (row.windows or row.inner) and row.fields]
    if not rows:
        raise ArgumentError("network must have a layer with windows: a convolution or a pool.")
    position = _position(at, rows[-1])
    shown = _chosen(rows)
    spans = _spans(shown, position)
    values = None if image is None else _image(image, plan.input_shape)
    canvas = style.canvas(ax, 7.0, 3.4)
    two = len(position) == 2
    axes = canvas.panel(0.02, 0.04, 0.5, 0.92) if two else canvas.panel(0.04, 0.14, 0.5, 0.8)
    draw = _draw_image if two else _draw_signal
    draw(axes, values, plan.input_shape, spans)
    _write_legend(canvas, shown, spans, len(rows), position)
    return canvas.result


def _position(at: Sequence[int] | int | None, row: LayerPlan) -> tuple[int, ...]:
    shape = row.output_shape[1:]
    if at is None:
        return tuple((size - 1) // 2 for size in shape)
    position = (at,) if isinstance(at, int) else tuple(at)
    if len(position) != len(shape) or not all(
        0 <= i < n for i, n in zip(position, shape, strict=True)
    ):
        raise ArgumentError(
            f"at must be a position in the output of layer {row.place}, which is "
            f"{format_shape(shape)}. Received: at={format_value(at)}."
        )
    return position


def _chosen(rows: Sequence[LayerPlan]) -> list[LayerPlan]:
    """Return all layers or, of too many, some at equal distances and the last."""
    indices = np.linspace(0, len(rows) - 1, min(len(rows), MOST)).round().astype(int)
    return [rows[index] for index in indices]


def _spans(rows: Sequence[LayerPlan], position: tuple[int, ...]) -> list[Spans]:
    """Return for each layer the receptive field of one output, all about the same middle."""
    last = rows[-1]
    assert last.fields is not None
    field_of_last = [
        field.elements(index) for field, index in zip(last.fields, position, strict=True)
    ]
    spans = []
    for row in rows[:-1]:
        assert row.fields is not None
        axes = zip(row.fields, row.output_shape[1:], field_of_last, strict=True)
        spans.append(tuple(_nearest(field, size, elements) for field, size, elements in axes))
    return [*spans, tuple(field_of_last)]


def _nearest(field: AxisField, outputs: int, elements: range) -> range:
    """Return the output's field whose middle is nearest to that of these elements."""
    spans = (field.elements(index) for index in range(outputs))
    return min(spans, key=lambda span: abs(_middle(span) - _middle(elements)))


def _middle(elements: range) -> float:
    return (elements.start + elements.stop - 1) / 2


def _image(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.generic]:
    values = np.asarray(image)
    if values.ndim == len(shape) - 1:
        values = values[None]
    if values.shape[1:] != shape[1:] or values.dtype.kind not in "buif":
        raise DataError(
            f"image must be numbers of the network's input shape, {format_shape(shape)}. "
            f"Received: an array of {values.dtype} of shape {np.shape(image)}."
        )
    check_finite("image", values)
    return values


def _draw_image(
    axes: Axes, values: NDArray[np.generic] | None, shape: tuple[int, ...], spans: Sequence[Spans]
) -> None:
    from matplotlib.patches import Rectangle

    height, width = shape[1:]
    if values is not None:
        axes.imshow(tiles.to_pixels(values), extent=(0, width, height, 0), interpolation="nearest")
    style.blank(axes)
    (rows, columns) = spans[-1]
    margin = 0.03 * max(height, width)
    left, right = min(0, columns.start) - margin, max(width, columns.stop) + margin
    top, bottom = min(0, rows.start) - margin, max(height, rows.stop) + margin
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    sheet = Rectangle(
        (left, top), right - left, bottom - top, facecolor="#f2f2f2", edgecolor="#c4c4c4",
        linewidth=0, hatch="////", zorder=-2,
    )  # fmt: skip
    axes.add_patch(sheet)
    axes.add_patch(
        Rectangle((0, 0), width, height, facecolor=style.PAPER, edgecolor=style.INK, zorder=-1)
    )
    for index, (down, across) in enumerate(spans):
        axes.add_patch(
            Rectangle(
                (across.start, down.start), len(across), len(down), fill=False, zorder=3,
                edgecolor=style.COLOURS[index], linestyle=style.DASHES[index], linewidth=2.0,
            )
        )  # fmt: skip


def _draw_signal(
    axes: Axes, values: NDArray[np.generic] | None, shape: tuple[int, ...], spans: Sequence[Spans]
) -> None:
    """Draw the channels, and below them a bar for each layer."""
    width = shape[1]
    count = len(spans)
    if values is not None:
        numbers = values.astype(float)
        low, high = float(numbers.min()), float(numbers.max())
        for channel in numbers:
            heights = count + 1 + 4 * (channel - low) / ((high - low) or 1.0)
            axes.plot(np.arange(width) + 0.5, heights, color=style.FAINT_INK, linewidth=0.9)
    for index, (span,) in enumerate(spans):
        y = count - index - 0.5
        axes.plot(
            [span.start, span.stop], [y, y], color=style.COLOURS[index], linewidth=3.0,
            solid_capstyle="butt",
        )  # fmt: skip
    (last,) = spans[-1]
    for x in (0, width):
        axes.axvline(x, color=style.INK, linewidth=0.8)
    style.plain(axes)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    margin = 0.03 * width
    axes.set_xlim(min(0, last.start) - margin, max(width, last.stop) + margin)
    axes.set_ylim(0, count + (5.4 if values is not None else 0.2))
    axes.set_xlabel("sample", fontsize=style.SMALL_SIZE, color=style.INK)


def _write_legend(
    canvas: style.Canvas,
    rows: Sequence[LayerPlan],
    spans: Sequence[Spans],
    total: int,
    position: tuple[int, ...],
) -> None:
    where = ", ".join(map(str, position))
    room = (0.98 - 0.56) * canvas.width
    title = "Receptive field of one output"
    if style.text_width(title, style.TEXT_SIZE, "bold") > room:
        title = "layer: field"
    note = f"layer {rows[-1].place}, output at ({where})"
    if len(rows) < total:
        note += f"; {len(rows)} of {total} layers drawn"
    canvas.write(0.56, 0.93, title, weight="bold")
    note = style.fitted(note, style.SMALL_SIZE, room)
    canvas.write(0.56, 0.865, note, fontsize=style.SMALL_SIZE, color=style.FAINT_INK)
    room = (0.98 - 0.64) * canvas.width
    # The bars of a signal stand in the same order as their names, and may be short.
    dashes = style.DASHES if len(position) == 2 else ("-",) * len(rows)
    unit = "pixels" if len(position) == 2 else "samples"
    for index, (row, span) in enumerate(zip(rows, spans, strict=True)):
        y = 0.78 - 0.108 * index
        canvas.axes.plot(
            [0.56, 0.62], [y - 0.02] * 2, transform=canvas.axes.transAxes, linewidth=2.0,
            color=style.COLOURS[index], linestyle=dashes[index], clip_on=False,
        )  # fmt: skip
        size = format_shape(tuple(len(elements) for elements in span))
        if 0.108 * canvas.height < LEAST_FOR_TWO or room < LEAST_FOR_NAMES:
            text = style.fitted(f"{row.place}: {size}", style.SMALL_SIZE, room)
            canvas.write(0.64, y - 0.02, text, fontsize=style.SMALL_SIZE)
            continue
        name = style.shorten(f"{row.place}: {short_name(row.layer)}", 34)
        canvas.write(0.64, y, style.fitted(name, style.TEXT_SIZE, room))
        size = style.fitted(f"{size} {unit}", style.SMALL_SIZE, room)
        canvas.write(0.64, y - 0.047, size, fontsize=style.SMALL_SIZE, color=style.FAINT_INK)
