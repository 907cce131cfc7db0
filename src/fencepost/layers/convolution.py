"""Conv1d and Conv2d: shared weights that slide over their input.

Like every framework's, these layers compute the cross-correlation of input and weights; the
kernel of image processing is the flipped weight (Network.layer_kernel).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, integer
from ..errors import ArgumentError
from ..text import format_value
from .arguments import PaddingArgument, Pairs, Remainder
from .base import EngineSteps, Offsets, ParameterSpec, Shape, size_error
from .windowed import WindowedLayer

Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, repr=False)
class _Conv(WindowedLayer, abstract=True):
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs | Literal["same"]
    dilation: tuple[int, ...]
    groups: int
    bias: bool
    connections: Table | None
    remainder: Remainder
    axes: ClassVar[int]

    def __init__(
        self,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: PaddingArgument = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        connections: ArrayLike | None = None,
        remainder: Remainder = "error",
    ) -> None:
        self._set_windows(kernel_size, stride, padding, dilation, remainder)
        self._set(
            out_channels=integer("out_channels", out_channels, 1),
            groups=integer("groups", groups, 1),
            bias=flag("bias", bias),
            connections=None if connections is None else _table(connections),
        )
        if self.out_channels % self.groups:
            raise ArgumentError(
                "groups must divide out_channels. "
                f"Received: groups={self.groups}, out_channels={self.out_channels}"
            )
        if self.connections is None:
            return
        if self.groups != 1:
            raise ArgumentError(
                "connections already defines the connected channels, so groups must be 1. "
                f"Received: groups={self.groups}"
            )
        if len(self.connections) != self.out_channels:
            raise ArgumentError(
                "connections must have one row for each output channel. Received: "
                f"{len(self.connections)} rows, out_channels={self.out_channels}"
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        channels = input_shape[0]
        if channels % self.groups:
            raise size_error(
                "groups must divide in_channels.",
                f"groups={self.groups}, in_channels={channels}",
                f"Divisors of {channels}: {_divisors(channels)}.",
            )
        if self.connections is not None and len(self.connections[0]) != channels:
            raise size_error(
                "connections must have one column for each input channel.",
                f"{len(self.connections[0])} columns, in_channels={channels}",
            )
        return (self.out_channels, *(window.output for window in windows))

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        area = math.prod(self.kernel_size)
        fan_out = self.out_channels // self.groups * area
        if self.connections is None:
            in_channels = input_shape[0] // self.groups
            fan_in = in_channels * area
            weight = ParameterSpec(
                (self.out_channels, in_channels, *self.kernel_size), "weight", fan_in, fan_out
            )
            bias = ParameterSpec((self.out_channels,), "bias", fan_in, fan_out)
        else:
            per_output = tuple(sum(row) * area for row in self.connections)
            per_kernel = tuple(
                fan
                for row, fan in zip(self.connections, per_output, strict=True)
                for _ in range(sum(row))
            )
            weight = ParameterSpec(
                (len(per_kernel), *self.kernel_size), "weight", per_kernel, fan_out
            )
            bias = ParameterSpec((self.out_channels,), "bias", per_output, fan_out)
        return {"weight": weight, "bias": bias} if self.bias else {"weight": weight}

    def connection_count(self, input_shape: Shape) -> int:
        biases = self.out_channels if self.bias else 0
        positions = math.prod(self.output_shape(input_shape)[1:])
        return positions * (self._weights_per_position(input_shape) + biases)

    def multiply_adds(self, input_shape: Shape) -> int:
        positions = math.prod(self.output_shape(input_shape)[1:])
        return positions * self._weights_per_position(input_shape)

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        table = self.connections
        return [
            {
                "op": "conv",
                "out_channels": self.out_channels,
                **self._geometry(input_shape),
                "groups": self.groups,
                "weight": offsets["weight"],
                "bias": offsets.get("bias", -1),
                "connections": None if table is None else np.array(table, np.uint8),
            }
        ]

    def _weights_per_position(self, input_shape: Shape) -> int:
        area = math.prod(self.kernel_size)
        if self.connections is not None:
            return sum(map(sum, self.connections)) * area
        return self.out_channels * (input_shape[0] // self.groups) * area


def _table(connections: ArrayLike) -> Table:
    try:
        table = np.asarray(connections)
    except ValueError:  # rows of different lengths
        table = np.empty(0)
    if table.ndim != 2 or not table.size or not np.isin(table, (0, 1)).all():
        raise ArgumentError(
            "connections must be a table of 0 and 1 with a row for each output channel and a "
            f"column for each input channel. Received: connections={format_value(connections)}"
        )
    rows = tuple(tuple(int(entry) for entry in row) for row in table)
    for index, row in enumerate(rows):
        if not any(row):
            raise ArgumentError(
                "connections must give each output channel at least one input channel. "
                f"Received: row {index} without any"
            )
    return rows


def _divisors(number: int) -> str:
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return ", ".join(str(d) for d in sorted({*small, *(number // d for d in small)}))


class Conv1d(_Conv):
    """Convolutional layer over a signal: (C, W) -> (out_channels, W').

    Each output channel has one kernel for each input channel of its group; output = Σ over
    channels and taps of input · weight, plus bias, at every position (cross-correlation).

    Parameters
    ----------
    out_channels : int
        Number of kernels, and of output channels.
    kernel_size, stride, dilation : int or (int,)
        Taps of the kernel, step between windows, spacing of the taps.
    padding : int, (int,), ((before, after),) or "same"
        Zeros added before and after the signal; "same" keeps its width (stride 1).
    groups, bias, connections, remainder
        As of `Conv2d`.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Conv1d(8, 5, padding="same").output_shape((1, 100))
    (8, 100)
    """

    axes = 1


class Conv2d(_Conv):
    """Convolutional layer over an image: (C, H, W) -> (out_channels, H', W').

    Each output channel has one kernel for each input channel of its group; output = Σ over
    channels, rows and columns of input · weight, plus bias, at every position (cross-correlation).

    Parameters
    ----------
    out_channels : int
        Number of kernels, and of output channels.
    kernel_size, stride, dilation : int or (int, int)
        Size of the kernel, step between windows, spacing of its elements: (rows, columns).
    padding : int, (int, int), ((top, bottom), (left, right)) or "same"
        Zeros added around the image; "same" keeps its size (stride 1).
    groups : int
        Input and output channels are cut into this many groups that are not connected;
        as many groups as input channels is a depthwise convolution.
    bias : bool
        Whether a trainable bias is added to each output channel.
    connections : array of 0 and 1, shape (out_channels, in_channels), optional
        Which input channel feeds which output channel, as LeNet-5's layer C3 has it; all of them
        by default. The weight is then an array (number of ones, rows, columns): a kernel for
        each 1 of the table, row by row.
    remainder : {"error", "crop", "pad"}
        What to do with pixels at the far edge that no window would cover: raise SizeError, drop
        them, or add the missing zeros.

    Raises
    ------
    ArgumentError
        If an argument is not as described, or groups does not divide out_channels.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Conv2d(6, 5, padding=2).output_shape((1, 28, 28))
    (6, 28, 28)
    """

    axes = 2
