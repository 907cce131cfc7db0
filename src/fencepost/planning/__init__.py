"""Networks on paper: every size before anything runs, from layers or from the text of them.

`plan` is public as `fencepost.plan`. May call network, layers, sizing, arguments and errors.
"""

from __future__ import annotations

from .plans import LayerPlan, Plan, plan
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
