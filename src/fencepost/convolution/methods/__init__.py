"""The ways to compute a correlation, and the choice between them by a model of their costs."""

from __future__ import annotations

from .candidate import Candidate, Choice
from .choice import METHODS, choose, compute
from .recipe import recipe_of

__all__ = ["METHODS", "Candidate", "Choice", "choose", "compute", "recipe_of"]
