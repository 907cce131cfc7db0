"""Layers over flat input: Flatten, Linear, and the RBF output of LeNet-5."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flag, integer, real
from ..errors import ArgumentError
from ..text import format_value
from .base import EngineSteps, Layer, Offsets, ParameterSpec, Shape, StateSpec, size_error
from .digits import BITMAPS


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """All values in one row, channel by channel: (C, H, W) or (C, W) -> (C · H · W,)."""

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [{"op": "flatten"}]


@dataclass(frozen=True, repr=False)
class Linear(Layer):
    """Fully connected layer: y = weight · x + bias, (F,) -> (out_features,).

    Parameters
    ----------
    out_features : int
        Number of outputs; weight has shape (out_features, F).
    bias : bool
        Whether a trainable bias is added to each output.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.Linear(10).output_shape((84,))
    (10,)
    """

    out_features: int
    bias: bool

    def __init__(self, out_features: int, bias: bool = True) -> None:
        self._set(out_features=integer("out_features", out_features, 1), bias=flag("bias", bias))

    def output_shape(self, input_shape: Shape) -> Shape:
        self._require_rank(input_shape, 1, "Put Flatten() or GlobalAvgPool() before it.")
        return (self.out_features,)

    def parameters(self, input_shape: Shape) -> dict[str, ParameterSpec]:
        (fan_in,), fan_out = input_shape, self.out_features
        weight = ParameterSpec((fan_out, fan_in), "weight", fan_in, fan_out)
        bias = ParameterSpec((fan_out,), "bias", fan_in, fan_out)
        return {"weight": weight, "bias": bias} if self.bias else {"weight": weight}

    def connection_count(self, input_shape: Shape) -> int:
        return self.out_features * (input_shape[0] + self.bias)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.out_features * input_shape[0]

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        return [
            {
                "op": "linear",
                "out_features": self.out_features,
                "weight": offsets["weight"],
                "bias": offsets.get("bias", -1),
            }
        ]


@dataclass(frozen=True, repr=False)
class RBF(Layer):
    """Output of LeNet-5: y_j = -Σ_i (x_i - centre_ji)² / (2 variance), largest for the nearest.

    The sign is turned so that the nearest centre has the largest output, as argmax and softmax want
    it. The centres are fixed. LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to
    document recognition, Proceedings of the IEEE 86 (1998), equation 7. The paper reads y as the
    logarithm of a normal density around the centre; its variance sets the scale of the distances,
    and so how early in training the loss becomes small.

    Parameters
    ----------
    centres : "digits" or array of float, shape (classes, F)
        "digits" are the ten digits drawn as 7 × 12 bitmaps of +1 (ink) and -1, so F is 84.
    variance : float
        Positive. With 1/2, the default, y is minus the squared distance.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.RBF().output_shape((84,))
    (10,)
    """

    centres: str | tuple[tuple[float, ...], ...]
    variance: float

    def __init__(self, centres: str | ArrayLike = "digits", variance: float = 0.5) -> None:
        self._set(variance=real("variance", variance, 0.0))
        if self.variance == 0:
            raise ArgumentError(
                f"variance must be more than 0. Received: variance={format_value(variance)}"
            )
        if isinstance(centres, str):
            if centres != "digits":
                raise ArgumentError(
                    'centres must be "digits" or an array of shape (classes, features). '
                    f"Received: centres={format_value(centres)}"
                )
            self._set(centres=centres)
            return
        try:
            table = np.asarray(centres, np.float32)
        except (TypeError, ValueError):
            table = np.empty(0, np.float32)
        if table.ndim != 2 or not table.size or not np.isfinite(table).all():
            raise ArgumentError(
                'centres must be "digits" or an array of finite numbers of shape (classes, '
                f"features). Received: an array of shape {np.shape(centres)}"
            )
        self._set(centres=tuple(tuple(row) for row in table.tolist()))

    def output_shape(self, input_shape: Shape) -> Shape:
        self._require_rank(input_shape, 1, "Put Flatten() before it.")
        classes, features = self._table().shape
        if features != input_shape[0]:
            raise size_error(
                "the centres must have as many values as the input.",
                f"{features} values in each centre, an input of {input_shape[0]}",
                f"Put Linear({features}) before it, and an activation.",
            )
        return (classes,)

    def state(self, input_shape: Shape) -> dict[str, StateSpec]:
        table = self._table()
        return {"centres": StateSpec(table.shape, table)}

    def connection_count(self, input_shape: Shape) -> int:
        return self._table().size

    def multiply_adds(self, input_shape: Shape) -> int:
        return self._table().size

    def engine_steps(self, input_shape: Shape, offsets: Offsets) -> EngineSteps:
        (classes,) = self.output_shape(input_shape)
        return [
            {
                "op": "rbf",
                "out_features": classes,
                "centres": offsets["centres"],
                "scale": 0.5 / self.variance,
            }
        ]

    def _table(self) -> NDArray[np.float32]:
        return BITMAPS if self.centres == "digits" else np.array(self.centres, np.float32)
