"""`fencepost.check`: any model, layer by layer: its sizes, and what is wrong with them."""

from __future__ import annotations

from ..graph import Graph, Operation, Value
from ..names import public
from .checking import check
from .findings import CODES, Code, Finding
from .report import Report
from .testing import assert_exact

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

public(globals())

from . import as_function as _as_function  # noqa: E402, F401
