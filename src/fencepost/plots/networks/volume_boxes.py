"""A network as volumes, to scale.

Boxes are seen from the front, height and width undistorted, with the channels going back.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...network import Network
from ...planning import Plan
from ...sizing import Window
from ...text import format_shape
from .. import style
from ..arguments import as_plan
from ..style import Axes, Figure
from .volume_layout import GAP, LABEL_SIZE, LINE, SLANT, Box, arrange, sliced, stages

WIDTH = 7.2
FRONT, TOP, SIDE = "#e3eef6", "#c4dbea", "#9fc2d9"
COLUMN = "#d9d9d9"
Point = tuple[float, float]


def volumes(network: Network | Plan, *, ax: Axes | None = None) -> Figure | Axes:
    """Draw a network as volumes: a box for each size, its channels going back.

    Every layer with windows is shown at work: the receptive field of one position in the volume
    before it, and the depth column of all channels that have that field.

    The sizes are those of the network without the batch. Layers that only change values, such as
    ReLU, are named below the volume that they change. Notes at the foot say what is not drawn to
    scale, and what does not fit.

    Parameters
    ----------
    network : Network or Plan
        `fencepost.plan` makes one without weights, whatever its size.
    ax : matplotlib.axes.Axes, optional
        Draw here, as large as there is room for; without it, into a new figure.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.volumes(fp.models.lenet5())
    >>> [text.get_text() for text in figure.axes[0].texts][:5]
    ['1 × 28 × 28', 'input', '6 × 28 × 28', '0: Conv2d(6, 5,', 'padding=2)']
    """
    planned = as_plan(network)
    shown = stages(planned)
    note = "".join(f"{problem.layer} does not fit: {problem.rule}" for problem in planned.problems)
    if ax is None:
        layout = arrange(shown, WIDTH, None, note)
        canvas = style.canvas(None, layout.width, layout.height)
    else:
        canvas = style.canvas(ax, 0, 0)
        layout = arrange(shown, canvas.width, canvas.height, note)
    axes = canvas.axes
    style.blank(axes)
    axes.set_xlim(0, canvas.width)
    axes.set_ylim(layout.height - canvas.height, layout.height)
    for box in layout.boxes:
        _draw_box(axes, box)
        _label(axes, box, layout.label_tops[box.row])
    windowed = [box for box in layout.boxes if box.stage.windows]
    for before, after in zip(layout.boxes, layout.boxes[1:], strict=False):
        if after in windowed:
            _draw_field(axes, before, after, last=after is windowed[-1])
        elif after.stage.is_column and before.row == after.row:
            _draw_fan(axes, before, after)
    for number, note in enumerate(reversed(layout.notes)):
        _text(axes, GAP, LINE * (number + 0.6), note, ha="left", color=style.FAINT_INK)
    return canvas.result


def _draw_box(axes: Axes, box: Box) -> None:
    (dx, dy), left, bottom = box.slant, box.left, box.bottom
    right, top = left + box.width, bottom + box.height
    if box.stage.is_column:
        _polygon(axes, [(left, bottom), (right, bottom), (right, top), (left, top)], COLUMN)
        return
    faces = (
        (FRONT, [(left, bottom), (right, bottom), (right, top), (left, top)]),
        (TOP, [(left, top), (right, top), (right + dx, top + dy), (left + dx, top + dy)]),
        (SIDE, [(right, bottom), (right, top), (right + dx, top + dy), (right + dx, bottom + dy)]),
    )
    for colour, corners in faces:
        _polygon(axes, corners, colour)
    channels = box.stage.shape[0]
    if channels > 1 and sliced(box):
        corners = [(left, top), (right, top), (right, bottom)]
        parts = (k / channels for k in range(1, channels))
        edges = [[(x + dx * part, y + dy * part) for x, y in corners] for part in parts]
        _draw_lines(axes, edges, style.FAINT_INK, 0.35)


def _draw_field(axes: Axes, before: Box, after: Box, *, last: bool) -> None:
    """Draw one receptive field through its volume, and the depth column connected to it.

    The column is named only in the `last` volume, where no other field stands in the way.
    """
    covered, asked = zip(*map(_spanned, after.stage.windows), strict=True)
    field = _prism(before, covered)
    column = _prism(after, [(index, index + 1) for index in asked])
    for front, back in (field, column):
        hidden = [[*back, back[0]], *([a, b] for a, b in zip(front, back, strict=True))]
        _draw_lines(axes, [[*front, front[0]]], style.VERMILLION, 1.1)
        _draw_lines(axes, hidden, style.VERMILLION, 0.6, "--")
    (left, bottom), _, (right, top), _ = column[0]
    size = format_shape(tuple(end - first for first, end in covered))
    _explain(axes, before, field[0][0], f"receptive field {size}")
    if last:
        _explain(axes, after, (left, bottom), "depth column")
    if before.row == after.row:
        middle = ((left + right) / 2, (bottom + top) / 2)
        _draw_lines(axes, [[corner, middle] for corner in field[0]], style.VERMILLION, 0.5)


def _explain(axes: Axes, box: Box, at: Point, text: str) -> None:
    """Write below a point of a front, if the front has room for it."""
    wide = style.text_width(text, LABEL_SIZE)
    if at[0] + wide < box.left + box.width and at[1] - 1.5 * LINE > box.bottom:
        _text(axes, at[0], at[1] - LINE, text, ha="left", color=style.VERMILLION)


def _spanned(window: Window) -> tuple[tuple[int, int], int]:
    """The receptive field of an output off the middle, from and to; and that output's index."""
    index = (window.output - 1) // 3
    elements = window.elements(index)
    return (max(elements.start, 0), min(elements.stop, window.input)), index


