"""How far a training is, and so the learning rate of each step: by its steps, or by its time."""

from __future__ import annotations

import time

import numpy as np

from ..options import RunOptions
from ..trainable import Floats

# With a limit of time, how far a training is goes to the schedule in so many parts.
_PARTS = 10_000


class Pace:
    """The clock of a run.

    Without a limit of time the rate follows from the index of the step alone. With one, the
    schedule is stretched over the time: it has gone as far as the run has, whatever the machine's
    speed; and where the number of epochs is limited too, as far as it is in either.
    """

    def __init__(self, options: RunOptions, steps_per_epoch: int) -> None:
        self._options = options
        self._limit = options.time_limit
        self._epoch_steps = steps_per_epoch
        self._total = None if options.epochs is None else options.epochs * steps_per_epoch
        self._started = time.perf_counter()
        self._before = 0.0
        self._last: float | None = None
        #: Seconds that the end takes, a validation: they are kept. Seconds of one step.
        self.reserve = self.step_seconds = 0.0

    @property
    def spent(self) -> float:
        """Seconds since the start, and before it was resumed."""
        return self._before + time.perf_counter() - self._started

    def start(self, spent: float = 0.0) -> None:
        """Start the clock, after so many seconds of a run that is resumed."""
        self._before, self._started = spent, time.perf_counter()

    def fraction(self, step: int) -> float:
        """Return how far the run is, 0 to 1, when `step` steps are done."""
        by_steps = step / self._total if self._total else 0.0
        by_time = self.spent / self._limit if self._limit else 0.0
        return min(max(by_steps, by_time), 1.0)

    def step_took(self, seconds: float, validation_steps: float) -> None:
        """Note the time of a step, and how many of them would hold the validation's images."""
        self.step_seconds = seconds
        if not self.reserve:  # until it is measured: a step back costs twice a step forward
            self.reserve = seconds * validation_steps / 3

    def out_of_time(self) -> bool:
        """Whether there is no time for another step and what comes at the end."""
        return self._limit is not None and self._left() < self.step_seconds / 2

    def fitting(self, steps: int) -> int:
        """Return at most so many steps, as many as there is time for, but one."""
        if self._limit is None or not self.step_seconds:
            return steps
        return max(1, min(steps, round(self._left() / self.step_seconds)))

    def rates(self, steps: range) -> Floats:
        """Return the learning rates of the next steps, float32 (len(steps),)."""
        schedule, lr = self._options.schedule, self._options.optimizer.lr
        if self._limit is None:
            return schedule.rates(lr, steps, self._total or 1)
        by_steps = np.asarray(steps) / max(self._total - 1, 1) if self._total else 0.0
        by_time = (self.spent + self.step_seconds * np.arange(len(steps))) / self._limit
        parts = np.minimum(np.maximum(by_steps, by_time), 1.0) * (_PARTS - 1)
        rates = schedule.rates(lr, parts, _PARTS)
        self._last = float(rates[-1])
        return rates

    def rate(self, step: int) -> float:
        """Return the learning rate of a step that was taken; by time, of the last one."""
        if self._limit is not None and self._last is not None:
            return self._last
        return float(self.rates(range(step, step + 1))[0])

    def _left(self) -> float:
        return (self._limit or 0.0) - self.reserve - self.spent
