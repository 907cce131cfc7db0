"""The sum of a convolution at one position, drawn; and all of them, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...convolution import convolution_terms, convolve
from ...convolution.parsing import Origin, parse_origin
from ...convolution.terms import ConvolutionTerms
from ...errors import ArgumentError
from ...kernels import Kernel
from ...text import format_value
from .. import grids, style
from ..arguments import real_numbers
from ..saving import save_animation
from ..style import Axes, Figure

WINDOW = "#fbe3c8"  # light enough for black numbers
LONGEST = {1: 24, 2: 12}  # elements along an axis, so that their numbers can be read
LINES = 4  # of the sum; further ones are left out
WIDTH = 7.0  # inches of a figure of its own
GAP = 1.5  # elements between two grids


def convolution_steps(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    at: int | Sequence[int],
    *,
    origin: Origin = "first",
    all_of_y: bool = False,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw one step of a convolution: the elements of f and g that meet, and their sum written out.

    In f, the elements under the flipped g are marked, g's weights in small numbers below f's.

    Parameters
    ----------
    f : array_like, (n,) or (H, W)
        At most 24 elements, or 12 along each axis, so that they can be read.
    g : array_like or Kernel
        With as many axes as f. A Kernel brings its origin.
    at : int or (row, column)
        The position whose sum is drawn; y is filled in up to there, unless `all_of_y`.
    origin : {"first", "centre"}, int or sequence of int
        The element of g that stands for coordinate 0, as in `fencepost.convolve`.
    all_of_y : bool
        Fill in the positions after `at` too.

    Raises
    ------
    ArgumentError
        f has more axes or elements than can be drawn, or `at` lies outside f.
    DataError, ArgumentError
        f or g is not real; or as `fencepost.convolution_terms`.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.convolution_steps([[1, 2], [3, 4]], [[5, 6], [7, 8]], at=(1, 1))
    >>> figure.axes[0].texts[-1].get_text()
    '= 60'
    """
    return _draw(_Step(f, g, at, origin, all_of_y=all_of_y), ax)


def convolution_steps_animation(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    path: str | Path,
    *,
    origin: Origin = "first",
    seconds: float = 0.8,
) -> Path:
    """Write every step of a convolution, one after another, as a GIF or a page with buttons.

    Parameters
    ----------
    f, g, origin
        As `convolution_steps`.
    path : str or Path
        The extension, .gif or .html, selects the format.
    seconds : float
        How long each step is shown.

    Raises
    ------
    ArgumentError, DataError
        As `convolution_steps` and `save_animation`.
    """
    values = real_numbers("f", f)
    steps = [_Step(values, g, at, origin) for at in np.ndindex(values.shape)]
    # All steps get the room of the longest sum, so that nothing moves from frame to frame.
    room = max(len(step.written(WIDTH)) for step in steps)
    return save_animation((_draw(step, None, room) for step in steps), path, seconds=seconds)


def _draw(step: _Step, ax: Axes | None, room: int = 0) -> Figure | Axes:
    """Draw a step, with room for at least so many lines of the sum."""
    width = WIDTH if ax is None else style.canvas(ax, 0, 0).width
    lines = step.written(width)
    room = max(room, len(lines))
    canvas = style.canvas(ax, WIDTH, step.height(room))
    lower = min(0.7, 0.2 * (room + 0.8) / canvas.height)
    axes = canvas.panel(0.01, lower, 0.98, 0.99 - lower)
    if step.f.ndim == 1:
        _draw_rows(axes, step)
    else:
        _draw_grids(axes, step)
    for number, line in enumerate(lines):
        y = 0.2 * (room - number - 0.3) / canvas.height
        canvas.write(0.5, y, line, ha="center")
    return canvas.result


