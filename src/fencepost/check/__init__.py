"""`fencepost.check`: a model of anyone's, layer by layer: its sizes, and what is wrong with them.

May call planning, network, sizing, arguments and errors; PyTorch only to trace one of its modules.
"""

from __future__ import annotations

from ..graph import Graph, Operation, Value
from .findings import CODES, Code, Finding
from .reading import check
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
