"""A plan as text for a terminal: as many groups of columns side by side as there is room for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .columns import Column, Group, Line, groups, lines, notes
from .data import PlanData

_GAP = "  "
_BETWEEN = "   "  # before a group
# Characters of the layers' column: wanted beside further groups, at least, and at most.
_COMFORTABLE, _LEAST, _MOST = 26, 12, 44


def text(plan: PlanData, width: int) -> str:
    """Write the tables and what is to be said of them; what does not fit only by its name."""
    remarks = (textwrap.fill(note, width, subsequent_indent="    ") for note in notes(plan))
    parts = [*tables(list(lines(plan)), groups(plan), width), "\n".join(remarks)]
    return "\n\n".join(filter(None, parts))


def tables(rows: Sequence[Line], every: Sequence[Group], width: int) -> list[str]:
    """Lay lines out as tables of these groups of columns, `width` characters wide if possible."""
    longest = min(max(len(line.layer) for line in rows), _MOST)
    room = width - _head_width(rows, min(longest, _COMFORTABLE))
    blocks: list[list[_Part]] = [[]]
    for index, group in enumerate(every):
        part = _Part(group.title, group.columns, [line.cells[index] for line in rows])
        if blocks[-1] and _beside([*blocks[-1], part]) > room:
            blocks.append([])
        blocks[-1].append(part)
    return ["\n".join(_laid_out(rows, block, longest, width)) for block in blocks]


@dataclass(frozen=True)
class _Part:
    """A group of columns with its cells."""

    title: str
    columns: tuple[Column, ...]
    cells: list[tuple[str, ...]]

    @cached_property
    def widths(self) -> list[int]:
        widths = [
            max(len(piece) for text in (*column.header, *own) for piece in text.split("\n"))
            for column, own in zip(self.columns, zip(*self.cells, strict=True), strict=True)
        ]
        widths[-1] += max(0, len(self.title) - _total(widths))
        return widths

    def without_spare(self) -> _Part:
        """Leave out what the other columns say too."""
        shown = [index for index, column in enumerate(self.columns) if not column.spare]
        cells = [tuple(row[index] for index in shown) for row in self.cells]
        return _Part(self.title, tuple(self.columns[index] for index in shown), cells)

    def header(self, height: int) -> list[str]:
        """The title on top, the columns' headers right above their cells."""
        blank = ("",) * height
        pieces = [(*blank, *column.header)[1 - height :] for column in self.columns]
        return [self.title.ljust(_total(self.widths)), *self._joined(pieces)]

    def line(self, index: int, height: int) -> list[str]:
        """One line of the table, as high as the highest cell beside it."""
        blank = [""] * height
        return self._joined([(cell.split("\n") + blank)[:height] for cell in self.cells[index]])

    def _joined(self, pieces: Sequence[Sequence[str]]) -> list[str]:
        sides = ["<" if column.left else ">" for column in self.columns]
        return [
            _GAP.join(
                f"{text:{side}{width}}"
                for text, side, width in zip(row, sides, self.widths, strict=True)
            )
            for row in zip(*pieces, strict=True)
        ]


def _laid_out(rows: Sequence[Line], block: list[_Part], longest: int, width: int) -> list[str]:
    """The lines of one table; none if there are none but its header."""
    if width - _head_width(rows, _LEAST) < _beside(block):
        block = [part.without_spare() for part in block]
    layer_width = min(longest, max(_LEAST, width - _head_width(rows, 0) - _beside(block)))
    indent = " " * _head_width(rows, layer_width)
    body = []
    for index, line in enumerate(rows):
        texts = [cell for part in block for cell in part.cells[index]]
        if not any(texts):
            continue  # the sums have nothing to say of sizes, the input nothing of costs
        height = 1 + max(cell.count("\n") for cell in texts)
        layer = line.layer
        if len(layer) > layer_width:
            layer = layer[: layer_width - 1] + "…"
        head = [f"{line.place:<{_head_width(rows, 0)}}{layer}".ljust(len(indent))]
        pieces = [part.line(index, height) for part in block]
        body += _beside_each_other(head + [indent] * (height - 1), pieces)
    if not body:
        return []
    height = 1 + max(len(column.header) for part in block for column in part.columns)
    return [*_beside_each_other([indent] * height, [part.header(height) for part in block]), *body]


def _beside_each_other(head: list[str], pieces: list[list[str]]) -> list[str]:
    return [_BETWEEN.join(row).rstrip() for row in zip(head, *pieces, strict=True)]


def _head_width(rows: Sequence[Line], layer_width: int) -> int:
    """Characters that place and layer take."""
    return max(len(line.place) for line in rows) + len(_GAP) + layer_width


def _beside(parts: Sequence[_Part]) -> int:
    """Characters that the parts take beside the layers."""
    return sum(len(_BETWEEN) + _total(part.widths) for part in parts)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
