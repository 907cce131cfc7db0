"""What the layers of a network compute.

Batches have shape (N, C, H, W) or (N, C, W); `kernel`, `stride` and `dilation` have one integer for
each axis after the channels (or are an int for all), `padding` a pair (before, after) for each (or
is an int). Where the division of the output-size equation leaves a remainder, it is cropped: that
it may be is for the caller to decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ..sizing import Window, windows
from .arrays import Array, as_float

PerAxis: TypeAlias = int | Sequence[int]
Pairs: TypeAlias = int | Sequence[tuple[int, int]]


def conv_layer(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: PerAxis = 1,
    padding: Pairs = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    connections: ArrayLike | None = None,
) -> Array:
    """Return y(n, o, p) = bias(o) + Σᵢ Σₖ x(n, i, p·stride + k·dilation − pad) · weight(o, i, k).

    p runs over the outputs, k over the kernel, i over the input channels that feed o, and pad
    is the padding before the first element. Beyond the edges x is 0. This is
    cross-correlation: a layer's kernel is not flipped. V. Dumoulin, F. Visin, A guide to
    convolution arithmetic for deep learning, 2016.

    Parameters
    ----------
    x : array_like, (N, C, W) or (N, C, H, W)
        The batch.
    weight : array_like, (O, C / groups, *kernel), or (number of connections, *kernel)
        The kernels; with `connections`, one for each 1 of the table, row by row.
    bias : array_like, (O,), optional
        0 if None.
    groups : int
        Into how many groups channels are cut; each depends on the inputs of its own group only.
    connections : array_like of 0 and 1, (O, C), optional
        Which input channel feeds which output channel.

    Returns ndarray, (N, O, *output).

    >>> conv_layer([[[1, 2, 4, 8]]], [[[1, 10]]], [0.5])
    array([[[21.5, 42.5, 84.5]]])
    """
    x = as_float(x)
    channels, size = x.shape[1], x.shape[2:]
    kernels = dense_weights(weight, channels, groups=groups, connections=connections)
    biases = np.zeros(len(kernels)) if bias is None else as_float(bias)
    axes = _windows(size, kernels.shape[2:], stride, padding, dilation)
    padded = _padded(x, axes, 0.0)
    y = np.empty((len(x), len(kernels), *(axis.output for axis in axes)))
    for position in np.ndindex(y.shape[2:]):
        field = padded[_receptive_field(axes, position)]
        for output, kernel in enumerate(kernels):
            sums = (field * kernel).reshape(len(x), -1).sum(axis=1)
            y[(slice(None), output, *position)] = biases[output] + sums
    return y


def dense_weights(
    weight: ArrayLike, channels: int, *, groups: int = 1, connections: ArrayLike | None = None
) -> Array:
    """Return the weights of a layer that is connected in full and computes the same.

    A connection that is missing is a kernel of zeros.

    Returns ndarray, (O, C, *kernel).

    >>> dense_weights([[[5]], [[7]]], channels=2, groups=2)[..., 0]
    array([[5., 0.],
           [0., 7.]])
    """
    weight = as_float(weight)
    if connections is not None:
        table = np.asarray(connections, bool)
        dense = np.zeros((*table.shape, *weight.shape[1:]))
        for kernel, (output, channel) in zip(weight, np.argwhere(table), strict=True):
            dense[output, channel] = kernel
        return dense
    outputs = len(weight)
    group_inputs, group_outputs = channels // groups, outputs // groups
    dense = np.zeros((outputs, channels, *weight.shape[2:]))
    for output in range(outputs):
        first = output // group_outputs * group_inputs
        dense[output, first : first + group_inputs] = weight[output]
    return dense


def max_pool(
    x: ArrayLike, kernel: PerAxis, *, stride: PerAxis | None = None, padding: Pairs = 0
) -> Array:
    """Return the largest element of each window; padding is never the largest.

    The stride is the kernel's size if None.

    Examples
    --------
    >>> max_pool([[[1, 5, 2, 4]]], 2)
    array([[[5., 4.]]])
    """
    return _pool(x, kernel, stride, padding, -math.inf, np.max)


def avg_pool(
    x: ArrayLike,
    kernel: PerAxis,
    *,
    stride: PerAxis | None = None,
    padding: Pairs = 0,
    count_include_pad: bool = True,
) -> Array:
    """Return the mean of each window, in which the zeros of the padding count as elements, or not.

    The stride is the kernel's size if None.

    Examples
    --------
    >>> avg_pool([[[1, 5, 2, 4]]], 2, padding=1)
    array([[[0.5, 3.5, 2. ]]])
    >>> avg_pool([[[1, 5, 2, 4]]], 2, padding=1, count_include_pad=False)
    array([[[1. , 3.5, 4. ]]])
    """
    total = sum_pool(x, kernel, stride=stride, padding=padding)
    counts = sum_pool(np.ones_like(as_float(x)), kernel, stride=stride, padding=padding)
    if count_include_pad:
        counts[...] = np.prod(np.broadcast_to(kernel, np.ndim(x) - 2))
    return total / counts


def sum_pool(
    x: ArrayLike, kernel: PerAxis, *, stride: PerAxis | None = None, padding: Pairs = 0
) -> Array:
    """Return the sum of each window. The stride is the kernel's size if None.

    >>> sum_pool([[[1, 5, 2, 4]]], 2)
    array([[[6., 6.]]])
    """
    return _pool(x, kernel, stride, padding, 0.0, np.sum)


def flatten(x: ArrayLike) -> Array:
    """Return (N, F): each image's values in a row, channel by channel."""
    x = as_float(x)
    return x.reshape(len(x), -1)


