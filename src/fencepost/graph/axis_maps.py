"""How the outputs of one operation depend on the array that enters it, along each axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from ..sizing import Window
from .axis_field import AxisField
from .operations import Operation


class AxisMap(Protocol):
    """One axis of an operation: `apply` gives the receptive fields after it, from those before.

    `is_identity` says that each output depends on the one element at its own position.
    """

    @property
    def is_identity(self) -> bool: ...

    def apply(self, field: AxisField) -> AxisField: ...


@dataclass(frozen=True, slots=True)
class WindowedAxis:
    """An axis that a window is moved along; of a transposed convolution, its inverse's window."""

    window: Window
    transposed: bool = False

    @property
    def is_identity(self) -> bool:
        window = self.window
        unmoved = not window.before and window.input == window.output
        return window.kernel == window.stride == 1 and unmoved

    def apply(self, field: AxisField) -> AxisField:
        return field.after_transposed(self.window) if self.transposed else field.after(self.window)


@dataclass(frozen=True, slots=True)
class ResizedAxis:
    """An axis that is brought to another size, by repeating, interpolating or averaging.

    `mode` is PyTorch's of ``interpolate``, or ``"adaptive"`` for adaptive pooling.
    """

    input: int
    output: int
    mode: str
    align_corners: bool = False

    @property
    def is_identity(self) -> bool:
        return self.input == self.output

    def apply(self, field: AxisField) -> AxisField:
        # So many outputs later, the same inputs are used, so many inputs later.
        outputs, inputs = self.output, self.input
        if self.align_corners:
            outputs, inputs = max(1, outputs - 1), max(1, inputs - 1) if outputs > 1 else 1
        common = math.gcd(outputs, inputs)
        return field.mapped(self._span, outputs // common, inputs // common)

    def _span(self, index: int) -> tuple[int, int]:
        inputs, outputs = self.input, self.output
        if self.mode == "adaptive":
            return index * inputs // outputs, -(-(index + 1) * inputs // outputs) - 1
        if self.mode == "nearest":
            return (index * inputs // outputs,) * 2
        # Twice the position, in integers: half-pixel centres unless the corners are aligned.
        if self.mode == "nearest-exact":
            return ((2 * index + 1) * inputs // (2 * outputs),) * 2
        if self.align_corners:
            low, remainder = divmod(index * (inputs - 1), max(1, outputs - 1))
        else:
            low, remainder = divmod((2 * index + 1) * inputs - outputs, 2 * outputs)
        margin = 1 if self.mode == "bicubic" else 0
        return low - margin, low + margin + (1 if remainder or margin else 0)


def axis_maps(operation: Operation) -> list[AxisMap] | None:
    """Return the maps of an operation's last axes; None if they are not known."""
    if operation.windows:
        transposed = operation.role == "transposed"
        return [WindowedAxis(window, transposed) for window in operation.windows]
    old, new = operation.input_shape, operation.output_shape
    if old is None or new is None or len(old) != len(new):
        return None
    if operation.role == "pad" and old == new:
        return []
    mode = _mode(operation)
    if mode is None:
        return None
    aligned = operation.arguments.get("align_corners") is True
    maps: list[AxisMap] = []
    for before, after in zip(old[2:], new[2:], strict=True):
        if before is None or after is None:
            return None
        maps.append(ResizedAxis(before, after, mode, aligned))
    return maps


def _mode(operation: Operation) -> str | None:
    """How an operation makes another number of elements; None if it does something else."""
    if operation.kind.startswith("Adaptive"):
        return "adaptive"
    if operation.role != "resize" or operation.kind in ("Repeat", "Tile"):
        return None
    names = {"bilinear": "linear", "trilinear": "linear", "cubic": "bicubic", "area": "adaptive"}
    mode = str(operation.arguments.get("mode", "nearest"))
    mode = names.get(mode, mode)
    return mode if mode in ("nearest", "nearest-exact", "linear", "bicubic", "adaptive") else None
