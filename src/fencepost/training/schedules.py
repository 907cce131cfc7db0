"""How the learning rate goes over a run: constant, in steps, a cosine, one cycle, with warm-up.

A schedule is a pure function: steps of a run in, their rates out. So a resumed run needs nothing
but the index of the step.

Warm-up is linear, (k + 1) / W of the rate at step k of the first W steps, which is PyTorch's
``LinearLR(start_factor=1/W, total_iters=W-1)``; what follows is scheduled over the steps left.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arguments import real
from ..errors import ArgumentError
from ..text import format_value
from .settings import Setting, as_setting

Rates = NDArray[np.float32]
Factors = NDArray[np.float64]
Steps = range | Factors


class Schedule(Setting):
    """Base of the schedules: each gives the learning rate of every step of a run.

    Examples
    --------
    >>> from fencepost.training import Cosine, Schedule
    >>> schedule: Schedule = Cosine(warmup=0.5)
    >>> schedule.rates(0.1, range(4), total=4).round(3)
    array([0.05, 0.1 , 0.1 , 0.05], dtype=float32)
    """

    @abstractmethod
    def rates(self, lr: float, steps: Steps, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),).

        Steps need not be integers: that of a run that goes by time is a fraction of all.
        """


class WarmedUp(Schedule):
    """Base of the schedules that begin with a linear warm-up."""

    warmup: float

    def __post_init__(self) -> None:
        self._set(warmup=real("warmup", self.warmup, 0, 1, below=True))

    def rates(self, lr: float, steps: Steps, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""
        k = np.asarray(steps, np.float64)
        rising = round(self.warmup * total)
        after = self._factors(np.maximum(k - rising, 0.0), max(total - rising, 1))
        return np.asarray(lr * np.where(k < rising, (k + 1.0) / max(rising, 1), after), np.float32)

    @abstractmethod
    def _factors(self, k: Factors, total: int) -> Factors:
        """Return by what the rate is multiplied at each step k of `total` after the warm-up."""


@dataclass(frozen=True)
class Constant(WarmedUp):
    """The same rate throughout.

    Parameters
    ----------
    warmup : float
        The fraction of the run, at least 0 and less than 1, over which the rate first rises.

    Examples
    --------
    >>> from fencepost.training import Constant
    >>> Constant(warmup=0.5).rates(1.0, range(4), total=4)
    array([0.5, 1. , 1. , 1. ], dtype=float32)
    """

    warmup: float = 0.0

    name: ClassVar[str] = "constant"

    def _factors(self, k: Factors, total: int) -> Factors:
        return np.ones_like(k)


@dataclass(frozen=True)
class Step(WarmedUp):
    """The rate is multiplied by `factor` at each milestone (PyTorch's ``MultiStepLR``).

    Parameters
    ----------
    milestones : sequence of float
        Fractions of the run (after warm-up), each between 0 and 1, increasing.
    factor : float
        Above 0 and at most 1.
    warmup : float
        The fraction of the run over which the rate first rises.

    Examples
    --------
    >>> from fencepost.training import Step
    >>> Step(milestones=(0.5,)).rates(1.0, range(4), total=4)
    array([1. , 1. , 0.1, 0.1], dtype=float32)
    """

    milestones: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1
    warmup: float = 0.0

    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.milestones, tuple | list) or not self.milestones:
            raise ArgumentError(
                "milestones must be fractions of the run, such as (0.5, 0.75). "
                f"Received: {format_value(self.milestones)}."
            )
        marks = tuple(
            real(f"milestones[{index}]", mark, 0, 1, above=True, below=True)
            for index, mark in enumerate(self.milestones)
        )
        if list(marks) != sorted(set(marks)):
            raise ArgumentError(
                f"milestones must increase. Received: {format_value(self.milestones)}."
            )
        self._set(milestones=marks, factor=real("factor", self.factor, 0, 1, above=True))

    def _factors(self, k: Factors, total: int) -> Factors:
        passed = np.zeros_like(k)
        for mark in self.milestones:
            passed += k >= round(mark * total)
        return np.asarray(self.factor**passed, dtype=np.float64)


@dataclass(frozen=True)
class Cosine(WarmedUp):
    """Half a cosine from the full rate down, over the whole run.

    PyTorch's ``CosineAnnealingLR``; Loshchilov and Hutter 2017, without restarts.

    Parameters
    ----------
    final : float
        The fraction of the rate that the cosine falls towards.
    warmup : float
        The fraction of the run over which the rate first rises.

    Examples
    --------
    >>> from fencepost.training import Cosine
    >>> Cosine().rates(1.0, range(4), total=4).round(3)
    array([1.   , 0.854, 0.5  , 0.146], dtype=float32)
    """

    final: float = 0.0
    warmup: float = 0.0

    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(final=real("final", self.final, 0, 1))

    def _factors(self, k: Factors, total: int) -> Factors:
        return _cosine(1.0, self.final, k / total)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One cycle: a cosine up from lr / div to lr, then one down to lr / (div · final_div).

    Smith and Topin 2019. The same rates as PyTorch's ``OneCycleLR``; momentum stays.

    Parameters
    ----------
    warmup : float
        The fraction of the run in which the rate rises, above 0 and less than 1.
    div : float
        The full rate over the first, at least 1.
    final_div : float
        The first rate over the last, at least 1.

    Examples
    --------
    >>> from fencepost.training import OneCycle
    >>> OneCycle(warmup=0.3, div=10).rates(1.0, range(10), total=10).round(3)
    array([0.1  , 0.55 , 1.   , 0.95 , 0.812, 0.611, 0.389, 0.188, 0.05 ,
           0.   ], dtype=float32)
    """

    warmup: float = 0.3
    div: float = 25.0
    final_div: float = 1e4

    name: ClassVar[str] = "one_cycle"

    def __post_init__(self) -> None:
        self._set(
            warmup=real("warmup", self.warmup, 0, 1, above=True, below=True),
            div=real("div", self.div, 1),
            final_div=real("final_div", self.final_div, 1),
        )

    def rates(self, lr: float, steps: Steps, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""
        k = np.asarray(steps, np.float64)
        # PyTorch's phases end on steps, counted from 0; a run of a few steps may lack the first.
        top = max(self.warmup * total - 1.0, 0.0)
        last = max(total - 1.0, top + 1.0)
        first, end = 1.0 / self.div, 1.0 / (self.div * self.final_div)
        rising = _cosine(first, 1.0, k / top) if top else np.ones_like(k)
        falling = _cosine(1.0, end, np.maximum(k - top, 0.0) / (last - top))
        return np.asarray(lr * np.where(k <= top, rising, falling), dtype=np.float32)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}


def as_schedule(value: Schedule | str | None) -> Schedule:
    """Take a schedule as an object, its name, or None (one cycle)."""
    return as_setting("schedule", "one_cycle" if value is None else value, SCHEDULES)


def _cosine(start: float, end: float, progress: Factors) -> Factors:
    return np.asarray(
        end + (start - end) * 0.5 * (1.0 + np.cos(np.pi * progress)), dtype=np.float64
    )
