"""Why a training ends: each reason, and which comes first."""

import dataclasses

import pytest

from fencepost.training import Epoch, History
from fencepost.training.loop.stopping import outcome
from training.loop.test_pace import OPTIONS


def history(*accuracies, best=1):
    epochs = [Epoch(k + 1, 0.5, 0.9, 0.3, a, 0.1, 1.0, 1.0) for k, a in enumerate(accuracies)]
    return History(epochs, best_epoch=best)


@pytest.mark.parametrize(
    ("changes", "accuracies", "out_of_time", "asked", "expected"),
    [
        ({}, (0.5, 0.4), False, False, "running"),
        ({}, (0.5, 0.5, 0.5, 0.5), False, False, "finished"),
        ({"epochs": None}, (0.5,) * 9, False, False, "running"),
        ({"epochs": None, "time_limit": 1.0}, (0.5,), True, False, "finished"),
        ({}, (0.5,), False, True, "stopped by on_epoch"),
        ({"patience": 2}, (0.5, 0.4), False, False, "running"),
        ({"patience": 2}, (0.5, 0.4, 0.5), False, False, "stopped early"),
        ({"target_accuracy": 0.6}, (0.5, 0.6), False, False, "reached the target"),
        ({"target_accuracy": 0.6}, (0.59,), False, False, "running"),
        ({"target_accuracy": 0.6}, (None,), False, False, "running"),
        ({"target_accuracy": 0.4, "epochs": 1}, (0.5,), True, True, "reached the target"),
    ],
)
def test_outcome(changes, accuracies, out_of_time, asked, expected):
    options = dataclasses.replace(OPTIONS, **changes)
    assert outcome(options, history(*accuracies), out_of_time, asked) == expected
