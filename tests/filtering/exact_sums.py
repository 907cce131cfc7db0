"""The sums of filtered images as SciPy computes them in float64."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

DTYPES = (np.uint8, np.uint16, np.float32, np.float64)
# SciPy's modes by the names of boundaries.
SCIPY = {"reflect": "reflect", "mirror": "mirror", "nearest": "nearest", "wrap": "wrap",
         "zero": "constant", 7.0: "constant"}  # fmt: skip


def exact(image, matrix, boundary, operation="convolve"):
    """The sums as float64, by SciPy, channel by channel."""
    function = getattr(ndimage, operation)
    value = boundary if isinstance(boundary, float) else 0.0
    planes = image.astype(np.float64).reshape(*image.shape[:2], -1)
    done = [
        function(planes[..., c], matrix, mode=SCIPY[boundary], cval=value)
        for c in range(planes.shape[2])
    ]
    return np.stack(done, -1).reshape(image.shape)
