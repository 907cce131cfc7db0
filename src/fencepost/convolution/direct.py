"""The sum as it is defined, by the engine's loops.

Part of convolution; may call the engine, boundaries and task. The engine knows planes of rows and
columns whose terms may come from any plane, which is enough for any number of axes: a kernel of
three axes is as many kernels of two as it has layers, each reading its own plane.
"""

from __future__ import annotations

import numpy as np

from .. import _engine
from .boundaries import FILL, Cells
from .task import Task


def run(task: Task) -> None:
    """Compute `task` directly."""
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
    _engine.correlate(
        source, np.ascontiguousarray(kernel), terms, rows, columns, task.fill, out, task.offset
    )


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
