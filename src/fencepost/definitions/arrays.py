"""The arrays of the definitions: float64, whatever is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def as_float(values: ArrayLike) -> Array:
    """Return values as an array of float64."""
    return np.asarray(values, np.float64)
