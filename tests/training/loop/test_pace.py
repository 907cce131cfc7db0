"""The clock of a run: rates by steps, by time, and by whichever is further."""

import dataclasses

import numpy as np
import pytest

from fencepost.training import Adam, Cosine, CrossEntropy, OneCycle
from fencepost.training.loop.pace import Pace
from fencepost.training.options import RunOptions

OPTIONS = RunOptions(
    epochs=4,
    batch_size=8,
    optimizer=Adam(lr=0.1),
    schedule=Cosine(),
    loss=CrossEntropy(),
    augmentation=None,
    seed=0,
    threads=1,
    keep_best=True,
    patience=None,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until a test sets it."""
    time = [100.0]
    monkeypatch.setattr("fencepost.training.loop.pace.time.perf_counter", lambda: time[0])
    return time


def test_without_a_limit_steps_decide(clock):
    pace = Pace(OPTIONS, 5)
    clock[0] += 1000
    np.testing.assert_array_equal(pace.rates(range(20)), Cosine().rates(0.1, range(20), 20))
    assert pace.fraction(10) == 0.5
    assert not pace.out_of_time()
    assert pace.fitting(7) == 7


@pytest.mark.parametrize("schedule", [Cosine(), OneCycle()])
def test_with_a_limit_time_decides(clock, schedule):
    pace = Pace(dataclasses.replace(OPTIONS, epochs=None, time_limit=10.0, schedule=schedule), 5)
    pace.step_seconds = 0.5
    rates = []
    for step in range(20):
        rates += pace.rates(range(step, step + 1)).tolist()
        clock[0] += 0.5
    # The same as 20 steps of a schedule that is sampled finely.
    expected = schedule.rates(0.1, np.arange(20) / 20 * 9999, 10_000)
    np.testing.assert_allclose(rates, expected, atol=1e-6)
    assert pace.rate(19) == pytest.approx(rates[-1])
    assert pace.out_of_time()


def test_steps_of_a_slice_share_its_time(clock):
    pace = Pace(dataclasses.replace(OPTIONS, epochs=None, time_limit=10.0), 5)
    pace.step_seconds = 0.5
    together = pace.rates(range(4))
    single = []
    for step in range(4):
        single += pace.rates(range(step, step + 1)).tolist()
        clock[0] += 0.5
    np.testing.assert_allclose(together, single, atol=1e-7)


def test_whichever_is_further_decides(clock):
    pace = Pace(dataclasses.replace(OPTIONS, time_limit=10.0), 5)
    clock[0] += 2.5
    assert pace.fraction(4) == 0.25
    assert pace.fraction(10) == 0.5


def test_no_more_steps_than_there_is_time_for(clock):
    pace = Pace(dataclasses.replace(OPTIONS, epochs=None, time_limit=10.0), 5)
    pace.step_seconds, pace.reserve = 0.5, 2.0
    clock[0] += 6.0
    assert pace.fitting(100) == 4
    assert pace.fitting(3) == 3
    clock[0] += 1.8
    assert pace.out_of_time()
    assert pace.fitting(100) == 1


def test_time_for_a_validation_is_kept_before_there_was_one(clock):
    pace = Pace(dataclasses.replace(OPTIONS, epochs=None, time_limit=10.0), 5)
    pace.step_took(0.5, validation_steps=12)
    assert pace.reserve == pytest.approx(2.0)
    pace.reserve = 1.0
    pace.step_took(0.5, validation_steps=12)
    assert pace.reserve == 1.0


def test_a_resumed_run_has_spent_its_time(clock):
    pace = Pace(dataclasses.replace(OPTIONS, epochs=None, time_limit=10.0), 5)
    clock[0] += 50.0  # between the making of the run and its start
    pace.start(4.0)
    clock[0] += 1.0
    assert pace.spent == 5.0
    assert pace.fraction(0) == 0.5
