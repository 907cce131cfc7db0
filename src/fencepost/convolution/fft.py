"""Correlation by fast Fourier transform, in tiles that stay in the cache (overlap-save).

Part of convolution; may call ducc0 (imported when first used), direct, task and tiles. Each tile
of the extended array is transformed, multiplied by the kernel's spectrum and transformed back; of
a tile of L cells, the L − K + 1 that no wrap-around has reached are results (A. V. Oppenheim,
R. W. Schafer, Discrete-Time Signal Processing, section 8.7.3).

Rounding: a result is off by a few ε · log₂(cells) · rms(tile) · ‖kernel‖₂, where a direct sum is
off by what its own window holds: a very large value is felt by small results of the same tile.
NaN and infinity would be felt by all of them. They show after the transform, as they spread to
every result; then such cells are left out, and the results that they touch are computed directly.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .. import _engine
from . import direct
from .task import Array, Task, extended
from .tiles import Tiling

_Place = tuple[int, int, tuple[int, ...]]  # plane, channel and first result of a tile
_ALONE = 1 << 16  # cells below which starting a thread takes longer than it saves


def run(task: Task, tiling: Tiling) -> None:
    """Compute `task` in the tiles of `tiling`, on all threads."""
    work = _Work(task, tiling)
    planes, channels = range(task.source.shape[0]), range(task.source.shape[-1])
    places = list(itertools.product(planes, channels, tiling.starts))
    size = tiling.at_once
    threads = min(_engine.get_num_threads(), len(places))
    if len(places) * work.cells < _ALONE:
        threads = 1
    size = min(size, -(-len(places) // threads))
    blocks = [places[first : first + size] for first in range(0, len(places), size)]
    if threads == 1:
        spoilt = work.compute(blocks)
    else:
        with ThreadPoolExecutor(threads) as pool:
            shares = pool.map(work.compute, (blocks[first::threads] for first in range(threads)))
            spoilt = [place for share in shares for place in share]
    for place in spoilt:
        work.repair(place)


class _Work:
    """What all threads share: the task, its tiling and the kernel's spectrum."""

    def __init__(self, task: Task, tiling: Tiling) -> None:
        self.task, self.tiling = task, tiling
        self.kernel = task.kernel
        self.cells = int(np.prod(tiling.tile))
        self.axes = tuple(range(1, task.axes + 1))
        padded = np.zeros((1, *tiling.tile), self.kernel.dtype)
        padded[0][tuple(slice(size) for size in self.kernel.shape)] = self.kernel
        # The conjugate makes it a correlation. Scaling here, not after, keeps far from overflow.
        spectrum = np.empty(
            self._spectrum_shape(1), np.result_type(self.kernel.dtype, np.complex64)
        )
        _forward(padded, spectrum, self.axes)
        self.spectrum = spectrum.conj() * self.kernel.dtype.type(1 / self.cells)

    def compute(self, blocks: Sequence[Sequence[_Place]]) -> list[_Place]:
        """Compute blocks of tiles; return those whose results are not finite."""
        spoilt = []
        length = self.tiling.tile[-1]  # one row tells: what is not finite spreads to all
        tiles = np.empty((len(blocks[0]), *self.tiling.tile), self.kernel.dtype)
        spectra = np.empty(self._spectrum_shape(len(tiles)), self.spectrum.dtype)
        for places in blocks:  # the last may be shorter
            some, transformed = tiles[: len(places)], spectra[: len(places)]
            for tile, place in zip(some, places, strict=True):
                self._read(place, tile)
            self._correlate(some, transformed)
            for tile, place in zip(some, places, strict=True):
                self._write(place, tile)
            rows = np.isfinite(some.reshape(len(some), -1)[:, :length])
            spoilt += [place for place, row in zip(places, rows, strict=True) if not row.all()]
        return spoilt

    def repair(self, place: _Place) -> None:
        """Compute a tile again, what is not finite left out, and directly where that is felt."""
        tile = np.empty((1, *self.tiling.tile), self.kernel.dtype)
        self._read(place, tile[0])
        bad = ~np.isfinite(tile[0])
        clean = np.where(bad, 0, tile)
        self._correlate(clean, np.empty(self._spectrum_shape(1), self.spectrum.dtype))
        limits = [(0, step) for step in self.tiling.steps]
        if bad.any() and np.isfinite(clean).all():
            self._write(place, clean[0])
            limits = [
                (max(0, int(index.min()) - reach + 1), min(step, int(index.max()) + 1))
                for index, reach, step in zip(
                    np.nonzero(bad), self.kernel.shape, self.tiling.steps, strict=True
                )
            ]
        if any(first >= stop for first, stop in limits):  # felt by no result of this tile
            return
        box = tuple(slice(first, stop) for first, stop in limits)
        cells = tuple(
            np.arange(first, stop + reach - 1, dtype=np.int32)
            for (first, stop), reach in zip(limits, self.kernel.shape, strict=True)
        )
        results = np.empty((1, *(stop - first for first, stop in limits), 1), self.kernel.dtype)
        direct.run(Task(tile[..., None], self.kernel, cells, 0.0, results))
        clean[0][box] = results[0, ..., 0]
        self._write(place, clean[0])

    def _correlate(self, tiles: Array, spectra: Array) -> None:
        """Replace each tile by its circular correlation with the kernel."""
        _forward(tiles, spectra, self.axes)
        with np.errstate(invalid="ignore", over="ignore"):  # seen afterwards, and repaired
            np.multiply(spectra, self.spectrum, out=spectra)
        _backward(spectra, tiles, self.axes)

    def _read(self, place: _Place, tile: Array) -> None:
        plane, channel, starts = place
        cells = [
            found[start : start + length]
            for found, start, length in zip(self.task.cells, starts, self.tiling.tile, strict=True)
        ]
        inside = tuple(slice(len(found)) for found in cells)
        if any(len(found) < length for found, length in zip(cells, self.tiling.tile, strict=True)):
            tile[...] = 0  # beyond the last result: read by none, but it must be finite
        extended(self.task.source[plane, ..., channel], cells, self.task.fill, tile[inside])

    def _write(self, place: _Place, tile: Array) -> None:
        plane, channel, starts = place
        out = self.task.out[plane, ..., channel]
        target = out[tuple(slice(s, s + n) for s, n in zip(starts, self.tiling.steps, strict=True))]
        results = tile[tuple(map(slice, target.shape))]
        if self.task.offset:
            results = results + results.dtype.type(self.task.offset)
        if out.dtype.kind == "u":
            limits = np.iinfo(out.dtype)
            results = np.rint(results).clip(limits.min, limits.max)
        with np.errstate(invalid="ignore"):  # NaN into bytes: repaired if it came from one tile
            target[...] = results

    def _spectrum_shape(self, tiles: int) -> tuple[int, ...]:
        *others, last = self.tiling.tile
        return (tiles, *others, last // 2 + 1)


def _forward(tiles: Array, spectra: Array, axes: tuple[int, ...]) -> None:
    from ducc0.fft import r2c

    r2c(tiles, axes=axes, out=spectra)


def _backward(spectra: Array, tiles: Array, axes: tuple[int, ...]) -> None:
    from ducc0.fft import c2r

    length = tiles.shape[-1]
    c2r(spectra, axes, length, False, 0, tiles, allow_overwriting_input=True)
