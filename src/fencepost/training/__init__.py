"""Training: `fit`, losses, optimizers, schedules and augmentation."""

from __future__ import annotations

from ..names import public
from .augmentation import Augmentation
from .fitting import fit
from .history import Epoch, History
from .losses import CrossEntropy, Loss, MeanSquaredError
from .lr_finder import LearningRates, find_lr
from .optimizers import SGD, Adam, AdamW, Optimizer
from .schedules import Constant, Cosine, OneCycle, Schedule, Step

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
    "LearningRates",
    "Loss",
    "MeanSquaredError",
    "OneCycle",
    "Optimizer",
    "Schedule",
    "Step",
    "find_lr",
    "fit",
]

public(globals())
