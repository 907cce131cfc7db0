"""Ctrl-C stops a training between two steps."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from fencepost.training import fit
from fencepost.training.backends.engine import EngineBackend
from fencepost.training.loop.interrupts import Interrupts
from training.small import bars, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    reason="whoever started the tests ignores Ctrl-C",
)
def test_ctrl_c_stops_before_the_next_slice(monkeypatch):
    net = dense_net()
    images, labels = np.tile(IMAGES, (50, 1, 1, 1)), np.tile(LABELS, 50)
    slices, run = [], EngineBackend.run

    def press(*arguments):
        slices.append(arguments)
        if len(slices) == 30:
            os.kill(os.getpid(), signal.SIGINT)
        return run(*arguments)

    monkeypatch.setattr(EngineBackend, "run", press)
    with pytest.raises(KeyboardInterrupt):
        fit(net, images, labels, epochs=10_000, batch_size=32)
    assert len(slices) == 30
    assert np.isfinite(net.parameter_vector).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert net.evaluate(IMAGES, LABELS).accuracy > 0.5


def test_a_slice_takes_a_tenth_of_a_second(monkeypatch):
    seconds, slices, run = [0.0], [], EngineBackend.run

    def slowly(backend, images, targets, order, rates, *others):
        slices.append(len(rates))
        seconds[0] += 0.013 * len(rates)
        return run(backend, images, targets, order, rates, *others)

    monkeypatch.setattr(EngineBackend, "run", slowly)
    monkeypatch.setattr("fencepost.training.run.time.perf_counter", lambda: seconds[0])
    fit(dense_net(), IMAGES, LABELS, epochs=2, batch_size=8)
    assert slices == [1, 4, 7, 7, 1, 7, 7, 6]  # of 20 steps in an epoch


def test_sigterm_is_taken_where_torchrun_sends_it():
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts(terminate=True) as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + 60
        while not interrupts.requested and time.monotonic() < deadline:
            time.sleep(0.01)
        assert interrupts.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_training_in_another_thread():
    results = []
    thread = threading.Thread(
        target=lambda: results.append(fit(dense_net(), IMAGES, LABELS, epochs=2))
    )
    thread.start()
    thread.join()
    assert len(results[0]) == 2
