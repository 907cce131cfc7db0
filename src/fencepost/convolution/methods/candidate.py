"""What a method says of itself before it is chosen: what it would cost, or why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Candidate:
    """One method: what it would do and cost, or why it cannot.

    `seconds`: What the cost model expects on the threads in use; None if the method is not
    possible. `note`: How it would go about it, or why it cannot. `run`: Computes the task that it
    was proposed for.
    """

    method: str
    seconds: float | None
    note: str
    run: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)

    def __str__(self) -> str:
        cost = "–" if self.seconds is None else _time(self.seconds)
        return f"{self.method:<9}  {cost:>7}  {self.note}"


@dataclass(frozen=True)
class Choice:
    """The method that is used for a convolution, and what there was to choose from.

    Prints as a sentence and a table.

    Attributes
    ----------
    method : {"direct", "separable", "box", "fft"}
    reason : str
        Why this one.
    candidates : tuple of Candidate
        All four, with their costs.
    """

    method: str
    reason: str
    candidates: tuple[Candidate, ...]

    def __str__(self) -> str:
        lines = [f"  {candidate}" for candidate in self.candidates]
        return "\n".join([f"{self.method}: {self.reason}", *lines])


def multiplications(count: int) -> str:
    """Say how many multiplications a result takes."""
    return "1 multiplication per result" if count == 1 else f"{count:,} multiplications per result"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
