"""What an image is to go through: a kernel, a set of them, or a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from ..kernels import Kernel, KernelSet, parse

__all__ = ["Step", "as_steps"]


@dataclass(frozen=True)
class Step:
    """One convolution of a chain, or those of a set, whose responses are put into one."""

    kernels: tuple[Kernel, ...]
    together: KernelSet | None = None

    @property
    def is_blur(self) -> bool:
        """Whether every result is a weighted mean of pixels, times a constant."""
        weights = self.kernels[0].matrix
        return self.together is None and bool((weights >= 0).all() and weights.sum() > 0)

    @property
    def label(self) -> str:
        """What it is called, with its parameters."""
        return self.together.name if self.together else self.kernels[0].label


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
