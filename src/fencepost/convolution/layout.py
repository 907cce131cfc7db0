"""A task as the engine's loops take it: planes of rows and columns, whatever its number of axes.

Part of convolution; may call boundaries and task. The terms of a sum may come from any plane, which
is enough for any number of axes: a kernel of three axes is as many kernels of two as it has layers,
each reading its own plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .boundaries import FILL, Cells
from .task import Array, Task


@dataclass(frozen=True)
class Layout:
    """The arrays of a task, seen as planes.

    Attributes
    ----------
    source : ndarray, (planes, height, width, channels)
    kernels : ndarray, (terms, height, width)
    terms : ndarray, (output planes, terms)
        Which plane of the source each kernel reads; −1 for fill.
    rows, columns : int32 arrays
        The source's row (column) at each place of the extended planes; −1 for fill.
    out : ndarray, (output planes, height, width, channels)
    """

    source: Array
    kernels: Array
    terms: Cells
    rows: Cells
    columns: Cells
    out: Array


def laid_out(task: Task) -> Layout:
    """Return views of the task's arrays; nothing is copied but a kernel that is not contiguous."""
    source, kernel, cells, out = task.source, task.kernel, task.cells, task.out
    planes, channels = source.shape[0], source.shape[-1]
    if task.axes == 1 and channels == 1:  # signals lie side by side: the rows of one image
        signals, size = source.shape[:2]
        source, out = source.reshape(1, signals, size, 1), out.reshape(1, signals, -1, 1)
        kernel, cells = kernel[None, None], (_own(signals), *cells)
        terms = np.zeros((1, 1), np.int32)
    elif task.axes == 1:  # along the columns of an image whose rows are the channels
        source, out = source[..., None], out[..., None]
        kernel, cells = kernel[None, :, None], (*cells, _own(channels))
        terms = _own(planes)[:, None]
    else:
        terms = _terms(planes, source.shape[1:-3], kernel.shape[:-2], cells[:-2])
        source = source.reshape(-1, *source.shape[-3:])
        out = out.reshape(-1, *out.shape[-3:])
        kernel = kernel.reshape(-1, *kernel.shape[-2:])
    rows, columns = cells[-2:]
    return Layout(source, np.ascontiguousarray(kernel), terms, rows, columns, out)


def _own(size: int) -> Cells:
    """List the cells of an axis that the kernel does not look along."""
    return np.arange(size, dtype=np.int32)


def _terms(
    planes: int, sizes: tuple[int, ...], reaches: tuple[int, ...], cells: tuple[Cells, ...]
) -> Cells:
    """Return (outputs, terms): which plane each layer of the kernel reads for each plane of out.

    `sizes`, `reaches` and `cells` are those of source and kernel along the axes before the last
    two.
    """
    terms = _own(planes)[:, None]
    for size, reach, found in zip(sizes, reaches, cells, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(found, reach)
        before, here = terms[:, None, :, None], windows[None, :, None, :]
        deeper = np.where((before == FILL) | (here == FILL), FILL, before * size + here)
        terms = deeper.reshape(len(terms) * len(windows), -1)
    return np.ascontiguousarray(terms, np.int32)
