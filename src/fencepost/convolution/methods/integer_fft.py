"""Integers by Fourier transform, exactly: where the error is proven to be below ½, and rounded.

The bound. A cyclic convolution of z and g by transforms of N elements is off, in every result, by
at most ‖z‖₂ · ‖g‖₂ · c · u · log₂ N, where u = 2⁻⁵³ and c bounds what one level of a transform
adds: for roots of unity off by β, 3 (u + √5 u + β) / u over the three transforms (C. Percival,
"Rapid multiplication modulo the sum and difference of highly composite numbers", Mathematics of
Computation 72, 2003, theorem 5.1; N. J. Higham, Accuracy and Stability of Numerical Algorithms,
theorem 24.2, for other radices). The engine's roots are products of two tabulated ones, of angles
off by 2.4 u each: β < 22 u, so c < 80; a level of radix 5 or 3 adds 43 u or 34 u to each
transform, less than the log₂ 5 or log₂ 3 levels it stands for, and what turns the elements of a
whole array, or of its rows, 24 u each, less than the two levels that are added. Two tiles are
transformed as one complex array, so that ‖z‖₂ ≤ √(2 N) · max |f|; of a whole array it is half.

Integers too large for that are split into parts of fewer bits, whose results are exact, and put
together in 64 bits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ... import _engine
from ..boundaries import FILL
from ..task import Array, CorrelationTask
from . import fft
from .candidate import Candidate
from .tiles import Tiling
from .whole import Whole

_LEVEL = 96.0  # c, with a margin
_MOST_PARTS = 4
_SURE = 0.25  # half of what rounding allows
_FITS = 2.0**62
_STRIP = 1 << 20  # results of a strip
_PIECE = 1 << 16  # results that are added up at a time


def propose(task: CorrelationTask, budget: float) -> Candidate:
    """Say in how many parts the transforms are exact, and what they would cost."""
    assert task.largest is not None
    total = max(task.largest, 1) * float(np.abs(task.kernel.astype(np.float64)).sum())
    if total >= _FITS:
        return Candidate("fft", None, "sums may exceed 62 bits")
    real = _in_floats(task)
    threads = _engine.get_num_threads()
    transform = fft.cheapest(real)
    once = transform.seconds(real.kernel.dtype, threads)
    if once > budget:
        return Candidate("fft", None, "the transforms would take longer")
    parts = _parts(task, transform.points)
    if parts is None:
        return Candidate("fft", None, "its error bound is not below ½, and integers stay exact")
    count = math.prod(parts)
    note = f"{transform}, rounded: the error is below ½"
    if count > 1:
        note = f"{count} parts, each {note}"

    def run() -> None:
        _run(task, real, transform, parts)

    return Candidate("fft", once * count + task.out.size * 4e-9, note, run)


def error_bound(points: int, largest: float, norm: float) -> float:
    """Return what a result is off by at most, of integers up to `largest` and a kernel's ‖·‖₂."""
    unit = 2.0**-53
    return _LEVEL * unit * (math.log2(points) + 2) * math.sqrt(2 * points) * largest * norm


def _parts(task: CorrelationTask, points: int) -> tuple[int, int] | None:
    """Return into how many parts array and kernel have to be split for the bound to hold."""
    assert task.largest is not None
    kernel = task.kernel.astype(np.float64)
    largest_weight = float(np.abs(kernel).max())
    pairs = itertools.product(range(1, _MOST_PARTS + 1), repeat=2)
    for f_parts, g_parts in sorted(pairs, key=math.prod):
        largest = float(task.largest)
        norm = float(np.linalg.norm(kernel.ravel()))
        if f_parts > 1:
            largest = float(_half(largest, f_parts))
        if g_parts > 1:
            norm = _half(largest_weight, g_parts) * math.sqrt(kernel.size)
        if error_bound(points, largest, norm) < _SURE:
            return f_parts, g_parts
    return None


