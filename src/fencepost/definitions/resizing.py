"""What changes the size of planes: adaptive pooling, upsampling, transposed convolution.

A batch of images has shape (N, C, H, W), a batch of signals (N, C, W).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def adaptive_avg_pool(x: ArrayLike, output_size: Sequence[int]) -> Array:
    """Return means of windows from floor(i · n / m) to ceil((i + 1) · n / m) along each axis.

    n elements become m, as PyTorch's adaptive pooling makes them.

    Examples
    --------
    >>> adaptive_avg_pool([[[1, 2, 3, 4, 5]]], [2])
    array([[[2., 4.]]])
    """

    def weights(n: int, m: int) -> Array:
        matrix = np.zeros((m, n))
        for i in range(m):
            window = slice(i * n // m, -(-(i + 1) * n // m))
            matrix[i, window] = 1 / (window.stop - window.start)
        return matrix

    return _along_axes(x, output_size, weights)


def upsample(x: ArrayLike, output_size: Sequence[int], mode: str = "nearest") -> Array:
    """Return planes of another size: element floor(i · n / m), or between two, along each axis.

    With mode "linear", an element lies at (i + 1/2) · n / m − 1/2 of the input, at least at 0, and
    its neighbours count by their distance (PyTorch's `align_corners=False`).

    Examples
    --------
    >>> upsample([[[0, 4]]], [4])
    array([[[0., 0., 4., 4.]]])
    >>> upsample([[[0, 4]]], [4], "linear")
    array([[[0., 1., 3., 4.]]])
    """

    def weights(n: int, m: int) -> Array:
        matrix = np.zeros((m, n))
        for i in range(m):
            if mode == "nearest":
                matrix[i, i * n // m] = 1
                continue
            position = max(0.0, (i + 0.5) * n / m - 0.5)
            low = math.floor(position)
            matrix[i, low] += 1 - (position - low)
            matrix[i, min(low + 1, n - 1)] += position - low
        return matrix

    return _along_axes(x, output_size, weights)


def conv_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int = 1,
) -> Array:
    """Add x(n, c, i) · weight(c, o, k) to y(n, o, i · stride + k · dilation − padding), plus bias.

    The gradient of a convolution as a layer of its own. V. Dumoulin, F. Visin, A guide to
    convolution arithmetic for deep learning, 2016, section 4.

    Parameters
    ----------
    x : array_like, (N, C, *size)
    weight : array_like, (C, O / groups, *kernel)
    bias : array_like, (O,), optional

    Returns
    -------
    ndarray, (N, O, *output)

    Examples
    --------
    >>> conv_transpose([[[1, 2]]], [[[1, 10]]], stride=[2], padding=[0], output_padding=[0],
    ...                dilation=[1])
    array([[[ 1., 10.,  2., 20.]]])
    """
    x, weight = as_float(x), as_float(weight)
    channels, each = weight.shape[:2]
    full = [
        (n - 1) * s + d * (k - 1) + 1 + extra
        for n, s, d, k, extra in zip(
            x.shape[2:], stride, dilation, weight.shape[2:], output_padding, strict=True
        )
    ]
    y = np.zeros((len(x), each * groups, *full))
    for c in range(channels):
        group = c // (channels // groups)
        for o in range(each):
            for element in np.ndindex(weight.shape[2:]):
                places = tuple(
                    slice(k * d, k * d + (n - 1) * s + 1, s)
                    for k, d, n, s in zip(element, dilation, x.shape[2:], stride, strict=True)
                )
                at = (slice(None), group * each + o, *places)
                y[at] += x[:, c] * weight[(c, o, *element)]
    cut = tuple(slice(p, size - p) for p, size in zip(padding, full, strict=True))
    y = y[(slice(None), slice(None), *cut)]
    return y if bias is None else y + as_float(bias).reshape(-1, *(1,) * (y.ndim - 2))


def _along_axes(
    x: ArrayLike, output_size: Sequence[int], weights: Callable[[int, int], Array]
) -> Array:
    """Multiply each axis by a matrix of weights, one row for each element that comes out."""
    y = as_float(x)
    for axis, size in enumerate(output_size, 2):
        matrix = weights(y.shape[axis], size)
        y = np.moveaxis(np.moveaxis(y, axis, -1) @ matrix.T, -1, axis)
    return y
