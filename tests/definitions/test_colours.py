"""Luma by definition, against Pillow's and OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from fencepost import definitions

PIXELS = np.random.default_rng(0).integers(0, 256, (500, 3), dtype=np.uint8)


def test_luma_is_that_of_pillow_and_opencv():
    luma = definitions.take_luma(PIXELS)
    assert np.abs(luma - np.asarray(Image.fromarray(PIXELS[None]).convert("L"))[0]).max() < 0.51
    assert np.abs(luma - cv2.cvtColor(PIXELS[None], cv2.COLOR_RGB2GRAY)[0]).max() < 0.51


def test_colours_with_another_luma_keep_their_differences():
    luma = np.random.default_rng(1).uniform(0, 255, 500)
    changed = definitions.put_luma(PIXELS, luma)
    assert np.abs(definitions.take_luma(changed) - luma).max() < 1e-9
    differences = np.diff(PIXELS.astype(float), axis=1)
    assert np.abs(np.diff(changed, axis=1) - differences).max() < 1e-9
