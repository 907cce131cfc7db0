"""A plan as text for a terminal: as many groups of columns side by side as there is room for.

Part of planning; may call columns.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .columns import Column, Line, groups, lines, notes

if TYPE_CHECKING:
    from .plans import Plan

_GAP = "  "
_BETWEEN = "   "  # before a group
# Letters of the layers' column: wanted beside further groups, at least, and at most.
_COMFORTABLE, _LEAST, _MOST = 26, 16, 44


def text(plan: Plan, width: int) -> str:
    """Write the tables, what is to be said of them, and what does not fit."""
    found = list(lines(plan))
    parts = [
        _Part.of(group.title, group.columns, [line.cells[number] for line in found])
        for number, group in enumerate(groups(plan))
    ]
    heads = _Heads.of(found)
    blocks = ["\n".join(_laid_out(heads, block, width)) for block in _packed(heads, parts, width)]
    told = "\n".join(textwrap.fill(note, width, subsequent_indent="    ") for note in notes(plan))
    problems = [str(problem.in_layer(problem.layer)) for problem in plan.problems]
    return "\n\n".join(filter(None, [*blocks, told, *problems]))


@dataclass(frozen=True)
class _Part:
    """A group of columns with its cells, and how wide each column has to be."""

    title: str
    columns: tuple[Column, ...]
    cells: list[tuple[str, ...]]
    widths: tuple[int, ...]

    @staticmethod
    def of(title: str, columns: tuple[Column, ...], cells: list[tuple[str, ...]]) -> _Part:
        widths = [
            max(len(piece) for text in (*column.header, *own) for piece in text.split("\n"))
            for column, own in zip(columns, zip(*cells, strict=True), strict=True)
        ]
        widths[-1] += max(0, len(title) - _total(widths))
        return _Part(title, columns, cells, tuple(widths))

    @property
    def width(self) -> int:
        return _total(self.widths)

    def without_spare(self) -> _Part:
        """Leave out what can be read elsewhere in the line."""
        kept = [number for number, column in enumerate(self.columns) if not column.spare]
        return _Part.of(
            self.title,
            tuple(self.columns[number] for number in kept),
            [tuple(cells[number] for number in kept) for cells in self.cells],
        )

    def header(self) -> list[str]:
        """The title and the columns' headers, their last lines side by side."""
        height = max(len(column.header) for column in self.columns)
        padded = [("",) * (height - len(one.header)) + one.header for one in self.columns]
        return [self.title, *(self._joined(row) for row in zip(*padded, strict=True))]

    def lines(self, number: int) -> list[str]:
        """One line of the table; several where a cell has several."""
        pieces = [cell.split("\n") for cell in self.cells[number]]
        height = max(len(piece) for piece in pieces)
        padded = [piece + [""] * (height - len(piece)) for piece in pieces]
        return [self._joined(row) for row in zip(*padded, strict=True)]

    def _joined(self, row: Sequence[str]) -> str:
        return _GAP.join(
            text.ljust(width) if column.left else text.rjust(width)
            for text, width, column in zip(row, self.widths, self.columns, strict=True)
        )


@dataclass(frozen=True)
class _Heads:
    """The beginnings of the lines: place and layer."""

    places: list[str]
    layers: list[str]
    place_width: int
    layer_width: int

    @staticmethod
    def of(found: Sequence[Line]) -> _Heads:
        places, layers = [line.place for line in found], [line.layer for line in found]
        longest = max(map(len, layers))
        return _Heads(places, layers, max(map(len, places)), min(longest, _MOST))

    def width(self, layer_width: int) -> int:
        return self.place_width + len(_GAP) + layer_width

    def line(self, number: int, layer_width: int) -> str:
        layer = self.layers[number]
        if len(layer) > layer_width:
            layer = layer[: layer_width - 1] + "…"
        return f"{self.places[number]:<{self.place_width}}{_GAP}{layer:<{layer_width}}"


def _packed(heads: _Heads, parts: Sequence[_Part], width: int) -> Iterator[list[_Part]]:
    """Put parts side by side as long as there is room for them and comfortable names."""
    block: list[_Part] = []
    room = width - heads.width(min(heads.layer_width, _COMFORTABLE))
    for part in parts:
        if block and sum(len(_BETWEEN) + one.width for one in (*block, part)) > room:
            yield block
            block = []
        block.append(part)
    yield block


def _laid_out(heads: _Heads, block: list[_Part], width: int) -> Iterator[str]:
    taken = sum(len(_BETWEEN) + part.width for part in block)
    if width - heads.width(_LEAST) < taken:
        block = [part.without_spare() for part in block]
        taken = sum(len(_BETWEEN) + part.width for part in block)
    layer_width = min(heads.layer_width, max(_LEAST, width - heads.width(0) - taken))
    tops = [part.header() for part in block]
    height = max(map(len, tops))
    indent = " " * heads.width(layer_width)
    for row in range(height):
        yield _BETWEEN.join(
            [
                indent,
                *(
                    _from_below(top, height, row, part.width)
                    for top, part in zip(tops, block, strict=True)
                ),
            ]
        ).rstrip()
    for number in range(len(heads.layers)):
        pieces = [part.lines(number) for part in block]
        if not any("".join(piece).strip() for piece in pieces):
            continue  # the sums have nothing to say of sizes, the input nothing of costs
        for row in range(max(map(len, pieces))):
            head = heads.line(number, layer_width) if row == 0 else indent
            cells = (
                piece[row] if row < len(piece) else " " * part.width
                for piece, part in zip(pieces, block, strict=True)
            )
            yield _BETWEEN.join([head, *cells]).rstrip()


def _from_below(top: list[str], height: int, row: int, width: int) -> str:
    """The title stays on top, the headers stand right above their columns."""
    if row == 0:
        return top[0].ljust(width)
    missing = height - len(top)
    return top[row - missing].ljust(width) if row > missing else " " * width


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
