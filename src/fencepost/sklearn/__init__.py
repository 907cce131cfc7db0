"""Estimators of scikit-learn: `CNNClassifier` and `CNNRegressor`, for pipelines and searches."""

from __future__ import annotations

from ..errors import ArgumentError
from ..names import public

try:
    import sklearn  # noqa: F401
except ImportError:
    raise ArgumentError(
        "fencepost.sklearn needs scikit-learn. Received: an environment without it. "
        'Run pip install "fencepost[sklearn]".'
    ) from None

from .classifier import CNNClassifier
from .regressor import CNNRegressor

__all__ = ["CNNClassifier", "CNNRegressor"]

public(globals())
