"""Grids with numbers in them: matrices, images under a kernel, windows.

A cell is the square that is drawn for one element. One unit of the axes is one cell, columns to the
right and rows downwards from (0, 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import style
from .style import Axes

SMALLEST, LARGEST = 5.5, 10.0  # points of a number
FILLED = 0.8  # of a cell's width that a number may take
Place = tuple[float, float]


def sheet(axes: Axes, left: float, top: float, right: float, bottom: float) -> float:
    """Make one unit one cell, from column `left` to `right`; return the inches of a cell."""
    style.blank(axes)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    room = style.canvas(axes, 0, 0)
    return min(room.width / (right - left), room.height / (bottom - top))


def draw_cells(
    axes: Axes,
    at: Place,
    shape: tuple[int, int],
    *,
    colour: Any = style.PAPER,
    edge: str = style.FAINT_INK,
    hatch: str = "",
    mask: NDArray[np.bool_] | None = None,
) -> None:
    """Draw (rows, columns) squares from the upper left corner `at` = (column, row).

    `colour` is one for all or an array (rows, columns, 3 or 4); where `mask` is False, none.
    """
    from matplotlib.collections import PolyCollection

    chosen = np.ones(shape, bool) if mask is None else mask
    rows, columns = np.nonzero(chosen)
    if not len(rows):
        return
    x, y = at[0] + columns, at[1] + rows
    corners = np.stack([x, y, x + 1, y, x + 1, y + 1, x, y + 1], axis=1).reshape(-1, 4, 2)
    faces = colour[chosen] if isinstance(colour, np.ndarray) else colour
    look: dict[str, Any] = {"edgecolors": edge, "linewidths": 0.6, "hatch": hatch or None}
    axes.add_collection(PolyCollection(list(corners), facecolors=faces, **look), autolim=False)


def draw_numbers(
    axes: Axes,
    at: Place,
    texts: NDArray[np.str_],
    cell: float,
    *,
    dark: NDArray[np.bool_] | None = None,
    colour: str = style.INK,
    size: float | None = None,
    offset: Place = (0.5, 0.5),
    **settings: Any,
) -> bool:
    """Write a text into each cell, or none if they would be too small; return whether.

    `cell` is the side of one in inches; where `dark`, the text is white.
    """
    size = size or fitting_size(texts, cell)
    if size < SMALLEST:
        return False
    for (row, column), text in np.ndenumerate(texts):
        if text:
            white = dark is not None and dark[row, column]
            axes.text(
                at[0] + column + offset[0], at[1] + row + offset[1], text, fontsize=size,
                ha="center", va="center_baseline", parse_math=False,
                **({"color": style.PAPER if white else colour} | settings),
            )  # fmt: skip
    return True


def fitting_size(texts: NDArray[np.str_], cell: float, most: float = LARGEST) -> float:
    """Return the points in which the widest of the texts fits a cell of so many inches."""
    widest = max((style.text_width(str(text), 10) for text in np.unique(texts)), default=0.0)
    return min(most, 50 * cell, 10 * FILLED * cell / max(widest, 1e-9))


def draw_frame(
    axes: Axes,
    at: Place,
    size: Place,
    colour: str,
    *,
    width: float = 2.0,
    dash: Any = "-",
    **settings: Any,
) -> None:
    """Draw a rectangle of (columns, rows) from its upper left corner."""
    from matplotlib.patches import Rectangle

    look: dict[str, Any] = {"fill": False, "edgecolor": colour, "zorder": 4}
    axes.add_patch(Rectangle(at, *size, linewidth=width, linestyle=dash, **(look | settings)))


def signed_colours(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return colours (…, 3): blue above 0, vermillion below, white for 0; and which are dark.

    The numbers in the cells carry the sign in a grey print.
    """
    largest = float(np.abs(values).max()) or 1.0
    share = np.clip(values / largest, -1, 1)[..., None]
    ends = np.where(share < 0, rgb(style.VERMILLION), rgb(style.BLUE))
    colours = 1 + np.abs(share) * 0.85 * (ends - 1)
    return colours, brightness(colours) < 0.5


def brightness(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """How bright colours are, 0 to 1, by the weights of Rec. 601."""
    return np.asarray(colours[..., :3] @ (0.299, 0.587, 0.114))


def rgb(colour: str) -> NDArray[np.float64]:
    """Return a colour as red, green and blue, each 0 to 1."""
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))


def as_texts(values: NDArray[Any], digits: int = 3) -> NDArray[np.str_]:
    """Write every value with at most so many significant digits, a negative one with a true minus.

    >>> as_texts(np.array([1.0, -0.5, 1 / 9, 120.0])).tolist()
    ['1', '−0.5', '0.111', '120']
    """
    texts = [style.number(value, digits) for value in np.ravel(values)]
    return np.array(texts, dtype=str).reshape(np.shape(values))


def draw_coordinates(
    axes: Axes, shape: tuple[int, int], start: tuple[int, int], side: float, at: Place = (0, 0)
) -> None:
    """Number the rows at the left and the columns above, from `start`, if there is room."""
    size = min(style.SMALL_SIZE, 36 * side)
    if size < SMALLEST:
        return
    rows = ((at[0] - 0.38, at[1] + row + 0.5, start[0] + row) for row in range(shape[0]))
    columns = ((at[0] + n + 0.5, at[1] - 0.36, start[1] + n) for n in range(shape[1]))
    look = {"color": style.FAINT_INK, "ha": "center", "va": "center_baseline"}
    for x, y, value in (*rows, *columns):
        axes.text(x, y, style.number(value), fontsize=size, **look)  # type: ignore[arg-type]
