"""Which pixels matter to an output: its gradient, and what covering them up does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...network import Network, Occlusion, input_gradient, occlusion
from ...network.inputs import as_one_image
from ...network.inspection import has_classes, is_untrained, output_index, output_names
from ...text import format_shape
from .. import style
from ..arguments import UNTRAINED, as_network
from ..style import Axes, Figure
from . import tiles
from .activations import brief, draw_bars

SIZE = 7.0  # points of the numbers of a scale
Array = NDArray[Any]


def saliency(
    net: Network,
    image: ArrayLike,
    output: int | str | None = None,
    *,
    size: int | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw which pixels an output depends on, by its gradient and by occlusion.

    The image; how steeply the output changes with each pixel (of several channels, the one of the
    largest gradient), the darker the steeper; and by how much the probability falls, on average,
    when a patch covers the pixel, the darker the more. Signals are drawn above each other.

    Parameters
    ----------
    net : Network
    image : array, shape input_shape
        One image or signal, as `Network.predict` takes it.
    output : int or str, optional
        Which output, by its index or the name of its class; the largest by default.
    size : int, optional
        Side of the patch that covers; see `fencepost.network.occlusion`.

    Raises
    ------
    DataError
        This is not one image of the network's shape, or not finite, or the outputs are not.
    ArgumentError
        There is no such output; `net` is not a Network; size is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> figure = fp.plots.saliency(fp.models.lenet5(), np.eye(28), 3)
    >>> figure.axes[0].texts[0].get_text()
    'What the output for class 3 depends on'
    """
    pixels = as_one_image(image, as_network(net).input_shape)
    covered = occlusion(net, pixels, output_index(net, output), size=size)
    gradient = input_gradient(net, pixels, covered.output)[0]
    panels = (
        ("The image" if pixels.ndim == 3 else "The input", format_shape(pixels.shape)),
        ("Gradient", "how steeply the output changes with each value"),
        ("Occlusion", occlusion_text(net, covered)),
    )
    each = 2.2  # inches of a panel
    high = 1.85 + each * min(1.6, pixels.shape[1] / pixels.shape[2]) if pixels.ndim == 3 else 4.75
    canvas = style.canvas(ax, 3 * each + 0.6, high)
    name = style.shorten(style.drawable_names(output_names(net))[covered.output], 30)
    shown, share = f"output {name}", f"the output is {style.number(covered.score)}"
    if has_classes(net):
        shown = f"the output for class {name}"
        share = f"the probability is {100 * covered.score:.4g} %"
    top = 0.25 + canvas.title(
        f"What {shown} depends on",
        share,
        *([UNTRAINED] if is_untrained(net) else []),
    )
    rooms = (_beside if pixels.ndim == 3 else _below)(canvas, panels, top)
    draw_input(rooms[0], pixels)
    draw_gradient(rooms[1], gradient)
    draw_occlusion(rooms[2], net, covered)
    return canvas.result


def occlusion_text(net: Network, covered: Occlusion) -> str:
    """Say what the numbers of an occlusion are."""
    what = "probability, in percentage points," if has_classes(net) else "output"
    size = format_shape(covered.size).replace(" ", "\xa0")  # it stays on one line
    patch = f"under a patch of {size}" if max(covered.size) > 1 else "if this value is covered"
    return f"by how much the {what} falls {patch}"


def draw_input(axes: Axes, image: Array) -> None:
    """Draw an image (C, H, W), the lines of a signal (C, W), or the bars of features (F,)."""
    if image.ndim == 3:
        _draw_map(axes, tiles.to_pixels(image))
    else:
        _draw_values(axes, image.astype(float))


def draw_gradient(axes: Axes, gradient: Array) -> None:
    """Draw a gradient (C, H, W) by its largest channel, or with its sign if of a signal."""
    if gradient.ndim == 3:
        _draw_map(axes, np.abs(gradient).max(axis=0))
    else:
        _draw_values(axes, gradient.astype(float))


