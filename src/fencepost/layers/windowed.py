"""What convolution and pooling share: a window that slides over one or two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NoReturn

from .. import sizing
from ..arguments import choice
from ..errors import SizeError
from .arguments import PaddingArgument, Pairs, Remainder, compact, paddings, per_axis
from .base import Layer, Shape, arguments_of


class WindowedLayer(Layer, abstract=True):
    """A layer whose outputs each depend on one window of the input."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs | Literal["same"]
    dilation: tuple[int, ...]
    remainder: Remainder
    axes: ClassVar[int]  # 1 or 2

    def _set_windows(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int],
        padding: PaddingArgument,
        dilation: int | Sequence[int],
        remainder: Remainder,
    ) -> None:
        self._set(
            kernel_size=per_axis("kernel_size", kernel_size, self.axes),
            stride=per_axis("stride", stride, self.axes),
            padding=paddings("padding", padding, self.axes),
            dilation=per_axis("dilation", dilation, self.axes),
            remainder=choice("remainder", remainder, ("error", "crop", "pad")),
        )

    def windows(self, input_shape: Shape) -> tuple[sizing.Window, ...]:
        """Return the windows over each axis. Raises SizeError when they do not fit."""
        if len(input_shape) != self.axes + 1:
            self._require_rank(input_shape, self.axes + 1, self._rank_remedy(input_shape))
        return self.fitting_windows(input_shape) or self._misfitting_windows(input_shape)

    def _rank_remedy(self, input_shape: Shape) -> str:
        remedy = (
            "Convolution and pooling combine neighbours, so they come before Flatten and Linear; "
        )
        remedy += f"for {'signals use the 1d' if self.axes == 2 else 'images use the 2d'} layers."
        if self.axes == 2 and len(input_shape) == 2:
            remedy += f" An image of one channel is {(1, *input_shape)}."
        return remedy

    def fitting_windows(self, input_shape: Shape) -> tuple[sizing.Window, ...] | None:
        """Return the windows, or None where they do not fit: quick, and without the reason."""
        return sizing.fitting_windows(
            input_shape[1:],
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.remainder,
        )

    def _misfitting_windows(self, input_shape: Shape) -> NoReturn:
        arguments = arguments_of(type(self))  # a pool has no dilation
        try:
            sizing.windows(
                input_shape[1:],
                compact(self.kernel_size),  # the error then reads as the layer does
                stride=compact(self.stride),
                padding=compact(self.padding),
                dilation=compact(self.dilation),
                remainder=self.remainder,
                pool="dilation" not in arguments,
            )
        except SizeError as error:
            raise error.taking(arguments) from None
        raise AssertionError("windows that do not fit have a reason")

    def _geometry(self, input_shape: Shape) -> dict[str, Any]:
        """Describe the window to the engine: two axes, the padding that was finally used."""
        windows = self.windows(input_shape)
        (top, bottom), (left, right) = _two(tuple((w.before, w.after) for w in windows), (0, 0))
        return {
            "kernel": _two(self.kernel_size, 1),
            "stride": _two(self.stride, 1),
            "dilation": _two(self.dilation, 1),
            "padding": (top, bottom, left, right),
        }


def _two(values: tuple[Any, ...], first: Any) -> tuple[Any, Any]:
    """Values of one or two axes as those of two; a signal is an image of height 1."""
    return (first, values[0]) if len(values) == 1 else (values[0], values[1])
