"""What `check` returns: every operation with its sizes, and the findings, as text and as data."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ..arguments import integer
from ..graph import Graph, Operation, ReceptiveFields, Shape
from ..planning.columns import Column, Group, Line
from ..planning.table import tables
from ..text import format_shape, join_words, percent, plural
from .findings import CODES, SEVERITIES, Finding, Severity

_SHORTEST_NAME, _LONGEST_NAME = 12, 26
_NOTEBOOK = 120  # characters of a line
# Of findings of one kind, so many are shown in full.
_SHOWN = 2
# Of these one is shown for each kind of operation, whose reason is its own.
_EACH_KIND = "FP402"
_UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """A model, layer by layer, with its findings; printing shows both.

    Attributes
    ----------
    graph : Graph
        The operations with their input and output sizes.
    findings : tuple of Finding
        Errors first, then warnings, then notes; each in the order of the operations.
    receptive_fields : ReceptiveFields
        The receptive fields of each operation's outputs on the input.
    exact_inputs : tuple of tuple of int
        The nearest input shapes, with the batch, at which no operation leaves elements over; empty
        if none are left over now, or no such shape is near.
    """

    graph: Graph
    findings: tuple[Finding, ...]
    receptive_fields: ReceptiveFields
    exact_inputs: tuple[tuple[int, ...], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.of("error")

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def at_least(self, severity: str, allow: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Findings of at least this severity, except those whose code is allowed."""
        worse = SEVERITIES[: SEVERITIES.index(severity) + 1] if severity in SEVERITIES else ()
        allowed = set(allow)
        return tuple(
            finding
            for finding in self.findings
            if finding.severity in worse and finding.code not in allowed
        )

    @property
    def summary(self) -> str:
        """A summary of one or two lines."""
        graph = self.graph
        work = graph.multiply_adds
        parts = [
            plural(len(graph.operations), "operation"),
            f"{graph.parameters:,} parameters",
            "multiply-adds not all known" if work is None else f"{work:,} multiply-adds",
        ]
        counts = {severity: len(self.of(severity)) for severity in SEVERITIES}
        counted = [plural(count, severity) for severity, count in counts.items() if count]
        text = f"{graph.source}: {', '.join(parts)}; {join_words(counted) or 'nothing found'}."
        if self.exact_inputs:
            shapes = join_words([format_shape(shape[1:]) for shape in self.exact_inputs], "or")
            text += f" With an input of {shapes}, nothing would be left over in any layer."
        return f"{text} {graph.how}".rstrip()

    def text(self, width: int = 100) -> str:
        """Write the table, the findings and the summary, `width` characters wide if possible."""
        width = integer("width", width, 1)
        return "\n\n".join(
            [self.table(width), *self.format_findings(width), _filled(self.summary, width)]
        )

    def table(self, width: int = 100) -> str:
        """Return a table of all operations with their sizes."""
        width = integer("width", width, 1)
        lines = list(self._lines())
        # Columns without anything in them give their room to the layers; so does what is spare.
        shown = [
            index
            for index, (_, from_width) in enumerate(_COLUMNS)
            if width >= from_width and any(line.cells[0][index] for line in lines)
        ]
        group = Group("", tuple(_COLUMNS[index][0] for index in shown))
        longest = max(_SHORTEST_NAME, min(_LONGEST_NAME, width * 22 // 100))
        for number, line in enumerate(lines):
            cells = tuple(line.cells[0][index] for index in shown)
            lines[number] = Line(_short(line.place, longest), line.layer, (cells,))
        (text,) = tables(lines, [group], width)
        return text.lstrip("\n")

    def format_findings(
        self, width: int = 100, findings: Sequence[Finding] | None = None
    ) -> list[str]:
        """Return the findings as text, grouped by code."""
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings if findings is None else findings:
            groups.setdefault(finding.code, []).append(finding)
        return ["\n".join(_group(code, group, width)) for code, group in groups.items()]

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Report({self.graph.source!r}, {plural(len(self.findings), 'finding')})"

    def _repr_html_(self) -> str:
        """Show the text in a notebook."""
        return f'<pre style="font-family: monospace">{escape(self.text(_NOTEBOOK))}</pre>'

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``fencepost check --json`` prints it."""
        graph = self.graph
        return {
            "source": graph.source,
            "how": graph.how or None,
            "ok": self.ok,
            "inputs": [
                {"name": name, "shape": list(shape)}
                for name, shape in zip(graph.input_names, graph.input_shapes, strict=True)
            ],
            "parameters": graph.parameters,
            "multiply_adds": graph.multiply_adds,
            "operations": [self._operation(index) for index in range(len(graph.operations))],
            "failure": graph.failure or None,
            "counts": {severity: len(self.of(severity)) for severity in SEVERITIES},
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "title": CODES[finding.code].title,
                    "operation": finding.operation or None,
                    "layer": finding.layer or None,
                    "message": finding.message,
                    "repair": finding.repair or None,
                }
                for finding in self.findings
            ],
            "exact_inputs": [list(shape) for shape in self.exact_inputs],
        }

    def _operation(self, index: int) -> dict[str, Any]:
        operation = self.graph.operations[index]
        fields = self.receptive_fields.fields(index)
        return {
            "name": operation.name,
            "kind": operation.kind,
            "layer": operation.describe(),
            "role": operation.role,
            "reason": operation.reason or None,
            "inputs": [
                self.graph.input_names[value.output]
                if value.operation < 0
                else self.graph.operations[value.operation].name
                for value in operation.inputs
            ],
            "input_shapes": list(map(_plain, operation.input_shapes)),
            "output_shapes": list(map(_plain, operation.output_shapes)),
            "equations": [window.equation for window in operation.windows],
            "remainder": [window.remainder for window in operation.windows],
            "lost_elements": [window.lost_elements for window in operation.windows],
            "receptive_field": list(self.receptive_fields.sizes(index)) or None,
            "effective_stride": [float(field.stride) for field in fields] or None,
            "effective_padding": [field.before for field in fields] or None,
            "covers_input": self.receptive_fields.covers(index),
            "parameters": operation.parameters,
            "multiply_adds": operation.multiply_adds,
        }

    def _lines(self) -> Iterator[Line]:
        graph = self.graph
        blank = ("",) * 5
        for name, shape in zip(graph.input_names, graph.input_shapes, strict=True):
            yield Line(name, "input", ((format_shape(shape[1:]), *blank),))
        total = graph.multiply_adds
        last = len(graph.operations) - 1
        for index, operation in enumerate(graph.operations):
            work = operation.multiply_adds
            cells = (
                "✗ fails" if graph.failure and index == last else _output(operation),
                _remainder(operation),
                self._receptive_field(index),
                compact(operation.parameters),
                compact(work),
                percent(work / total, 1) if work and total else "",
            )
            yield Line(operation.name, operation.describe(), (cells,))
        sums = ("", "", "", compact(graph.parameters), compact(total), "")
        yield Line("", "total", (sums,))

    def _receptive_field(self, index: int) -> str:
        if self.receptive_fields.arrays[index] is None:
            return "" if not self.graph.operations[index].output_shapes else "?"
        if not self.receptive_fields.fields(index) and self.receptive_fields.covers(index):
            return "all"
        return _alike(self.receptive_fields.sizes(index))


# The columns, each with the width from which on there is room for it.
_COLUMNS = (
    (Column(("output",), left=True), 0),
    (Column(("left", "over")), 90),
    (Column(("receptive", "field")), 0),
    (Column(("param-", "eters")), 0),
    (Column(("multiply-", "adds")), 0),
    (Column(("share",)), 110),
)


def compact(count: int | None) -> str:
    """Write a count in three digits, and "?" if it is not known.

    >>> compact(0), compact(640), compact(23_508_032), compact(4_089_184_256)
    ('', '640', '23.5 M', '4.09 G')
    """
    if count is None:
        return "?"
    for size, unit in _UNITS:
        if count >= size:
            value = count / size
            digits = 2 if value < 10 else 1 if value < 100 else 0
            return f"{value:.{digits}f} {unit}"
    return str(count) if count else ""


def _plain(shape: Shape | None) -> list[int | None] | None:
    return None if shape is None else list(shape)


def _output(operation: Operation) -> str:
    shape = operation.output_shape
    if shape is None:
        return "?"
    return format_shape(shape[1:]) if len(shape) > 1 else format_shape(shape)


def _remainder(operation: Operation) -> str:
    if operation.role != "windows" or not any(window.remainder for window in operation.windows):
        return ""
    return _alike(tuple(window.remainder for window in operation.windows))


def _alike(sizes: tuple[int, ...]) -> str:
    """A single number where all axes have the same."""
    return format_shape(sizes if len(set(sizes)) > 1 else sizes[:1])


def _short(name: str, longest: int) -> str:
    """Write a name so that the table has room for it: its end says more than its beginning.

    >>> _short("/stages/stages.1/stages.1.0/body/body.0/Conv", 26)
    'stages.1.0/body.0'
    >>> _short("backbone.encoder.layer.11", 12)
    '…er.layer.11'
    """
    if name.startswith("/"):  # PyTorch's exporter repeats each module within the next
        *parts, operator = name.strip("/").split("/")
        pairs = itertools.pairwise([*parts, ""])
        modules = [part for part, inner in pairs if not inner.startswith(f"{part}.")]
        name = "/".join(modules) or operator
    return name if len(name) <= longest else "…" + name[1 - longest :]


def _group(code: str, group: list[Finding], width: int) -> Iterator[str]:
    """Lines about findings of one kind: those that say the same once, of many a few."""
    about = CODES[code]
    named = [finding for finding in group if finding.operation]
    each = code == _EACH_KIND
    several = len(named) > 1 and (each or len(named) == len(group))
    count = f" ({plural(len(named), 'operation' if each else 'layer')})" if several else ""
    yield _filled(f"{about.severity} {code}  {about.title}{count}", width, 4)
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in group:
        kind = finding.layer.partition("(")[0] if each else ""
        alike.setdefault((finding.message, finding.repair, kind), []).append(finding)
    different = list(alike.items())
    # If there are more by one only, it is shown too rather than named.
    shown = len(different) if each or len(different) <= _SHOWN + 1 else _SHOWN
    for (message, repair, _), same in different[:shown]:
        yield _filled(f"{_who(same)}{message}", width, 4, 2)
        if repair:
            yield _filled(repair, width, 4, 4)
    others = [finding.operation for _, same in different[shown:] for finding in same]
    if others:
        yield _filled(f"and likewise {join_words(_some(others))}.", width, 4, 2)


def _who(same: list[Finding]) -> str:
    """Name the operations that a message is about."""
    names = join_words(_some([finding.operation for finding in same if finding.operation]))
    layers = {finding.layer for finding in same if finding.layer}
    parts = [names, *(layers if len(layers) == 1 else ())]
    who = ", ".join(part for part in parts if part)
    return f"{who}: " if who else ""


def _some(names: list[str], most: int = 4) -> list[str]:
    if len(names) <= most + 1:
        return names
    return [*names[:most], f"{len(names) - most} more"]


def _filled(text: str, width: int, hanging: int = 0, indent: int = 0) -> str:
    first, others = " " * indent, " " * max(hanging, indent)
    wrapper = textwrap.TextWrapper(max(width, 20), first, others, break_long_words=False)
    wrapper.break_on_hyphens = False
    return wrapper.fill(text)
