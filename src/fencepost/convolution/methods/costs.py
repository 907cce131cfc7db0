"""What each method costs, in seconds of one core: the constants that decide between them.

Measured as docs/decisions/methods.md says; a machine that is faster or slower in all of them alike
decides as this one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import _engine

# Multiply-adds per second and core of a dense kernel in float32, by instruction set. float64 has
# half the lanes; integers beyond 2⁵³ are summed in 128 bits.
_DENSE = {"baseline": 19e9, "avx2": 48e9, "avx512": 53e9}
_PASSES = {"baseline": 14e9, "avx2": 28e9, "avx512": 33e9}  # the same, of a pass along one axis
_WIDE = 0.4e9
_LAYER = 1.2e-9  # a result of a kernel of more than two axes, for each of its layers, in float32
_BYTES = 20e9  # per second and core, to and from memory
_BETWEEN = 0.5  # of an array's way to and from memory: the rows between the passes, in the cache
# A element of a tile, there and back, in float32: a + b · log₂ elements.
_TRANSFORMED = {
    "baseline": (1.95e-9, 0.12e-9),
    "avx2": (1.35e-9, 0.085e-9),
    "avx512": (1.15e-9, 0.068e-9),
}
_COLUMNS = {  # the same of a tile whose columns are transformed each by itself
    "baseline": (1.35e-9, 0.11e-9),
    "avx2": (0.95e-9, 0.08e-9),
    "avx512": (0.8e-9, 0.065e-9),
}
# Bytes of a tile up to which it stays in the cache, with its spectrum and partner. Processors with
# AVX-512 have second-level caches of 1 MB and more.
_CACHED = {"baseline": 0.6e6, "avx2": 0.6e6, "avx512": 2e6}
# A result of a kernel of equal weights: down the columns, and for each doubling along the row.
_BOX, _BOX_INTEGERS, _BOX_DOUBLED = 0.45e-9, 0.25e-9, 0.06e-9
_CALL = 5e-6  # any method
_PAIR = 1.2e-6  # two tiles, however small
_FACTORED = 15e-9  # a weight, to find out whether it has factors
# An element times log₂ of all, transformed as a whole in float64, one way; beyond so many elements
# the cache of all cores does not hold them.
_WHOLE = {"baseline": 0.45e-9, "avx2": 0.22e-9, "avx512": 0.17e-9}
_WHOLE_CACHED = 1 << 19


def direct(elements: int, kernel: Sequence[int], dtype: np.dtype[Any]) -> float:
    """Return the seconds for `elements` results of a dense kernel."""
    short = math.prod(kernel[:-1]) == 1 and kernel[-1] < _engine.FOLDED_TAPS
    rate = (_PASSES if short else _DENSE)[_engine.level] * 4 / dtype.itemsize
    if dtype == np.int64:
        rate = _WIDE
    layers = math.prod(kernel[:-2])
    layered = elements * layers * _LAYER * dtype.itemsize / 4 if layers > 1 else 0.0
    return _CALL + elements * math.prod(kernel) / rate + layered + _memory(elements, dtype)


def separable(elements: int, kernel: Sequence[int], rank: int, dtype: np.dtype[Any]) -> float:
    """Return the seconds for `elements` results of a kernel of this rank, with its search."""
    passes = sum(kernel[:-2]) + rank * sum(kernel[-2:])
    rate = _PASSES[_engine.level] * 4 / dtype.itemsize
    copies = 1 + _BETWEEN + len(kernel[:-2])
    return factoring(kernel) + _CALL + elements * passes / rate + copies * _memory(elements, dtype)


def box(elements: int, kernel: Sequence[int], source: np.dtype[Any], dtype: np.dtype[Any]) -> float:
    """Return the seconds for `elements` results of a kernel of equal weights."""
    integers = source.kind == "u"
    passes = max(1, len(kernel) - 1)
    one = (_BOX_INTEGERS if integers else _BOX * dtype.itemsize / 4) * passes
    one += _BOX_DOUBLED * math.log2(kernel[-1]) * dtype.itemsize / 4
    share = source.itemsize / dtype.itemsize if integers else passes
    return _CALL + elements * one + share * _memory(elements, dtype)


def factoring(kernel: Sequence[int]) -> float:
    """Return the seconds that it takes to find a kernel's factors."""
    return 30e-6 + _FACTORED * min(math.prod(kernel), 1 << 14)


def whole(images: int, sizes: Sequence[int], threads: int) -> float:
    """Return the seconds to transform whole arrays of these sizes, multiply, and go back."""
    points = math.prod(sizes)
    beyond = min(2.0, max(1.0, math.pow(points / _WHOLE_CACHED, 0.25)))
    beyond *= 1.3 if len(sizes) == 1 else 1.0
    one_way = _WHOLE[_engine.level] * points * math.log2(points) * beyond / threads
    return 30e-6 + (2 * images + 1) * one_way


def transforms(
    tiles: int, tile: Sequence[int], terms: int, dtype: np.dtype[Any], threads: int
) -> float:
    """Return the seconds on `threads` for this many tiles, and for the kernel's own transforms.

    Tiles are transformed two by two, and a pair by one thread: once for each term, and back.
    """
    elements = math.prod(tile)
    constant, slope = _TRANSFORMED[_engine.level]
    beyond = min(3.0, max(1.0, math.sqrt(elements * dtype.itemsize / _CACHED[_engine.level])))
    element = (constant + slope * math.log2(elements)) * beyond * dtype.itemsize / 4
    pair = _PAIR + 2 * elements * element
    pairs = -(-tiles // 2)
    rounds = -(-pairs // threads)
    return _CALL + pair * (terms / 2 + rounds * (terms + 1) / 2)


def columns(
    tiles: int, tile: Sequence[int], terms: int, dtype: np.dtype[Any], threads: int
) -> float:
    """Return the seconds for tiles whose columns are transformed each by itself."""
    elements = math.prod(tile)
    constant, slope = _COLUMNS[_engine.level]
    element = (constant + slope * math.log2(tile[0])) * dtype.itemsize / 4
    one = _PAIR + elements * element * (terms + 1) / 2
    return _CALL + one * -(-tiles // threads)


def least_transforms(elements: int, kernel: Sequence[int], dtype: np.dtype[Any]) -> float:
    """Return seconds that tiles of any size take at least for `elements` results."""
    constant, slope = _TRANSFORMED[_engine.level]
    element = (constant + slope * math.log2(math.prod(kernel))) * dtype.itemsize / 4
    return _CALL + elements * element


def _memory(elements: int, dtype: np.dtype[Any]) -> float:
    """Return the seconds to read and write an array of this many elements."""
    return 2 * elements * dtype.itemsize / _BYTES
