"""Training: `fit`, losses, optimizers, schedules and augmentation."""

from __future__ import annotations

from fencepost.training.augmentation import Augmentation
from fencepost.training.fit import fit
from fencepost.training.history import Epoch, History
from fencepost.training.losses import CrossEntropy, MeanSquaredError
from fencepost.training.optimizers import SGD, Adam, AdamW
from fencepost.training.schedules import Constant, Cosine, OneCycle, Step

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
