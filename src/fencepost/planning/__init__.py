"""Networks on paper: every size before anything runs, from layers or from the text of them.

`plan` is public as `fencepost.plan`.
"""

from __future__ import annotations

from ..names import public
from .data import LayerPlan
from .plans import Plan, plan
from .questions import AxisSizes, Choice, Choices, SamePadding
from .text import parse_layers

__all__ = [
    "AxisSizes",
    "Choice",
    "Choices",
    "LayerPlan",
    "Plan",
    "SamePadding",
    "parse_layers",
    "plan",
]

public(globals())
