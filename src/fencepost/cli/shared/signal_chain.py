"""A chain of kernels over signals of any length: all at once, or a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels import Kernel

__all__ = ["Chain"]

Values = NDArray[np.float64]
_PIECE = 1 << 18  # samples at once, of all channels together


@dataclass(frozen=True)
class Chain:
    """Kernels that are applied one after another to a signal, and a factor.

    `boundary`: What stands beyond the ends. `full`: Whether there is a result wherever a term is
    defined.
    """

    kernels: tuple[Kernel, ...]
    boundary: str | float
    full: bool
    scale: float

    @property
    def label(self) -> str:
        """What it is called."""
        return ", then ".join(kernel.label for kernel in self.kernels)

    @property
    def start(self) -> int:
        """At which sample of the signal the first result stands."""
        if self.full:
            return -sum(kernel.origin[0] for kernel in self.kernels)
        return self._before if self.boundary == "none" else 0

    def length(self, samples: int) -> int:
        """Return how many results a signal of so many samples has."""
        more = sum(len(kernel.matrix) - 1 for kernel in self.kernels)
        if self.full:
            return samples + more
        return samples - more if self.boundary == "none" else samples

    @property
    def _before(self) -> int:
        return sum(len(kernel.matrix) - 1 - kernel.origin[0] for kernel in self.kernels)

    def apply(self, values: Values) -> Values:
        """Return all results of a signal."""
        if self.full:
            return self._apply(values, mode="full")
        return self._apply(values, mode="same", boundary=self.boundary)

    def _apply(self, values: Values, **keywords: Any) -> Values:
        from ... import convolve

        with np.errstate(over="ignore", invalid="ignore"):  # beyond 1.8e308 a result is inf
            for kernel in self.kernels:
                values = convolve(values, kernel, **keywords)
            return self.scale * values if self.scale != 1 else values

    def pieces(
        self, read: Callable[[int, int], Values], samples: int, channels: int
    ) -> Iterator[Values]:
        """Yield all results (N, channels) of signals too long to be held, in order.

        `read` gives samples (N, channels) from one position to another. Each piece is convolved
        with so many samples on both sides that what lies beyond the piece changes none of its
        results.
        """
        extent = sum(len(k.matrix) - 1 + abs(k.origin[0]) for k in self.kernels)
        size = max(_PIECE // channels, 8 * extent)
        length = self.length(samples)
        if self.boundary == "wrap" or length <= size:
            whole = read(0, samples)
            yield np.stack([self.apply(_column(whole, k)) for k in range(channels)], axis=1)
            return
        inner = "zero" if self.full or self.boundary == "none" else self.boundary
        for at in range(self.start, self.start + length, size):
            stop = min(at + size, self.start + length)
            low, high = at - 2 * extent, stop + 2 * extent
            values = read(max(low, 0), min(high, samples))
            if self.full:
                values = np.pad(values, ((max(-low, 0), max(high - samples, 0)), (0, 0)))
            else:
                low = max(low, 0)
            columns = [
                self._apply(_column(values, k), mode="same", boundary=inner)[at - low : stop - low]
                for k in range(channels)
            ]
            yield np.stack(columns, axis=1)


def _column(values: Values, k: int) -> Values:
    return np.ascontiguousarray(values[:, k])
