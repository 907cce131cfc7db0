"""Ctrl-C stops a training between two steps."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from fencepost.training import fit
from fencepost.training.loop.interrupts import Interrupts
from training.small import bars, dense_net

IMAGES, LABELS = bars(160)
VALIDATION = bars(60, seed=9)


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    reason="whoever started the tests ignores Ctrl-C",
)
def test_ctrl_c_stops_within_a_second_at_a_step_boundary():
    net = dense_net()
    images, labels = np.tile(IMAGES, (50, 1, 1, 1)), np.tile(LABELS, 50)
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def begin(epoch):
        if epoch.epoch == 1:
            threading.Timer(0.2, press).start()

    with pytest.raises(KeyboardInterrupt):
        fit(net, images, labels, epochs=10_000, batch_size=32, on_epoch=begin)
    assert time.monotonic() - pressed[0] < 1.0
    assert np.isfinite(net.parameter_vector).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert net.evaluate(IMAGES, LABELS).accuracy > 0.5


def test_sigterm_is_taken_where_torchrun_sends_it():
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts(terminate=True) as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + 5
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
