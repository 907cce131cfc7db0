"""One correlation, ready to be computed: what every method is given.

By the time that there is a task, a convolution has become a correlation with the flipped kernel,
modes, origins and boundaries have become lists of indices, and dtypes are resolved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .boundaries import Indices

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class CorrelationTask:
    """out[p, y…, c] = offset + Σⱼ… kernel[j…] · source[p, indices[y + j]…, c].

    `source` [ndarray, (planes, *sizes, channels), C-contiguous]: float32, float64, uint8, uint16 or
    int64. `kernel` (ndarray, one axis for each of `sizes`): In the dtype of the arithmetic: float32
    (for uint8 and uint16 too), float64 or int64. `indices`: For each axis, the source's index at
    each position of the extended array, −1 for `fill`. `out` [ndarray, (planes, *outputs,
    channels), C-contiguous]: In the dtype of the arithmetic, or uint8 or uint16: then rounded and
    saturated. `offset`: Added to every result before it is rounded. `largest`: The largest
    magnitude in source and fill where all numbers are integers: then results have to be exact,
    whatever the dtype of the arithmetic. None where they may round. `keep`: Of images whose last
    channel is alpha, and kept: the kernel's element over the pixel itself. `of_pixels`: Whether
    floats stand for integers that are seen beside white, as those do that are passed over once.
    """

    source: Array
    kernel: Array
    indices: tuple[Indices, ...]
    fill: float
    out: Array
    offset: float = 0.0
    largest: int | None = None
    keep: tuple[int, int] | None = None
    of_pixels: bool = False

    @property
    def axes(self) -> int:
        """How many axes the kernel has."""
        return self.kernel.ndim

    @property
    def images(self) -> int:
        """How many arrays are filtered alike: planes times channels."""
        return int(self.source.shape[0] * self.source.shape[-1])

    @property
    def outputs(self) -> tuple[int, ...]:
        """The size of one result along each axis."""
        return tuple(self.out.shape[1:-1])
