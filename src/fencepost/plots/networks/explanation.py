"""One prediction on one page, from pixels to classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ArgumentError
from ...layers import Conv1d, Conv2d, GlobalAvgPool, GlobalMaxPool
from ...layers.windowed import WindowedLayer
from ...network import Network, Occlusion, input_gradient, occlusion
from ...network.inputs import as_one_image
from ...network.inspection import (
    convolution_kernels,
    convolutions,
    has_classes,
    is_untrained,
    output_index,
    output_names,
)
from ...text import format_shape, percent
from .. import style
from ..arguments import UNTRAINED, as_network
from ..style import Axes, Figure
from .activations import Row, draw_bars, draw_maps, rows_of
from .saliency_maps import draw_gradient, draw_input, draw_occlusion, occlusion_text
from .trained_kernels import Scale, draw_kernels

WIDTH, COLUMNS = 7.6, 4
LEAST_ROOM = (5.6, 3.6)  # inches of a caller's axes
BETWEEN = 0.28  # inches between two steps, where the arrow stands
BELOW = 0.32  # inches for the scales below a step
MARGIN = 0.36  # inches for the scale at the left of a signal
HEAD = 0.6
MAPS, CLASSES = 16, 10  # that are drawn of a layer, and of the predictions
SIZE = 7.0
Array = NDArray[Any]


@dataclass(frozen=True)
class Step:
    """A part of the page: what it is called, its size, a remark, and who draws it.

    `draw` takes the axes and their width and height in inches.
    """

    title: str
    size: str
    remark: str
    draw: Callable[[Axes, float, float], None]
    follows: bool = True  # an arrow leads to it from the step before
    margin: float = 0.0  # inches that are left free at its left


def explain(
    net: Network, image: ArrayLike, output: int | str | None = None, *, ax: Axes | None = None
) -> Figure | Axes:
    """Draw one prediction from pixels to classes, step by step, and which pixels matter.

    The input; the kernels of the first convolution; its feature maps, after its activation; these
    after the first pooling; the features that enter the last layer; the probabilities; the
    gradient; and the occlusion. Steps that the network lacks are left out, with a note at the foot.

    Parameters
    ----------
    net : Network
    image : array, shape input_shape
        One image or signal, as `Network.predict` takes it.
    output : int or str, optional
        Which output the saliency is that of, by its index or the name of its class; the largest by
        default.

    Raises
    ------
    DataError
        This is not one image of the network's shape, or not finite, or the network's output
        is not.
    ArgumentError
        There is no such output; `net` is not a Network; ax is too small for the page.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> figure = fp.plots.explain(fp.models.lenet5(), np.eye(28))
    >>> [text.get_text() for text in figure.axes[0].texts][2:6]
    ['1 Input', '1 × 28 × 28', '2 Kernels', '6 kernels of 1 × 5 × 5']
    """
    values_of_image = as_one_image(image, as_network(net).input_shape)
    if ax is not None:
        _require_room(style.canvas(ax, 0, 0))
    rows = rows_of(net, values_of_image)
    covered = occlusion(net, values_of_image, output_index(net, output))
    steps, notes = _steps(net, values_of_image, rows, covered)
    if is_untrained(net):
        notes.insert(0, UNTRAINED)
    side = (WIDTH - 0.2 - (COLUMNS - 1) * BETWEEN) / COLUMNS
    across = side if ax is None else style.canvas(ax, 0, 0).width / COLUMNS - BETWEEN
    remarks = [
        style.wrapped(step.remark, SIZE, across + 0.08) if step.remark else [] for step in steps
    ]
    lines = [steps[start : start + COLUMNS] for start in range(0, len(steps), COLUMNS)]
    above = [
        0.4 + 0.12 * max(map(len, remarks[start : start + COLUMNS]))
        for start in range(0, len(steps), COLUMNS)
    ]
    total = HEAD + sum(above) + len(lines) * (side + BELOW) + 0.25
    canvas = style.canvas(ax, WIDTH, total)
    width = (canvas.width - 0.2 - (COLUMNS - 1) * BETWEEN) / COLUMNS
    foot = style.wrapped(" ".join(notes), SIZE, canvas.width - 0.2) if notes else []
    room = canvas.height - HEAD - sum(above) - len(lines) * BELOW - 0.14 * len(foot) - 0.1
    height = max(0.1, room / len(lines))
    about = f"{net.parameter_count:,} parameters, {len(net.layers)} layers"
    canvas.title(_answer(net, rows[-1]), about)
    top = HEAD
    for line, (some, gap) in enumerate(zip(lines, above, strict=True)):
        for column, step in enumerate(some):
            number = line * COLUMNS + column
            left = style.MARGIN + column * (width + BETWEEN)
            title = f"{number + 1} {step.title}"
            canvas.note(
                left, top + 0.1, title, weight="bold", color=style.INK, fontsize=style.TEXT_SIZE
            )
            canvas.note(left, top + 0.26, step.size, fontsize=SIZE, color=style.INK)
            for index, text in enumerate(remarks[number]):
                canvas.note(left, top + 0.39 + 0.12 * index, text, fontsize=SIZE)
            inner = width - step.margin
            panel = canvas.inset(left + step.margin, top + gap, inner, height)
            step.draw(panel, inner, height)
            if step.follows and column:
                middle = top + gap + min(width, height) / 2
                canvas.note(
                    left - BETWEEN / 2, middle, "→", ha="center", color=style.INK,
                    fontsize=style.HEADING_SIZE,
                )  # fmt: skip
        top += gap + height + BELOW
    for index, text in enumerate(reversed(foot)):
        canvas.note(style.MARGIN, canvas.height - 0.12 - 0.13 * index, text, fontsize=SIZE)
    return canvas.result


def _require_room(room: style.Canvas) -> None:
    wide, high = LEAST_ROOM
    if room.width < wide or room.height < high:
        raise ArgumentError(
            f"ax must be at least {wide} × {high} inches, or the page cannot be read. Received: "
            f"{room.width:.1f} × {room.height:.1f} inches. feature_maps and saliency need less."
        )


def _steps(
    net: Network, image: Array, rows: list[Row], covered: Occlusion
) -> tuple[list[Step], list[str]]:
    """Return the parts of the page, and what should be said of those that are missing."""
    margin = 0.0 if image.ndim == 3 else MARGIN
    steps = [
        Step(
            "Input", format_shape(image.shape), "",
            lambda axes, *_: draw_input(axes, image), margin=margin,
        )
    ]  # fmt: skip
    notes = []
    indices_of_kernels = convolutions(net)
    if indices_of_kernels:
        index_of_kernels = next(iter(indices_of_kernels))
        kernels = convolution_kernels(net, index_of_kernels)
        scale = Scale(kernels[:MAPS])
        largest = style.number(scale.largest, 2)
        kind = "lines" if scale.as_lines else "colours" if scale.channels == 3 else "greys"
        steps.append(
            Step(
                "Kernels",
                _cut(len(kernels), format_shape(kernels.shape[1:]), "kernels"),
                f"of layer {index_of_kernels}, {kind} up to ±{largest}",
                lambda axes, *room: draw_kernels(axes, kernels[:MAPS], scale, *room),
                follows=False,
            )
        )
    else:
        notes.append("The network has no convolution.")
    convolved = _first(net, (Conv1d, Conv2d))
    pools = (WindowedLayer, GlobalAvgPool, GlobalMaxPool)
    pooled = _first(net, pools, after=convolved, but=(Conv1d, Conv2d))
    if convolved is not None:
        steps.append(_maps("Feature maps", _activated(rows, net, convolved)))
    if pooled is not None:
        steps.append(_maps("Pooling", _row(rows, pooled)))
    elif indices_of_kernels:
        notes.append("The network has no pooling.")
    hidden = _hidden(rows)
    if hidden is not None and hidden.is_column:
        steps.append(
            Step(
                "Features",
                format_shape(hidden.shape),
                f"input of the last layer, after layer {hidden.name}",
                lambda axes, *_: draw_bars(axes, np.ravel(hidden.values).astype(float)),
            )
        )
    values = np.ravel(rows[-1].values).astype(float)
    names = _names(net)
    if has_classes(net):
        shares = np.exp(values - values.max())
        shares /= shares.sum()
        most = "of the most likely" if len(values) > CLASSES else "of each class"
        steps.append(
            Step(
                "Probabilities",
                f"{len(values)} classes",
                f"{most}, after layer {rows[-1].name}",
                lambda axes, *room: _draw_shares(axes, shares, names, *room),
            )
        )
    else:
        steps.append(
            Step(
                "Output", format_shape(rows[-1].shape), f"of layer {rows[-1].name}",
                lambda axes, *_: _draw_output(axes, values),
            )
        )  # fmt: skip
    gradient = input_gradient(net, image, covered.output)[0]
    name = style.shorten(names[covered.output], 16)
    what = f"for {name}"
    steps.append(
        Step(
            "Gradient", what, "how steeply the output changes with each value",
            lambda axes, *_: draw_gradient(axes, gradient), follows=False, margin=margin,
        )
    )  # fmt: skip
    steps.append(
        Step(
            "Occlusion", what, occlusion_text(net, covered),
            lambda axes, *_: draw_occlusion(axes, net, covered), follows=False, margin=margin,
        )
    )  # fmt: skip
    return steps, notes


def _maps(title: str, row: Row) -> Step:
    if row.is_column:
        return Step(
            title, format_shape(row.shape), f"after layer {row.name}",
            lambda axes, *_: draw_bars(axes, np.ravel(row.values).astype(float)),
        )  # fmt: skip
    return Step(
        title,
        _cut(len(row.values), format_shape(row.shape[1:]), "maps"),
        f"after layer {row.name}",
        lambda axes, *room: draw_maps(axes, row.values, *room, most=MAPS),
    )


def _cut(count: int, each: str, noun: str) -> str:
    """Say how many there are, and how many of them are drawn."""
    of = f"{MAPS} of {count}" if count > MAPS else str(count)
    return f"{of} {noun[:-1] if count == 1 else noun} of {each}"


def _first(
    net: Network, kinds: tuple[type, ...], *, after: int | None = None, but: tuple[type, ...] = ()
) -> int | None:
    """Return the first layer of some kinds that still has maps."""
    for index, layer in enumerate(net.layers):
        beyond = after is None or index > after
        if beyond and isinstance(layer, kinds) and not isinstance(layer, but):
            return index
    return None


def _row(rows: list[Row], index: int) -> Row:
    return next(row for row in rows if row.name.startswith(f"{index}: "))


def _activated(rows: list[Row], net: Network, index: int) -> Row:
    """Return the output of a layer after the layers that only change its values."""
    covered = rows.index(_row(rows, index))
    while covered + 1 < len(rows) and rows[covered + 1].minor:
        covered += 1
    return rows[covered]


def _hidden(rows: list[Row]) -> Row | None:
    """Return the last row before the output, which its own activation is a part of."""
    covered = len(rows) - 1
    while covered > 0 and rows[covered].minor:
        covered -= 1
    return rows[covered - 1] if covered > 1 else None


def _names(net: Network) -> list[str]:
    """Return the name of each output; what is only a number is said to be a class."""
    names = style.drawable_names(output_names(net))
    if not has_classes(net):
        return names
    return [f"class {name}" if name.isdecimal() else name for name in names]


def _answer(net: Network, last: Row) -> str:
    values = np.ravel(last.values).astype(float)
    best = int(values.argmax())
    if has_classes(net):
        share = 1 / np.exp(values - values.max()).sum()
        name = style.shorten(_names(net)[best], 30)
        percent = "> 99.99" if 0.9999 < share < 1 else f"{100 * share:.2f}"
        return f"The network predicts {name} ({percent} %)"
    if len(values) == 1:
        return f"The network predicts {style.number(float(values[0]), 4)}"
    return f"The largest output is that at {best}"


def _draw_output(axes: Axes, values: Array) -> None:
    if len(values) == 1:
        style.message(axes, style.number(float(values[0]), 4))
    else:
        draw_bars(axes, values)


def _draw_shares(axes: Axes, shares: Array, names: list[str], width: float, height: float) -> None:
    """Draw probabilities as bars from left to right, each with its name and per cent."""
    count = len(shares)
    most = min(CLASSES, max(1, int(height / 0.13)))
    order = np.argsort(-shares, kind="stable")[:most] if count > most else np.arange(count)
    style.blank(axes)
    axes.set_xlim(0, width)
    line = min(height, 0.19 * len(order)) / len(order)
    best = int(np.argmax(shares))
    weights = {k: "bold" if k == best else "normal" for k in order}
    widest = max(style.text_width(names[k], SIZE, weight) for k, weight in weights.items())
    room = min(0.45 * width, widest + 0.01)
    start, end = room + 0.06, width - 0.52
    axes.axvline(start, color=style.FAINT_INK, linewidth=0.6)
    for index, k in enumerate(order):
        y = (index + 0.5) * line
        axes.barh(
            y, (end - start) * shares[k], left=start, height=0.7 * line, linewidth=0,
            color=style.BLUE,
        )  # fmt: skip
        axes.text(
            start - 0.05, y, style.fitted(names[k], SIZE, room, weights[k]), ha="right",
            va="center_baseline", fontsize=SIZE, color=style.INK, weight=weights[k],
            parse_math=False,
        )  # fmt: skip
        axes.text(
            width, y, percent(shares[k], 1), ha="right", va="center_baseline",
            fontsize=SIZE, color=style.INK, weight=weights[k],
        )  # fmt: skip
    axes.set_ylim(height, 0)
