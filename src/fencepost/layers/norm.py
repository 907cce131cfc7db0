"""BatchNorm1d and BatchNorm2d: each channel brought to mean 0 and variance 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..arguments import flag, real
from ..errors import ArgumentError
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, StateSpec, size_error


@dataclass(frozen=True, init=False, repr=False)
class _BatchNorm(Layer, abstract=True):
    eps: float
    momentum: float
    affine: bool

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True) -> None:
        self._set(
            eps=real("eps", eps, 0.0),
            momentum=real("momentum", momentum, 0.0),
            affine=flag("affine", affine),
        )
        if self.eps == 0:
            raise ArgumentError(
                "eps must be more than 0, for a channel may be constant. Received: eps=0"
            )
        if self.momentum > 1:
            raise ArgumentError(f"momentum must be from 0 to 1. Received: momentum={momentum!r}")

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        if not self.affine:
            return {}
        channels = (input_shape[0],)
        return {"weight": ParameterSpec(channels, 1.0), "bias": ParameterSpec(channels, 0.0)}

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        channels = (input_shape[0],)
        return {"running_mean": StateSpec(channels, 0.0), "running_var": StateSpec(channels, 1.0)}

    def multiply_adds(self, input_shape: Shape) -> int:
        return math.prod(input_shape)

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
    running ones move towards them by `momentum` (the variance unbiased, as PyTorch's); outside
    training the running ones are used. Ioffe, Szegedy: Batch Normalization (2015).

    Parameters
    ----------
    eps : float
        Added to the variance.
    momentum : float
        Share of the batch's statistics in the running ones' next value.
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
