"""What an image is to go through: a kernel, a set of them, or a chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..kernels import Kernel, KernelSet, parse

__all__ = ["Step", "as_steps", "in_passes", "largest", "magnitude"]

_LARGEST_MATRIX = 1 << 14  # weights up to which it is as quick


@dataclass(frozen=True)
class Step:
    """One convolution of a chain, or those of a set, whose responses are put into one."""

    kernels: tuple[Kernel, ...]
    together: KernelSet | None = None

    @property
    def is_blur(self) -> bool:
        """Whether every result is a weighted mean of pixels, times a constant."""
        kernel = self.kernels[0]
        of_one_sign = all((part >= 0).all() or (part <= 0).all() for part in kernel.parts)
        return self.together is None and of_one_sign and kernel.sum > 0

    @property
    def is_in_passes(self) -> bool:
        """Whether its kernel is run axis by axis, or box by box, and never as a matrix."""
        return self.together is None and in_passes(self.kernels[0])

    @property
    def label(self) -> str:
        """What it is called, with its parameters."""
        return self.together.name if self.together else self.kernels[0].label


def in_passes(kernel: Kernel) -> bool:
    """Whether a kernel is known by its factors, and too large for its matrix to be worth having."""
    return math.prod(kernel.shape) > _LARGEST_MATRIX and len(kernel.parts) > 1


def magnitude(kernel: Kernel) -> float:
    """Return the sum of the magnitudes of a kernel's weights."""
    return math.prod(float(np.abs(part).sum()) for part in kernel.parts)


def largest(kernel: Kernel) -> float:
    """Return the largest magnitude of a kernel's weights."""
    return math.prod(float(np.abs(part).max()) for part in kernel.parts)


def as_steps(kernel: Any) -> tuple[Step, ...]:
    """Return the chain that was meant by a kernel, a set, their text, a matrix, or a list."""
    if isinstance(kernel, (list, tuple)) and any(
        isinstance(item, (str, Kernel, KernelSet)) for item in kernel
    ):
        return tuple(_step(item) for item in kernel)
    return (_step(kernel),)


def _step(kernel: Any) -> Step:
    if isinstance(kernel, str):
        kernel = parse(kernel, ndim=2)
    together = kernel if isinstance(kernel, KernelSet) else None
    if together is None and not isinstance(kernel, Kernel):
        kernel = Kernel(kernel)
    kernels = together.kernels if together else (kernel,)
    for item in kernels:
        if item.ndim != 2:
            raise ArgumentError(
                "a kernel for images must be a matrix of two axes. Received: one of shape "
                f"{item.shape}. A row is Kernel([[1, 2, 1]]), a column Kernel([[1], [2], [1]])."
            )
    if len({(item.shape, item.origin) for item in kernels}) > 1:
        raise ArgumentError(
            "the kernels of a set must have one shape and one origin. Received: "
            f"{', '.join(str(item.shape) for item in kernels)}. Pad the smaller ones with zeros."
        )
    return Step(kernels, together)
