"""The arguments of convolve and correlate, checked once and brought to one form.

Part of convolution; may call boundaries, kernels, sizing, arguments and errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import sizing
from ..arguments import choice, integer, nearest
from ..errors import ArgumentError, DataError, SizeError, SizeProblem
from ..kernels import Kernel
from .boundaries import Boundary, Cells
from .methods import METHODS

Mode = Literal["full", "same", "valid"]
Origin = Literal["centre", "first"] | int | Sequence[int]

MODES = ("full", "same", "valid")
ORIGINS = ("centre", "first")


@dataclass(frozen=True)
class Call:
    """A call of convolve or correlate, as a correlation.

    Attributes
    ----------
    f : ndarray
    g : ndarray
        The correlation's kernel, its axes in the order of `axes`; not yet of `dtype`.
    axes : tuple of int
        The axes of f that g lies along, increasing.
    cells : tuple of int32 arrays
        For each of these axes, f's cell at each place of the extended array.
    fill : int, float or complex
    dtype : dtype
        Of the result: int64, float32, float64, complex64 or complex128.
    method : str
    """

    f: NDArray[Any]
    g: NDArray[Any]
    axes: tuple[int, ...]
    cells: tuple[Cells, ...]
    fill: complex
    dtype: np.dtype[Any]
    method: str


def read(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    mode: str,
    boundary: object,
    origin: object,
    axes: object,
    method: str,
    *,
    flip: bool,
) -> Call:
    """Check the arguments of a convolution (`flip`) or a correlation, and settle what follows."""
    choice("mode", mode, MODES)
    choice("method", method, METHODS)
    edges = Boundary.read(boundary)
    if edges.kind == "none":
        mode = "valid"
    array = numbers("f", f)
    kernel = numbers("g", g)
    dtype = _result(array.dtype, None if isinstance(g, Kernel) else kernel.dtype, edges.value)
    _refuse_unbounded(kernel)
    along = read_axes(axes, array.ndim, kernel.ndim)
    if isinstance(g, Kernel) and origin == "centre":
        origin = g.origin
    origins = read_origin(origin, kernel.shape, left=flip)
    order = np.argsort(along)
    kernel = kernel.transpose(order)
    along = tuple(along[i] for i in order)
    origins = tuple(origins[i] for i in order)
    if flip:
        kernel = np.flip(kernel)
        origins = tuple(size - 1 - cell for size, cell in zip(kernel.shape, origins, strict=True))
    elif kernel.dtype.kind == "c":
        kernel = kernel.conj()
    sizes = tuple(array.shape[axis] for axis in along)
    if mode == "valid" and any(k > n for k, n in zip(kernel.shape, sizes, strict=True)):
        raise SizeError(_too_large(array.shape, kernel.shape, along))
    cells = tuple(
        window_cells(edges, mode, size, reach, cell)
        for size, reach, cell in zip(sizes, kernel.shape, origins, strict=True)
    )
    return Call(array, kernel, along, cells, edges.value, dtype, method)


def numbers(name: str, values: ArrayLike | Kernel) -> NDArray[Any]:
    """Take an array of numbers that is not empty and has at least one axis."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of different lengths
        raise DataError(f"{name} must be an array of numbers. Received: {error}.") from None
    if array.dtype.kind not in "biufc":
        raise DataError(
            f"{name} must be an array of numbers. Received: dtype {array.dtype}. If it holds "
            f"numbers, {name}.astype(float) makes them so."
        )
    if array.dtype.kind in "fc" and array.dtype.itemsize > (8 if array.dtype.kind == "f" else 16):
        raise DataError(
            f"{name} must be in double precision at most. Received: dtype {array.dtype}. Use "
            f"{name}.astype({'float' if array.dtype.kind == 'f' else 'complex'})."
        )
    if array.ndim == 0:
        raise DataError(f"{name} must have at least one axis. Received: the number {array}.")
    if array.size == 0:
        raise DataError(f"{name} must have at least one cell. Received: shape {array.shape}.")
    return array


