"""How a run trains, and when it stops: every setting of `fit`, checked and resolved."""

from __future__ import annotations

from dataclasses import dataclass

from .augmentation import Augmentation
from .losses import Loss
from .optimizers import Optimizer
from .schedules import Schedule


@dataclass(frozen=True)
class RunOptions:
    """What decides, with the weights and the data, how a run goes."""

    epochs: int | None  # None: as many as there is time for
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule
    loss: Loss
    augmentation: Augmentation | None
    seed: int
    threads: int
    keep_best: bool
    patience: int | None
    target_accuracy: float | None = None
    time_limit: float | None = None  # seconds
    clip_norm: float | None = None
    average_decay: float | None = None
    oversample: bool = False
