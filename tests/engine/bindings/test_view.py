"""Arrays whose elements do not begin at multiples of their size, as those of a file may lie.

Processors read them, but in C++ that is undefined: `make sanitize` reports where it happens.
"""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

RANDOM = np.random.default_rng(0)
LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(3)]
NET = fp.Network((1, 9, 8), LAYERS, seed=0)
IMAGES = RANDOM.normal(size=(20, 1, 9, 8)).astype(np.float32)


def off(array):
    """The same array, one byte further."""
    made = np.frombuffer(b"\0" + array.tobytes(), array.dtype, offset=1).reshape(array.shape)
    assert not made.flags.aligned
    return made


def trained(images, targets, weights):
    net = fp.Network((1, 9, 8), LAYERS, seed=0)
    fp.training.fit(net, images, targets, sample_weight=weights, epochs=1, progress=False, seed=0)
    return net.parameter_vector


CALLS = {
    "signals": (fp.convolve, RANDOM.normal(size=50), RANDOM.normal(size=7)),
    "signals, correlated": (fp.correlate, RANDOM.integers(0, 9, 50), RANDOM.integers(0, 9, 7)),
    "images": (fp.convolve, RANDOM.normal(size=(30, 20)), RANDOM.normal(size=(3, 3))),
    "many axes": (fp.convolve, IMAGES, IMAGES[:2, :, :2, :2].copy()),
    "transforms": (
        lambda f, g: fp.convolve(f, g, method="fft"),
        RANDOM.normal(size=(60, 50)),
        RANDOM.normal(size=(20, 20)),
    ),
    "pooling": (lambda x: fp.max_pool(x, 2), RANDOM.normal(size=(8, 8))),
    "sums": (lambda x: fp.sum_pool(x, 3, 1), RANDOM.integers(0, 9, (8, 8))),
    "filter": (
        fp.filter_image,
        RANDOM.integers(0, 999, (30, 20, 3)).astype(np.uint16),
        RANDOM.normal(size=(3, 5)),
    ),
    "predictions": (NET, IMAGES),
    "one prediction": (NET, IMAGES[:1].copy()),
    "features": (lambda x: NET.features(x)[0], IMAGES),
    "classes": (NET.predict, IMAGES),
    "evaluation": (lambda x, y: NET.evaluate(x, y).loss, IMAGES, np.arange(20) % 3),
    "training": (trained, IMAGES, np.arange(20) % 3, RANDOM.random(20)),
    "regression": (trained, IMAGES, RANDOM.normal(size=(20, 3)), RANDOM.random(20)),
}


@pytest.mark.parametrize("name", CALLS)
def test_elements_that_lie_anywhere(name):
    function, *arrays = CALLS[name]
    expected = function(*arrays)
    for _ in range(2):  # the second call may be recognised
        np.testing.assert_array_equal(function(*map(off, arrays)), expected)
