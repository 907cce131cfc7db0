"""Which images of a data set are shown, and how they become pixels."""

from __future__ import annotations

import numpy as np
import pytest

from fencepost.datasets import Dataset
from fencepost.datasets.samples import as_pixels


@pytest.mark.parametrize(("classes", "count"), [(2, 10), (3, 9), (7, 7), (30, 10)])
def test_each_class_is_shown(classes, count):
    data = Dataset(np.zeros((120, 1, 4, 4), np.uint8), np.arange(120) % classes)
    html = data._repr_html_()
    assert html.count("<img") == count
    assert all(f"<small>{name}</small>" in html for name in data.class_names[:10])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_images_become_pixels(channels):
    images = np.random.default_rng(0).normal(size=(channels, 5, 6))
    pixels = as_pixels(images.astype(np.float32))
    assert pixels.dtype == np.uint8
    assert pixels.shape == ((5, 6, 3) if channels == 3 else (5, 6))
    assert channels not in (1, 3) or (pixels.min(), pixels.max()) == (0, 255)


def test_bytes_stay_what_they_are_and_large_images_become_small():
    image = np.arange(2 * 600, dtype=np.uint8).reshape(1, 2, 600)
    assert np.array_equal(as_pixels(image), image[0, ::3, ::3])
    assert not as_pixels(np.ones((1, 3, 3))).any()
