"""What networks that size themselves to their data are made with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from ..arguments import integer
from ..errors import ArgumentError
from ..layers import (
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Layer,
    MaxPool1d,
    MaxPool2d,
    ReLU,
    Shape,
)
from ..text import format_value


def checked_shape(input_shape: Sequence[int]) -> Shape:
    """Check the shape of one image or signal."""
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) not in (2, 3):
        raise ArgumentError(
            "input_shape must be (channels, height, width) or, for signals, (channels, width). "
            f"Received: input_shape={format_value(input_shape)}."
        )
    return tuple(integer("input_shape", size, 1) for size in input_shape)


class Maker:
    """Makes the layers of a network for images or for signals, and follows its sizes."""

    def __init__(self, shape: Shape, activation: Layer | None = None) -> None:
        self.activation = activation or ReLU()
        self.sizes = shape[1:]
        self.image = len(shape) == 3

    def conv(
        self,
        channels: int,
        kernel: int,
        stride: int = 1,
        *,
        groups: int = 1,
        relu: bool = True,
    ) -> list[Layer]:
        """Convolution without bias, batch normalisation, and the activation."""
        cls, norm = (Conv2d, BatchNorm2d) if self.image else (Conv1d, BatchNorm1d)
        # What the last window leaves over is padding, or what the paper leaves over too.
        remainder: Literal["crop", "error"] = "crop" if stride > 1 else "error"
        padding = kernel // 2
        convolution = cls(
            channels, kernel, stride, padding, groups=groups, bias=False, remainder=remainder
        )
        layers: list[Layer] = [convolution, norm()]
        return [*layers, self.activation] if relu else layers

    def max_pool(self, *args: Any, **options: Any) -> Layer:
        return MaxPool2d(*args, **options) if self.image else MaxPool1d(*args, **options)

    def halve(self) -> list[Layer]:
        """Pool by 2 along each axis of more than 4 elements; odd sizes are padded."""
        factors = tuple(1 + (size > 4) for size in self.sizes)
        self.sizes = tuple(-(-n // factor) for n, factor in zip(self.sizes, factors, strict=True))
        return [self.max_pool(factors, remainder="pad")] if max(factors) > 1 else []

    def step(self, largest: int) -> int:
        """Stride of a first convolution after which images are at most so large."""
        step = 1
        while max(self.sizes) > largest * step:
            step *= 2
        self.sizes = tuple((n - 1) // step + 1 for n in self.sizes)
        return step

    def halvings(self, count: int) -> list[bool]:
        """Which of so many halvings are done: the last ones, as long as 4 elements are left."""
        possible = max(0, int(math.log2(min(self.sizes) / 4)))
        return [index >= count - possible for index in range(count)]
