"""Networks with shortcuts: counts as published, sizes that fit any data, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import models

MAKERS = (models.resnet9, models.resnet18, models.mobilenet)


def test_counts_are_those_of_the_papers_networks():
    """As torchvision counts them: resnet18 and mobilenet_v2."""
    assert models.resnet18((3, 224, 224), 1000).parameter_count == 11_689_512
    assert models.mobilenet((3, 224, 224), 1000).parameter_count == 3_504_872
    half = models.mobilenet((3, 224, 224), 1000, width=0.5)
    assert half.parameter_count == 1_968_680
    assert 300e6 < models.mobilenet((3, 224, 224), 1000).multiply_adds < 315e6
    assert models.resnet9((3, 32, 32), 10, width=16).parameter_count < 500_000


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 9, 31), (1, 28, 28), (3, 32, 32), (3, 61, 200), (2, 50), (1, 1000)]
)
def test_every_size_fits(make, shape):
    net = make(shape, 5)
    assert net.output_shape == (5,)
    last = [row.output_shape for row in net.rows if len(row.output_shape) > 1][-1]
    assert min(last[1:]) >= 3


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "shape", [(3, 7, 7), (1, 7, 60), (2, 2, 5), (1, 1, 1), (3, 1, 40), (2, 3), (1, 1)]
)
def test_small_images_and_signals(make, shape):
    """As of 8 × 8 pixels, but for halvings, of which none is left."""
    net = make(shape, 2, width=0.25 if make is models.mobilenet else 2)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (16, *shape)).astype(np.uint8)
    before = net(images)
    net.fit(images, np.arange(16) % 2, epochs=1, batch_size=8)
    assert np.isfinite(net(images)).all()
    assert (net(images) != before).any()
    last = [row.output_shape for row in net.rows if len(row.output_shape) > 1][-1]
    assert min(last[1:]) >= min(3, *shape[1:])


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_no_shape_or_width_is_refused(make):
    with pytest.raises(fp.ArgumentError, match="input_shape must be"):
        make((9,), 5)
    for width in (-1, 0):
        with pytest.raises(fp.ArgumentError, match="width must be"):
            make((3, 32, 32), 5, width=width)


@pytest.mark.parametrize("make", MAKERS)
def test_they_learn(make):
    images = np.zeros((64, 1, 8, 8), np.uint8)
    images[::2, :, :, 2] = images[1::2, :, 5] = 255  # a vertical or a horizontal bar
    width = 0.25 if make is models.mobilenet else 4
    net = make((1, 8, 8), 2, width=width)
    history = net.fit(images, np.arange(64) % 2, epochs=6, batch_size=16, lr=0.003)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("make", MAKERS)
def test_they_are_saved_and_loaded(make, tmp_path):
    net = make((1, 12, 10), 3, width=0.25 if make is models.mobilenet else 2)
    net.save(tmp_path / "net.safetensors")
    images = np.random.default_rng(0).random((3, 1, 12, 10), np.float32)
    loaded = fp.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(loaded(images), net(images))
