"""The kernel between two images: `learn_kernel` estimates it by least squares, with its errors.

Examples
--------
>>> import numpy as np
>>> import fencepost as fp
>>> before = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)
>>> fp.estimation.learn_kernel(before, fp.filter_image(before, "sobel:x")).kernel.shape
(3, 3)
"""

from __future__ import annotations

from ..names import public
from .jpeg import Jpeg
from .learned_kernel import LearnedKernel
from .least_squares import learn_kernel

__all__ = ["Jpeg", "LearnedKernel", "learn_kernel"]

public(globals())
