"""Several seeds: mean and standard deviation, in words and in JSON."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from fencepost.cli.training import seeds
from fencepost.cli.training.session import Trained
from fencepost.training import History


def trained(*accuracies):
    return [
        Trained(seed, None, History(), SimpleNamespace(accuracy=accuracy), 1.0)
        for seed, accuracy in enumerate(accuracies, 4)
    ]


def test_mean_and_spread():
    three = trained(0.5, 0.6, 0.7)
    assert seeds.spread(three) == (
        "Over 3 seeds (4 to 6): mean test accuracy 60.00 %, standard deviation 10.00 %, from "
        "50.00 % to 70.00 %."
    )
    figures = seeds.figures(three)
    assert figures["seeds"] == [4, 5, 6] and figures["test_accuracies"] == [0.5, 0.6, 0.7]
    assert figures["mean_test_accuracy"] == pytest.approx(0.6)
    assert figures["std_test_accuracy"] == pytest.approx(0.1)
    assert seeds.figures(trained(0.5))["std_test_accuracy"] is None


def test_which_is_kept():
    three = trained(0.5, 0.6, 0.7)
    assert seeds.choice(three[0], three).endswith("that of seed 4 is saved: the first.")
    history = History([SimpleNamespace(validation_accuracy=0.5)], best_epoch=1)
    validated = dataclasses.replace(three[0], history=history)
    assert seeds.choice(validated, three).endswith("best validation accuracy.")
