"""Training: `fit`, losses, optimizers, schedules and augmentation."""

from __future__ import annotations

from .augmentation import Augmentation
from .fit import fit
from .history import Epoch, History
from .losses import CrossEntropy, MeanSquaredError
from .optimizers import SGD, Adam, AdamW
from .schedules import Constant, Cosine, OneCycle, Step

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Augmentation",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "Epoch",
    "History",
    "MeanSquaredError",
    "OneCycle",
    "Step",
    "fit",
]
