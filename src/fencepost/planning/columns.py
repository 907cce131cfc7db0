"""What a plan's tables show: its columns, in groups, and its lines, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..layers import Branched, Layer
from ..sizing import Window
from ..text import format_shape, percent
from .data import LayerPlan, PlanData

_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


@dataclass(frozen=True)
class Column:
    """A column: its header, line by line, and how it is aligned.

    A spare one may be left out where there is no room, as the other columns say it too.
    """

    header: tuple[str, ...]
    left: bool = False
    spare: bool = False


@dataclass(frozen=True)
class Group:
    """Columns that belong together, under a common title."""

    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Line:
    """A line of the table: place and layer, then for each group the texts of its columns.

    A text has several lines where the axes differ.
    """

    place: str
    layer: str
    cells: tuple[tuple[str, ...], ...]


def groups(plan: PlanData) -> tuple[Group, ...]:
    """Columns of the table."""
    sizes = (
        Column(("output",), left=True),
        Column(("(input + before + after", "− kernel) / stride + 1"), left=True),
        Column(("padding",), spare=True),
        Column(("left", "over")),
    )
    fields = (("receptive", "field"), ("effective", "stride"), ("effective", "padding"))
    takes = (
        *(Column((cost,)) for cost in ("parameters", "connections", "multiply-adds")),
        Column(("share",), spare=True),
        Column(("activation", "memory")),
    )
    return (
        Group("output size", sizes),
        Group("receptive field", tuple(map(Column, fields))),
        Group(f"cost; memory for a batch of {plan.batch:,}", takes),
    )


def lines(plan: PlanData) -> Iterator[Line]:
    """Lines of the table: the input, each layer, what does not fit, and the sums."""
    too_large = plan.problems and plan.misfit is None
    yield _short("", "input", format_shape(plan.input_shape), "✗ too large" if too_large else "")
    for row in plan.rows:
        yield from _layer(row, plan.multiply_adds)
    if plan.misfit is not None:
        yield from _misfit(plan, plan.misfit)
    if not plan.rows:
        return
    counts = map(_count, (plan.parameters, plan.connections, plan.multiply_adds))
    sums = (*counts, "", memory(plan.activation_bytes))
    yield Line("", "total", (("",) * 4, ("",) * 3, sums))


def notes(plan: PlanData) -> Iterator[str]:
    """What should be said of the plan below its table."""
    for row in _all(plan.rows):
        who = _named(row)
        for name, window in axes(row.windows):
            if window.lost_elements:
                lost = window.lost_elements
                words = ("element", "is") if lost == 1 else (f"{lost} elements", "are")
                yield f"{who}: the last {words[0]} of each {name} {words[1]} never used."
            if window.remark:
                yield f"{who}: {window.remark}."
    with_fields = [row for row in plan.rows if row.fields is not None]
    if with_fields:
        field = format_shape(with_fields[-1].receptive_field)
        size = format_shape(plan.input_shape[1:])
        covering = next((row for row in plan.rows if row.covers), None)
        first = "no layer has an output that depends on all of it"
        if covering is not None:
            first = f"{_named(covering)}, is the first with an output that depends on all of it"
        yield (
            f"After layer {with_fields[-1].place}, the receptive field is {field}, including "
            f"padding; the input is {size}, and {first}."
        )


def axes(windows: tuple[Window, ...]) -> list[tuple[str, Window]]:
    """Windows with their axes' names; one if all are alike."""
    if len(windows) == 2 and windows[0] != windows[1]:
        return [("column", windows[0]), ("row", windows[1])]
    return [("row and column" if len(windows) == 2 else "row", window) for window in windows[:1]]


def memory(size: int) -> str:
    """Write bytes as people do.

    >>> memory(640), memory(18_816), memory(128_450_560)
    ('640 B', '18.8 kB', '128.5 MB')
    """
    unit, factor = next(((name, unit) for name, unit in _UNITS if size >= unit), ("B", 1))
    return f"{size / factor:,.1f} {unit}" if factor > 1 else f"{size} B"


def _named(row: LayerPlan) -> str:
    return f"layer {row.place}, {row.layer.describe()}"


def _all(rows: tuple[LayerPlan, ...]) -> Iterator[LayerPlan]:
    for row in rows:
        yield row
        yield from _all(row.inner)


def _layer(row: LayerPlan, total: int, depth: int = 0) -> Iterator[Line]:
    """The line of a layer, and below it those of the layers within it, whose costs they show."""

    def own(name: str) -> int:
        inner = sum(getattr(layer, name) for layer in row.inner)
        return int(getattr(row, name) - inner)

    outputs = format_shape(row.output_shape)
    alike = axes(row.windows)
    sizes = (
        outputs,
        "\n".join(window.short_equation for _, window in alike),
        _of_axes([_pair(window) for _, window in alike]),
        _of_axes([str(window.remainder) for _, window in alike]),
    )
    fields = row.fields or ()
    whole = row.covers and not fields
    field = (
        "all" if whole else _of_axes([str(size) for size in row.receptive_field]),
        _of_axes([str(field.stride) for field in fields]),
        _of_axes([str(field.before) for field in fields]),
    )
    takes = (
        *(_count(own(cost)) for cost in ("parameters", "connections", "multiply_adds")),
        _share(own("multiply_adds"), total),
        memory(own("activation_bytes")),
    )
    text = row.layer.title() if isinstance(row.layer, Branched) else row.layer.describe()
    yield Line(row.place, "  " * depth + text, (sizes, field, takes))
    for inner in row.inner:
        yield from _layer(inner, total, depth + 1)


def _misfit(plan: PlanData, layer: Layer) -> Iterator[Line]:
    """The line of what does not fit, with those of the layers within it up to the problem."""
    place = str(len(plan.rows))
    if not isinstance(layer, Branched):
        yield _short(place, layer.describe(), "✗ does not fit")
        return
    inner = plan.misfit_within
    yield _short(place, layer.title(), "…" if inner else "✗ does not fit")
    for row in plan.unfinished:
        yield from _layer(row, plan.multiply_adds, depth=1)
    if inner:
        yield _short(inner[0], f"  {inner[1].describe()}", "✗ does not fit")


def _short(place: str, layer: str, output: str, note: str = "") -> Line:
    """A line of which there is little to say."""
    return Line(place, layer, ((output, note, "", ""), ("",) * 3, ("",) * 5))


def _pair(window: Window) -> str:
    if window.before == window.after:
        return str(window.before)
    return f"({window.before}, {window.after})"


def _of_axes(values: list[str]) -> str:
    """A single value where all axes have the same."""
    return " × ".join(values if len(set(values)) > 1 else values[:1])


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"


def _share(part: int, total: int) -> str:
    return percent(part / total, 1) if part and total else "–"
