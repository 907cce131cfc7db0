"""Pooling: the largest, mean or sum of each window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ..arguments import flag
from ..sizing import Window
from .arguments import PaddingArgument, Pairs, Remainder
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, engine_shape, size_error
from .windowed import WindowedLayer


@dataclass(frozen=True, repr=False)
class _Pool(WindowedLayer, abstract=True):
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs | Literal["same"]
    remainder: Remainder
    axes: ClassVar[int]
    op: ClassVar[str]

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: PaddingArgument = 0,
        remainder: Remainder = "error",
    ) -> None:
        self._set_windows(
            kernel_size, kernel_size if stride is None else stride, padding, 1, remainder
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        for window in windows:
            last = (window.output - 1) * window.stride
            if window.before >= window.kernel or last >= window.before + window.input:
                raise size_error(
                    "every pooling window must cover at least one element of the input.",
                    f"input_size={window.input}, kernel_size={window.kernel}, "
                    f"stride={window.stride}, padding={(window.before, window.after)}",
                    f"Use a padding of at most {window.kernel // 2}.",
                )
        return (input_shape[0], *(window.output for window in windows))

    def connection_count(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape)) * math.prod(self.kernel_size)

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        geometry = self._geometry(input_shape)
        del geometry["dilation"]
        return [{"op": self.op, **geometry}]


@dataclass(frozen=True, repr=False)
class _AvgPool(_Pool, abstract=True):
    count_include_pad: bool
    op = "avg_pool"

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: PaddingArgument = 0,
        remainder: Remainder = "error",
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, remainder)
        self._set(count_include_pad=flag("count_include_pad", count_include_pad))

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        (step,) = super().engine_steps(input_shape, offsets)
        return [{**step, "count_include_pad": self.count_include_pad}]


class MaxPool1d(_Pool):
    """Largest value of each window of a signal: (C, W) -> (C, W').

    Parameters
    ----------
    kernel_size : int or (int,)
        Size of a window.
    stride : int or (int,), optional
        Step between windows; kernel_size by default, so that windows do not overlap.
    padding : int, (int,), ((before, after),) or "same"
        Elements around the signal, which are never the largest.
    remainder : {"error", "crop", "pad"}
        What to do with elements at the far end that no window would cover.
    """

    axes = 1
    op = "max_pool"


class MaxPool2d(_Pool):
    """Largest value of each window of an image: (C, H, W) -> (C, H', W').

    Parameters
    ----------
    kernel_size : int or (int, int)
        Rows and columns of a window.
    stride : int or (int, int), optional
        Step between windows; kernel_size by default, so that windows do not overlap.
    padding : int, (int, int), ((top, bottom), (left, right)) or "same"
        Pixels around the image, which are never the largest.
    remainder : {"error", "crop", "pad"}
        What to do with pixels at the far edge that no window would cover: raise SizeError, drop
        them, or pad.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.MaxPool2d(3, stride=2, remainder="pad").output_shape((8, 28, 28))
    (8, 14, 14)
    """

    axes = 2
    op = "max_pool"


class AvgPool1d(_AvgPool):
    """Mean of each window of a signal: (C, W) -> (C, W').

    Takes the arguments of MaxPool1d, and `count_include_pad`: whether zeros of the padding count
    among the elements of a window (PyTorch's default).
    """

    axes = 1


class AvgPool2d(_AvgPool):
    """Mean of each window of an image: (C, H, W) -> (C, H', W').

    Takes the arguments of MaxPool2d, and `count_include_pad`: whether zeros of the padding count
    among the elements of a window (PyTorch's default).
    """

    axes = 2


class SumPool1d(_Pool):
    """Sum of each window of a signal: (C, W) -> (C, W'). Takes the arguments of MaxPool1d."""

    axes = 1
    op = "sum_pool"


class SumPool2d(_Pool):
    """Sum of each window of an image: (C, H, W) -> (C, H', W'). Arguments of MaxPool2d."""

    axes = 2
    op = "sum_pool"


class _GlobalPool(Layer, abstract=True):
    op: ClassVar[str]

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) == 1:
            raise size_error(
                f"{self.describe()} pools over the pixels of a channel, but flat input has none.",
                f"an input of shape {input_shape}",
                "Put it before Flatten.",
            )
        return (input_shape[0],)

    def windows(self, input_shape: Shape) -> tuple[Window, ...]:
        return tuple(Window(size, kernel=size) for size in input_shape[1:])

    def connection_count(self, input_shape: Shape) -> int:
        return math.prod(input_shape)

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [
            {
                "op": self.op,
                "kernel": engine_shape(input_shape)[1:],
                "stride": (1, 1),
                "padding": (0, 0, 0, 0),
                **self._options(),
            }
        ]

    def _options(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, repr=False)
class GlobalAvgPool(_GlobalPool):
    """Mean of each channel: (C, H, W) or (C, W) -> (C,)."""

    op = "avg_pool"

    def _options(self) -> dict[str, Any]:
        return {"count_include_pad": True}


@dataclass(frozen=True, repr=False)
class GlobalMaxPool(_GlobalPool):
    """Largest value of each channel: (C, H, W) or (C, W) -> (C,)."""

    op = "max_pool"


@dataclass(frozen=True, init=False, repr=False)
class Subsample(SumPool2d):
    """The trainable subsampling of LeNet-5: y = coefficient · sum of the window + bias.

    One coefficient and one bias for each channel; it starts as average pooling (coefficient
    1 / elements, bias 0). LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to
    document recognition, Proceedings of the IEEE 86 (1998), section II-B, layers S2 and S4.
    Takes the arguments of MaxPool2d.
    """

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        channels, area = input_shape[0], math.prod(self.kernel_size)
        return {
            "weight": ParameterSpec((channels,), 1 / area, area),
            "bias": ParameterSpec((channels,), 0.0, area),
        }

    def connection_count(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape)) * (math.prod(self.kernel_size) + 1)

    def multiply_adds(self, input_shape: Shape) -> int:
        return math.prod(self.output_shape(input_shape))

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        scale = {"op": "affine", "weight": offsets["weight"], "bias": offsets["bias"]}
        return [*super().engine_steps(input_shape, offsets), scale]
