"""Images of random pixels, over the whole range of their type."""

from __future__ import annotations

import numpy as np


def random_image(shape, dtype, seed=0):
    values = np.random.default_rng(seed).random(shape)
    scale = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    return np.rint(values * scale).astype(dtype) if scale > 1 else values.astype(dtype)
