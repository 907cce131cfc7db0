"""All about one kernel in a figure."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.plots.images.kernel_card import kernel_card
from fencepost.plots.images.samples import read_portrait
from plots.texts import faults


@pytest.mark.parametrize("name", ["kirsch", "emboss", "gaussian:sigma=3", "difference:ndim=1"])
def test_drawing_can_be_read(name):
    kernel = fp.kernels.parse(name)
    figure = kernel_card(kernel)
    assert not faults(figure)
    if isinstance(kernel, fp.Kernel) and kernel.ndim == 2:
        after = figure.axes[0].child_axes[-1].images[0].get_array()
        odd = kernel.symmetry.centre == "odd"
        expected = fp.filter_image(read_portrait(None), kernel, magnitude=odd)
        np.testing.assert_array_equal(after, expected)
