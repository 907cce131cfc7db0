"""Changes of colour against their definitions, at every instruction set.

RandAugment and the four changes of ColorJitter draw them; what was drawn is asked for, and made
again by the definitions.
"""

from __future__ import annotations

import numpy as np
import pytest

from augmentation_reference import GEOMETRY, by_definition
from fencepost import _engine
from fencepost.training import Augmentation


def pictures(count, *shape, dtype=np.uint8):
    """Smooth and noisy images, one of them of a single value."""
    generator = np.random.default_rng(6)
    images = generator.integers(0, 256, (count, *shape))
    images[::2] = images[::2] // 8 + np.linspace(0, 200, shape[-1]).astype(int)
    images[1] = 77
    return images.astype(np.uint8) if dtype == np.uint8 else (images / 255).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(3, 9, 14), (1, 17, 8), (4, 6, 6), (3, 2, 5), (3, 1, 1)])
def test_one_change_of_randaugment(engine, shape, dtype):
    count, peak = 60, 255.0 if dtype == np.uint8 else 1.0
    images = pictures(count, *shape, dtype=dtype)
    seen = set()
    for magnitude in (3, 9, 30):
        settings = Augmentation(randaugment=(1, magnitude), fill=peak / 3).engine()
        result = engine.augment(images, settings, 5, magnitude)
        for i in range(count):
            [(name, values)] = engine.changes(shape, settings, 5, magnitude, i)
            expected = by_definition(images[i], name, values, peak, peak / 3)
            slack = 0.02 if name in GEOMETRY else 1e-3
            np.testing.assert_allclose(
                result[i], expected, atol=slack * peak / 255, err_msg=f"{name} {values}"
            )
            seen.add(name)
    assert len(seen) == 14


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(3, 9, 14), (1, 5, 8), (4, 6, 6)])
def test_jitter(engine, shape, dtype):
    peak = 255.0 if dtype == np.uint8 else 1.0
    images = pictures(24, *shape, dtype=dtype)
    settings = Augmentation(brightness=0.6, contrast=1.5, saturation=0.9, hue=0.5).engine()
    result = engine.augment(images, settings, 1, 2)
    orders = set()
    for i, image in enumerate(images):
        changes = engine.changes(shape, settings, 1, 2, i)
        expected = image
        for name, values in changes:
            expected = by_definition(expected, name, values, peak, 0)
        np.testing.assert_allclose(result[i], expected, atol=2e-3 * peak / 255)
        orders.add(tuple(name for name, _ in changes))
    assert len(orders) > 8


def test_alpha_keeps_its_values(engine):
    images = pictures(30, 4, 8, 8)
    settings = Augmentation.parse("jitter=0.8").engine()
    assert np.array_equal(engine.augment(images, settings, 1, 2)[:, 3], images[:, 3])


def test_levels_agree():
    images = pictures(20, 3, 9, 11)
    settings = Augmentation.parse("jitter=0.4,randaugment=3,9").engine()
    results = [level.augment(images, settings, 3, 4) for level in _engine.levels().values()]
    for result in results[1:]:
        # A value at a step of posterize or solarize may fall on either side of it.
        assert np.mean(np.abs(result - results[0]) > 1e-2) < 1e-3