def _bits(largest: float, parts: int) -> int:
    """Return the bits of each part of integers up to `largest`, their sign among them."""
    return -(-(int(largest).bit_length() + 1) // parts)


def _half(largest: float, parts: int) -> int:
    """Return the largest magnitude of a part."""
    return 1 << max(_bits(largest, parts), 1)


def _in_floats(task: CorrelationTask) -> CorrelationTask:
    """Return the task in float64, where it has integers or float32."""
    return replace(
        task,
        source=np.broadcast_to(np.float64(0), task.source.shape),
        kernel=task.kernel.astype(np.float64),
        out=np.broadcast_to(np.float64(0), task.out.shape),
        largest=None,
    )


def _run(
    task: CorrelationTask,
    real: CorrelationTask,
    transform: Tiling | Whole,
    parts: tuple[int, int],
) -> None:
    largest_weight = float(np.abs(real.kernel).max())
    bits = _bits(float(task.largest or 0), parts[0]), _bits(largest_weight, parts[1])
    kernels = [real.kernel]
    if parts[1] > 1:
        kernels = [_part(task.kernel, bits[1], j, parts[1]) for j in range(parts[1])]
    strips = [task] if parts == (1, 1) else _strips(task, transform)
    for strip in strips:
        _run_strip(strip, kernels, transform, parts[0], bits)


def _strips(task: CorrelationTask, transform: Tiling | Whole) -> Iterator[CorrelationTask]:
    """Cut a task along its first axis: what is made of each is then small beside the whole."""
    results, kernel = task.outputs[0], task.kernel.shape[0]
    step = transform.steps[-task.axes] if isinstance(transform, Tiling) and task.axes < 3 else 1
    rows = max(_STRIP * len(task.out) * results // max(task.out.size, 1), 8 * kernel)
    rows = -(-rows // step) * step
    if isinstance(transform, Whole) or 2 * rows > results:
        yield task
        return
    for plane in range(len(task.out)):
        for first in range(0, results, rows):
            along = task.indices[0][first : min(first + rows, results) + kernel - 1]
            read = np.unique(along[along != FILL])
            inside = np.searchsorted(read, along).astype(np.int32)
            inside[along == FILL] = FILL
            yield replace(
                task,
                source=task.source[plane : plane + 1].take(read, axis=1),
                indices=(inside, *task.indices[1:]),
                out=task.out[plane : plane + 1, first : first + rows],
            )


def _run_strip(
    task: CorrelationTask,
    kernels: list[Array],
    transform: Tiling | Whole,
    parts: int,
    bits: tuple[int, int],
) -> None:
    out = np.empty(task.out.shape)
    real = replace(task, out=out, largest=None)
    if parts == len(kernels) == 1:
        source = np.ascontiguousarray(task.source, np.float64)
        real = replace(real, source=source, kernel=kernels[0], fill=float(task.fill))
        fft.run(real, transform)
        task.out[...] = np.rint(out, out=out)
        return
    fill = np.array([int(task.fill)])
    is_direct = task.out.dtype == np.int64 and task.out.flags.c_contiguous
    total = task.out if is_direct else np.empty(task.out.shape, np.int64)
    total[...] = 0
    for i in range(parts):
        values = _part(task.source, bits[0], i, parts)
        beyond = float(_part(fill, bits[0], i, parts)[0])
        for j, kernel in enumerate(kernels):
            fft.run(replace(real, source=values, kernel=kernel, fill=beyond), transform)
            _add_shifted(total, out, i * bits[0] + j * bits[1])
        del values  # before the next is made
    if total is not task.out:
        task.out[...] = total


def _add_shifted(total: Array, values: Array, bits: int) -> None:
    """Add rounded values to `total`, piece by piece, so that no other array is as large.

    Modulo 2⁶⁴, so whatever is passed on the way, the sum is right if it fits.
    """
    to, from_ = total.reshape(-1), values.reshape(-1)
    for at in range(0, to.size, _PIECE):
        part = slice(at, at + _PIECE)
        to[part] += np.rint(from_[part]).astype(np.int64) << bits


def _part(values: Array, bits: int, index: int, parts: int) -> Array:
    """Return one of the parts of `bits` that, each shifted by those below it, add up to integers.

    The last is what is left. Piece by piece, so that no other array is as large.
    """
    part = np.empty(values.shape)
    from_, to = values.reshape(-1), part.reshape(-1)
    for at in range(0, to.size, _PIECE):
        rest = from_[at : at + _PIECE].astype(np.int64)
        for _ in range(index):
            rest = (rest - _lowest(rest, bits)) >> bits
        to[at : at + _PIECE] = rest if index == parts - 1 else _lowest(rest, bits)
    return part


def _lowest(values: Array, bits: int) -> Array:
    """Return the lowest bits of int64, as numbers with a sign."""
    half = 1 << (bits - 1)
    lowest: Array = ((values + half) & ((1 << bits) - 1)) - half
    return lowest
