"""The standard errors cover the truth."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.estimation import learn_kernel
from fencepost.plots.images.samples import read_portrait


@pytest.fixture(scope="module")
def portrait():
    return np.ascontiguousarray(read_portrait(None)[60:210, 50:200])


def jpeg(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


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
