"""Threads that carry a block of images together, and memory that values share."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
from fencepost.training import Augmentation
from tolerances import FORWARD, assert_close

#: name -> (input shape, layers): every operation that several threads share, in both its ways of
#: being cut (channels and rows), and some that one thread does for all.
CASES = {
    "taps": (
        (3, 11, 9),
        [fp.Conv2d(30, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2, remainder="crop"),
         fp.Conv2d(4, 2), fp.LeakyReLU(), fp.Conv2d(6, 3, stride=2, padding=1, remainder="crop")],
    ),
    "rows": (
        (1, 13, 8),
        [fp.Conv2d(2, 3, padding=1), fp.MaxPool2d(2, remainder="crop"), fp.Conv2d(1, 2), fp.Tanh()],
    ),
    "depthwise": (
        (18, 9, 9),
        [fp.Conv2d(18, 3, padding=1, groups=18), fp.BatchNorm2d(), fp.ReLU(), fp.Conv2d(7, 1),
         fp.BatchNorm2d(), fp.GlobalAvgPool(), fp.Linear(3)],
    ),
    "winograd": (
        (17, 12, 10),
        [fp.Conv2d(35, 3, padding=1), fp.ReLU(), fp.Conv2d(20, 3, padding=1), fp.ReLU(),
         fp.MaxPool2d(2), fp.Residual(fp.Conv2d(20, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()),
         fp.Flatten(), fp.Linear(4)],
    ),
}  # fmt: skip
MSE = {"name": "mse"}


def gradient(engine, net, images, threads, **options):
    outputs = int(np.prod(net.output_shape))
    targets = np.random.default_rng(2).standard_normal((len(images), outputs)).astype(np.float32)
    return nets.plan(engine, net).gradient(
        *nets.arguments(net, images), targets, MSE, 0, threads, True, **options
    )


@pytest.mark.parametrize("name", CASES)
def test_threads_that_share_a_block_agree_with_one(engine, name):
    shape, layers = CASES[name]
    net = fp.Network(shape, layers, seed=3)
    lanes = nets.plan(engine, net).lanes
    for count in (2, lanes + 1):
        images = nets.random_images(net, count)
        alone = gradient(engine, net, images, 1)
        for threads in (2, 3, 5):
            together = gradient(engine, net, images, threads)
            again = gradient(engine, net, images, threads)
            assert together[0] == again[0]
            for expected, value, repeated in zip(alone[1:], together[1:], again[1:], strict=True):
                np.testing.assert_array_equal(value, repeated)
                assert_close(value, expected, FORWARD)


@pytest.mark.parametrize("changes", ["shift=2,flip", "shift=1,erase=0.5,mixup=0.4"])
def test_threads_load_and_augment_a_block_together(engine, changes):
    """More of them than images, and images that end within a vec."""
    net = fp.Network((3, 7, 5), [fp.Flatten(), fp.Linear(2)], seed=3)
    images = nets.random_images(net, 4)
    for pixels in (images, (images * 40 + 100).astype(np.uint8)):
        settings = Augmentation.parse(changes).engine(mean=np.zeros(3))
        loss, *expected = gradient(engine, net, pixels, 1, augmentation=settings)
        assert loss != gradient(engine, net, pixels, 1)[0]
        for threads in (2, 3, 7):
            found = gradient(engine, net, pixels, threads, augmentation=settings)
            assert found[0] == loss
            for one, other in zip(found[1:], expected, strict=True):
                assert_close(one, other, FORWARD)


_SHARED = {
    **CASES,
    "normalised again": (
        (3, 9, 8),
        [fp.BatchNorm2d(), fp.Conv2d(4, 3), fp.BatchNorm2d(), fp.BatchNorm2d(), fp.ReLU(),
         fp.MaxPool2d(2, remainder="crop"), fp.Conv2d(5, 2, padding=1), fp.BatchNorm2d(),
         fp.Tanh(), fp.Conv2d(3, 3, padding=2), fp.Flatten(), fp.Linear(2)],
    ),
    "branches": (
        (2, 8, 8),
        [fp.Conv2d(6, 3, padding=1), fp.BatchNorm2d(), fp.ReLU(),
         fp.Residual(fp.Conv2d(6, 1), fp.BatchNorm2d(), fp.ReLU(), fp.Conv2d(6, 3, padding=1),
                     fp.BatchNorm2d()), fp.ReLU(),
         fp.Concat([fp.Conv2d(2, 3, padding=1), fp.BatchNorm2d()], [fp.BatchNorm2d()]),
         fp.Conv2d(4, 5, stride=3, padding=2, remainder="crop"), fp.BatchNorm2d()],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [*_SHARED, *nets.LAYERS])
def test_values_that_share_memory_change_no_gradient(engine, name):
    """Every bit is that of values which each have memory of their own."""
    if name in _SHARED:
        net = fp.Network(*_SHARED[name], seed=3)
    else:
        net = nets.network(name)
    images = nets.random_images(net, nets.plan(engine, net).lanes + 3)
    for threads in (1, 3):
        expected = gradient(engine, net, images, threads)
        found = gradient(engine, net, images, threads, thrifty=True)
        assert found[0] == expected[0]
        for one, other in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_array_equal(one, other)
