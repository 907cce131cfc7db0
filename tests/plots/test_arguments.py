"""What cannot be drawn is refused with the rule."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.convolution import SharedWeights
from fencepost.errors import ArgumentError, DataError


@pytest.mark.parametrize(
    ("draw", "kind", "words"),
    [
        (lambda: fp.plots.signal([]), DataError, "f must have at least one element"),
        (lambda: fp.plots.signal("ab"), DataError, "f must be an array of numbers"),
        (lambda: fp.plots.signal([1j, 2]), DataError, "f must be real to be drawn"),
        (lambda: fp.plots.convolution_steps([1], [1j], 0), DataError, "g must be real"),
        (lambda: fp.plots.volumes([fp.ReLU()]), ArgumentError, "a Network or a Plan.*list"),
        (lambda: fp.plots.shared_weights([1, -1]), ArgumentError, "a SharedWeights.*list"),
        (lambda: fp.plots.kernel("nope"), ArgumentError, "no kernel named"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, kind, words):
    with pytest.raises(kind, match=words):
        draw()


def test_images_that_are_not_finite():
    image = np.zeros((28, 28))
    image[3, 4] = np.nan
    with pytest.raises(DataError, match=r"image must be finite.*nan at \(3, 4\)"):
        fp.plots.filtering(image, "laplace")
    with pytest.raises(DataError, match=r"image must be finite.*nan at \(0, 3, 4\)"):
        fp.plots.receptive_field(fp.models.lenet5(), image)
    with pytest.raises(DataError, match="x must be an array of numbers"):
        fp.plots.shared_weights(SharedWeights([1, -1], (2,)), ["a", "b"])
