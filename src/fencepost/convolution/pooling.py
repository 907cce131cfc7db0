"""Pooling of arrays: the largest, mean or sum of each window, over any axes.

What the layers MaxPool2d, AvgPool2d and SumPool2d compute, for plain arrays. Pooling is separable:
the maximum over a box is the maximum along one axis of the maxima along the others, so any axes are
pooled one after the other where they lie, and the last two together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _engine, sizing
from ..arguments import flag, integer, is_sequence
from ..errors import ArgumentError, DataError, SizeError, SizeProblem
from ..sizing import Padding, Remainder, Sizes, Window
from ..text import format_value
from .parsing import parse_array

_EXACT = 1 << 24  # up to which float32 holds every integer
Array = NDArray[Any]
Axes = int | Sequence[int] | None


@overload
def max_pool(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    *,
    axes: Axes = None,
    remainder: Remainder = "error",
    return_indices: Literal[False] = False,
) -> Array: ...
@overload
def max_pool(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    *,
    axes: Axes = None,
    remainder: Remainder = "error",
    return_indices: Literal[True],
) -> tuple[Array, NDArray[np.int64]]: ...
def max_pool(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    *,
    axes: Axes = None,
    remainder: Remainder = "error",
    return_indices: bool = False,
) -> Array | tuple[Array, NDArray[np.int64]]:
    """Return the largest element of each window.

    Parameters
    ----------
    x : array_like, (...)
        Real numbers. Axes that are not pooled are a batch.
    kernel_size : int or sequence of int
        Elements of a window, for all pooled axes or for each.
    stride : int or sequence of int, optional
        Elements from one window to the next; by default kernel_size, so that windows do not
        overlap.
    padding : int, sequence or "same"
        Elements around x, as in `output_size`; they are never the maximum.
    axes : int or tuple of int, optional
        Which axes to pool. By default as many of the last as kernel_size has numbers; if it is an
        int, the last two, or the only one.
    remainder : {"error", "crop", "pad"}
        What to do with elements at the far edge that no window would cover: raise SizeError, drop
        them, or add the padding that is missing.
    return_indices : bool
        Whether to return the index of each maximum too.

    Returns
    -------
    ndarray, or (ndarray, ndarray of int64)
        Maxima in x's dtype. Indices are into the flattened pooled axes of x, row by row, as in
        PyTorch: ``np.unravel_index(indices, sizes)``. Of equal elements the first counts; NaN is
        larger than any number.

    Raises
    ------
    SizeError
        Windows do not fit, or one would cover nothing but padding.
    ArgumentError, DataError
        An argument, or x, is not of the kind described.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.max_pool([[1, 5, 2, 0], [3, 4, 9, 8]], 2)
    array([[5, 9]])
    >>> fp.max_pool([1, 5, 2, 4], 2, return_indices=True)
    (array([5, 4]), array([1, 3]))
    """
    array = _numbers(x)
    return_indices = flag("return_indices", return_indices)
    pooled, windows = _windows(array.shape, kernel_size, stride, padding, axes, remainder)
    source, back = _comparable(array)
    indices: NDArray[np.int64] | None = None
    behind = 1  # elements of the axes that are pooled already
    for group in reversed(_stages(pooled, array.ndim)):
        source, argmax = _stage("max", source, group, windows, return_indices)
        if return_indices:
            indices = _further(indices, argmax, group, array.shape, behind)
            behind *= math.prod(array.shape[axis] for axis in group)
    result: Array = back(source)
    if indices is not None:
        return result, indices.reshape(result.shape)
    return result


def avg_pool(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    *,
    axes: Axes = None,
    remainder: Remainder = "error",
    count_include_pad: bool = True,
) -> Array:
    """Return the mean of each window.

    Parameters and errors are those of `max_pool`, and:

    Parameters
    ----------
    count_include_pad : bool
        Whether zeros of the padding count among the elements of a window (PyTorch's default).

    Returns
    -------
    ndarray
        float32 if x is float32 or float16, else float64.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.avg_pool([1, 5, 2, 4], 2, padding=1)
    array([0.5, 3.5, 2. ])
    >>> fp.avg_pool([1, 5, 2, 4], 2, padding=1, count_include_pad=False)
    array([1. , 3.5, 4. ])
    """
    array = _numbers(x)
    count_include_pad = flag("count_include_pad", count_include_pad)
    single = array.dtype.newbyteorder("=") in (np.float32, np.float16)
    pooled, windows = _windows(array.shape, kernel_size, stride, padding, axes, remainder)
    source = np.ascontiguousarray(array, np.float32 if single else np.float64)
    return _all_stages("avg", source, pooled, windows, count_include_pad)


def sum_pool(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    *,
    axes: Axes = None,
    remainder: Remainder = "error",
) -> Array:
    """Return the sum of each window. Parameters and errors are those of `max_pool`.

    Returns
    -------
    ndarray
        int64, exactly, if x is integers or True and False (ArgumentError if a sum does not
        fit); float32 if x is float32 or float16, else float64.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.sum_pool([[1, 5, 2, 0], [3, 4, 9, 8]], (2, 4))
    array([[32]])
    """
    array = _numbers(x)
    pooled, windows = _windows(array.shape, kernel_size, stride, padding, axes, remainder)
    if array.dtype.kind == "f":
        dtype = np.float32 if array.dtype.itemsize <= 4 else np.float64
        return _all_stages("sum", np.ascontiguousarray(array, dtype), pooled, windows)
    if array.dtype.newbyteorder("=") == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise _does_not_fit()
    count = math.prod(window.kernel for window in windows.values())
    if array.dtype.itemsize <= 2 and count << 8 * array.dtype.itemsize <= _EXACT:
        source = np.ascontiguousarray(array, np.float32)  # a half of the memory, and as exact
        return _all_stages("sum", source, pooled, windows).astype(np.int64)
    try:
        return _all_stages("sum", np.ascontiguousarray(array, np.int64), pooled, windows)
    except OverflowError:
        raise _does_not_fit() from None


def _numbers(x: ArrayLike) -> Array:
    array = parse_array("x", x)
    if array.dtype.kind == "c":
        raise DataError(
            "x must be real: complex numbers have no order. Received: dtype "
            f"{array.dtype}. Pool x.real and x.imag."
        )
    return array


def _windows(
    shape: tuple[int, ...],
    kernel_size: Any,
    stride: Any,
    padding: Any,
    axes: Any,
    remainder: Any,
) -> tuple[tuple[int, ...], dict[int, Window]]:
    """Return which axes are pooled, increasing, and the windows of each."""
    count = len(kernel_size) if isinstance(kernel_size, (tuple, list)) else min(2, len(shape))
    if axes is None:
        if count > len(shape):
            raise ArgumentError(
                f"kernel_size must have at most as many numbers as x has axes, {len(shape)}. "
                f"Received: kernel_size={format_value(kernel_size)}."
            )
        axes = tuple(range(len(shape) - count, len(shape)))
    given = axes if is_sequence(axes) else (axes,)
    named = [integer("axes", axis, -len(shape), len(shape) - 1) % len(shape) for axis in given]
    if not named or len(set(named)) < len(named):
        raise ArgumentError(
            f"axes must name different axes of x. Received: axes={format_value(axes)}."
        )
    try:
        windows = sizing.windows(
            tuple(shape[axis] for axis in named),
            kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            remainder=remainder,
            pool=True,
        )
    except SizeError as error:
        raise error.taking(("kernel_size", "stride", "padding", "remainder")) from None
    for axis, window in zip(named, windows, strict=True):
        if window.blank_windows:
            raise SizeError(
                SizeProblem(
                    "every pooling window must cover at least one element of the input.",
                    received=f"along axis {axis}: input_size={window.input}, "
                    f"kernel_size={window.kernel}, stride={window.stride}, "
                    f"padding={(window.before, window.after)}",
                    remedy=f"Use a padding of at most {window.kernel // 2}.",
                )
            )
    return tuple(sorted(named)), dict(zip(named, windows, strict=True))


def _stages(axes: tuple[int, ...], dimensions: int) -> list[tuple[int, ...]]:
    """Group axes that the engine pools in one go: the last two of the array, else one at a time."""
    if axes[-2:] == (dimensions - 2, dimensions - 1):
        return [*((axis,) for axis in axes[:-2]), axes[-2:]]
    return [(axis,) for axis in axes]


def _all_stages(
    kind: str,
    source: Array,
    axes: tuple[int, ...],
    windows: dict[int, Window],
    count_include_pad: bool = True,
) -> Array:
    for group in reversed(_stages(axes, source.ndim)):
        source, _ = _stage(kind, source, group, windows, False, count_include_pad)
    return source


def _stage(
    kind: str,
    source: Array,
    axes: tuple[int, ...],
    windows: dict[int, Window],
    indices: bool,
    count_include_pad: bool = True,
) -> tuple[Array, Array | None]:
    """Pool the last two axes, or one axis with whatever is behind it as columns."""
    first, last = axes[0], axes[-1]
    down, across = windows[first], windows[last]
    if len(axes) == 1:
        across = Window(math.prod(source.shape[first + 1 :]), 1)
    planes = source.reshape(math.prod(source.shape[:first]), down.input, across.input)
    out = np.empty((len(planes), down.output, across.output), source.dtype)
    argmax = np.empty(out.shape, np.int64) if indices else None
    _engine.pool(
        kind,
        planes,
        (down.kernel, across.kernel),
        (down.stride, across.stride),
        (down.before, across.before),
        out,
        argmax,
        count_include_pad,
    )
    sizes = [windows[axis].output if axis in axes else n for axis, n in enumerate(source.shape)]
    return out.reshape(sizes), argmax


def _further(
    before: Array | None,
    argmax: Array | None,
    axes: tuple[int, ...],
    shape: tuple[int, ...],
    behind: int,
) -> NDArray[np.int64]:
    """Combine indices within the axes pooled before with those of one more stage.

    `before` are indices of the axes behind, at the elements that this stage chose from; `argmax`
    its choice among (its axis, everything behind), `behind` how many elements the axes behind have
    in x.
    """
    assert argmax is not None
    if before is None and len(axes) == 2:
        return argmax
    planes, _, columns = argmax.shape
    position: NDArray[np.int64] = argmax // columns
    if before is None:
        return position
    chosen = before.reshape(planes, -1)
    earlier = np.take_along_axis(chosen, argmax.reshape(planes, -1), axis=1).reshape(argmax.shape)
    position *= behind
    position += earlier
    return position


def _comparable(array: Array) -> tuple[Array, Any]:
    """Return the array in a dtype that the engine orders, and the way back."""
    dtype, native = array.dtype, array.dtype.newbyteorder("=")
    if native == np.uint64:  # the highest bit flipped, the order is that of int64
        highest = np.uint64(1 << 63)
        ordered = np.ascontiguousarray(array ^ highest).view(np.int64)
        return ordered, lambda out: (out.view(np.uint64) ^ highest).astype(dtype, copy=False)
    kinds = {"f": np.float64 if native == np.float64 else np.float32, "b": np.uint8}
    narrow = np.uint8 if dtype == np.uint8 else np.float32 if dtype.itemsize <= 2 else np.int64
    source = np.ascontiguousarray(array, kinds.get(dtype.kind, narrow))
    return source, lambda out: out.astype(dtype, copy=False)


def _does_not_fit() -> ArgumentError:
    return ArgumentError(
        "sums of integers must fit 64 bits, but one of them does not. Use "
        "sum_pool(x.astype(float), …): results are then rounded to 53 bits."
    )
