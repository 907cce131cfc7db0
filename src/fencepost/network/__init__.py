"""Networks: layers in a chain, their sizes, weights, predictions and files."""

from __future__ import annotations

from ..names import public
from .evaluation import ClassScore, Evaluation, RegressionEvaluation
from .network import Network, load
from .saliency import Occlusion, input_gradient, occlusion

__all__ = [
    "ClassScore",
    "Evaluation",
    "Network",
    "Occlusion",
    "RegressionEvaluation",
    "input_gradient",
    "load",
    "occlusion",
]

public(globals())
