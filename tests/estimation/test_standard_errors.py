"""The standard errors cover the truth."""

from __future__ import annotations

import numpy as np

import fencepost as fp
from estimation.copies import jpeg
from fencepost.estimation import learn_kernel


def test_errors_cover_the_truth(portrait):
    """Of all weights of random kernels, about 19 in 20 are within two standard errors."""
    random = np.random.default_rng(11)
    shares = []
    for quality in (None, None, 85, 70):
        matrix = random.normal(size=(3, 3))
        kernel = fp.Kernel(matrix / np.abs(matrix).sum())
        after = fp.filter_image(portrait, kernel, offset=60)
        learned = learn_kernel(portrait, jpeg(after, quality) if quality else after, 3)
        shares.append((np.abs(learned.kernel.matrix - kernel.matrix) <= 2 * learned.errors).mean())
    assert np.mean(shares) > 0.9
