"""Kernels as grids of numbers, what they let through, what they do."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ArgumentError
from ...filtering import filter_image
from ...kernels import Kernel, KernelSet, frequency_response, parse, tables
from ...text import format_shape, format_value
from .. import grids, style
from ..arguments import check_finite
from ..style import Axes, Figure

ORIGIN_NOTE = ", origin framed"
MOST_CELLS = 10_000  # more are drawn as an image
MOST_PIXELS = 2048  # along an axis of that image
NARROWEST_PAIR = 4.2  # inches in which a kernel and its response can stand beside each other


def kernel(
    g: Kernel | ArrayLike | str, *, response: bool = True, ax: Axes | None = None
) -> Figure | Axes:
    """Draw a kernel as a grid of numbers and, beside it, its frequency response.

    Blue weights are above 0, vermillion ones below; the thick frame is the kernel's origin.
    Where the weights have too many digits they are rounded to thousandths of a power of ten,
    which is written below; of kernels too large for that only the colours are drawn, and of
    those larger still an image. In axes too narrow for both, the response is left out.

    Parameters
    ----------
    g : Kernel, array_like or str
        In 1D or 2D; text is read by `fencepost.kernels.parse`.
    response : bool
        Draw the frequency response too: the factor by which it multiplies a wave of so many cycles
        per pixel, ``|Σ g(j) · exp(−2πi·j·u)|``.

    Raises
    ------
    ArgumentError
        g is not a kernel, or a set of several.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.kernel("laplace:neighbours=8")
    >>> [text.get_text() for text in figure.axes[0].child_axes[0].texts][:5]
    ['−1', '−1', '−1', '−1', '8']
    """
    shown = one_kernel(g)
    canvas = style.canvas(ax, 6.4 if response else 3.2, 3.2)
    room = response and canvas.width >= NARROWEST_PAIR
    note = remark(shown)
    if response and not room:
        note = note.replace(ORIGIN_NOTE, "; response left out")
    across = 0.46 if room else 0.94
    wide = (across if room else 0.94) * canvas.width
    draw_kernel(canvas.panel(0.03, 0.06, across, 0.74), shown)
    _head(canvas, 0.03, wide, shown.label, note)
    if room:
        right = canvas.panel(0.57, 0.16, 0.33, 0.64)
        draw = _draw_line if shown.ndim == 1 else _draw_map
        draw(right, frequency_response(shown))
        wide = 0.42 * canvas.width
        _head(canvas, 0.57, wide, "Frequency response", "factor applied to a sine wave")
    return canvas.result


def _head(canvas: style.Canvas, x: float, wide: float, title: str, note: str) -> None:
    """Write a heading and what is said of it above a panel, within so many inches."""
    shown = style.fitted(title, style.TEXT_SIZE, wide, "bold")
    canvas.write(x, 0.93, shown, weight="bold")
    shown = style.fitted(note, style.SMALL_SIZE, wide)
    canvas.write(x, 0.86, shown, fontsize=style.SMALL_SIZE, color=style.FAINT_INK)


def draw_kernel(axes: Axes, g: Kernel, coordinates: bool = False) -> None:
    """Draw the matrix, with numbers if they fit, the origin in a thick frame."""
    if g.matrix.size > MOST_CELLS:
        _draw_large(axes, g)
        return
    denominator, weights = tables.common(g.matrix)
    matrix = np.atleast_2d(weights)
    rows, columns = matrix.shape
    edge = 0.75 if coordinates else 0.1
    note = 0.9 if denominator > 1 or not _is_integer(matrix) else 0.1
    side = grids.sheet(axes, -edge, -edge, columns + 0.1, rows + note)
    colours, dark = grids.signed_colours(matrix)
    grids.draw_cells(axes, (0, 0), (rows, columns), colour=colours)
    texts, unit = grids.as_texts(matrix), f"1/{denominator}" if denominator > 1 else ""
    if grids.fitting_size(texts, side) < grids.SMALLEST:
        texts, unit = _in_short(matrix, texts, unit)
    numbered = grids.draw_numbers(axes, (0, 0), texts, side, dark=dark)
    row, column = (0, *g.origin)[-2:]
    grids.draw_frame(axes, (column, row), (1, 1), style.BLACK, width=2.2)
    if unit and (numbered or denominator > 1):
        factor = f"× {unit}" if numbered else f"in units of 1/{denominator}"
        axes.text(
            columns / 2, rows + 0.5, factor, ha="center", va="center", color=style.INK,
            fontsize=style.TEXT_SIZE,
        )  # fmt: skip
    if coordinates:
        grids.draw_coordinates(axes, (rows, columns), (-int(row), -int(column)), side)


def _draw_large(axes: Axes, g: Kernel) -> None:
    """Draw a matrix as an image: cell by cell, one of 800 × 800 would take half a minute."""
    matrix = np.atleast_2d(g.matrix)
    rows, columns = matrix.shape
    margin = 0.01 * max(rows, columns)
    grids.sheet(axes, -margin, -margin, columns + margin, rows + margin)
    steps = (-(-side // MOST_PIXELS) for side in matrix.shape)
    colours, _ = grids.signed_colours(matrix[tuple(slice(None, None, step) for step in steps)])
    axes.imshow(colours, extent=(0, columns, rows, 0), interpolation="antialiased")
    grids.draw_frame(axes, (0, 0), (columns, rows), style.FAINT_INK, width=0.6)
    row, column = (0, *g.origin)[-2:]
    grids.draw_frame(axes, (column, row), (1, 1), style.BLACK, width=2.2)


def draw_signs(axes: Axes, matrix: NDArray[np.float64]) -> None:
    """Draw a small kernel as colours, with the sign of each weight, for prints in grey."""
    rows, columns = matrix.shape
    side = grids.sheet(axes, -0.05, -0.05, columns + 0.05, rows + 0.05)
    colours, dark = grids.signed_colours(matrix)
    grids.draw_cells(axes, (0, 0), matrix.shape, colour=colours)
    noticeable = np.abs(matrix) > 0.04 * np.abs(matrix).max()
    signs = np.where(noticeable, np.where(matrix > 0, "+", "−"), "")
    grids.draw_numbers(axes, (0, 0), signs, side, dark=dark, size=min(8.0, 40 * side))


def _is_integer(matrix: NDArray[np.float64]) -> bool:
    return bool((matrix == np.rint(matrix)).all())


def _in_short(
    matrix: NDArray[np.float64], texts: NDArray[np.str_], unit: str
) -> tuple[NDArray[np.str_], str]:
    """Write weights that are not integers as integers below 1000, and the unit that they count.

    What is rounded to nothing is written as 0.
    """
    largest = float(np.abs(matrix).max())
    if unit or largest == 0 or _is_integer(matrix):
        return texts, unit
    power = math.floor(math.log10(largest)) - 2
    rounded = np.rint(matrix / 10.0**power)
    return grids.as_texts(rounded + 0.0, 4), f"{style.number(10.0**power)}, rounded"


def remark(g: Kernel) -> str:
    """Say a kernel's size and what its weights add up to."""
    return f"{tables.size(g.shape)}, sum {style.number(round(g.sum, 9))}{ORIGIN_NOTE}"


