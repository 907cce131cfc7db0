"""Many small images or signals in one pair of axes, as tiles of a grid.

One pair of axes per tile would cost 15 ms each; this costs one image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import style
from ..style import Axes

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Grid:
    """How many columns, and how large a tile is; all lengths in inches.

    A tile is `height` high and `aspect` times as wide, and stands in the middle of a column that is
    `least_width` wide or wider; `gap` lies between tiles, and `caption` more below each.
    """

    columns: int
    height: float
    aspect: float
    gap: float
    caption: float
    least_width: float

    @property
    def width(self) -> float:
        """The width of a tile."""
        return self.height * self.aspect

    @property
    def column_width(self) -> float:
        """The width of a column, without the gap to the next."""
        return max(self.width, self.least_width)

    def corner(self, index: int) -> tuple[float, float]:
        """Return the left and upper edge of a tile, from the upper left corner of the grid."""
        row, column = divmod(index, self.columns)
        margin = (self.column_width - self.width) / 2
        left = column * (self.column_width + self.gap) + margin
        return left, row * (self.height + self.gap + self.caption)


def best_grid(
    count: int,
    width: float,
    height: float,
    aspect: float,
    gap: float = 0.1,
    caption: float = 0.0,
    tallest: float = 2.0,
    least_width: float = 0.0,
) -> Grid:
    """Return the grid with the largest tiles that has room for `count` of them.

    >>> best_grid(6, width=3.0, height=2.0, aspect=1.0, gap=0.0).columns
    3
    """

    def with_columns(columns: int) -> Grid:
        rows = math.ceil(count / columns)
        room = (width + gap) / columns - gap
        from_width = room / aspect if room >= least_width - 1e-9 else 0.0
        from_height = (height + gap) / rows - gap - caption
        tile = max(0.0, min(from_width, from_height, tallest))
        return Grid(columns, tile, aspect, gap, caption, least_width)

    return max(map(with_columns, range(1, count + 1)), key=lambda grid: grid.height)


def to_pixels(image: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """One image (C, H, W) as (H, W, 3) in 0..1: grey for 1 channel, RGB for 3, else the mean.

    uint8 keeps its scale; anything else is stretched from its least to its greatest value.
    """
    values = image.astype(np.float32)
    if image.dtype == np.uint8:
        values /= 255.0
    else:
        low, high = float(values.min()), float(values.max())
        values = (values - low) / (high - low) if high > low else np.zeros_like(values)
    if values.shape[0] != 3:
        values = np.broadcast_to(values.mean(axis=0, keepdims=True), (3, *values.shape[1:]))
    return np.ascontiguousarray(values.transpose(1, 2, 0))


def draw_images(
    axes: Axes,
    images: Sequence[npt.NDArray[np.float32]],
    grid: Grid,
    captions: Sequence[Sequence[str]] = (),
) -> None:
    """Draw RGB images (H, W, 3), left to right, top to bottom, captions below."""
    for index, image in enumerate(images):
        left, top = grid.corner(index)
        few = max(image.shape[:2]) < 100  # then every pixel is meant to be visible
        axes.imshow(
            image, extent=(left, left + grid.width, top + grid.height, top), aspect="auto",
            interpolation="nearest" if few else "antialiased",
        ).set_clip_on(False)  # fmt: skip
        _frame(axes, grid, index)
    _write(axes, grid, captions)
    _measure_in_inches(axes)


def draw_signals(
    axes: Axes,
    signals: Sequence[Floats],
    grid: Grid,
    captions: Sequence[Sequence[str]] = (),
    *,
    markers: bool = False,
    around_zero: bool = True,
    largest: float | None = None,
) -> None:
    """Draw signals (C, W) as lines, one colour a channel.

    With `around_zero` zero is a thin line in the middle and all tiles have the same scale, up to
    the `largest` value of all, so that sizes can be compared; without, each signal fills its tile.
    """
    if largest is None:
        largest = max(float(np.abs(signal).max()) for signal in signals)
    colours = (style.BLUE, style.VERMILLION, style.GREEN, style.BLACK)
    for index, signal in enumerate(signals):
        left, top = grid.corner(index)
        low, high = (-largest, largest) if around_zero else (signal.min(), signal.max())
        scale = float(high - low) or 1.0
        x = left + grid.width * (np.arange(signal.shape[1]) + 0.5) / signal.shape[1]
        for channel, values in enumerate(signal):
            y = top + grid.height * (0.96 - 0.92 * (values - low) / scale)
            colour, dash = colours[channel % len(colours)], style.DASHES[channel % len(colours)]
            axes.plot(
                x, y, color=colour, linestyle=dash, linewidth=1.1, marker="o" if markers else "",
                markersize=2.2,
            )  # fmt: skip
        if around_zero:
            zero = top + grid.height / 2
            axes.plot(
                [left, left + grid.width], [zero, zero], color=style.GRID, linewidth=0.8, zorder=0
            )
        _frame(axes, grid, index)
    _write(axes, grid, captions)
    _measure_in_inches(axes)


def _frame(axes: Axes, grid: Grid, index: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            grid.corner(index), grid.width, grid.height, fill=False, linewidth=0.6, clip_on=False,
            edgecolor=style.FAINT_INK,
        )
    )  # fmt: skip


def _write(axes: Axes, grid: Grid, captions: Sequence[Sequence[str]]) -> None:
    """Lines on common baselines, whichever characters they have."""
    for index, lines in enumerate(captions):
        left, top = grid.corner(index)
        for number, line in enumerate(lines, start=1):
            axes.annotate(
                line, (left + grid.width / 2, top + grid.height), textcoords="offset points",
                xytext=(0, -1 - 1.2 * number * style.SMALL_SIZE), ha="center", va="baseline",
                fontsize=style.SMALL_SIZE, color=style.INK, parse_math=False, annotation_clip=False,
            )  # fmt: skip


def _measure_in_inches(axes: Axes) -> None:
    """Make one unit of the axes one inch, counted from the upper left corner."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, (width, height) = axes.get_position(), figure.get_size_inches()
    style.blank(axes)
    axes.set_xlim(0, box.width * width)
    axes.set_ylim(box.height * height, 0)
