"""The output of every layer of a network for one image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...arguments import integer
from ...layers import BatchNorm1d, BatchNorm2d, Dropout, Flatten
from ...layers.base import ElementwiseLayer
from ...network import Network
from ...network.inputs import as_one_image
from ...network.inspection import is_untrained, output_names, require_finite
from ...text import format_shape
from .. import style
from ..arguments import UNTRAINED, as_network
from ..style import Axes, Figure
from . import tiles
from .volume_layout import short_name

MOST_ROWS = 20  # layers in a figure of its own
WIDTH, LABEL = 7.2, 1.95  # inches: of a figure of its own, of what is written beside the maps
# Inches of a map; where they would be smaller, there are two lines.
TILE, SMALLEST_TILE = 0.55, 0.25
ROW, GAP = 0.44, 0.1  # inches of a row at least, and between rows
SIZE = 7.0  # points of what is written beside
HEAD = 0.55
FEW = 40  # bars that stand apart
Array = NDArray[Any]


@dataclass(frozen=True)
class Row:
    """The image, or the output of a layer: values (C, …), of which some may be drawn."""

    name: str
    values: Array
    minor: bool = False  # the layer only changes each value by itself

    @property
    def shape(self) -> tuple[int, ...]:
        """The size that is written on it."""
        return tuple(self.values.shape)

    @property
    def is_column(self) -> bool:
        """Whether it has one value a channel: features, or maps of 1 × 1."""
        return math.prod(self.shape[1:]) == 1

    def height(self, width: float, most: int) -> float:
        """Inches that the row takes in a width of so many."""
        if self.is_column:
            return ROW
        count = min(len(self.values), most)
        aspect = 1.6 if len(self.shape) == 2 else self.shape[2] / self.shape[1]
        tile = (width + 0.06) / count - 0.06
        lines = 1 if tile / aspect >= SMALLEST_TILE and tile >= SMALLEST_TILE else 2
        across = (width + 0.06) / math.ceil(count / lines) - 0.06
        return max(ROW, lines * (min(TILE, across / aspect) + 0.06) - 0.06)


def feature_maps(
    net: Network, image: ArrayLike, *, most: int = 32, ax: Axes | None = None
) -> Figure | Axes:
    """Draw the output of every layer for one image, with the sizes.

    A row for each layer: maps of images in grey, of signals as lines, features as bars. Each row
    has its own scale, whose ends are written beside it. `Flatten` and `Dropout`, which here change
    no value, are left out. A note at the foot says what there is no room for.

    Parameters
    ----------
    net : Network
    image : array, shape input_shape
        One image or signal, as `Network.predict` takes it.
    most : int
        Channels of a layer to draw, from the first on.

    Raises
    ------
    DataError
        This is not one image of the network's shape, or not finite, or the output of a
        layer is not.
    ArgumentError
        `net` is not a Network, the images are several, or `most` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> figure = fp.plots.feature_maps(fp.models.lenet5(), np.eye(28))
    >>> [text.get_text() for text in figure.axes[0].texts if "×" in text.get_text()][:3]
    ['1 × 28 × 28', '6 × 28 × 28', '6 × 28 × 28']
    """
    most = integer("most", most, 1)
    rows = rows_of(as_network(net), as_one_image(image, net.input_shape))
    notes = ["Each row has its own scale: black is its smallest value, white its largest."]
    if is_untrained(net):
        notes.insert(0, UNTRAINED)
    foot = 0.15 * (len(notes) + 2)
    if ax is None:
        shown = _chosen(rows, MOST_ROWS)
        heights = [row.height(WIDTH - LABEL - 0.1, most) for row in shown]
        canvas = style.canvas(None, WIDTH, HEAD + sum(heights) + GAP * len(heights) + foot)
    else:
        canvas = style.canvas(ax, 0, 0)
        room = canvas.height - HEAD - foot
        shown = _chosen(rows, max(2, int(room / (ROW + GAP))))
        wanted = [row.height(canvas.width - LABEL - 0.1, most) for row in shown]
        spare = max(0.0, room - len(shown) * (ROW + GAP))
        extra = sum(wanted) - len(shown) * ROW
        heights = [ROW + (height - ROW) * min(1.0, spare / (extra or 1.0)) for height in wanted]
    if len(shown) < len(rows):
        notes.append(f"{len(shown) - 1} of {len(rows) - 1} layers are drawn.")
    if any(len(row.values) > most and not row.is_column for row in shown):
        notes.append(f"Of layers with more channels the first {most} are drawn.")
    canvas.title("Output of each layer", _answer(net, rows[-1]))
    top = HEAD
    for row, height in zip(shown, heights, strict=True):
        _draw_row(canvas, row, top, height, most, output_names(net) if row is rows[-1] else ())
        top += height + GAP
    canvas.foot(" ".join(notes), SIZE)
    return canvas.result


def rows_of(net: Network, image: Array) -> list[Row]:
    """Return the image and the output of each layer, without layers that change nothing."""
    rows = [Row("input", image)]
    for index, values in net.features(image).items():
        layer = net.layers[index]
        require_finite(f"the output of layer {index}, {layer.describe()},", values)
        if not isinstance(layer, (Flatten, Dropout)):
            minor = isinstance(layer, (ElementwiseLayer, BatchNorm1d, BatchNorm2d))
            rows.append(Row(f"{index}: {short_name(layer)}", values[0], minor))
    return rows


def draw_maps(axes: Axes, values: Array, width: float, height: float, *, most: int) -> None:
    """Draw maps (C, H, W) or signals (C, W) as tiles in a room of so many inches.

    All have one scale, but three channels of uint8 are a colour image.
    """
    if values.ndim == 2:
        signals = [channel[None].astype(float) for channel in values[:most]]
        grid = tiles.best_grid(len(signals), width, height, aspect=1.6, gap=0.06)
        tiles.draw_signals(axes, signals, grid)
        return
    rows, columns = values.shape[1:]
    if len(values) == 3 and values.dtype == np.uint8:
        images = [tiles.to_pixels(values)]
    else:
        grey = tiles.to_pixels(values.reshape(1, -1, columns))
        images = list(grey.reshape(len(values), rows, columns, 3)[:most])
    grid = tiles.best_grid(len(images), width, height, aspect=columns / rows, gap=0.06)
    tiles.draw_images(axes, images, grid)


def draw_bars(axes: Axes, values: Array, names: Sequence[str] = ()) -> None:
    """Draw features as bars up and down from 0, with their names below if these fit."""
    count = len(values)
    edges = np.arange(count + 1)
    if count <= FEW:
        axes.bar(edges[:-1] + 0.5, values, width=0.8, color=style.BLUE, linewidth=0)
    else:
        axes.stairs(values, edges, baseline=0, fill=True, color=style.BLUE, linewidth=0)
    axes.axhline(0, color=style.FAINT_INK, linewidth=0.6)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_facecolor("none")
    axes.set_yticks([])
    axes.set_xlim(0, count)
    slot = style.canvas(axes, 0, 0).width / count
    named = names and max(style.text_width(name, SIZE) for name in names) < 0.9 * slot
    axes.set_xticks(edges[:-1] + 0.5 if named else [], names if named else [])
    axes.tick_params(length=0, pad=1, labelsize=SIZE, labelcolor=style.INK)
    for label in axes.get_xticklabels():
        label.set_parse_math(False)


def brief(value: float) -> str:
    """Write a value with two digits, but all of those before the point.

    >>> brief(-327.2), brief(4.321), brief(255)
    ('−327', '4.3', '255')
    """
    return style.number(round(value) if 10 <= abs(value) < 1e6 else value, 2)


def _chosen(rows: Sequence[Row], most: int) -> list[Row]:
    """Return the rows or, of too many, some.

    Layers that only change values go first; of the others, some at equal distances are kept, the
    image and the last layer among them.
    """
    if len(rows) > most:
        rows = [row for row in rows if not row.minor or row is rows[-1]]
    indices = np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int)
    return [rows[index] for index in indices]


def _answer(net: Network, last: Row) -> str:
    values = np.ravel(last.values)
    if len(values) == 1:
        return f"the output is {style.number(float(values[0]))}"
    name = style.drawable_names(output_names(net))[int(values.argmax())]
    return f"the largest output is that of {style.shorten(name, 30)}"


def _draw_row(
    canvas: style.Canvas, row: Row, top: float, height: float, most: int, names: Sequence[str]
) -> None:
    """Draw a row whose upper edge is so many inches below that of the room."""
    width = canvas.width - LABEL - style.MARGIN
    panel = canvas.inset(LABEL, top, width, height)
    if row.is_column:
        draw_bars(panel, np.ravel(row.values).astype(float), style.drawable_names(names))
    else:
        draw_maps(panel, row.values, width, height, most=most)
    low, high = float(row.values.min()), float(row.values.max())
    name = style.fitted(row.name, SIZE, LABEL - 0.2, "bold")
    canvas.note(style.MARGIN, top + 0.07, name, fontsize=SIZE, weight="bold", color=style.INK)
    canvas.note(style.MARGIN, top + 0.2, format_shape(row.shape), fontsize=SIZE, color=style.INK)
    canvas.note(style.MARGIN, top + 0.33, f"{brief(low)} to {brief(high)}", fontsize=SIZE)
