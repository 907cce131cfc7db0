"""Correlation by fast Fourier transform: in tiles that stay in the cache, or as a whole.

Each tile of the extended array is transformed, multiplied by the kernel's spectrum and transformed
back; of a tile of L elements, the L − K + 1 that no wrap-around has reached are results (overlap
and save: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, section 8.7.3).

Rounding: a result is off by a few ε · log₂(elements) · rms(tile) · ‖kernel‖₂, where a direct sum is
off by what its own window holds; `accuracy` says where that is good enough. Integers are exact:
`integer_fft`. NaN and infinity would be felt by a whole tile: the engine leaves them out and names
their tiles, whose results are then computed directly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fencepost import _engine
from fencepost.convolution.methods import costs, direct, integer_fft, tiles, whole
from fencepost.convolution.methods.candidate import Candidate
from fencepost.convolution.methods.tiles import Tiling
from fencepost.convolution.methods.whole import Whole
from fencepost.convolution.task import CorrelationTask


def propose(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    """Say what transforms would cost, unless they cannot be quicker."""
    if task.largest is not None:
        return integer_fft.propose(task, budget)
    dtype, threads = task.kernel.dtype, _engine.get_num_threads()
    if costs.least_transforms(task.out.size, task.kernel.shape, dtype) / threads > budget:
        return Candidate("fft", None, "the transforms would take longer")
    transform = cheapest(task)
    return Candidate(
        "fft", transform.seconds(dtype, threads), str(transform), lambda: run(task, transform)
    )


def cheapest(task: CorrelationTask) -> Tiling | Whole:
    """Return the tiles, or the whole array, that the cost model thinks quickest."""
    threads = _engine.get_num_threads()
    tiling = tiles.best(task, threads)
    entire = whole.sizes_of(task)
    dtype = task.kernel.dtype
    if entire is None or tiling.seconds(dtype, threads) <= entire.seconds(dtype, threads):
        return tiling
    return entire


def run(task: CorrelationTask, transform: Tiling | Whole) -> None:
    """Compute `task` by the transforms chosen."""
    if isinstance(transform, Whole):
        finite = task.source.dtype.kind == "u" or bool(np.isfinite(task.source).all())
        if finite:
            whole.run(task, transform)
            return
        transform = tiles.best(task, _engine.get_num_threads())
    _in_tiles(task, transform)


def _in_tiles(task: CorrelationTask, tiling: Tiling) -> None:
    channels = task.source.shape[-1]
    if task.axes == 1 and channels > 1:  # tiles lie along rows: a signal must, too
        outs = np.empty((len(task.out) * channels, task.out.shape[1], 1), task.out.dtype)
        sources = np.ascontiguousarray(task.source.swapaxes(1, 2)).reshape(len(outs), -1, 1)
        _in_tiles(replace(task, source=sources, out=outs), tiling)
        task.out[...] = outs.reshape(len(task.out), channels, -1).swapaxes(1, 2)
        return
    flat = direct.lay_out(task)
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
    flat: direct.Layout, task: CorrelationTask, tiling: Tiling, plane: int, row: int, column: int
) -> None:
    """Compute the results of one tile, whose first one is at this place, as the definition does."""
    results = flat.out[plane, row : row + tiling.steps[0], column : column + tiling.steps[1]]
    height, width, channels = results.shape
    kernel_height, kernel_width = flat.kernels.shape[1:]
    out = np.empty((1, height, width, channels), results.dtype)
    _engine.correlate(
        flat.source,
        flat.kernels,
        flat.terms[plane : plane + 1],
        flat.rows[row : row + height + kernel_height - 1],
        flat.columns[column : column + width + kernel_width - 1],
        task.fill,
        out,
        task.offset,
    )
    results[...] = out[0]
