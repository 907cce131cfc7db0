"""Networks on paper: every size before anything runs, from layers or from the text of them.

`plan` is public as `fencepost.plan`.
"""

from __future__ import annotations

from fencepost.planning.data import LayerPlan
from fencepost.planning.plans import Plan, plan
from fencepost.planning.questions import AxisSizes, Choice, Choices, SamePadding
from fencepost.planning.text import parse_layers

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
