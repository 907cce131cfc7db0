"""A plan as text for a terminal: as many groups of columns side by side as there is room for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .columns import Column, Group, Line, groups, lines, notes
from .data import PlanData

_GAP = "  "
_BETWEEN = "   "  # before a group
# Characters of the layers' column: wanted beside further groups, at least, and at most.
_COMFORTABLE, _LEAST, _MOST = 26, 12, 44


def text(plan: PlanData, width: int) -> str:
    """Write the tables and what is to be said of them; what does not fit only by its name."""
    remarks = "\n".join(
        textwrap.fill(note, width, subsequent_indent="    ") for note in notes(plan)
    )
    return "\n\n".join(filter(None, [*tables(list(lines(plan)), groups(plan), width), remarks]))


def tables(rows: Sequence[Line], every: Sequence[Group], width: int) -> list[str]:
    """Lay lines out as tables of these groups of columns, `width` characters wide if possible."""
    parts = [
        _Part.of(group.title, group.columns, [line.cells[index] for line in rows])
        for index, group in enumerate(every)
    ]
    heads = _Heads.of(rows)
    return ["\n".join(_laid_out(heads, block, width)) for block in _packed(heads, parts, width)]


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
        """Leave out what the other columns say too."""
        kept = [index for index, column in enumerate(self.columns) if not column.spare]
        return _Part.of(
            self.title,
            tuple(self.columns[index] for index in kept),
            [tuple(cells[index] for index in kept) for cells in self.cells],
        )

    @property
    def header_height(self) -> int:
        return 1 + max(len(column.header) for column in self.columns)

    def header(self, height: int) -> list[str]:
        """The title on top, the columns' headers right above their cells."""
        padded = [
            ("",) * (height - 1 - len(column.header)) + column.header for column in self.columns
        ]
        rows = (self._joined(row) for row in zip(*padded, strict=True))
        return [self.title.ljust(self.width), *rows]

    def height(self, index: int) -> int:
        return 1 + max(cell.count("\n") for cell in self.cells[index])

    def line(self, index: int, height: int) -> list[str]:
        """One line of the table, as high as the highest cell beside it."""
        pieces = [cell.split("\n") for cell in self.cells[index]]
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
    def of(rows: Sequence[Line]) -> _Heads:
        places, layers = [line.place for line in rows], [line.layer for line in rows]
        longest = max(map(len, layers))
        return _Heads(places, layers, max(map(len, places)), min(longest, _MOST))

    def width(self, layer_width: int) -> int:
        return self.place_width + len(_GAP) + layer_width

    def line(self, index: int, layer_width: int) -> str:
        layer = self.layers[index]
        if len(layer) > layer_width:
            layer = layer[: layer_width - 1] + "…"
        return f"{self.places[index]:<{self.place_width}}{_GAP}{layer:<{layer_width}}"


def _packed(heads: _Heads, parts: Sequence[_Part], width: int) -> Iterator[list[_Part]]:
    """Put parts side by side as long as there is room for them and comfortable names."""
    block: list[_Part] = []
    room = width - heads.width(min(heads.layer_width, _COMFORTABLE))
    for part in parts:
        if block and _beside([*block, part]) > room:
            yield block
            block = []
        block.append(part)
    yield block


def _laid_out(heads: _Heads, block: list[_Part], width: int) -> list[str]:
    """The lines of one table; none if there are none but its header."""
    if width - heads.width(_LEAST) < _beside(block):
        block = [part.without_spare() for part in block]
    layer_width = min(heads.layer_width, max(_LEAST, width - heads.width(0) - _beside(block)))
    indent = " " * heads.width(layer_width)
    body = []
    for index in range(len(heads.layers)):
        if not any(any(part.cells[index]) for part in block):
            continue  # the sums have nothing to say of sizes, the input nothing of costs
        height = max(part.height(index) for part in block)
        head = [heads.line(index, layer_width)] + [indent] * (height - 1)
        body += _beside_each_other(head, [part.line(index, height) for part in block])
    if not body:
        return []
    height = max(part.header_height for part in block)
    return [*_beside_each_other([indent] * height, [part.header(height) for part in block]), *body]


def _beside_each_other(head: list[str], pieces: list[list[str]]) -> list[str]:
    return [_BETWEEN.join(row).rstrip() for row in zip(head, *pieces, strict=True)]


def _beside(parts: Sequence[_Part]) -> int:
    """Characters that the parts take beside the layers."""
    return sum(len(_BETWEEN) + part.width for part in parts)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
