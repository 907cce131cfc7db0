"""Normalisation of each image by itself, whatever its batch.

A batch of images has shape (N, C, H, W), a batch of signals (N, C, W), flat values (N, F).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def group_norm(
    x: ArrayLike,
    groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> Array:
    """Return (x − mean) / √(variance + eps) · weight + bias, by image and group of channels.

    Y. Wu, K. He, Group normalization, 2018, equations 1 to 7. The variance is the biased one;
    weight and bias are those of each channel.

    Examples
    --------
    >>> group_norm([[[1.0], [3.0], [5.0], [9.0]]], 2, eps=0)[0, :, 0]
    array([-1.,  1., -1.,  1.])
    """
    x = as_float(x)
    y = _standardized(x.reshape(len(x), groups, -1), (2,), eps).reshape(x.shape)
    return _scaled(y, *(None if a is None else _each_channel(a, x) for a in (weight, bias)))


def layer_norm(
    x: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    over: str = "all",
    eps: float = 1e-5,
) -> Array:
    """Return (x − mean) / √(variance + eps) · weight + bias, by image.

    J. Ba, J. Kiros, G. Hinton, Layer normalization, 2016, equation 3: over all values, with weight
    and bias for each; or over "channels", at each pixel by itself, with those of each channel.

    Examples
    --------
    >>> layer_norm([[1.0, 3.0]], eps=0)
    array([[-1.,  1.]])
    """
    x = as_float(x)
    if over == "all":
        y = _standardized(x, tuple(range(1, x.ndim)), eps)
        return _scaled(y, *(None if a is None else as_float(a) for a in (weight, bias)))
    y = _standardized(x, (1,), eps)
    return _scaled(y, *(None if a is None else _each_channel(a, x) for a in (weight, bias)))


def _standardized(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """Bring to mean 0 and variance 1 along axes."""
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return as_float((x - mean) / np.sqrt(variance + eps))


def _scaled(y: Array, weight: Array | None, bias: Array | None) -> Array:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _each_channel(values: ArrayLike, x: Array) -> Array:
    """Shape one value for each channel so that it broadcasts over x."""
    return as_float(values).reshape(-1, *(1,) * (x.ndim - 2))
