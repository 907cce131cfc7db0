"""`fencepost.check`: anyone's model, layer by layer: its sizes, and what is wrong with them."""

from __future__ import annotations

from fencepost.check.checking import check
from fencepost.check.findings import CODES, Code, Finding
from fencepost.check.report import Report
from fencepost.check.testing import assert_exact
from fencepost.graph import Graph, Operation, Value

__all__ = [
    "CODES",
    "Code",
    "Finding",
    "Graph",
    "Operation",
    "Report",
    "Value",
    "assert_exact",
    "check",
]
