"""All rules run on one graph, and the report of what they find."""

from __future__ import annotations

from ...graph import Graph
from ...graph.resizing import nearest_inputs
from ..findings import SEVERITIES, Finding
from ..report import Report
from . import fields, sizes, windows
from .context import RuleContext
from .repairs import takes_channels

_LEFT_OVER = ("FP201", "FP202")


def run_rules(graph: Graph, object_size: tuple[int, ...] = ()) -> Report:
    """Run every rule on a graph.

    `object_size`: Pixels of what is to be recognised, one number or one for each axis; by default
    the input.
    """
    context = RuleContext(graph, object_size)
    findings: list[Finding] = []
    for rule in sizes.RULES:
        findings += rule(context)
    for operation in graph.operations:
        if operation is context.failing and not takes_channels(operation):
            continue  # what its windows do is of use when it takes what arrives
        for window_rule in windows.RULES:
            findings += window_rule(context, operation)
    for rule in fields.RULES:
        findings += rule(context)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    exact: tuple[tuple[int, ...], ...] = ()
    if any(finding.code in _LEFT_OVER for finding in findings):
        nearest = nearest_inputs(graph, context.fields.axes, exact=True)
        exact = tuple(shapes[0] for shapes in nearest if len(shapes) == 1)
    return Report(graph, tuple(findings), context.fields, exact)
