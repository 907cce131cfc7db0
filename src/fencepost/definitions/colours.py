"""Colours of pixels by definition: luma, and colours that follow it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as JPEG and Pillow's mode L have it


def take_luma(pixels: ArrayLike) -> Array:
    """Return 0.299 R + 0.587 G + 0.114 B of each of the pixels (N, 3).

    >>> take_luma([[0, 0, 0], [10, 10, 20]]).round(3)
    array([ 0.  , 11.14])
    """
    return np.array([sum(w * c for w, c in zip(LUMA, p, strict=True)) for p in as_float(pixels)])


def put_luma(pixels: ArrayLike, luma: ArrayLike) -> Array:
    """Return pixels (N, 3) of which all colours have risen alike, so that their luma is another.

    >>> put_luma([[1, 2, 3]], [1.815 + 10]).round(3)
    array([[11., 12., 13.]])
    """
    changes = as_float(luma) - take_luma(pixels)
    return np.array([[c + d for c in p] for p, d in zip(as_float(pixels), changes, strict=True)])
