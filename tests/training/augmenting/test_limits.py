"""Augmentation that leaves nothing of the images, or has not their values, is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import Augmentation, find_lr, fit
from training.small import bars, conv_net

IMAGE, SIGNAL, ROW = (3, 16, 24), (2, 40), (40,)


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("shift=16", IMAGE, r"^shift must be less than each side, 16 pixels, .* shift=16, and "
         r"inputs of 16 × 24\. .* usual: shift=1\.$"),
        ("shift=1e9", SIGNAL, r"less than each side, 40 pixels.*shift=1e\+09, and inputs of 40\. "),
        ("shift=1e30", ROW, r"less than each side, 40 pixels"),
        ("shift=2", (3, 2, 9), r"each side, 2 pixels, .* A tenth of the side is usual: shift=1\.$"),
        ("shift=1", (3, 1, 1), r"less than each side, 1 pixel, .* inputs of 1 × 1\. Leave it out"),
        ("crop=0.6", (3, 1, 1), r"a pixel at least: .* inputs of 1 × 1\. Leave it out\.$"),
        ("crop=1e-30", IMAGE, r"^crop must leave a pixel at least: 1/384 .* crop=1e-30, and"),
        ("elastic=1e9:4", IMAGE, r"Received: elastic=1e\+09:4, which moves them by 4\.07e\+07 pix"),
        ("elastic=8:25", IMAGE, r"smooth over no more than the longer side, .* elastic=8:25"),
        ("elastic=8:1e9", IMAGE, r"elastic=8:1e\+09"),
        ("elastic=40:1e-9", IMAGE, r"elastic=40:1e-09, which moves them by 23\.1 pixels"),
        ("elastic=200:4", SIGNAL, r"moves them by 30\.7 pixels"),
    ],
)  # fmt: skip
def test_what_reaches_too_far(text, shape, message):
    with pytest.raises(fp.ArgumentError, match=message):
        Augmentation.parse(text).check_input(shape)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("shift=15", IMAGE),
        ("shift=9", (1, 1, 40)),
        ("shift=39,elastic=30:4", SIGNAL),
        ("crop=0.003,elastic=34:4", (1, 28, 28)),  # Simard's
        ("elastic=100:10", (3, 224, 224)),
    ],
)
def test_what_does_not(text, shape):
    Augmentation.parse(text).check_input(shape)


@pytest.mark.parametrize("sigma", [0.05, 1.0, 4.0])
@pytest.mark.parametrize("shape", [(1, 64, 64), (1, 64)])
def test_the_pixels_that_are_named_are_those_moved(shape, sigma):
    """A ramp shows where each of its pixels was taken from."""
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32), (400, *shape))
    elastic = Augmentation(elastic=(1e3, sigma))
    with pytest.raises(fp.ArgumentError) as refused:
        elastic.check_input(shape)
    named = float(str(refused.value).partition("moves them by ")[2].split()[0]) / 1e3
    moved = (Augmentation(elastic=(1.0, sigma)).apply(ramp) - ramp)[..., 8:-8]
    moved = moved[..., 8:-8, :] if len(shape) == 3 else moved  # less what is filled at the edges
    assert named == pytest.approx(moved.std(), rel=0.05)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("fill=300", np.uint8, r"fill=300, and images of uint8, from 0 to 255\. Leave it out"),
        ("fill=-1", np.uint8, r"^fill must be a value that pixels have\. Received: fill=-1, and"),
        ("fill=128", np.float32, r"fill=128, and values from 0 to 1\."),
        ("noise=256", np.uint8, r"^noise must be at most the range .* 255\. .* noise=256, "),
        ("noise=5", np.float32, r"range .* values, 1\. .* values from 0 to 1\. .* noise=0\.02\."),
    ],
)
def test_values_that_images_do_not_have(text, kind, message):
    images = np.zeros((4, 1, 8, 8), kind)
    images[0] = 255 if kind is np.uint8 else 1
    changes = Augmentation.parse(text)
    changes.check_input((1, 8, 8))  # of which no values are known
    with pytest.raises(fp.ArgumentError, match=message):
        changes.check_input((1, 8, 8), images)
    with pytest.raises(fp.ArgumentError, match=message):
        changes.apply(images)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("fill=-1,noise=2", -1, 1),
        ("fill=0", 0.2, 0.8),
        ("fill=1,noise=0.5", 0, 1),
        ("fill=0", 3, 3),
    ],
)
def test_values_that_they_may_have(text, low, high):
    images = np.linspace(low, high, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    if low == high == 3:
        images[:] = 0.5
    Augmentation.parse(text).check_input((1, 8, 8), images)


@pytest.mark.parametrize("train", [fit, find_lr])
@pytest.mark.parametrize("text", ["shift=8", "fill=256"])
def test_every_training_asks(train, text):
    images, labels = bars(40)
    with pytest.raises(fp.ArgumentError, match=r"must be .*Received: (shift=8|fill=256), "):
        train(conv_net(), images, labels, augmentation=text)


@pytest.mark.parametrize("change", ["flip", "shift=1", "crop=0.6", "rotate=5,jitter=0.1", "strong"])
def test_maps_that_do_not_move_with_their_images_are_warned_of(change):
    images, maps = bars(12)[0], np.zeros((12, 64), np.float32)
    net = fp.Network(images.shape[1:], [fp.Conv2d(1, 3, padding=1), fp.Flatten()])
    with pytest.warns(
        fp.DataWarning, match=r"but not the labels, which have 64 values, as maps of"
    ):
        fit(net, images, maps, epochs=1, augmentation=change)


@pytest.mark.parametrize("change", ["jitter=0.2", "erase=0.5", "noise=3", "mixup=0.2", "none"])
def test_changes_that_move_nothing_are_not_warned_of(recwarn, change):
    images = np.repeat(bars(12)[0], 3, axis=1)
    net = fp.Network(images.shape[1:], [fp.Conv2d(1, 3, padding=1), fp.Flatten()])
    fit(net, images, np.zeros((12, 64), np.float32), epochs=1, augmentation=change)
    values = fp.Network(images.shape[1:], [fp.Flatten(), fp.Linear(63)])
    fit(values, images, np.zeros((12, 63), np.float32), epochs=1, augmentation="flip")
    classes = fp.Network(images.shape[1:], [fp.Flatten(), fp.Linear(2)])
    fit(classes, images, np.arange(12) % 2, epochs=1, augmentation="flip")
    assert not recwarn.list
