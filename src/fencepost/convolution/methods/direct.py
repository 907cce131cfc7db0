"""The sum as it is defined, by the engine's loops.

The engine takes planes of rows and columns, whatever a task's number of axes. The terms of a sum
may come from any plane, which is enough: a kernel of three axes is as many kernels of two as it has
layers, each reading its own plane.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from ... import _engine
from ..boundaries import FILL, Indices
from ..task import Array, CorrelationTask
from . import costs
from .candidate import Candidate, multiplications

_FEW = 9  # weights of a kernel that nothing is quicker for
_RESULTS = 1 << 17
SMALL = 150e-6  # seconds: below this, weighing other methods takes longer than they can save


def propose(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    """Say what the sum as defined would cost."""
    seconds = costs.direct(task.out.size, task.kernel.shape, task.kernel.dtype)
    note = multiplications(task.kernel.size)
    return Candidate("direct", seconds / _engine.get_num_threads(), note, lambda: run(task))


def is_quickest(task: CorrelationTask) -> bool:
    """Whether a task is so small that no other method needs to be weighed."""
    if task.kernel.size <= _FEW and task.out.size <= _RESULTS:
        return True
    return costs.direct(task.out.size, task.kernel.shape, task.kernel.dtype) < SMALL


def run(task: CorrelationTask) -> None:
    """Compute `task` directly."""
    _engine.correlate(*arguments(task), task.offset, keep=task.keep)


def run_at(task: CorrelationTask, positions: Array) -> None:
    """Compute the results at positions of `task.out` in floats, counted in its elements."""
    _engine.correlate_at(*arguments(task), positions, task.offset)


class Prepared:
    """A small task laid out once, to be computed for other values in arrays of the same shapes."""

    __slots__ = ("_constants", "_kernels", "_lists", "_out", "_outputs", "_source")

    def __init__(self, task: CorrelationTask, outputs: tuple[int, ...]) -> None:
        flat = lay_out(task)
        self._source, self._kernels, self._out = (
            array.shape for array in (flat.source, flat.kernels, flat.out)
        )
        self._lists = flat.terms, flat.rows, flat.columns
        self._constants = float(task.fill), task.out.dtype, task.offset
        self._outputs = outputs

    def run(self, source: Array, kernel: Array) -> Array:
        """Return the results, in the shape they were prepared for; arrays are C-contiguous."""
        fill, dtype, offset = self._constants
        out = np.empty(self._out, dtype)
        terms, rows, columns = self._lists
        _engine.correlate(
            source.reshape(self._source),
            kernel.reshape(self._kernels),
            terms,
            rows,
            columns,
            fill,
            out,
            offset,
        )
        return out.reshape(self._outputs)


@dataclass(frozen=True, slots=True)
class Layout:
    """The arrays of a task, seen as planes.

    `source` [ndarray, (planes, height, width, channels)]. `kernels` [ndarray, (terms, height,
    width)]. `terms` [ndarray, (output planes, terms)]: Which plane of the source each kernel reads;
    −1 for fill. `rows`, `columns`: The source's row (column) at each position of the extended
    planes; −1 for fill. `out` [ndarray, (output planes, height, width, channels)].
    """

    source: Array
    kernels: Array
    terms: Indices
    rows: Indices
    columns: Indices
    out: Array


def lay_out(task: CorrelationTask) -> Layout:
    """Return views of the task's arrays; nothing is copied but a kernel that is not contiguous."""
    source, kernel, indices, out = task.source, task.kernel, task.indices, task.out
    planes, channels = source.shape[0], source.shape[-1]
    if task.axes == 1 and channels == 1:  # signals lie side by side: the rows of one image
        signals, size = source.shape[:2]
        source, out = source.reshape(1, signals, size, 1), out.reshape(1, signals, -1, 1)
        kernel, indices = kernel[None, None], (_own(signals), *indices)
        terms = _first_plane()
    elif task.axes == 1:  # along the columns of an image whose rows are the channels
        source, out = source[..., None], out[..., None]
        kernel, indices = kernel[None, :, None], (*indices, _own(channels))
        terms = _own(planes)[:, None]
    elif task.axes == 2:
        terms = _own(planes)[:, None]
        kernel = kernel[None]
    else:
        terms = _terms(planes, source.shape[1:-3], kernel.shape[:-2], indices[:-2])
        source = source.reshape(-1, *source.shape[-3:])
        out = out.reshape(-1, *out.shape[-3:])
        kernel = kernel.reshape(-1, *kernel.shape[-2:])
    rows, columns = indices[-2:]
    return Layout(source, np.ascontiguousarray(kernel), terms, rows, columns, out)


def arguments(
    task: CorrelationTask,
) -> tuple[Array, Array, Indices, Indices, Indices, float, Array]:
    """Return what each function of the engine that computes a task takes first."""
    flat = lay_out(task)
    lists = flat.terms, flat.rows, flat.columns
    return flat.source, flat.kernels, *lists, task.fill, flat.out


@functools.cache
def _first_plane() -> Indices:
    return np.zeros((1, 1), np.int32)


def _own(size: int) -> Indices:
    """List the indices of an axis that the kernel does not lie along."""
    return _short_own(size) if size <= 64 else np.arange(size, dtype=np.int32)


@functools.cache
def _short_own(size: int) -> Indices:
    return np.arange(size, dtype=np.int32)


def _terms(
    planes: int, sizes: tuple[int, ...], depths: tuple[int, ...], indices: tuple[Indices, ...]
) -> Indices:
    """Return (outputs, terms): which plane each layer of the kernel reads for each plane of out.

    `sizes`, `depths` and `indices` are those of source and kernel along the axes before the last
    two.
    """
    terms = _own(planes)[:, None]
    for size, depth, along in zip(sizes, depths, indices, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(along, depth)
        before, here = terms[:, None, :, None], windows[None, :, None, :]
        deeper = np.where((before == FILL) | (here == FILL), FILL, before * size + here)
        terms = deeper.reshape(len(terms) * len(windows), math.prod(deeper.shape[2:]))
    return np.ascontiguousarray(terms, np.int32)
