"""A session: how much time is left for training, and which of several networks is kept."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.cli.shared.console import Interrupted
from fencepost.cli.training.session import Session, Trained, best_of, time_for_training
from fencepost.datasets import Dataset
from fencepost.training import Epoch, History

NETWORK = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(2)])
TEST = Dataset(np.zeros((10, 1, 8, 8), np.uint8), np.arange(10) % 2)


def test_what_comes_after_training_has_its_time():
    plain = time_for_training(60.0, 5.0, NETWORK, TEST, draws=False)
    drawing = time_for_training(60.0, 5.0, NETWORK, TEST, draws=True)
    assert 50.0 < drawing < plain < 55.0
    assert time_for_training(1.0, 5.0, NETWORK, TEST, draws=True) > 0


@pytest.mark.parametrize(
    ("accuracies", "expected"), [((0.5, 0.9, 0.7), 1), ((0.9, 0.9), 0), ((None, None), 0)]
)
def test_the_best_validation_is_kept_and_without_one_the_first(accuracies, expected):
    trained = []
    for seed, accuracy in enumerate(accuracies):
        epochs = [Epoch(k, 0.5, 0.5, 0.5, value, 0.1, 1.0, 100.0) for k, value in
                  ((1, None if accuracy is None else 0.1), (2, accuracy))]  # fmt: skip
        history = History(epochs, best_epoch=None if accuracy is None else 2)
        evaluation = NETWORK.evaluate(*TEST)
        trained.append(Trained(seed, NETWORK, history, evaluation, 1.0))
    assert best_of(trained).seed == expected
    assert trained[0].images_per_second == 100.0


@pytest.mark.parametrize("silent", [False, True])
def test_of_several_processes_one_says_that_it_was_stopped(silent, monkeypatch):
    def stopped(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("fencepost.training.fit", stopped)
    with pytest.raises(Interrupted) as raised:
        Session(TEST, TEST, {}, silent).run(NETWORK, seed=0)
    assert str(raised.value).startswith("Stopped; nothing was saved.") is not silent
    assert bool(str(raised.value)) is not silent
