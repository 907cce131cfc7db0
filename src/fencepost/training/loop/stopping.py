"""When a training ends: after its epochs or its time, once it is good enough, or gets no better."""

from __future__ import annotations

from ..history import History
from ..options import RunOptions


def outcome(options: RunOptions, history: History, out_of_time: bool, asked: bool) -> str:
    """Return why a training ends after its last epoch so far, or "running"."""
    last, best = history.epochs[-1], history.best_epoch
    accuracy, target = last.validation_accuracy, options.target_accuracy
    if target is not None and accuracy is not None and accuracy >= target:
        return "reached the target"
    if out_of_time or last.epoch == options.epochs:
        return "finished"
    if asked:
        return "stopped by on_epoch"
    if options.patience is not None and best is not None and last.epoch - best >= options.patience:
        return "stopped early"
    return "running"
