"""The sum of a convolution at one place, drawn; and all of them, one after another.

Calls convolution, cells, kernel_grids, saving and style.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fencepost.convolution import convolution_terms, convolve
from fencepost.convolution.reading import numbers, read_origin
from fencepost.errors import ArgumentError
from fencepost.kernels import Kernel
from fencepost.plots import cells, style
from fencepost.plots.kernel_grids import draw_coordinates
from fencepost.plots.saving import save_animation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fencepost.convolution.reading import Origin
    from fencepost.convolution.terms import ConvolutionTerms

WINDOW = "#fbe3c8"  # light enough for black numbers
LONGEST = {1: 24, 2: 12}  # cells along an axis, so that their numbers can be read
LINES = 4  # of the sum; the rest is left out
GAP = 1.5  # cells between two grids


def convolution_steps(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    at: int | Sequence[int],
    *,
    origin: Origin = "first",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw one step of a convolution: the cells of f and g that meet, and their sum written out.

    Parameters
    ----------
    f : array_like, (n,) or (H, W)
        At most 24 cells, or 12 along each axis, so that they can be read.
    g : array_like or Kernel
        With as many axes as f. A Kernel brings its origin.
    at : int or (row, column)
        The place whose sum is drawn; y is filled in up to there.
    origin : {"first", "centre"}, int or tuple of int
        The cell of g that stands for coordinate 0, as in `fencepost.convolve`.
    ax : matplotlib.axes.Axes, optional
        Draw here; without it, into a new figure.

    Returns
    -------
    Figure or Axes
        In f, the cells under the flipped g are marked, g's weights in small numbers below f's.

    Raises
    ------
    ArgumentError
        f has more axes or cells than can be drawn, or `at` lies outside f.
    DataError, ArgumentError
        As `fencepost.convolution_terms`.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.convolution_steps([[1, 2], [3, 4]], [[5, 6], [7, 8]], at=(1, 1))
    >>> figure.axes[0].texts[-1].get_text()
    '= 60'
    """
    step = _Step(f, g, at, origin)
    canvas = style.canvas(ax, 7.0, step.height)
    lower = min(0.7, 0.2 * (len(step.lines) + 0.8) / canvas.height)
    axes = canvas.panel(0.01, lower, 0.98, 0.99 - lower)
    if step.f.ndim == 1:
        _draw_rows(axes, step)
    else:
        _draw_grids(axes, step)
    for number, line in enumerate(step.lines):
        y = 0.2 * (len(step.lines) - number - 0.3) / canvas.height
        canvas.write(0.5, y, line, ha="center")
    return canvas.result


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
        Its ending, .gif or .html, says which of the two.
    seconds : float
        For which a step is seen.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError, DataError
        As `convolution_steps` and `save_animation`.
    """
    values = numbers("f", f)
    places = np.ndindex(values.shape)
    # Without axes to draw into, each step is a figure of its own.
    frames = (convolution_steps(values, g, at, origin=origin) for at in places)
    return save_animation(frames, path, seconds=seconds)


class _Step:
    """The arrays of one step, checked and computed."""

    def __init__(
        self, f: ArrayLike, g: ArrayLike | Kernel, at: int | Sequence[int], origin: Origin
    ) -> None:
        self.f, self.g = numbers("f", f), numbers("g", g)
        if self.f.ndim > 2 or max(self.f.shape) > LONGEST[self.f.ndim]:
            raise ArgumentError(
                "f must be a row of at most 24 cells, or a matrix of at most 12 along each axis, "
                f"to be drawn. Received: shape {self.f.shape}."
            )
        self.terms: ConvolutionTerms = convolution_terms(f, g, at, origin=origin)
        self.at = self.terms.at
        if not all(0 <= place < size for place, size in zip(self.at, self.f.shape, strict=True)):
            raise ArgumentError(
                f"at must be a place of f, of shape {self.f.shape}. Received: at={at!r}."
            )
        if isinstance(g, Kernel):
            origin = g.origin
        self.origin = read_origin(origin, self.g.shape, left=True)
        y = convolve(self.f, self.g, "same", origin=self.origin)
        self.y = np.where(self._done(), cells.as_texts(y), "")
        self.lines = self._written()

    @property
    def height(self) -> float:
        """Inches that a figure of its own takes."""
        if self.f.ndim == 1:
            return 2.35 + 0.2 * len(self.lines)
        widths = 2 * self.f.shape[1] + self.g.shape[1] + 2 * GAP + 2
        side = min(6.86 / widths, 0.5)
        return float(
            side * (max(self.f.shape[0], self.g.shape[0]) + 2) + 0.2 * (len(self.lines) + 1)
        )

    def _done(self) -> NDArray[np.bool_]:
        """Where y is known after this step: the places up to `at`, row by row."""
        order = np.arange(self.f.size).reshape(self.f.shape)
        return np.asarray(order <= order[self.at])

    def _written(self) -> list[str]:
        name = f"y({', '.join(map(str, self.at))})"
        if not self.terms:
            return [f"{name} = 0: f and g do not meet here"]
        products = [
            f"{_bracketed(style.number(term.f))}·{_bracketed(style.number(term.g))}"
            for term in self.terms
        ]
        lines = [f"{name} = {products[0]}"]
        for product in products[1:]:
            longer = f"{lines[-1]} + {product}"
            if style.text_width(longer, style.TEXT_SIZE) < 6.4:
                lines[-1] = longer
            else:
                lines.append(f"+ {product}")
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], f"+ … ({len(products)} terms in all)"]
        return [*lines, f"= {style.number(self.terms.total, 4)}"]


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def _draw_rows(axes: Axes, step: _Step) -> None:
    """Draw f, the flipped g below the cells that it meets, and y."""
    (count,), (size,), (origin,) = step.f.shape, step.g.shape, step.origin
    first = step.at[0] - (size - 1 - origin)  # where the flipped g begins
    left, right = min(0, first), max(count, first + size)
    side = cells.sheet(axes, left - 1.6, -0.6, right + 0.2, 5.2)
    window = np.zeros((1, count), bool)
    window[0, [term.f_at[0] for term in step.terms]] = True
    rows = (
        (0, 0, "f", cells.as_texts(step.f)[None], window),
        (2, first, "g, flipped", cells.as_texts(step.g)[::-1][None], None),
        (4, 0, "y", step.y[None], None),
    )
    size_of_text = min(cells.fitting_size(texts, side) for *_, texts, _ in rows)
    for top, start, name, texts, marked in rows:
        cells.draw_cells(axes, (start, top), texts.shape)
        if marked is not None:
            cells.draw_cells(axes, (start, top), texts.shape, colour=WINDOW, mask=marked)
        cells.draw_numbers(axes, (start, top), texts, side, size=size_of_text)
        axes.text(
            left - 0.3, top + 0.5, name, ha="right", va="center_baseline", color=style.INK,
            fontsize=style.TEXT_SIZE,
        )  # fmt: skip
    draw_coordinates(axes, (0, count), (0, 0), side)
    cells.draw_frame(axes, (first, 2), (size, 1), style.VERMILLION)
    cells.draw_frame(axes, (step.at[0], 4), (1, 1), style.GREEN, width=2.4)
    for term in step.terms:
        x = term.f_at[0] + 0.5
        axes.plot([x, x], [1.05, 1.95], color=style.VERMILLION, linewidth=0.8)
        axes.plot([x, step.at[0] + 0.5], [3.05, 3.95], color=style.VERMILLION, linewidth=0.8)


def _draw_grids(axes: Axes, step: _Step) -> None:
    """Draw f with the window, g as it is written, and y."""
    (rows, columns), (high, wide) = step.f.shape, step.g.shape
    tall = max(rows, high)
    starts = [0.0, columns + GAP, columns + wide + 2 * GAP]
    side = cells.sheet(axes, -0.9, -1.6, starts[2] + columns + 0.2, tall + 0.2)
    texts, weights = cells.as_texts(step.f), np.full(step.f.shape, "", dtype=object)
    met = np.zeros(step.f.shape, bool)
    for term in step.terms:
        met[term.f_at] = True
        weights[term.f_at] = f"×{style.number(term.g)}"
    written = (texts, cells.as_texts(step.g), step.y)
    size = min(cells.fitting_size(one, side) for one in written)
    small = min(0.72 * size, cells.fitting_size(weights.astype(str), side))
    lifted = small >= cells.SMALLEST and size + small < 62 * side  # there is room for two lines
    cells.draw_cells(axes, (0, 0), step.f.shape)
    cells.draw_cells(axes, (0, 0), step.f.shape, colour=WINDOW, mask=met)
    for chosen, height in ((met, 0.36 if lifted else 0.5), (~met, 0.5)):
        shown = np.where(chosen, texts, "")
        cells.draw_numbers(axes, (0, 0), shown, side, size=size, offset=(0.5, height))
    if lifted:
        cells.draw_numbers(
            axes, (0, 0), weights.astype(str), side, size=small, offset=(0.5, 0.78),
            colour=style.VERMILLION,
        )  # fmt: skip
    cells.draw_cells(axes, (starts[1], 0), step.g.shape)
    cells.draw_numbers(axes, (starts[1], 0), cells.as_texts(step.g), side, size=size)
    cells.draw_frame(axes, (starts[1] + step.origin[1], step.origin[0]), (1, 1), style.BLACK)
    cells.draw_cells(axes, (starts[2], 0), step.f.shape)
    cells.draw_numbers(axes, (starts[2], 0), step.y, side, size=size)
    cells.draw_frame(axes, (starts[2] + step.at[1], step.at[0]), (1, 1), style.GREEN, width=2.4)
    begins = ((0, 0), (-step.origin[0], -step.origin[1]), (0, 0))
    shapes = (step.f.shape, step.g.shape, step.f.shape)
    for name, start, begin, shape in zip("fgy", starts, begins, shapes, strict=True):
        draw_coordinates(axes, shape, begin, side, (start, 0))
        axes.text(
            start + shape[1] / 2, -1.1, name, ha="center", va="center_baseline",
            fontsize=style.HEADING_SIZE, color=style.INK, style="italic",
        )  # fmt: skip
    for x, sign in ((columns + 0.45, "∗"), (starts[2] - 1.0, "=")):
        axes.text(x, min(rows, high) / 2, sign, ha="center", va="center", fontsize=style.TITLE_SIZE)
