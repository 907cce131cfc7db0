"""Which boxes a network is drawn as, and where each stands.

All lengths are inches, counted from the lower left corner of the room.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...layers import RBF, Branched, Concat, Layer, Linear
from ...layers.windowed import WindowedLayer
from ...planning import Plan
from ...sizing import Window
from ...text import format_shape, plural
from .. import style

LABEL_SIZE = 7.0  # points
LINE = 1.3 * LABEL_SIZE / 72
THINNEST_SLICE = 0.012  # thinner ones would run together
CHARACTERS = 17  # of a line of a label
GAP = 0.16
SLANT = (0.62, 0.46)  # where a depth of one inch goes on the paper
LEAST = 0.045  # what is smaller is drawn this large, or it would not be visible
DEEPEST = 0.75
HIGHEST_COLUMN = 1.15
FACES = (1.5, 1.15, 0.9, 0.7, 0.5, 0.35, 0.25)  # the largest face, from roomy to narrow


@dataclass(frozen=True)
class Stage:
    """The input, or the output of a layer, with the layers that only change its values."""

    shape: tuple[int, ...]
    lines: tuple[str, ...]
    windows: tuple[Window, ...] = ()  # over the stage before

    @property
    def is_column(self) -> bool:
        """Whether it is a row of features and no longer a volume."""
        return len(self.shape) == 1

    @property
    def face(self) -> tuple[int, int]:
        """Rows and columns; those of a signal are one row."""
        return (1, *self.shape[1:]) if len(self.shape) == 2 else (self.shape[1], self.shape[2])

    @property
    def label(self) -> tuple[str, ...]:
        """What is written below, the size first."""
        return (format_shape(self.shape), *self.lines)


@dataclass(frozen=True)
class Box:
    """A stage with its position: the lower left corner of its front, and three lengths."""

    stage: Stage
    left: float
    bottom: float
    width: float
    height: float
    depth: float
    row: int

    @property
    def slant(self) -> tuple[float, float]:
        """From a corner of the front to the same corner of the back."""
        return self.depth * SLANT[0], self.depth * SLANT[1]

    @property
    def middle(self) -> float:
        """Of its width with its depth: where its label stands."""
        return self.left + (self.width + self.slant[0]) / 2


@dataclass(frozen=True)
class Layout:
    """All boxes, where each row's labels begin, and what should be said about the drawing."""

    boxes: tuple[Box, ...]
    label_tops: tuple[float, ...]
    width: float
    height: float
    notes: tuple[str, ...]


def sliced(box: Box) -> bool:
    """Whether there is room for the channels one by one."""
    return box.slant[0] / box.stage.shape[0] >= THINNEST_SLICE


def stages(plan: Plan) -> list[Stage]:
    """Return the input and one stage for each layer that does not merely change values."""
    shown = [Stage(plan.input_shape, ("input",))]
    for row in plan.rows:
        name = short_name(row.layer)
        if row.output_shape == row.input_shape and not isinstance(
            row.layer, (WindowedLayer, Linear, RBF, Branched)
        ):
            last = shown[-1]
            shown[-1] = replace(last, lines=(*last.lines, f"+ {name}"))
            continue
        lines = tuple(
            textwrap.wrap(f"{row.place}: {name}", CHARACTERS, max_lines=4, placeholder="…")
        )
        # A global pool covers everything: that is drawn as the links of all to all are.
        windows = row.windows if len(row.output_shape) > 1 else ()
        shown.append(Stage(row.output_shape, lines, windows))
    return shown


def short_name(layer: Layer) -> str:
    """Write a layer as it is typed, chains within it by their length.

    >>> from fencepost.layers import Conv2d, ReLU, Residual
    >>> short_name(ReLU()), short_name(Residual(Conv2d(8, 3, padding=1), ReLU()))
    ('ReLU', 'Residual, 2 layers')
    >>> short_name(Concat([], [Conv2d(8, 3), ReLU()], ReLU()))
    'Concat: input, 2 layers, 1 layer'
    """
    if isinstance(layer, Concat):
        parts = (plural(len(c), "layer") if c else "input" for c in layer.branches)
        return f"Concat: {', '.join(parts)}"
    if isinstance(layer, Branched):
        return f"{layer.title()}, {plural(len(layer.chains[0].layers), 'layer')}"
    return layer.describe().removesuffix("()")


