"""A child that is forked while other threads of its parent compute."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import sanitizers
from forked import child

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.mark.parametrize("count", [1, 40])
def test_a_child_predicts_with_a_network_that_is_in_use(engine, count):
    # Whoever predicts locks what a network predicts with, and in the child nobody unlocks it.
    layers = [fp.Conv2d(8, 3), fp.ReLU(), fp.Conv2d(8, 3), fp.GlobalAvgPool(), fp.Linear(3)]
    net = fp.Network((3, 60, 60), layers, seed=0)
    plan, arguments = nets.plan(engine, net), nets.arguments(net, nets.random_images(net, count))
    expected = plan.forward(*arguments, threads=2)
    done = threading.Event()

    def predict():
        while not done.is_set():
            plan.forward(*arguments, threads=2)

    def again():
        for threads in (1, 2):
            np.testing.assert_allclose(plan.forward(*arguments, threads), expected, atol=1e-5)

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        ended = [child(again) for _ in range(5)]
    finally:
        done.set()
        thread.join()
    failed = [status for status in ended if status]
    # A sanitizer's own locks stop one child of some hundreds (docs/decisions/sanitizers.md); a
    # lock of a plan, when the child did not make its own, four of ten.
    assert not failed or (sanitizers.ANY and failed == [signal.SIGALRM])
    again()