class _Step:
    """The arrays of one step, checked and computed."""

    def __init__(
        self,
        f: ArrayLike,
        g: ArrayLike | Kernel,
        at: int | Sequence[int],
        origin: Origin,
        *,
        all_of_y: bool = False,
    ) -> None:
        self.f, self.g = real_numbers("f", f), real_numbers("g", g)
        if self.f.ndim > 2 or max(self.f.shape) > LONGEST[self.f.ndim]:
            raise ArgumentError(
                "f must be a row of at most 24 elements, or a matrix of at most 12 along each "
                f"axis, to be drawn. Received: shape {self.f.shape}."
            )
        self.terms: ConvolutionTerms = convolution_terms(f, g, at, origin=origin)
        self.at = self.terms.at
        if not all(0 <= index < size for index, size in zip(self.at, self.f.shape, strict=True)):
            raise ArgumentError(
                f"at must be a position in f, of shape {self.f.shape}. "
                f"Received: at={format_value(at)}."
            )
        if isinstance(g, Kernel):
            origin = g.origin
        self.origin = parse_origin(origin, self.g.shape, left=True)
        y = convolve(self.f, self.g, "same", origin=self.origin)
        self.all_of_y = grids.as_texts(y)
        self.y = np.where(all_of_y | self._done(), self.all_of_y, "")

    def height(self, lines: int) -> float:
        """Inches that a figure of its own takes, the sum written in so many lines."""
        if self.f.ndim == 1:
            return 2.35 + 0.2 * lines
        widths = 2 * self.f.shape[1] + self.g.shape[1] + 2 * GAP + 2
        side = min(0.98 * WIDTH / widths, 0.5)
        return float(side * (max(self.f.shape[0], self.g.shape[0]) + 2) + 0.2 * (lines + 1))

    def _done(self) -> NDArray[np.bool_]:
        """Where y is known after this step: the positions up to `at`, row by row."""
        order = np.arange(self.f.size).reshape(self.f.shape)
        return np.asarray(order <= order[self.at])

    def written(self, width: float) -> list[str]:
        """Return the sum in lines for a room of so many inches."""
        name = f"y({', '.join(map(str, self.at))})"
        if not self.terms:
            return [f"{name} = 0: f and g do not overlap here"]
        products = [
            f"{_bracketed(style.number(term.f))}·{_bracketed(style.number(term.g))}"
            for term in self.terms
        ]
        lines = [f"{name} = {products[0]}"]
        for product in products[1:]:
            longer = f"{lines[-1]} + {product}"
            if style.text_width(longer, style.TEXT_SIZE) < 0.92 * width:
                lines[-1] = longer
            else:
                lines.append(f"+ {product}")
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], f"+ … ({len(products)} terms in all)"]
        return [*lines, f"= {style.number(self.terms.total, 4)}"]


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def _draw_rows(axes: Axes, step: _Step) -> None:
    """Draw f, the flipped g below the elements that it meets, and y."""
    (count,), (size,), (origin,) = step.f.shape, step.g.shape, step.origin
    first = step.at[0] - (size - 1 - origin)  # where the flipped g begins
    # Wide enough for every step, so that all are drawn alike.
    left, right = min(0, origin + 1 - size), max(count, count + origin)
    room = style.canvas(axes, 0, 0)
    name_wide = style.text_width("g, flipped", style.TEXT_SIZE)
    side = min((room.width - name_wide) / (right - left + 0.5), room.height / 5.8)
    margin = max(1.6, 0.3 + 1.05 * name_wide / max(side, 0.01))
    side = grids.sheet(axes, left - margin, -0.6, right + 0.2, 5.2)
    window = np.zeros((1, count), bool)
    window[0, [term.f_at[0] for term in step.terms]] = True
    rows = (
        (0, 0, "f", grids.as_texts(step.f)[None], window),
        (2, first, "g, flipped", grids.as_texts(step.g)[::-1][None], None),
        (4, 0, "y", step.y[None], None),
    )
    written = (rows[0][3], rows[1][3], step.all_of_y)
    sizes = [grids.fitting_size(texts, side) for texts in written]
    if min(sizes) >= grids.SMALLEST:
        sizes = [min(sizes)] * 3
    for (top, start, name, texts, marked), size_of_text in zip(rows, sizes, strict=True):
        grids.draw_cells(axes, (start, top), texts.shape)
        if marked is not None:
            grids.draw_cells(axes, (start, top), texts.shape, colour=WINDOW, mask=marked)
        grids.draw_numbers(axes, (start, top), texts, side, size=size_of_text)
        axes.text(
            left - 0.3, top + 0.5, name, ha="right", va="center_baseline", color=style.INK,
            fontsize=style.TEXT_SIZE,
        )  # fmt: skip
    grids.draw_coordinates(axes, (0, count), (0, 0), side)
    grids.draw_frame(axes, (first, 2), (size, 1), style.VERMILLION)
    grids.draw_frame(axes, (step.at[0], 4), (1, 1), style.GREEN, width=2.4)
    for term in step.terms:
        x = term.f_at[0] + 0.5
        axes.plot([x, x], [1.05, 1.95], color=style.VERMILLION, linewidth=0.8)
        axes.plot([x, step.at[0] + 0.5], [3.05, 3.95], color=style.VERMILLION, linewidth=0.8)


