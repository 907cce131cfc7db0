"""The size to which the pictures of a folder are brought, chosen from their own sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...remedies import remedy
from ...text import format_shape

__all__ = ["LARGEST_SIDE", "choose_size"]

AS_IT_IS = 256 * 256  # pixels of pictures that, all of one size, are left as they are
LARGEST_SIDE = 128  # pixels: what a network learns in minutes on a CPU
STEP = 8  # sizes above 4 steps are multiples of it, so that pooling halves them without rest
ALIKE = 0.8  # the fraction of pictures whose proportions must be alike to be kept
TOLERANCE = 1.25


def choose_size(sizes: NDArray[np.int64]) -> tuple[tuple[int, int], str]:
    """Return (height, width) for pictures of these sizes (N, 2), and why, in a sentence.

    Pictures of one size of up to 256 × 256 pixels are left as they are. Else the size is that of
    the picture in the middle, at most 128 pixels on the longer side; square, unless four in five
    pictures have nearly the same proportions.

    >>> choose_size(np.array([[28, 28], [28, 28]]))[0]
    (28, 28)
    >>> choose_size(np.array([[480, 640], [480, 640], [960, 1280]]))[0]
    (96, 128)
    >>> choose_size(np.array([[480, 640], [640, 480], [50, 60]]))[0]
    (128, 128)
    """
    first = (int(sizes[0, 0]), int(sizes[0, 1]))
    one_size = bool((sizes == sizes[0]).all())
    if one_size and first[0] * first[1] <= AS_IT_IS:
        return first, ""
    proportions = sizes[:, 1] / sizes[:, 0]
    middle = float(np.median(proportions))
    alike = np.abs(np.log(proportions / middle)) < np.log(TOLERANCE)
    if alike.mean() >= ALIKE:
        height = float(np.median(sizes[:, 0]))
        wanted = (height, height * middle)
    else:
        wanted = (float(np.median(sizes.min(axis=1))),) * 2
    scale = min(1.0, LARGEST_SIDE / max(wanted))
    size = (_rounded(wanted[0] * scale), _rounded(wanted[1] * scale))
    low, high = sizes[sizes.prod(axis=1).argmin()], sizes[sizes.prod(axis=1).argmax()]
    received = (
        f"all of {format_shape(first)}"
        if one_size
        else f"from {format_shape(low.tolist())} to {format_shape(high.tolist())}"
    )
    return size, (
        f"The size {format_shape(size)} was chosen, because the images are {received} pixels"
        f"{remedy('; {size} chooses another', size=...)}."
    )


def _rounded(size: float) -> int:
    if size < 4 * STEP:
        return max(1, round(size))
    return STEP * round(size / STEP)