def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """Return y(n, o) = bias(o) + Σᵢ x(n, i) · weight(o, i).

    x has shape (N, F), weight (O, F), bias (O,).

    >>> linear([[1, 2]], [[10, 100], [3, 4]], [0, 0.5])
    array([[210. ,  11.5]])
    """
    x, weight = as_float(x), as_float(weight)
    y = np.empty((len(x), len(weight)))
    for n in range(len(x)):
        for output in range(len(weight)):
            y[n, output] = (x[n] * weight[output]).sum()
    return y if bias is None else y + as_float(bias)


def affine(x: ArrayLike, weight: ArrayLike, bias: ArrayLike) -> Array:
    """Return weight(c) · x + bias(c), c being the channel.

    After a `sum_pool` this is the trainable subsampling of LeNet-5 (LeCun et al. 1998, II.B).
    """
    x = as_float(x)
    return _channels(weight, x) * x + _channels(bias, x)


def rbf(x: ArrayLike, centres: ArrayLike, variance: float = 0.5) -> Array:
    """Return y(n, j) = −Σᵢ (x(n, i) − centres(j, i))² / (2 variance).

    LeCun et al. 1998, equation 7, with its sign changed so that the nearest centre has the
    largest value, as every other output layer has it.

    x has shape (N, F), centres (O, F).

    >>> rbf([[1, 2]], [[1, 2], [0, 4]])
    array([[-0., -5.]])
    """
    x, centres = as_float(x), as_float(centres)
    y = np.empty((len(x), len(centres)))
    for n in range(len(x)):
        for output in range(len(centres)):
            y[n, output] = -((x[n] - centres[output]) ** 2).sum() / (2 * variance)
    return y


