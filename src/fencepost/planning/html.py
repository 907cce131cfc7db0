"""A plan as an HTML table, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .columns import Group, Line, groups, lines, notes
from .data import PlanData

# No colours of our own: the table takes those of the notebook, light or dark.
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums"
_CELL = "padding: 0.15em 0.7em; white-space: nowrap; vertical-align: top"


def html(plan: PlanData) -> str:
    """Write the whole plan as one table, with what is to be said of it below."""
    every = groups(plan)
    rows = "\n".join(_row(line, every) for line in lines(plan))
    remarks = "".join(f"<p>{escape(note)}</p>" for note in notes(plan))
    problems = "".join(f"<pre>{escape(str(problem))}</pre>" for problem in plan.problems)
    return (
        f'<table style="{_TABLE}">\n<thead>\n{_header(every)}\n</thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table>\n{remarks}{problems}"
    )


def _header(every: tuple[Group, ...]) -> str:
    titles = "".join(
        f'<th colspan="{len(group.columns)}" style="{_style(True)}">{escape(group.title)}</th>'
        for group in every
    )
    names = "".join(
        f'<th style="{_style(column.left)}">{escape(" ".join(column.header))}</th>'
        for group in every
        for column in group.columns
    )
    blank = f'<th style="{_style(True)}"></th><th style="{_style(True)}">layer</th>'
    return f'<tr><th colspan="2"></th>{titles}</tr>\n<tr>{blank}{names}</tr>'


def _row(line: Line, every: tuple[Group, ...]) -> str:
    return f"<tr>{''.join(_cells(line, every))}</tr>"


def _cells(line: Line, every: tuple[Group, ...]) -> Iterator[str]:
    indent = len(line.layer) - len(line.layer.lstrip())
    yield f'<td style="{_style(True)}">{escape(line.place)}</td>'
    yield (
        f'<td style="{_style(True)}; padding-left: {0.7 + indent}em">'
        f"<code>{escape(line.layer.lstrip())}</code></td>"
    )
    for group, cells in zip(every, line.cells, strict=True):
        for column, cell in zip(group.columns, cells, strict=True):
            yield f'<td style="{_style(column.left)}">{_broken(cell)}</td>'


def _broken(cell: str) -> str:
    return escape(cell).replace("\n", "<br>")


def _style(left: bool) -> str:
    return f"{_CELL}; text-align: {'left' if left else 'right'}"
