"""How the learning rate goes over a run: constant, in steps, a cosine, one cycle, with warm-up.

A schedule is a pure function: steps of a run in, their rates out. So a resumed run needs nothing
but the number of the step. Used by ``fit``; calls ``errors`` only.

Warm-up is linear, (k + 1) / W of the rate at step k of the first W steps, which is PyTorch's
``LinearLR(start_factor=1/W, total_iters=W-1)``; what follows is scheduled over the steps left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fencepost.errors import ArgumentError
from fencepost.training import _values

Rates = NDArray[np.float32]
Heights = NDArray[np.float64]


@dataclass(frozen=True)
class Constant:
    """The same rate throughout.

    Parameters
    ----------
    warmup : float
        The share of the run, at least 0 and less than 1, over which the rate first rises.

    Examples
    --------
    >>> from fencepost.training import Constant
    >>> Constant(warmup=0.5).rates(1.0, range(4), total=4)
    array([0.5, 1. , 1. , 1. ], dtype=float32)
    """

    warmup: float = 0.0

    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        _set_warmup(self)

    def rates(self, lr: float, steps: range, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""
        return _with_warmup(self.warmup, lr, steps, total, lambda k, n: np.ones_like(k))


@dataclass(frozen=True)
class Step:
    """The rate is multiplied by `factor` at each milestone (PyTorch's ``MultiStepLR``).

    Parameters
    ----------
    milestones : sequence of float
        Shares of the run (after warm-up), each between 0 and 1, rising.
    factor : float
        Above 0 and at most 1.
    warmup : float
        The share of the run over which the rate first rises.

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
        _set_warmup(self)
        if not isinstance(self.milestones, tuple | list) or not self.milestones:
            raise ArgumentError(
                "milestones must be shares of the run, such as (0.5, 0.75). "
                f"Received: {self.milestones!r}."
            )
        marks = tuple(
            _values.number(f"milestones[{index}]", mark, high=1.0, above=True, below=True)
            for index, mark in enumerate(self.milestones)
        )
        if list(marks) != sorted(set(marks)):
            raise ArgumentError(f"milestones must rise. Received: {self.milestones!r}.")
        object.__setattr__(self, "milestones", marks)
        factor = _values.number("factor", self.factor, high=1.0, above=True)
        object.__setattr__(self, "factor", factor)

    def rates(self, lr: float, steps: range, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""

        def height(k: Heights, n: int) -> Heights:
            passed = np.zeros_like(k)
            for mark in self.milestones:
                passed += k >= round(mark * n)
            return np.asarray(self.factor**passed, dtype=np.float64)

        return _with_warmup(self.warmup, lr, steps, total, height)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from the full rate down, over the whole run.

    PyTorch's ``CosineAnnealingLR``; Loshchilov and Hutter 2017, without restarts.

    Parameters
    ----------
    final : float
        The share of the rate that the cosine falls towards.
    warmup : float
        The share of the run over which the rate first rises.

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
        _set_warmup(self)
        object.__setattr__(self, "final", _values.number("final", self.final, high=1.0))

    def rates(self, lr: float, steps: range, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""

        def height(k: Heights, n: int) -> Heights:
            return _cosine(1.0, self.final, k / n)

        return _with_warmup(self.warmup, lr, steps, total, height)


@dataclass(frozen=True)
class OneCycle:
    """One cycle: a cosine up from lr / div to lr, then one down to lr / (div · final_div).

    Smith and Topin 2019. The same rates as PyTorch's ``OneCycleLR``; momentum stays.

    Parameters
    ----------
    warmup : float
        The share of the run that rises, above 0 and less than 1.
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
        warmup = _values.number("warmup", self.warmup, high=1.0, above=True, below=True)
        object.__setattr__(self, "warmup", warmup)
        object.__setattr__(self, "div", _values.number("div", self.div, low=1.0))
        object.__setattr__(self, "final_div", _values.number("final_div", self.final_div, low=1.0))

    def rates(self, lr: float, steps: range, total: int) -> Rates:
        """Return the rates of `steps` of a run of `total` steps, float32 (len(steps),)."""
        k = np.arange(steps.start, steps.stop, dtype=np.float64)
        # PyTorch's phases end on steps, counted from 0; a run of a few steps may lack the first.
        top = max(self.warmup * total - 1.0, 0.0)
        last = max(total - 1.0, top + 1.0)
        first, end = 1.0 / self.div, 1.0 / (self.div * self.final_div)
        rising = _cosine(first, 1.0, k / top) if top else np.ones_like(k)
        falling = _cosine(1.0, end, np.maximum(k - top, 0.0) / (last - top))
        return np.asarray(lr * np.where(k <= top, rising, falling), dtype=np.float32)


Schedule = Constant | Step | Cosine | OneCycle

SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}


def as_schedule(value: Schedule | str | None) -> Schedule:
    """Take a schedule as an object, its name, or None (one cycle)."""
    if value is None:
        return OneCycle()
    if isinstance(value, str):
        return SCHEDULES[_values.choice("schedule", value, SCHEDULES)]()
    if isinstance(value, Constant | Step | Cosine | OneCycle):
        return value
    raise ArgumentError(
        "schedule must be Constant(...), Step(...), Cosine(...), OneCycle(...) or one of "
        f"{', '.join(SCHEDULES)}. Received: {value!r}."
    )


def _set_warmup(schedule: Constant | Step | Cosine) -> None:
    warmup = _values.number("warmup", schedule.warmup, high=1.0, below=True)
    object.__setattr__(schedule, "warmup", warmup)


def _cosine(start: float, end: float, share: Heights) -> Heights:
    return np.asarray(end + (start - end) * 0.5 * (1.0 + np.cos(np.pi * share)), dtype=np.float64)


def _with_warmup(
    warmup: float,
    lr: float,
    steps: range,
    total: int,
    height: Callable[[Heights, int], Heights],
) -> Rates:
    """Let the rate rise, then follow `height` (of a step after that, of so many such steps)."""
    k = np.arange(steps.start, steps.stop, dtype=np.float64)
    rising = round(warmup * total)
    after = height(np.maximum(k - rising, 0.0), max(total - rising, 1))
    return np.asarray(lr * np.where(k < rising, (k + 1.0) / max(rising, 1), after), np.float32)