def batch_norm_training(
    x: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> Array:
    """Return (x − mean) / √(variance + eps) · weight + bias, by channel over the whole batch.

    The variance is the biased one (divided by the number of values). S. Ioffe, C. Szegedy, Batch
    normalization, 2015, algorithm 1.

    >>> batch_norm_training([[[1.0, 3.0]]], eps=0)
    array([[[-1.,  1.]]])
    """
    x = as_float(x)
    mean, variance = _moments(x)
    return batch_norm_inference(x, mean, variance, weight, bias, eps=eps)


def batch_norm_running(
    x: ArrayLike, mean: ArrayLike, variance: ArrayLike, *, momentum: float = 0.1
) -> tuple[Array, Array]:
    """Return (1 − momentum) · old + momentum · new for mean and variance after the batch x.

    The new variance is the unbiased one (divided by the number of values less one), as in
    PyTorch: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """
    x = as_float(x)
    new_mean, biased = _moments(x)
    count = x.size // x.shape[1]
    unbiased = biased * count / (count - 1)
    return (
        (1 - momentum) * as_float(mean) + momentum * new_mean,
        (1 - momentum) * as_float(variance) + momentum * unbiased,
    )


def batch_norm_inference(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> Array:
    """Return (x − mean) / √(variance + eps) · weight + bias with a given mean and variance."""
    x = as_float(x)
    y: Array = (x - _channels(mean, x)) / np.sqrt(_channels(variance, x) + eps)
    if weight is not None:
        y = y * _channels(weight, x)
    if bias is not None:
        y = y + _channels(bias, x)
    return y


def dropout(x: ArrayLike, mask: ArrayLike, p: float) -> Array:
    """Return x · mask / (1 − p): values are dropped with probability p and the rest made up for.

    The mask is 1 where a value is kept; with p = 1 none is. N. Srivastava et al., Dropout, 2014,
    section 10: scaled in training, so that nothing is left to do in use.
    """
    x, mask = as_float(x), np.asarray(mask, bool)
    return np.zeros_like(x) if p == 1 else np.where(mask, x / (1 - p), 0.0)


def add(x: ArrayLike, other: ArrayLike) -> Array:
    """Return x + other: what a residual connection does (K. He et al. 2015, equation 1)."""
    return as_float(x) + as_float(other)


def concat(*parts: ArrayLike) -> Array:
    """Return arrays side by side along the channels: those of the second after the first's.

    G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, Densely connected convolutional networks,
    2016, equation 2.

    Examples
    --------
    >>> concat([[[1, 2]]], [[[3, 4], [5, 6]]]).shape
    (1, 3, 2)
    """
    arrays = [as_float(part) for part in parts]
    y = np.empty((len(arrays[0]), sum(a.shape[1] for a in arrays), *arrays[0].shape[2:]))
    first = 0
    for array in arrays:
        y[:, first : first + array.shape[1]] = array
        first += array.shape[1]
    return y


def gate(x: ArrayLike, factors: ArrayLike) -> Array:
    """Return x · factors, one factor counting for all of an axis along which there is only one.

    J. Hu, L. Shen, G. Sun, Squeeze-and-excitation networks, 2017, equation 4.

    Parameters
    ----------
    x : array_like, (N, C, H, W), (N, C, W) or (N, C)
    factors : array_like, (N, C), or of x's axes with 1 in place of some sizes

    Examples
    --------
    >>> gate([[[1, 2], [3, 4]]], [[10, 100]])
    array([[[ 10.,  20.],
            [300., 400.]]])
    """
    x, factors = as_float(x), as_float(factors)
    return x * factors.reshape(*factors.shape, *(1,) * (x.ndim - factors.ndim))


def _pool(
    x: ArrayLike,
    kernel: PerAxis,
    stride: PerAxis | None,
    padding: Pairs,
    fill: float,
    reduce: Callable[..., Array],
) -> Array:
    x = as_float(x)
    axes = _windows(x.shape[2:], kernel, kernel if stride is None else stride, padding, 1)
    padded = _padded(x, axes, fill)
    y = np.empty((*x.shape[:2], *(axis.output for axis in axes)))
    for position in np.ndindex(y.shape[2:]):
        field = padded[_receptive_field(axes, position)]
        y[(slice(None), slice(None), *position)] = reduce(field.reshape(*x.shape[:2], -1), axis=-1)
    return y


def _windows(
    size: Sequence[int], kernel: PerAxis, stride: PerAxis, padding: Pairs, dilation: PerAxis
) -> tuple[Window, ...]:
    pairs = padding if isinstance(padding, int) else tuple(padding)
    return windows(tuple(size), kernel, stride, pairs, dilation, remainder="crop")


def _padded(x: Array, axes: Sequence[Window], fill: float) -> Array:
    pairs = [(0, 0), (0, 0), *((axis.before, axis.after) for axis in axes)]
    return np.pad(x, pairs, constant_values=fill)


def _receptive_field(axes: Sequence[Window], position: Sequence[int]) -> tuple[slice, ...]:
    """Index the receptive field of one output, for all images and channels."""
    fields = (
        slice(start := p * axis.stride, start + axis.effective_kernel_size, axis.dilation)
        for p, axis in zip(position, axes, strict=True)
    )
    return slice(None), slice(None), *fields


def _moments(x: Array) -> tuple[Array, Array]:
    """Return mean and biased variance of each channel."""
    channels = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    return channels.mean(axis=1), channels.var(axis=1)


def _channels(values: ArrayLike, x: Array) -> Array:
    """Shape one value for each channel so that it broadcasts over x."""
    return as_float(values).reshape(-1, *(1,) * (x.ndim - 2))
