"""Into what tiles an array is cut for the FFT.

Part of convolution; may call ducc0 (imported when first used) and costs. Large tiles waste little
of themselves on overlap, small ones stay in the cache; lengths whose factors are small transform
quickly. All three are weighed by the cost model.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import costs

_MOST_CUTS = 1 << 12  # along one axis
_BLOCK = 1 << 17  # cells that are transformed in one call, so that short tiles fill the lanes


@dataclass(frozen=True)
class Tiling:
    """Tiles of one size that cover the results.

    Attributes
    ----------
    tile : tuple of int
        Cells that are transformed, along each axis.
    steps : tuple of int
        Results of one tile, along each axis: tile − kernel + 1.
    outputs : tuple of int
        Results in all.
    images : int
        Arrays that are cut alike.
    """

    tile: tuple[int, ...]
    steps: tuple[int, ...]
    outputs: tuple[int, ...]
    images: int

    @property
    def starts(self) -> Iterator[tuple[int, ...]]:
        """The first result of each tile of one image."""
        ranges = (range(0, size, step) for size, step in zip(self.outputs, self.steps, strict=True))
        return itertools.product(*ranges)

    @property
    def count(self) -> int:
        """How many tiles there are."""
        cuts = (-(-size // step) for size, step in zip(self.outputs, self.steps, strict=True))
        return self.images * math.prod(cuts)

    @property
    def at_once(self) -> int:
        """How many tiles go into one call of the transform."""
        return max(1, min(self.count, _BLOCK // math.prod(self.tile)))

    def seconds(self, dtype: np.dtype[Any]) -> float:
        """Return what the cost model says."""
        return costs.transforms(self.count, self.tile, dtype)


def best(
    outputs: Sequence[int], kernel: Sequence[int], images: int, dtype: np.dtype[Any]
) -> Tiling:
    """Return the tiling that the cost model thinks quickest."""
    axes = [list(_lengths(size, reach)) for size, reach in zip(outputs, kernel, strict=True)]
    tilings = (
        Tiling(
            tile,
            tuple(length - reach + 1 for length, reach in zip(tile, kernel, strict=True)),
            tuple(outputs),
            images,
        )
        for tile in itertools.product(*axes)
    )
    return min(tilings, key=lambda tiling: tiling.seconds(dtype))


def _lengths(outputs: int, reach: int) -> Iterator[int]:
    """Yield lengths of tiles that cut an axis into 1, 2, 3, 4, 6, 8, 12… equal parts."""
    from ducc0.fft import good_size

    cuts = 1
    while cuts <= min(outputs, _MOST_CUTS):
        step = -(-outputs // cuts)
        yield int(good_size(step + reach - 1, True))
        if step < reach:  # smaller tiles would be mostly overlap
            return
        cuts = cuts + 1 if cuts < 4 else cuts * 3 // 2 if cuts & (cuts - 1) == 0 else cuts * 4 // 3
