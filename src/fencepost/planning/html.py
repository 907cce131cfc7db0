"""A plan as an HTML table, for notebooks."""

from __future__ import annotations

from html import escape

from .columns import Group, Line, groups, lines, notes
from .data import PlanData

# No colours of our own: the table takes those of the notebook, light or dark.
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums"
_CELL = "padding: 0.15em 0.7em; white-space: nowrap; vertical-align: top; text-align: "
_LEFT = f"{_CELL}left"


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
        f'<th colspan="{len(group.columns)}" style="{_LEFT}">{escape(group.title)}</th>'
        for group in every
    )
    names = "".join(
        f'<th style="{_style(column.left)}">{escape(" ".join(column.header))}</th>'
        for group in every
        for column in group.columns
    )
    blank = f'<th style="{_LEFT}"></th><th style="{_LEFT}">layer</th>'
    return f'<tr><th colspan="2"></th>{titles}</tr>\n<tr>{blank}{names}</tr>'


def _row(line: Line, every: tuple[Group, ...]) -> str:
    layer = line.layer.lstrip()
    texts = "".join(
        f'<td style="{_style(column.left)}">{escape(cell)}</td>'.replace("\n", "<br>")
        for group, cells in zip(every, line.cells, strict=True)
        for column, cell in zip(group.columns, cells, strict=True)
    )
    return (
        f'<tr><td style="{_LEFT}">{escape(line.place)}</td><td style="{_LEFT}; padding-left: '
        f'{0.7 + len(line.layer) - len(layer)}em"><code>{escape(layer)}</code></td>{texts}</tr>'
    )


def _style(left: bool) -> str:
    return _LEFT if left else f"{_CELL}right"
