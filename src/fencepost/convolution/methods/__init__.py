"""The ways to compute a correlation, and the choice between them by a model of their costs."""

from __future__ import annotations

from fencepost.convolution.methods.candidate import Candidate, Choice
from fencepost.convolution.methods.choice import METHODS, choose, compute

__all__ = ["METHODS", "Candidate", "Choice", "choose", "compute"]
