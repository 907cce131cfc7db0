"""From arrays of any dtype and layout to tasks, and back.

Integers are summed in floating point as long as it holds every partial sum, else in 128 bits;
complex numbers are summed by their real parts; everything else is a matter of shape.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import _engine
from ..arrays import is_aligned
from ..errors import ArgumentError
from .boundaries import Boundary, edges_of
from .methods import Choice, choose, compute, recipe_of
from .methods.direct import Prepared, is_quickest
from .parsing import ConvolutionCall, parse_call, window_indices
from .task import Array, CorrelationTask

_PIXELS = (np.dtype(np.uint8), np.dtype(np.uint16))
_INT64 = np.iinfo(np.int64)


def correlated(call: ConvolutionCall) -> Array:
    """Compute a call."""
    if call.dtype.kind == "c":
        return _complex(call)
    return _real(call.f, call.g, call.fill.real, call.dtype, call)


_QUICK = 1 << 16  # elements up to which the time of a call is what matters
_FLOATS = {np.dtype(np.float32): "f", np.dtype(np.float64): "d"}


def quickly(
    f: object, g: object, mode: str, boundary: object, origin: object, axes: object, *, flip: bool
) -> Array | None:
    """Compute what is small and plain, or return None: then it goes the long way.

    Arrays in floats of one kind; what follows from their shapes is kept from call to call.
    """
    if type(f) is not np.ndarray or type(g) is not np.ndarray or f.size > _QUICK:
        return None
    # 1.0 and True are kept as if they were 1, and are none.
    if type(origin) is tuple and any(type(index) is not int for index in origin):
        return None
    kind = _FLOATS.get(f.dtype)
    if kind is None or g.dtype != f.dtype or not 0 < g.size <= f.size:
        return None
    if not (is_aligned(f) and is_aligned(g)):
        return None
    try:
        prepared = _prepared(f.shape, kind, g.shape, mode, boundary, origin, axes, flip)
    except TypeError:  # an argument that cannot be kept
        return None
    flat = g.ravel()
    if prepared is None:
        return None
    with np.errstate(over="ignore"):  # no news: the long way round takes large weights
        if not flat.dot(flat) < np.inf:
            return None
    return prepared.run(np.ascontiguousarray(f), flat[::-1].copy() if flip else flat)


@functools.lru_cache(maxsize=128, typed=True)
def _prepared(
    shape: tuple[int, ...],
    kind: str,
    kernel: tuple[int, ...],
    mode: str,
    boundary: object,
    origin: object,
    axes: object,
    flip: bool,
) -> Prepared | None:
    """Lay a call out, if it is computed directly, in real numbers, along all axes."""
    f, g = np.broadcast_to(np.array(0, kind), shape), np.zeros(kernel, kind)
    call = parse_call(f, g, mode, boundary, origin, axes, "auto", flip=flip)
    if call.dtype != kind or axes is not None:
        return None
    task = _task(call.f, call.g, call.fill.real, call.dtype, call)
    return Prepared(task, task.outputs) if is_quickest(task) else None


def explained(call: ConvolutionCall) -> Choice:
    """Choose for a call, with every method worked out; of a complex one, for a real part."""
    dtype = _real_part(call.dtype)
    f, g = (array.real if array.dtype.kind == "c" else array for array in (call.f, call.g))
    return choose(_task(f, g, call.fill.real, dtype, call), call.method)


def correlate_planes(
    source: Array,
    kernel: Array,
    origin: tuple[int, int],
    boundary: str,
    fill: float,
    out_dtype: DTypeLike,
    offset: float = 0.0,
    method: str = "auto",
    keeps_alpha: bool = False,
) -> Array:
    """Correlate images as they lie in memory, and keep or round to the dtype asked for.

    Parameters
    ----------
    source : ndarray, (planes, rows, columns, channels)
        uint8, uint16, float32 or float64; C-contiguous or it is copied.
    kernel : ndarray, (rows, columns)
        As it lies over the image.
    origin : (int, int)
        Which of the kernel's elements lies over the pixel that is computed.
    boundary : str
        A name that `convolve` takes, or "fill".
    fill : float
        What stands beyond the edges with "fill".
    out_dtype : dtype
        uint8 or uint16 (rounded to nearest, halves to even, and saturated), or the dtype of the
        arithmetic: float64 for a float64 or uint16 source, else float32.
    offset : float
        Added before rounding.
    keeps_alpha : bool
        Whether the last channel is taken over as it is.

    Returns
    -------
    ndarray, (planes, rows, columns, channels)
        Less the border if the boundary is "none".
    """
    edges = edges_of(boundary, fill)
    task = _image_task(np.ascontiguousarray(source), kernel, origin, edges, out_dtype, offset)
    task = replace(task, keep=origin) if keeps_alpha else task
    compute(task, method)
    return task.out


def image_recipe(
    shape: tuple[int, int, int],
    dtype: str,
    kernel: Array,
    origin: tuple[int, int],
    boundary: Boundary,
    offset: float = 0.0,
    keeps_alpha: bool = False,
) -> dict[str, Any] | None:
    """Return what `_engine.Recipes.add` takes for an image (rows, columns, channels), or None.

    It is `correlate_planes` of such an image, with results of the image's own dtype.
    """
    source = np.zeros((1, *shape), dtype)
    task = _image_task(source, kernel, origin, boundary, dtype, offset)
    return recipe_of(replace(task, keep=origin) if keeps_alpha else task)


def _image_task(
    source: Array,
    kernel: Array,
    origin: tuple[int, int],
    edges: Boundary,
    out_dtype: DTypeLike,
    offset: float,
) -> CorrelationTask:
    arithmetic = np.float64 if source.dtype in (np.float64, np.uint16) else np.float32
    kernel = np.ascontiguousarray(kernel, arithmetic)
    mode = "valid" if edges.kind == "none" else "same"
    indices = tuple(
        window_indices(edges, mode, *sizes)
        for sizes in zip(source.shape[1:-1], kernel.shape, origin, strict=True)
    )
    outputs = (len(along) - k + 1 for along, k in zip(indices, kernel.shape, strict=True))
    out = _engine.empty((source.shape[0], *outputs, source.shape[-1]), np.dtype(out_dtype))
    return CorrelationTask(source, kernel, indices, edges.value.real, out, offset)


def _complex(call: ConvolutionCall) -> Array:
    """Compute by real parts: (a + bi) ∗ (c + di) = (a∗c − b∗d) + (a∗d + b∗c) i."""
    dtype = _real_part(call.dtype)
    real = call.g.dtype.kind != "c"

    def part(f: Array, g: Array, fill: float) -> Array:
        return _real(f, g, fill, dtype, call)

    f, g, fill = call.f, call.g, complex(call.fill)
    result = part(f.real, g.real, fill.real).astype(call.dtype)
    if f.dtype.kind == "c" or fill.imag:
        result.imag = part(f.imag, g.real, fill.imag)
        if not real:
            result.real -= part(f.imag, g.imag, fill.imag)
    if not real:
        result.imag += part(f.real, g.imag, fill.real)
    return result


def _real_part(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.empty(0, dtype).real.dtype


def _real(f: Array, g: Array, fill: float, dtype: np.dtype[Any], call: ConvolutionCall) -> Array:
    """Compute one real convolution; `f` and `g` stand in for the call's own."""
    task = _task(f, g, fill, dtype, call)
    try:
        compute(task, call.method)
    except OverflowError:
        raise _does_not_fit() from None
    out = task.out
    if out.dtype != dtype:
        out = out.astype(dtype)
    axes = _together(call.axes, f.ndim)
    others = [axis for axis in range(f.ndim) if axis not in call.axes]
    before = axes[0]
    shape = [f.shape[axis] for axis in others]
    out = out.reshape(*shape[:before], *task.outputs, *shape[before:])
    return np.moveaxis(out, axes, call.axes) if axes != call.axes else out