def _draw_grids(axes: Axes, step: _Step) -> None:
    """Draw f with the window, g as it is written, and y."""
    (rows, columns), (high, wide) = step.f.shape, step.g.shape
    tall = max(rows, high)
    starts = [0.0, columns + GAP, columns + wide + 2 * GAP]
    side = grids.sheet(axes, -0.9, -1.6, starts[2] + columns + 0.2, tall + 0.2)
    texts, weights = grids.as_texts(step.f), np.full(step.f.shape, "", dtype=object)
    met = np.zeros(step.f.shape, bool)
    for term in step.terms:
        met[term.f_at] = True
        weights[term.f_at] = f"×{style.number(term.g)}"
    written = (texts, grids.as_texts(step.g), step.all_of_y)
    sizes = [grids.fitting_size(texts_of_grid, side) for texts_of_grid in written]
    size = min(sizes)
    if size < grids.SMALLEST:  # then each as it can
        sizes[2] = grids.fitting_size(step.y, side)
    else:
        sizes = [size] * 3
    of_f, of_g, of_y = sizes
    small = min(0.72 * of_f, grids.fitting_size(weights.astype(str), side))
    lifted = small >= grids.SMALLEST and of_f + small < 62 * side  # there is room for two lines
    grids.draw_cells(axes, (0, 0), step.f.shape)
    grids.draw_cells(axes, (0, 0), step.f.shape, colour=WINDOW, mask=met)
    for chosen, height in ((met, 0.36 if lifted else 0.5), (~met, 0.5)):
        shown = np.where(chosen, texts, "")
        grids.draw_numbers(axes, (0, 0), shown, side, size=of_f, offset=(0.5, height))
    if lifted:
        grids.draw_numbers(
            axes, (0, 0), weights.astype(str), side, size=small, offset=(0.5, 0.78),
            colour=style.VERMILLION,
        )  # fmt: skip
    grids.draw_cells(axes, (starts[1], 0), step.g.shape)
    grids.draw_numbers(axes, (starts[1], 0), grids.as_texts(step.g), side, size=of_g)
    grids.draw_frame(axes, (starts[1] + step.origin[1], step.origin[0]), (1, 1), style.BLACK)
    grids.draw_cells(axes, (starts[2], 0), step.f.shape)
    grids.draw_numbers(axes, (starts[2], 0), step.y, side, size=of_y)
    grids.draw_frame(axes, (starts[2] + step.at[1], step.at[0]), (1, 1), style.GREEN, width=2.4)
    begins = ((0, 0), (-step.origin[0], -step.origin[1]), (0, 0))
    shapes = (step.f.shape, step.g.shape, step.f.shape)
    for name, start, begin, shape in zip("fgy", starts, begins, shapes, strict=True):
        grids.draw_coordinates(axes, shape, begin, side, (start, 0))
        axes.text(
            start + shape[1] / 2, -1.1, name, ha="center", va="center_baseline",
            fontsize=min(style.HEADING_SIZE, 50 * side), color=style.INK, style="italic",
        )  # fmt: skip
    for x, sign in ((columns + 0.45, "∗"), (starts[2] - 1.0, "=")):
        axes.text(
            x, min(rows, high) / 2, sign, ha="center", va="center", color=style.INK,
            fontsize=min(style.TITLE_SIZE, 50 * side),
        )  # fmt: skip
