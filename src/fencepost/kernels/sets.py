"""Kernels that are used together: a pair, a compass of eight, a basis; what their responses say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernel import Kernel

Values = NDArray[np.floating[Any]]

COMPASS = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")


@dataclass(frozen=True)
class KernelSet(ABC):
    """Several kernels over the same array, each with a label in the set.

    They are obtained by iterating, and by ``set["label"]``.
    """

    name: str
    kernels: tuple[Kernel, ...]
    labels: tuple[str, ...]

    @abstractmethod
    def magnitude(self, responses: Sequence[Values]) -> Values:
        """Combine the kernels' responses, in their order: how much of an edge there is."""

    @abstractmethod
    def direction(self, responses: Sequence[Values]) -> Values:
        """Return where brightness rises, in radians: 0 to the right, π/2 down the array."""

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self.kernels)

    def __len__(self) -> int:
        return len(self.kernels)

    def __getitem__(self, label: str) -> Kernel:
        return dict(zip(self.labels, self.kernels, strict=True))[label]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.kernels))


@dataclass(frozen=True)
class KernelPair(KernelSet):
    """Two kernels for two directions at right angles: the gradient's length and direction.

    x and y are turned by `turn` radians, clockwise as seen, from right and down.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.kernels.pair("sobel").magnitude([np.array([3.0]), np.array([4.0])])
    array([5.])
    """

    turn: float = 0.0

    @property
    def x(self) -> Kernel:
        """Responds above 0 where brightness rises to the right."""
        return self.kernels[0]

    @property
    def y(self) -> Kernel:
        """Responds above 0 where brightness rises downwards, with the index of the row."""
        return self.kernels[1]

    def magnitude(self, responses: Sequence[Values]) -> Values:
        """Return the gradient's length, √(x² + y²)."""
        x, y = responses
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            squares = np.square(x)
            squares += np.square(y)
            length: Values = np.sqrt(squares)
        # What is 0, or whose square may have left the range, by a function that takes ten times.
        kind = np.finfo(length.dtype)
        doubtful = ~((length > np.sqrt(kind.tiny) / kind.eps) & (length < np.inf))
        if doubtful.any():
            length[doubtful] = np.hypot(x[doubtful], y[doubtful])
        return length

    def direction(self, responses: Sequence[Values]) -> Values:
        """Return where brightness rises, in (−π, π]: 0 to the right, π/2 down the array."""
        x, y = responses
        angle: Values = np.arctan2(y, x)
        return _wrapped(angle + angle.dtype.type(self.turn)) if self.turn else angle


@dataclass(frozen=True)
class CompassSet(KernelSet):
    """Eight kernels, one for each direction of the compass, north up: the largest counts."""

    def magnitude(self, responses: Sequence[Values]) -> Values:
        """Return the largest of the responses."""
        largest: Values = np.max(np.stack(responses), axis=0)
        return largest

    def direction(self, responses: Sequence[Values]) -> Values:
        """Return the direction of the largest response, in (−π, π]: 0 is E, π/2 is S."""
        stacked = np.stack(responses)
        steps = stacked.argmax(axis=0).astype(stacked.dtype)
        return _wrapped(steps * stacked.dtype.type(-np.pi / 4))


@dataclass(frozen=True)
class BasisSet(KernelSet):
    """Nine orthonormal kernels over 3 × 3 pixels, those of an edge first.

    The magnitude is the cosine of the angle between the pixels and what the first four kernels can
    make: 1 if the pixels are nothing but an edge, whatever its contrast.
    """

    def magnitude(self, responses: Sequence[Values]) -> Values:
        """Return √(Σ₁⁴ a² / Σ₁⁹ a²), and 0 where all pixels are 0."""
        squares = np.square(np.stack(responses))
        edge, everything = squares[:4].sum(axis=0), squares.sum(axis=0)
        share: Values = np.divide(edge, everything, out=np.zeros_like(edge), where=everything > 0)
        return np.sqrt(share)

    def direction(self, responses: Sequence[Values]) -> Values:
        """Return where brightness rises, in (−π, π], by the first two kernels."""
        angle: Values = np.arctan2(responses[0], responses[1])
        return angle


def _wrapped(angle: Values) -> Values:
    """Bring angles from (−2π, 2π) to (−π, π]."""
    kind = angle.dtype.type
    angle = np.where(angle > kind(np.pi), angle - kind(2 * np.pi), angle)
    return np.where(angle <= -kind(np.pi), angle + kind(2 * np.pi), angle)
