"""A convolutional layer learns the kernel too."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from estimation.copies import KERNELS
from fencepost.experiments import train_kernel


@pytest.mark.parametrize("name", ["laplace", "blur", "sobel"])
def test_a_layer_learns_it_too(portrait, name):
    kernel = KERNELS[name]
    after = fp.filter_image(portrait.astype(float), kernel)
    trained = train_kernel(portrait, after, kernel.shape[0])
    assert np.abs(trained - kernel.matrix).max() < 1e-4 * np.abs(kernel.matrix).max()


@pytest.mark.parametrize("shapes", [((60, 60), (60, 59)), ((30, 90), (30, 90)), ((90,), (90,))])
def test_images_that_a_layer_cannot_learn_from(shapes):
    with pytest.raises(fp.DataError, match=r"images of one shape.*at least 31 × 31"):
        train_kernel(*map(np.zeros, shapes), 3)