def _draw_line(axes: Axes, response: NDArray[np.float64]) -> None:
    style.plain(axes)
    half = response[len(response) // 2 :]
    axes.plot(np.linspace(0, 0.5, len(half)), half, color=style.BLUE, linewidth=1.6)
    axes.set_xlim(0, 0.5)
    axes.set_ylim(0, 1.08 * max(float(half.max()), 1e-12))
    axes.set_xlabel("cycles per pixel", fontsize=style.SMALL_SIZE, color=style.INK)


def _draw_map(axes: Axes, response: NDArray[np.float64]) -> None:
    figure = axes.get_figure(root=True)
    assert figure is not None
    top = max(float(response.max()), 1e-12)
    image = axes.imshow(response, cmap="gray", extent=(-0.5, 0.5, 0.5, -0.5), vmin=0, vmax=top)
    unit = 10.0 ** math.floor(math.log10(top)) if top < 0.01 else 1.0  # else it has few digits
    bar = figure.colorbar(
        image, cax=axes.inset_axes((1.06, 0, 0.07, 1)),
        format=lambda value, _: style.number(value / unit),
    )  # fmt: skip
    if unit < 1:
        bar.ax.set_title(f"× {style.number(unit)}", fontsize=style.SMALL_SIZE, color=style.INK)
    bar.outline.set_edgecolor(style.FAINT_INK)
    for edge in axes.spines.values():
        edge.set_color(style.FAINT_INK)
    axes.tick_params(color=style.FAINT_INK)
    bar.ax.tick_params(labelsize=style.SMALL_SIZE, colors=style.INK, length=3)
    ticks = (-0.5, 0, 0.5)
    axes.set_xticks(ticks, ("−½", "0", "½"), fontsize=style.SMALL_SIZE, color=style.INK)
    axes.set_yticks(ticks, ("−½", "0", "½"), fontsize=style.SMALL_SIZE, color=style.INK)
    axes.set_xlabel("cycles per pixel, to the right", fontsize=style.SMALL_SIZE, color=style.INK)
    axes.set_ylabel("downwards", fontsize=style.SMALL_SIZE, color=style.INK, labelpad=-2)


def filtering(
    image: ArrayLike,
    g: Kernel | KernelSet | ArrayLike | str,
    *,
    ax: Axes | None = None,
    boundary: str | float = "reflect",
    luminance: bool = False,
    scale: float = 1.0,
    offset: float = 0.0,
    magnitude: bool = False,
    operation: Literal["convolve", "correlate"] = "convolve",
) -> Figure | Axes:
    """Draw an image, a kernel, and the image that `fencepost.filter_image` makes of the two.

    Parameters
    ----------
    image : array_like, (H, W) or (H, W, 3)
        uint8, uint16 or floats; these are drawn from their least value to their greatest.
    g : Kernel, KernelSet, array_like or str
        Of a set, the first four kernels are drawn below each other.
    boundary, luminance, scale, offset, magnitude, operation
        As in `fencepost.filter_image`.

    Raises
    ------
    DataError, ArgumentError, SizeError
        As `fencepost.filter_image`.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> image = np.zeros((9, 9), np.uint8)
    >>> image[4, 4] = 255
    >>> figure = fp.plots.filtering(image, "mean:size=3")
    >>> int(figure.axes[0].child_axes[2].images[0].get_array().max())
    28
    """
    before = np.asarray(image)
    shown = parse(g) if isinstance(g, str) else g
    shown = shown if isinstance(shown, (Kernel, KernelSet)) else one_kernel(shown)
    check_finite("image", before)
    after = filter_image(
        before,
        shown,
        boundary=boundary,
        luminance=luminance,
        scale=scale,
        offset=offset,
        magnitude=magnitude,
        operation=operation,
    )
    rows, columns = before.shape[:2]
    canvas = style.canvas(ax, 7.0, 0.55 + 2.5 * min(1.4, max(0.5, rows / columns)))
    high = 1 - 0.5 / canvas.height
    draw_picture(canvas.panel(0.02, 0.02, 0.36, high - 0.02), before)
    several = [shown] if isinstance(shown, Kernel) else list(shown)[:4]
    tall = (high - 0.02) / len(several)
    for number, each in enumerate(several):
        bottom = high - (number + 1) * tall
        draw_kernel(canvas.panel(0.42, bottom + 0.14 * tall, 0.16, 0.72 * tall), each)
    draw_picture(canvas.panel(0.62, 0.02, 0.36, high - 0.02), after)
    label = shown.label if isinstance(shown, Kernel) else shown.name
    if len(label) > 22:
        label = shown.name or "kernel"
    if isinstance(shown, KernelSet) and len(shown) > len(several):
        label = f"{label}, {len(several)} of {len(shown)}"
    top = 1 - 0.25 / canvas.height
    result = "after, absolute values" if magnitude else "after"
    for x, text in ((0.2, "before"), (0.5, style.shorten(label, 22)), (0.8, result)):
        canvas.write(x, top, text, ha="center", weight="bold")
    for x, text in ((0.4, "∗"), (0.6, "=")):
        canvas.write(x, 0.01 + high / 2, text, ha="center", fontsize=style.TITLE_SIZE)
    return canvas.result


def draw_picture(axes: Axes, image: NDArray[Any]) -> None:
    """Draw an image (H, W) or (H, W, 3) in grey or colour, uint8 and uint16 on their own scale."""
    style.framed(axes)
    top = float(np.iinfo(image.dtype).max) if image.dtype.kind == "u" else float(image.max())
    low = 0.0 if image.dtype.kind == "u" else float(image.min())
    shown = image[..., 0] if image.ndim == 3 and image.shape[2] < 3 else image
    if shown.ndim == 3:
        shown = np.clip((shown[..., :3] - low) / ((top - low) or 1.0), 0, 1)
    few = max(shown.shape[:2]) < 100  # then every pixel is meant to be visible
    axes.imshow(
        shown, cmap="gray", vmin=low, vmax=top, interpolation="nearest" if few else "antialiased"
    )


def one_kernel(g: Kernel | ArrayLike | str) -> Kernel:
    """Read a kernel from what may stand for one."""
    shown = parse(g) if isinstance(g, str) else g
    shown = shown if isinstance(shown, (Kernel, KernelSet)) else Kernel(shown)
    if isinstance(shown, KernelSet):
        raise ArgumentError(
            f"g must be one kernel. Received: {format_value(g)}, which is a set of {len(shown)}. "
            f"Take one of them, such as {shown.labels[0]!r}."
        )
    if shown.ndim > 2:
        raise ArgumentError(
            f"g must have one axis or two to be drawn. Received: {format_shape(shown.shape)}."
        )
    return shown
