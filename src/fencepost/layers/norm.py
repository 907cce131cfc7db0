"""Normalisation to mean 0 and variance 1: of a channel over the batch, or of each image itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..arguments import choice, flag, integer, real
from ..errors import ArgumentError
from ..text import format_value
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, StateSpec, size_error


class _Normalization(Layer, abstract=True):
    """What all have: a weight and a bias for each channel, unless `affine` is False."""

    affine: bool

    def _weight_shape(self, input_shape: Shape) -> Shape:
        return input_shape[:1]

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        if not self.affine:
            return {}
        shape = self._weight_shape(input_shape)
        return {"weight": ParameterSpec(shape, 1.0), "bias": ParameterSpec(shape, 0.0)}

    def multiply_adds(self, input_shape: Shape) -> int:
        return math.prod(input_shape)


@dataclass(frozen=True, repr=False)
class _BatchNorm(_Normalization, abstract=True):
    eps: float
    momentum: float
    affine: bool

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True) -> None:
        self._set(
            eps=positive_eps(eps),
            momentum=real("momentum", momentum, 0.0),
            affine=flag("affine", affine),
        )
        if self.momentum > 1:
            raise ArgumentError(
                f"momentum must be from 0 to 1. Received: momentum={format_value(momentum)}"
            )

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        channels = (input_shape[0],)
        return {"running_mean": StateSpec(channels, 0.0), "running_var": StateSpec(channels, 1.0)}

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [
            {
                "op": "batch_norm",
                "weight": offsets.get("weight", -1),
                "bias": offsets.get("bias", -1),
                "mean": offsets["running_mean"],
                "variance": offsets["running_var"],
                "eps": self.eps,
                "momentum": self.momentum,
            }
        ]


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (F,) or (C, W): y = (x - mean) / √(variance + eps) · weight + bias.

    In training, mean and (biased) variance are those of each channel over the batch, and the
    running statistics move towards them by `momentum` (the variance unbiased, as in PyTorch);
    outside training the running statistics are used. Ioffe, Szegedy: Batch Normalization (2015).

    Parameters
    ----------
    eps : float
        Added to the variance.
    momentum : float
        Weight of the batch's statistics in each update of the running statistics.
    affine : bool
        Whether weight and bias exist.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) == 3:
            raise size_error(
                "BatchNorm1d needs an input of shape (features,) or (channels, width).",
                f"an input of shape {input_shape}",
                "Use BatchNorm2d for images.",
            )
        return input_shape


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (C, H, W), channel by channel; arguments are those of BatchNorm1d."""

    def output_shape(self, input_shape: Shape) -> Shape:
        self._require_rank(input_shape, 3, "Use BatchNorm1d for signals and flat input.")
        return input_shape


@dataclass(frozen=True, repr=False)
class GroupNorm(_Normalization):
    """Normalise each image over groups of channels: y = (x − mean) / √(variance + eps) · w + b.

    It is the same in training and in prediction, and does not depend on the batch. Wu, He: Group
    normalization (2018), equations 1 to 7. Weight and bias are those of each channel.

    Parameters
    ----------
    groups : int
        Number of groups of channels; 1 normalises over all of them.
    eps : float
        Added to the (biased) variance.
    affine : bool
        Whether weight and bias exist.

    Raises
    ------
    ArgumentError
        If an argument is not as described.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.GroupNorm(4).output_shape((16, 8, 8))
    (16, 8, 8)
    """

    groups: int
    eps: float
    affine: bool

    def __init__(self, groups: int, eps: float = 1e-5, affine: bool = True) -> None:
        self._set(
            groups=integer("groups", groups, 1),
            eps=positive_eps(eps),
            affine=flag("affine", affine),
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        if input_shape[0] % self.groups:
            raise size_error(
                "groups must divide the channels.",
                f"groups={self.groups}, {input_shape[0]} channels",
                "Use 1, or a divisor of the channels.",
            )
        return input_shape

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [
            {
                "op": "group_norm",
                "groups": self.groups,
                "eps": self.eps,
                "weight": offsets.get("weight", -1),
                "bias": offsets.get("bias", -1),
            }
        ]


@dataclass(frozen=True, repr=False)
class LayerNorm(_Normalization):
    """Normalise each image over all its values: y = (x − mean) / √(variance + eps) · w + b.

    Ba, Kiros, Hinton: Layer normalization (2016), equation 3. Weight and bias are those of each
    value, as of PyTorch's `LayerNorm(input_shape)`. With `over="channels"` each pixel is normalised
    over its channels, with a weight and a bias for each channel, as in ConvNeXt.

    Parameters
    ----------
    eps : float
        Added to the (biased) variance.
    affine : bool
        Whether weight and bias exist.
    over : {"all", "channels"}
        What mean and variance are computed over.

    Raises
    ------
    ArgumentError
        If an argument is not as described.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.LayerNorm().parameters((16,))["weight"].shape
    (16,)
    """

    eps: float
    affine: bool
    over: str

    def __init__(self, eps: float = 1e-5, affine: bool = True, over: str = "all") -> None:
        self._set(
            eps=positive_eps(eps),
            affine=flag("affine", affine),
            over=choice("over", over, ("all", "channels")),
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def _weight_shape(self, input_shape: Shape) -> Shape:
        return input_shape if self.over == "all" else input_shape[:1]

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [
            {
                "op": "group_norm",
                "groups": 1 if self.over == "all" else 0,
                "each_value": self.over == "all",
                "eps": self.eps,
                "weight": offsets.get("weight", -1),
                "bias": offsets.get("bias", -1),
            }
        ]


def positive_eps(eps: float) -> float:
    """Check what is added to a variance."""
    value = real("eps", eps, 0.0)
    if value == 0:
        raise ArgumentError(
            "eps must be more than 0, as a channel may be constant. Received: eps=0"
        )
    return value