def draw_occlusion(axes: Axes, net: Network, covered: Occlusion) -> None:
    """Draw by how much a share falls where it is covered; where it rises, that is below 0."""
    falls = covered.drops * (100 if has_classes(net) else 1)
    if falls.ndim == 2:
        rises = falls.min() < -0.05 * falls.max()
        _draw_map(axes, falls, signed=bool(rises))
    else:
        _draw_values(axes, falls[None] if len(net.input_shape) == 2 else falls)


def _beside(canvas: style.Canvas, panels: Sequence[tuple[str, str]], top: float) -> list[Axes]:
    """Return rooms side by side, their headings and remarks written above."""
    inner = (canvas.width - 0.6) / 3
    remarks = [style.wrapped(remark, style.SMALL_SIZE, inner) for _, remark in panels]
    begin = top + 0.18 + 0.14 * max(map(len, remarks))
    high = max(0.1, canvas.height - begin - 0.4)  # less the scale below
    rooms = []
    for number, ((heading, _), lines) in enumerate(zip(panels, remarks, strict=True)):
        left = style.MARGIN + number * (inner + 0.2)
        canvas.head(left, top, heading)
        for index, line in enumerate(lines):
            canvas.note(left, top + 0.18 + 0.14 * index, line)
        rooms.append(canvas.inset(left, begin, inner, high))
    return rooms


def _below(canvas: style.Canvas, panels: Sequence[tuple[str, str]], top: float) -> list[Axes]:
    """Return rooms one below another, the heading and remark of each in a line above it."""
    each = (canvas.height - top + 0.1) / 3
    rooms = []
    for number, (heading, remark) in enumerate(panels):
        line = top + number * each
        canvas.head(style.MARGIN, line, heading)
        after = 0.25 + style.text_width(heading, style.TEXT_SIZE, "bold")
        canvas.note(after, line, style.fitted(remark, style.SMALL_SIZE, canvas.width - after - 0.1))
        rooms.append(canvas.inset(0.6, line + 0.14, canvas.width - 0.75, max(0.1, each - 0.5)))
    return rooms


def _draw_map(axes: Axes, values: Array, *, signed: bool = False) -> None:
    """Draw pixels (H, W, 3); or values (H, W), the darker the larger, with a scale.

    White is 0; if `signed`, grey is 0 and white is as far below it as black is above.
    """
    style.framed(axes)
    few = max(values.shape[:2]) < 100  # then every pixel is meant to be visible
    largest = float(np.abs(values).max()) or 1.0
    low = -largest if signed else 0.0
    shown = axes.imshow(
        values, cmap="gray_r", interpolation="nearest" if few else "antialiased",
        vmin=low, vmax=largest,
    )  # fmt: skip
    axes.set_anchor("NW")
    if values.ndim == 3:
        return
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(
        shown, cax=axes.inset_axes((0.12, -0.08, 0.76, 0.04)), orientation="horizontal",
        ticks=[low, 0.0, largest] if signed else [0.0, largest],
        format=lambda value, _: brief(value),
    )  # fmt: skip
    bar.ax.tick_params(labelsize=SIZE, length=2, pad=1, labelcolor=style.INK, color=style.INK)
    bar.outline.set_edgecolor(style.FAINT_INK)
    bar.outline.set_linewidth(0.6)


def _draw_values(axes: Axes, values: Array) -> None:
    """Draw the channels of a signal (C, W) as lines, or features (F,) as bars."""
    if values.ndim == 1:
        draw_bars(axes, values)
    else:
        for index, channel in enumerate(values):
            axes.plot(
                np.arange(len(channel)), channel, linewidth=1.1, drawstyle="steps-mid",
                color=style.COLOURS[index % len(style.COLOURS)],
                linestyle=style.DASHES[index % len(style.DASHES)],
            )  # fmt: skip
        style.plain(axes)
        axes.set_xlim(-0.5, values.shape[1] - 0.5)
        axes.tick_params(labelsize=SIZE, pad=1)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    ticks = [low, high] if high > low else [low]
    axes.set_yticks(ticks, [brief(tick) for tick in ticks], fontsize=SIZE, color=style.INK)
    room = 0.05 * ((high - low) or 1.0)
    axes.set_ylim(low - room, high + room)
