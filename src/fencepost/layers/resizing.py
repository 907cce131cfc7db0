"""Layers that change the size of planes: adaptive pooling, upsampling, transposed convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..arguments import choice, flag, integer
from ..errors import ArgumentError
from ..sizing import Window
from ..text import format_value
from .arguments import compact, per_axis
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, size_error

Mode = Literal["nearest", "linear", "bilinear"]


@dataclass(frozen=True, repr=False)
class _AdaptiveAvgPool(Layer, abstract=True):
    output_size: tuple[int, ...]
    axes: ClassVar[int]

    def __init__(self, output_size: int | Sequence[int]) -> None:
        self._set(output_size=per_axis("output_size", output_size, self.axes))

    def output_shape(self, input_shape: Shape) -> Shape:
        self._require_rank(input_shape, self.axes + 1, "Put it before Flatten and Linear.")
        return (input_shape[0], *self.output_size)

    def connection_count(self, input_shape: Shape) -> int:
        sizes = zip(input_shape[1:], self.output_size, strict=True)
        per_axis_count = (
            sum(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in sizes
        )
        return input_shape[0] * math.prod(per_axis_count)

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        self.output_shape(input_shape)
        return [{"op": "adaptive_avg_pool", "size": (1, *self.output_size)[-2:]}]


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Average pooling to a fixed width, for a signal of any width: (C, W) -> (C, output_size).

    Window i goes from floor(i · W / output_size) to ceil((i + 1) · W / output_size), as in PyTorch.

    Parameters
    ----------
    output_size : int or (int,)
        Width of the output.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.AdaptiveAvgPool1d(4).output_shape((8, 50))
    (8, 4)
    """

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Average pooling to a fixed size, for an image of any size: (C, H, W) -> (C, h, w).

    Window i along an axis goes from floor(i · H / h) to ceil((i + 1) · H / h), as in PyTorch.

    Parameters
    ----------
    output_size : int or (int, int)
        Height and width of the output.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.AdaptiveAvgPool2d((2, 3)).output_shape((8, 13, 14))
    (8, 2, 3)
    """

    axes = 2


@dataclass(frozen=True, repr=False)
class Upsample(Layer):
    """Enlarge images or signals by repeating elements, or by interpolating between them.

    "nearest" takes element floor(i · W / w) of the input for element i of the output. "bilinear",
    and "linear" for signals, weights the neighbours of the position (i + 1/2) · W / w − 1/2 by
    their distance, which is PyTorch's `align_corners=False`.

    Parameters
    ----------
    size : int or (int, int), optional
        Size of the output.
    scale_factor : int or (int, int), optional
        Factor by which each axis is enlarged, in place of `size`.
    mode : {"nearest", "bilinear", "linear"}
        "bilinear" is for images, "linear" for signals.

    Raises
    ------
    ArgumentError
        Unless exactly one of size and scale_factor is given.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Upsample(scale_factor=2, mode="bilinear").output_shape((8, 7, 9))
    (8, 14, 18)
    """

    size: int | tuple[int, ...] | None
    scale_factor: int | tuple[int, ...] | None
    mode: Mode

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: int | Sequence[int] | None = None,
        mode: Mode = "nearest",
    ) -> None:
        if (size is None) == (scale_factor is None):
            raise ArgumentError(
                "Upsample takes either size or scale_factor. "
                f"Received: size={format_value(size)}, scale_factor={format_value(scale_factor)}"
            )
        self._set(
            size=None if size is None else _sizes("size", size),
            scale_factor=None if scale_factor is None else _sizes("scale_factor", scale_factor),
            mode=choice("mode", mode, ("nearest", "bilinear", "linear")),
        )

    def describe(self) -> str:
        name = "scale_factor" if self.size is None else "size"
        mode = "" if self.mode == "nearest" else f', mode="{self.mode}"'
        return f"Upsample({name}={compact(getattr(self, name))}{mode})"

    def output_shape(self, input_shape: Shape) -> Shape:
        axes = len(input_shape) - 1
        if (
            axes < 1
            or (axes == 1 and self.mode == "bilinear")
            or (axes == 2 and self.mode == "linear")
        ):
            raise size_error(
                f"{self.describe()} needs images, (channels, height, width), or, unless it is "
                "bilinear, signals, (channels, width).",
                f"an input of shape {input_shape}",
                'Put it before Flatten, and use mode="bilinear" for images, "linear" for signals.',
            )
        given = self.size if self.size is not None else self.scale_factor
        values = (given,) * axes if isinstance(given, int) else given
        assert values is not None
        if len(values) != axes:
            raise size_error(
                f"{self.describe()} must have one number, or one for each axis.",
                f"an input of shape {input_shape}",
            )
        if self.size is not None:
            return (input_shape[0], *values)
        sizes = zip(input_shape[1:], values, strict=True)
        return (input_shape[0], *(size * factor for size, factor in sizes))

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        size = (1, *self.output_shape(input_shape)[1:])[-2:]
        return [{"op": "upsample", "size": size, "linear": self.mode != "nearest"}]


@dataclass(frozen=True, repr=False)
class _ConvTranspose(Layer, abstract=True):
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int
    bias: bool
    dilation: tuple[int, ...]
    axes: ClassVar[int]

    def __init__(
        self,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
    ) -> None:
        self._set(
            out_channels=integer("out_channels", out_channels, 1),
            kernel_size=per_axis("kernel_size", kernel_size, self.axes),
            stride=per_axis("stride", stride, self.axes),
            padding=per_axis("padding", padding, self.axes, minimum=0),
            output_padding=per_axis("output_padding", output_padding, self.axes, minimum=0),
            groups=integer("groups", groups, 1),
            bias=flag("bias", bias),
            dilation=per_axis("dilation", dilation, self.axes),
        )
        if self.out_channels % self.groups:
            raise ArgumentError(
                "groups must divide out_channels. "
                f"Received: groups={self.groups}, out_channels={self.out_channels}"
            )
        limits = zip(self.output_padding, self.stride, self.dilation, strict=True)
        if any(extra >= max(stride, dilation) for extra, stride, dilation in limits):
            raise ArgumentError(
                "output_padding must be less than the stride or the dilation, as it chooses among "
                f"the sizes that give one input. Received: output_padding={self.output_padding}, "
                f"stride={self.stride}, dilation={self.dilation}"
            )

    def inverse_windows(self, input_shape: Shape) -> tuple[Window, ...]:
        """Return the window over each axis of the convolution that it inverts."""
        self._require_rank(input_shape, self.axes + 1, "Put it before Flatten and Linear.")
        each = zip(
            input_shape[1:],
            self.kernel_size,
            self.stride,
            self.dilation,
            self.padding,
            self.padding,
            self.output_padding,
            strict=True,
        )
        return tuple(Window.inverse(*numbers) for numbers in each)

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [window.input for window in self.inverse_windows(input_shape)]
        if min(sizes) < 1:
            raise size_error(
                "a transposed convolution must leave at least one element: (input − 1) · stride − "
                "2 · padding + dilation · (kernel_size − 1) + output_padding + 1.",
                f"an input of shape {input_shape}, of which {tuple(sizes)} would come out",
                "Use a smaller padding or a larger kernel.",
            )
        if input_shape[0] % self.groups:
            raise size_error(
                "groups must divide in_channels.",
                f"groups={self.groups}, in_channels={input_shape[0]}",
            )
        return (self.out_channels, *sizes)

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        # PyTorch takes the fans from the weight's axes, whose first is the input here.
        area = math.prod(self.kernel_size)
        fan_in, fan_out = self.out_channels // self.groups * area, input_shape[0] * area
        shape = (input_shape[0], self.out_channels // self.groups, *self.kernel_size)
        weight = ParameterSpec(shape, "weight", fan_in, fan_out)
        bias = ParameterSpec((self.out_channels,), "bias", fan_in, fan_out)
        return {"weight": weight, "bias": bias} if self.bias else {"weight": weight}

    def multiply_adds(self, input_shape: Shape) -> int:
        per_position = self.out_channels // self.groups * math.prod(self.kernel_size)
        return math.prod(input_shape) * per_position

    def connection_count(self, input_shape: Shape) -> int:
        biases = math.prod(self.output_shape(input_shape)) if self.bias else 0
        return self.multiply_adds(input_shape) + biases

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        def two(values: tuple[int, ...], first: int) -> tuple[int, ...]:
            return (first, *values)[-2:]

        top, left = two(self.padding, 0)
        return [
            {
                "op": "conv_transpose",
                "out_channels": self.out_channels,
                "size": (1, *self.output_shape(input_shape)[1:])[-2:],
                "kernel": two(self.kernel_size, 1),
                "stride": two(self.stride, 1),
                "dilation": two(self.dilation, 1),
                "padding": (top, top, left, left),
                "groups": self.groups,
                "weight": offsets["weight"],
                "bias": offsets.get("bias", -1),
            }
        ]


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of a signal: (C, W) -> (out_channels, W'). See ConvTranspose2d.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.ConvTranspose1d(4, 4, stride=2, padding=1).output_shape((8, 25))
    (4, 50)
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of an image: (C, H, W) -> (out_channels, H', W').

    Each input element, times the kernel, is added to the output at stride times its position; so it
    is the gradient of a convolution, and restores the size of that convolution's input:
    H' = (H − 1) · stride − 2 · padding + dilation · (kernel_size − 1) + output_padding + 1.
    Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016), section 4.
    Arguments are PyTorch's.

    Parameters
    ----------
    out_channels : int
        Number of output channels; weight has shape (C, out_channels / groups, rows, columns).
    kernel_size, stride, dilation : int or (int, int)
        Size of the kernel, step between the input's elements in the output, spacing of the
        kernel's elements.
    padding : int or (int, int)
        Elements cut off at each side of the output.
    output_padding : int or (int, int)
        Extra elements at the far edge: several input sizes of a convolution give the same output
        size, and this selects one of them.
    groups : int
        Input and output channels are cut into this many groups that are not connected.
    bias : bool
        Whether a trainable bias is added to each output channel.

    Raises
    ------
    ArgumentError
        If an argument is not as described.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.ConvTranspose2d(8, 2, stride=2).output_shape((16, 7, 7))
    (8, 14, 14)
    """

    axes = 2


def _sizes(name: str, value: int | Sequence[int]) -> int | tuple[int, ...]:
    """Read one number, or one for each axis."""
    if isinstance(value, (list, tuple)):
        return per_axis(name, value, len(value))
    return per_axis(name, value, 1)[0]
