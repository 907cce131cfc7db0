"""What the tests of rules share: the findings of a graph, and graphs of images."""

from __future__ import annotations

from fencepost.check import CODES
from fencepost.check.rules.engine import run_rules
from graph.graph_builder import GraphBuilder


def findings(graph, code=None, **options):
    findings = run_rules(graph.model(**options)).findings
    return [finding for finding in findings if code is None or finding.code == code]


def only(graph, code, **options):
    (found,) = findings(graph, code, **options)
    assert found.severity == CODES[code].severity
    return found


def image(*sizes, channels=3):
    return GraphBuilder((1, channels, *sizes))