def arrange(shown: Sequence[Stage], width: float, height: float | None, note: str = "") -> Layout:
    """Place the stages in rows; with a `height`, as large as it allows, or not all of them.

    Without it, `width` is the most that may be taken, and rows are about equally full. `note` is
    what else should be said below.
    """
    if height is None:
        face = FACES[sum(len(shown) > count for count in (3, 6, 14, 28))]
        rows = len(_with_face(shown, width, face, note).label_tops)
        widths = (width * part / 40 for part in range(24, 41))
        layouts = (_with_face(shown, least, face, note) for least in widths)
        return next(layout for layout in layouts if len(layout.label_tops) == rows)
    for face in FACES:
        layout = _with_face(shown, width, face, note)
        if layout.height <= height:
            return layout
    for count in range(len(shown) - 1, 1, -1):
        cut = f"There is room only for the first {count} of {len(shown)} boxes."
        layout = _with_face(shown[:count], width, FACES[-1], f"{note} {cut}")
        if layout.height <= height:
            break
    return layout


def _with_face(shown: Sequence[Stage], width: float, face: float, note: str) -> Layout:
    """Scale so that the largest face is so wide or high, and fill rows from left to right."""
    volumes = [stage for stage in shown if not stage.is_column]
    pixel = face / max((max(stage.face) for stage in volumes), default=1)
    deepest = max((stage.shape[0] for stage in volumes), default=1)
    channel = min(pixel, DEEPEST * face / deepest)
    longest = max((stage.shape[0] for stage in shown if stage.is_column), default=1)
    unit = min(face, HIGHEST_COLUMN) / longest
    rows: list[list[Box]] = [[]]
    x = GAP
    for stage in shown:
        if stage.is_column:
            lengths = (0.09, stage.shape[0] * unit, 0.0)
        else:
            lengths = (stage.face[1] * pixel, stage.face[0] * pixel, stage.shape[0] * channel)
        box = Box(stage, 0.0, 0.0, max(lengths[0], LEAST), max(lengths[1], LEAST), lengths[2], 0)
        own = box.width + box.slant[0]
        slot = max(own, *(_width(line, i == 0) for i, line in enumerate(stage.label)))
        if rows[-1] and x + slot > width - GAP / 2:
            rows.append([])
            x = GAP
        rows[-1].append(replace(box, left=x + (slot - own) / 2, row=len(rows) - 1))
        x += slot + GAP
    boxes, tops = [], []
    y = 0.0  # the lower edge of what is above, counted downwards from the top
    for row in rows:
        above = max(box.height / 2 + box.slant[1] for box in row)
        middle = y - 0.12 - max(above, max(box.height for box in row) / 2)
        boxes += [replace(box, bottom=middle - box.height / 2) for box in row]
        tops.append(middle - max(box.height for box in row) / 2 - 0.06)
        y = tops[-1] - LINE * max(len(box.stage.label) for box in row) - 0.06
    sentences = " ".join((note, *_notes(shown, pixel, channel, unit)))
    notes = style.wrapped(sentences, LABEL_SIZE, width - 2 * GAP)
    height = -y + LINE * (len(notes) + 1.2)
    return Layout(
        tuple(replace(box, bottom=box.bottom + height) for box in boxes),
        tuple(top + height for top in tops),
        width,
        height,
        tuple(notes),
    )


def _width(line: str, bold: bool) -> float:
    return style.text_width(line, LABEL_SIZE, "bold" if bold else "normal")


def _notes(shown: Sequence[Stage], pixel: float, channel: float, unit: float) -> tuple[str, ...]:
    volumes = [stage for stage in shown if not stage.is_column]
    notes = []
    if volumes:
        scale = "Heights, widths and depths are drawn to one scale."
        if channel < pixel:
            scale = (
                "Heights and widths are drawn to one scale, depths to another, "
                f"{pixel / channel:.3g} times smaller."
            )
        notes.append(scale)
    if any(stage.is_column for stage in shown):
        notes.append("Columns of features have their own scale.")
    small = [n for stage in volumes for n in stage.face if n * pixel < LEAST]
    if small or any(stage.is_column and stage.shape[0] * unit < LEAST for stage in shown):
        notes.append("Boxes too small to be visible are drawn larger.")
    most = max((stage.shape[0] for stage in volumes), default=1)
    if most > 1 and channel * SLANT[0] < THINNEST_SLICE:
        notes.append(f"Channels, of which there are up to {most}, are not drawn one by one.")
    if any(stage.windows for stage in shown):
        notes.append("Dashed: a receptive field, and the depth column connected to it.")
    return tuple(notes)
