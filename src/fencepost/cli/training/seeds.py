"""Several trainings that differ by their seeds: the mean, and how far they spread."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...text import percent

if TYPE_CHECKING:
    from .session import Trained


def spread(trained: Sequence[Trained]) -> str:
    """Say mean, standard deviation and range of the accuracies."""
    accuracies = [run.evaluation.accuracy for run in trained]
    seeds = f"{trained[0].seed} to {trained[-1].seed}"
    return (
        f"Over {len(trained)} seeds ({seeds}): mean test accuracy "
        f"{percent(statistics.fmean(accuracies))}, standard deviation "
        f"{percent(statistics.stdev(accuracies))}, from {percent(min(accuracies))} to "
        f"{percent(max(accuracies))}."
    )


def figures(trained: Sequence[Trained]) -> dict[str, Any]:
    """Return the same as it goes into JSON, of one training too."""
    accuracies = [run.evaluation.accuracy for run in trained]
    return {
        "seeds": [run.seed for run in trained],
        "test_accuracies": accuracies,
        "mean_test_accuracy": statistics.fmean(accuracies),
        "std_test_accuracy": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
    }


def choice(best: Trained, trained: Sequence[Trained]) -> str:
    """Say which network is kept, and why."""
    why = "the first" if best.validation_accuracy is None else "best validation accuracy"
    return f"Of {len(trained)} networks, that of seed {best.seed} is saved: {why}."
