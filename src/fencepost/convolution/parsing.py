"""The arguments of convolve and correlate, checked once and brought to one form."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, integer, is_sequence
from ..arrays import as_array
from ..errors import ArgumentError, DataError, SizeError, SizeProblem
from ..habits import nearest
from ..kernels import Kernel
from ..text import format_value
from .boundaries import Boundary, Indices, parse_boundary
from .methods import METHODS

Mode = Literal["full", "same", "valid"]
Origin = Literal["centre", "first"] | int | Sequence[int]

MODES = ("full", "same", "valid")
ORIGINS = ("centre", "first")
_KEPT = 1 << 14  # elements of an axis up to which its list of indices is kept for calls to come


@dataclass(frozen=True)
class ConvolutionCall:
    """A call of convolve or correlate, as a correlation.

    `f` (ndarray). `g` (ndarray): The correlation's kernel, its axes in the order of `axes`; not yet
    of `dtype`. `axes`: The axes of f that g lies along, increasing. `indices`: For each of these
    axes, f's index at each position of the extended array. `dtype`: Of the result: int64, float32,
    float64, complex64 or complex128.
    """

    f: NDArray[Any]
    g: NDArray[Any]
    axes: tuple[int, ...]
    indices: tuple[Indices, ...]
    fill: complex
    dtype: np.dtype[Any]
    method: str


@dataclass(frozen=True)
class LaidKernel:
    """A kernel as it slides over an array: of a correlation, its axes in the order of `axes`.

    `origins`: The index of the element that lies over the result, along each axis. `edges`, `mode`:
    What stands beyond the array's edges, and which results there are. `dtype`: Of the result.
    """

    g: NDArray[Any]
    axes: tuple[int, ...]
    origins: tuple[int, ...]
    edges: Boundary
    mode: str
    dtype: np.dtype[Any]


def parse_call(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    mode: str,
    boundary: object,
    origin: object,
    axes: object,
    method: str,
    *,
    flip: bool,
) -> ConvolutionCall:
    """Check the arguments of a convolution (`flip`) or a correlation, and resolve what follows."""
    choice("mode", mode, MODES)
    choice("method", method, METHODS)
    edges = parse_boundary(boundary)
    array = parse_array("f", f)
    laid = lay_kernel(array.shape, array.dtype, g, mode, edges, origin, axes, flip=flip)
    indices = tuple(
        window_indices(edges, laid.mode, array.shape[axis], kernel_size, at)
        for axis, kernel_size, at in zip(laid.axes, laid.g.shape, laid.origins, strict=True)
    )
    return ConvolutionCall(array, laid.g, laid.axes, indices, edges.value, laid.dtype, method)


def lay_kernel(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    g: ArrayLike | Kernel,
    mode: str,
    edges: Boundary,
    origin: object,
    axes: object,
    *,
    flip: bool,
) -> LaidKernel:
    """Check a kernel for an array of which shape and dtype are all that is known."""
    if edges.kind == "none":
        mode = "valid"
    kernel = parse_array("g", g)
    result = _result(dtype, None if isinstance(g, Kernel) else kernel.dtype, edges.value)
    _refuse_unbounded(kernel)
    along = parse_axes(axes, len(shape), kernel.ndim)
    if isinstance(g, Kernel) and origin == "centre":
        origin = g.origin
    origins = parse_origin(origin, kernel.shape, left=flip)
    order = np.argsort(along)
    kernel = kernel.transpose(order)
    along = tuple(along[i] for i in order)
    origins = tuple(origins[i] for i in order)
    if flip:
        kernel = np.flip(kernel)
        origins = tuple(size - 1 - at for size, at in zip(kernel.shape, origins, strict=True))
    elif kernel.dtype.kind == "c":
        kernel = kernel.conj()
    if mode == "valid" and any(
        k > shape[axis] for k, axis in zip(kernel.shape, along, strict=True)
    ):
        raise SizeError(_too_large(shape, kernel.shape, along))
    return LaidKernel(kernel, along, origins, edges, mode, result)


def parse_array(name: str, values: ArrayLike | Kernel) -> NDArray[Any]:
    """Take an array of numbers that is not empty and has at least one axis."""
    array = as_array(name, values)
    if array.dtype.kind in "fc" and array.dtype.itemsize > (8 if array.dtype.kind == "f" else 16):
        raise DataError(
            f"{name} must be in double precision at most. Received: dtype {array.dtype}. Use "
            f"{name}.astype({'float' if array.dtype.kind == 'f' else 'complex'})."
        )
    if array.ndim == 0:
        raise DataError(f"{name} must have at least one axis. Received: the number {array}.")
    if array.size == 0:
        raise DataError(f"{name} must have at least one element. Received: shape {array.shape}.")
    return array


def _sequence(value: Any) -> Sequence[Any]:
    """Return the values of a list, a tuple or an array, or the one that is no sequence."""
    return tuple(value) if is_sequence(value) else (value,)


def parse_axes(axes: object, dimensions: int, needed: int) -> tuple[int, ...]:
    """Return which axis of an array each of the `needed` axes of a kernel lies along."""
    if axes is None:
        if needed != dimensions:
            last = tuple(range(-needed, 0))
            example = f"axes={last[0] if needed == 1 else last}" if needed < dimensions else ""
            remedy = (
                f"Specify the axes of f with axes=: {example} are the last."
                if example
                else "Use a g with at most as many axes."
            )
            raise ArgumentError(
                f"g must have as many axes as f, unless axes= is given. Received: f with "
                f"{dimensions}, g with {needed}. {remedy}"
            )
        return tuple(range(dimensions))
    along = tuple(
        integer("axes", axis, -dimensions, dimensions - 1) % dimensions for axis in _sequence(axes)
    )
    if len(along) != needed or len(set(along)) < needed:
        raise ArgumentError(
            f"axes must name {needed} different {'axis' if needed == 1 else 'axes'} of f, one for "
            f"each axis of the kernel. Received: axes={format_value(axes)}."
        )
    return along


def parse_origin(origin: object, shape: tuple[int, ...], *, left: bool) -> tuple[int, ...]:
    """Return the index of a kernel's element that stands for coordinate 0.

    Of the two middle elements of an even size, "centre" is the left one for a convolution and the
    right one for a correlation, as in NumPy and SciPy's signal: the flip turns one into the other.
    """
    if isinstance(origin, str) and origin in ORIGINS:
        if origin == "first":
            return (0,) * len(shape)
        return tuple((size - left) // 2 for size in shape)
    given = _sequence(origin)
    if isinstance(origin, str) or len(given) != len(shape):
        hint = nearest(origin, ORIGINS) if isinstance(origin, str) else ""
        count = "an index" if len(shape) == 1 else f"{len(shape)} indices"
        raise ArgumentError(
            f'origin must be "centre", "first" or {count} of an element of g. '
            f"Received: origin={format_value(origin)}. {hint}".rstrip()
        )
    return tuple(
        integer("origin", index, 0, size - 1) for index, size in zip(given, shape, strict=True)
    )


def _result(f: np.dtype[Any], g: np.dtype[Any] | None, fill: complex) -> np.dtype[Any]:
    """Return the result's dtype: NumPy's, but int64 for integers and at least float32.

    A Kernel has no dtype of its own: floats keep theirs, and integers become float64.
    """
    if g is None:
        dtype = f.newbyteorder("=") if f.kind in "fc" else np.dtype(np.float64)
    elif f.kind in "biu" and g.kind in "biu":
        dtype = np.dtype(np.int64)
    else:
        dtype = np.result_type(f, g)
    if dtype.kind == "i" and fill != int(fill.real):
        dtype = np.dtype(np.float64)
    if isinstance(fill, complex) and fill.imag:
        dtype = np.result_type(dtype, np.complex64)
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _refuse_unbounded(kernel: NDArray[Any]) -> None:
    if kernel.dtype.kind in "fc" and not np.isfinite(kernel).all():
        position = tuple(int(i) for i in np.argwhere(~np.isfinite(kernel))[0])
        index = position[0] if len(position) == 1 else position
        raise DataError(
            f"g must be finite, or every result would be NaN or infinite. Received: g[{index}] = "
            f"{kernel[position]}. (NaN in f is kept where it is: it reaches the results whose "
            "window touches it.)"
        )


def window_indices(edges: Boundary, mode: str, size: int, kernel_size: int, origin: int) -> Indices:
    """List the indices of f that the windows of one axis read, from the first to the last."""
    make = _kept_indices if size + kernel_size <= _KEPT else _indices
    return make(edges, mode, size, kernel_size, origin)


def _indices(edges: Boundary, mode: str, size: int, kernel_size: int, origin: int) -> Indices:
    before, after = {
        "full": (kernel_size - 1, kernel_size - 1),
        "same": (origin, kernel_size - 1 - origin),
        "valid": (0, 0),
    }[mode]
    indices = edges.indices(-before, size + after, size)
    indices.flags.writeable = False  # calls to come may share it
    return indices


_kept_indices = functools.lru_cache(maxsize=64)(_indices)


def _too_large(
    shape: tuple[int, ...], kernel: tuple[int, ...], axes: tuple[int, ...]
) -> SizeProblem:
    axis, size = next((a, k) for a, k in zip(axes, kernel, strict=True) if k > shape[a])
    return SizeProblem(
        'in mode="valid" (or boundary="none") the kernel must fit inside the array.',
        received=f"f of shape {shape}, g of shape {kernel}: {size} elements of g along axis "
        f"{axis} of f, which has {shape[axis]}",
        remedy='Use mode="same" or "full" with a boundary, or a smaller kernel.',
    )