def _together(axes: tuple[int, ...], dimensions: int) -> tuple[int, ...]:
    """Return axes side by side: as they are if they lie so, else the last ones."""
    if axes[-1] - axes[0] == len(axes) - 1:
        return axes
    return tuple(range(dimensions - len(axes), dimensions))


def _task(
    f: Array, g: Array, fill: float, dtype: np.dtype[Any], call: ConvolutionCall
) -> CorrelationTask:
    """Lay f out as (planes, *sizes, channels), in the dtype that it is summed in."""
    arithmetic, source = dtype, dtype
    largest = None
    if dtype.kind == "i":
        largest = _largest(f, g, int(fill))
        arithmetic, source = _exact_dtypes(f, g, largest)
        fill = int(fill) if arithmetic.kind == "i" else float(fill)
    elif dtype == np.float32 and f.dtype in _PIXELS:
        source = f.dtype
    axes = _together(call.axes, f.ndim)
    if axes != call.axes:
        f = np.moveaxis(f, call.axes, axes)
    first, last = axes[0], axes[-1]
    planes, sizes, channels = f.shape[:first], f.shape[first : last + 1], f.shape[last + 1 :]
    f = np.ascontiguousarray(f, source).reshape(math.prod(planes), *sizes, math.prod(channels))
    g = np.ascontiguousarray(g, arithmetic)
    outputs = (len(along) - k + 1 for along, k in zip(call.indices, g.shape, strict=True))
    out = _engine.empty((len(f), *outputs, f.shape[-1]), arithmetic)
    return CorrelationTask(f, g, call.indices, fill, out, largest=largest)


def _largest(f: Array, g: Array, fill: int) -> int:
    """Return the largest magnitude in f and fill. Raises ArgumentError beyond 64 bits."""
    largest = max(abs(int(f.max())), abs(int(f.min())), abs(fill))
    if max(largest, abs(int(g.max())), abs(int(g.min()))) > _INT64.max + 1:
        raise _does_not_fit()
    wide = (array for array in (f, g) if array.dtype.newbyteorder("=") == np.uint64)
    if any(array.max() > _INT64.max for array in wide):
        raise _does_not_fit()
    if not _INT64.min <= fill <= _INT64.max:
        raise _does_not_fit()
    return largest


def _exact_dtypes(f: Array, g: Array, largest: int) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Return the dtype in which integers are summed exactly, and the one they are read in."""
    weights = max(abs(int(g.max())), abs(int(g.min())))
    bound = largest * weights * g.size
    if weights * g.size < 2**63:  # then |g| can be summed in 64 bits
        bound = largest * int(np.abs(g.astype(np.int64)).sum())
    if bound < 2**24 and weights < 2**24 and f.dtype in _PIXELS:
        return np.dtype(np.float32), f.dtype
    if max(bound, weights, largest) < 2**53:
        return np.dtype(np.float64), np.dtype(np.float64)
    return np.dtype(np.int64), np.dtype(np.int64)


def _does_not_fit() -> ArgumentError:
    return ArgumentError(
        "integers and their results must fit 64 bits, but one of them does not. Use "
        "f.astype(float): results are then rounded to 53 bits."
    )