def read_axes(axes: object, dimensions: int, needed: int) -> tuple[int, ...]:
    """Return which axis of an array each of the `needed` axes of a kernel lies along."""
    if axes is None:
        if needed != dimensions:
            last = tuple(range(-needed, 0))
            example = f"axes={last[0] if needed == 1 else last}" if needed < dimensions else ""
            remedy = (
                f"Say with axes= along which axes of f it lies: {example} are the last."
                if example
                else "Use a g of as many axes or fewer."
            )
            raise ArgumentError(
                f"g must have as many axes as f, unless axes= is given. Received: f with "
                f"{dimensions}, g with {needed}. {remedy}"
            )
        return tuple(range(dimensions))
    given = axes if isinstance(axes, (tuple, list)) else (axes,)
    found = tuple(integer("axes", axis, -dimensions, dimensions - 1) % dimensions for axis in given)
    if len(found) != needed or len(set(found)) < needed:
        raise ArgumentError(
            f"axes must name {needed} different {'axis' if needed == 1 else 'axes'} of f, one for "
            f"each axis of the kernel. Received: axes={axes!r}."
        )
    return found


def read_origin(origin: object, shape: tuple[int, ...], *, left: bool) -> tuple[int, ...]:
    """Return the cell of a kernel that stands for coordinate 0.

    Of the two middle cells of an even size, "centre" is the left one for a convolution and the
    right one for a correlation, as in NumPy and SciPy's signal: the flip turns one into the other.
    """
    if isinstance(origin, str) and origin in ORIGINS:
        if origin == "first":
            return (0,) * len(shape)
        return tuple((size - left) // 2 for size in shape)
    given = origin if isinstance(origin, (tuple, list)) else (origin,)
    if isinstance(origin, str) or len(given) != len(shape):
        hint = nearest(origin, ORIGINS) if isinstance(origin, str) else ""
        count = "an index" if len(shape) == 1 else f"{len(shape)} indices"
        raise ArgumentError(
            f'origin must be "centre", "first" or {count} of a cell of g. '
            f"Received: origin={origin!r}. {hint}".rstrip()
        )
    return tuple(
        integer("origin", cell, 0, size - 1) for cell, size in zip(given, shape, strict=True)
    )


def _result(f: np.dtype[Any], g: np.dtype[Any] | None, fill: complex) -> np.dtype[Any]:
    """Return the result's dtype: NumPy's, but int64 for whole numbers and at least float32.

    A Kernel has no dtype of its own: floats keep theirs, and whole numbers become float64.
    """
    if g is None:
        dtype = f if f.kind in "fc" else np.dtype(np.float64)
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
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(kernel))[0])
        index = place[0] if len(place) == 1 else place
        raise DataError(
            f"g must be finite: every result would be lost. Received: g[{index}] = "
            f"{kernel[place]}. (NaN in f is kept where it is: it reaches the results whose window "
            "touches it.)"
        )


def window_cells(edges: Boundary, mode: str, size: int, reach: int, origin: int) -> Cells:
    """List the cells of f that the windows of one axis read, from the first to the last."""
    around = {"full": reach - 1, "same": 0, "valid": 0}[mode]
    pairs = (origin, reach - 1 - origin) if mode == "same" else (around, around)
    (window,) = sizing.windows(size, reach, padding=pairs)
    return edges.cells(-window.before, size + window.after, size)


def _too_large(
    shape: tuple[int, ...], kernel: tuple[int, ...], axes: tuple[int, ...]
) -> SizeProblem:
    axis, reach = next((a, k) for a, k in zip(axes, kernel, strict=True) if k > shape[a])
    return SizeProblem(
        'in mode="valid" (or boundary="none") the kernel must fit inside the array.',
        received=f"f of shape {shape}, g of shape {kernel}: {reach} cells of g along axis {axis} "
        f"of f, which has {shape[axis]}",
        remedy='Use mode="same" or "full" with a boundary, or a smaller kernel.',
    )