def _prism(box: Box, elements: Sequence[tuple[int, int]]) -> tuple[list[Point], list[Point]]:
    """Return the four corners on the front and the four on the back of these rows and columns."""
    (first, end), (start, stop) = elements if len(elements) == 2 else ((0, 1), *elements)
    rows, columns = box.stage.face
    left, right = (box.left + box.width * element / columns for element in (start, stop))
    bottom, top = (box.bottom + box.height * (1 - element / rows) for element in (end, first))
    front = [(left, bottom), (right, bottom), (right, top), (left, top)]
    dx, dy = box.depth * SLANT[0], box.depth * SLANT[1]
    return front, [(x + dx, y + dy) for x, y in front]


def _draw_fan(axes: Axes, before: Box, after: Box) -> None:
    """Draw the two outermost links of all to all."""
    right = before.left + before.width + before.slant[0]
    lower = before.bottom + before.slant[1]
    links = (
        [(right, lower + y), (after.left, after.bottom + z)]
        for y, z in ((0, 0), (before.height, after.height))
    )
    _draw_lines(axes, list(links), style.FAINT_INK, 0.5, ":")


def _label(axes: Axes, box: Box, top: float) -> None:
    for number, line in enumerate(box.stage.label):
        y = top - LINE * (number + 0.75)
        _text(axes, box.middle, y, line, weight="normal" if number else "bold")


def _text(axes: Axes, x: float, y: float, text: str, **look: str) -> None:
    settings = {"ha": "center", "color": style.INK} | look
    axes.text(
        x, y, text, fontsize=LABEL_SIZE, va="baseline", parse_math=False, **settings  # type: ignore[arg-type]
    )  # fmt: skip


def _polygon(axes: Axes, corners: list[Point], colour: str) -> None:
    from matplotlib.patches import Polygon

    look = {"edgecolor": style.INK, "linewidth": 0.6, "joinstyle": "round"}
    axes.add_patch(Polygon(corners, facecolor=colour, **look))  # type: ignore[arg-type]


def _draw_lines(
    axes: Axes, lines: list[list[Point]], colour: str, width: float, dash: str = "-"
) -> None:
    from matplotlib.collections import LineCollection

    collection = LineCollection(lines, colors=colour, linewidths=width, linestyles=dash, zorder=3)
    axes.add_collection(collection, autolim=False)
