"""What an output of one operation sees of the array that enters, along each axis.

Part of check; may call graph and sizing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from ..graph import Operation
from ..sizing import Phases, Window


class Span(Protocol):
    """One axis of an operation: `after` gives the fields behind it, from those before it.

    `trivial` says that each output sees the one cell at its own place.
    """

    @property
    def trivial(self) -> bool: ...

    def after(self, phases: Phases) -> Phases: ...


@dataclass(frozen=True, slots=True)
class Through:
    """An axis that is looked along through windows, or, transposed, the other way."""

    window: Window
    transposed: bool = False

    @property
    def trivial(self) -> bool:
        one = self.window
        return one.kernel == one.stride == 1 and not one.before and one.input == one.output

    def after(self, phases: Phases) -> Phases:
        return phases.transposed(self.window) if self.transposed else phases.through(self.window)


@dataclass(frozen=True, slots=True)
class Scaled:
    """An axis that is brought to another size, by repeating, interpolating or averaging.

    `mode` is PyTorch's of ``interpolate``, or ``"adaptive"`` for adaptive pooling.
    """

    input: int
    output: int
    mode: str
    align_corners: bool = False

    @property
    def trivial(self) -> bool:
        return self.input == self.output

    def after(self, phases: Phases) -> Phases:
        # So many outputs later, the same is seen so many inputs later.
        outputs, inputs = self.output, self.input
        if self.align_corners:
            outputs, inputs = max(1, outputs - 1), max(1, inputs - 1) if outputs > 1 else 1
        common = math.gcd(outputs, inputs)
        return phases.seen(self._seen, outputs // common, inputs // common)

    def _seen(self, index: int) -> tuple[int, int]:
        cells, outputs = self.input, self.output
        if self.mode == "adaptive":
            return index * cells // outputs, -(-(index + 1) * cells // outputs) - 1
        if self.mode == "nearest":
            return (index * cells // outputs,) * 2
        # Twice the place, in whole numbers: half-pixel centres unless the corners are aligned.
        if self.mode == "nearest-exact":
            return ((2 * index + 1) * cells // (2 * outputs),) * 2
        if self.align_corners:
            low, rest = divmod(index * (cells - 1), max(1, outputs - 1))
        else:
            low, rest = divmod((2 * index + 1) * cells - outputs, 2 * outputs)
        margin = 1 if self.mode == "bicubic" else 0
        return low - margin, low + margin + (1 if rest or margin else 0)


def spans(operation: Operation) -> list[Span] | None:
    """Return the spans of an operation's last axes; None if they are not known."""
    if operation.windows:
        return [Through(window, operation.role == "transposed") for window in operation.windows]
    old, new = operation.input_shape, operation.output_shape
    if old is None or new is None or len(old) != len(new):
        return None
    if operation.role == "pad" and old == new:
        return []
    mode = _mode(operation)
    if mode is None:
        return None
    found: list[Span] = []
    for before, after in zip(old[2:], new[2:], strict=True):
        if before is None or after is None:
            return None
        found.append(Scaled(before, after, mode, operation.arguments.get("align_corners") is True))
    return found


def _mode(operation: Operation) -> str | None:
    """How an operation makes the cells of another size; None if it does something else."""
    if operation.kind.startswith("Adaptive"):
        return "adaptive"
    if operation.role != "resize" or operation.kind in ("Repeat", "Tile"):
        return None
    mode = operation.arguments.get("mode", "nearest")
    return {
        "nearest": "nearest",
        "nearest-exact": "nearest-exact",
        "linear": "linear",
        "bilinear": "linear",
        "trilinear": "linear",
        "bicubic": "bicubic",
        "cubic": "bicubic",
        "area": "adaptive",
    }.get(str(mode))
