"""Kernels to find again, the picture that they filter, and its copies."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

import fencepost as fp
from fencepost.plots.images.samples import read_portrait

KERNELS = {
    "laplace": fp.kernels.laplace(8),
    "sobel": fp.kernels.sobel("x"),
    "blur": fp.kernels.mean(5),
    "gaussian": fp.kernels.gaussian(0.8, 5),
    "sharpen": fp.kernels.sharpen(),
    "lopsided": fp.Kernel([[1, 2, 0], [0, -1, 0], [0, 0, 0.25]]),
}


def original():
    """Return the middle of the portrait, 150 × 150."""
    return np.ascontiguousarray(read_portrait(None)[60:210, 50:200])


def jpeg(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def off(learned, kernel):
    """Return the largest error of a weight, as a share of the largest weight."""
    one, other = learned.kernel.matrix, kernel.matrix
    room = [max(sides) for sides in zip(one.shape, other.shape, strict=True)]
    both = []
    for matrix in (one, other):
        gaps = [side - own for side, own in zip(room, matrix.shape, strict=True)]
        both.append(np.pad(matrix, [(gap // 2, gap - gap // 2) for gap in gaps]))
    return np.abs(both[0] - both[1]).max() / np.abs(other).max()
