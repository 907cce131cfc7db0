"""Networks: layers in a chain, their sizes, weights, predictions and files."""

from __future__ import annotations

from fencepost.network.arguments import Normalization
from fencepost.network.evaluation import ClassScore, Evaluation, RegressionEvaluation
from fencepost.network.network import Network, load
from fencepost.network.saliency import Occlusion, input_gradient, occlusion

__all__ = [
    "ClassScore",
    "Evaluation",
    "Network",
    "Normalization",
    "Occlusion",
    "RegressionEvaluation",
    "input_gradient",
    "load",
    "occlusion",
]
