"""Correlation by fast Fourier transform, in tiles that stay in the cache (overlap-save).

Part of convolution; may call the engine, layout, task and tiles. Each tile of the extended array is
transformed, multiplied by the kernel's spectrum and transformed back; of a tile of L cells, the
L − K + 1 that no wrap-around has reached are results (A. V. Oppenheim, R. W. Schafer, Discrete-Time
Signal Processing, section 8.7.3).

Rounding: a result is off by a few ε · log₂(cells) · rms(tile) · ‖kernel‖₂, where a direct sum is
off by what its own window holds: a very large value is felt by small results of the same tile, and
of the one that is transformed with it. NaN and infinity would be felt by all of them: the engine
leaves them out and names their tiles, whose results are then computed directly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import _engine
from .layout import Layout, laid_out
from .task import Task
from .tiles import Tiling


def run(task: Task, tiling: Tiling) -> None:
    """Compute `task` in the tiles of `tiling`."""
    channels = task.source.shape[-1]
    if task.axes == 1 and channels > 1:  # tiles lie along rows: a signal must, too
        outs = np.empty((len(task.out) * channels, task.out.shape[1], 1), task.out.dtype)
        sources = np.ascontiguousarray(task.source.swapaxes(1, 2)).reshape(len(outs), -1, 1)
        run(replace(task, source=sources, out=outs), tiling)
        task.out[...] = outs.reshape(len(task.out), channels, -1).swapaxes(1, 2)
        return
    flat = laid_out(task)
    doubtful = _engine.correlate_fft(
        flat.source,
        flat.kernels,
        flat.terms,
        flat.rows,
        flat.columns,
        task.fill,
        flat.out,
        tiling.tile,
        task.offset,
    )
    for place in set(doubtful):  # named once for each channel
        _compute_directly(flat, task, tiling, *place)


def _compute_directly(
    flat: Layout, task: Task, tiling: Tiling, plane: int, row: int, column: int
) -> None:
    """Compute the results of one tile, whose first one is at this place, as the definition does."""
    results = flat.out[plane, row : row + tiling.steps[0], column : column + tiling.steps[1]]
    height, width, channels = results.shape
    reach_y, reach_x = flat.kernels.shape[1:]
    out = np.empty((1, height, width, channels), results.dtype)
    _engine.correlate(
        flat.source,
        flat.kernels,
        flat.terms[plane : plane + 1],
        flat.rows[row : row + height + reach_y - 1],
        flat.columns[column : column + width + reach_x - 1],
        task.fill,
        out,
        task.offset,
    )
    results[...] = out[0]
