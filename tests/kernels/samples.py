"""Kernels and simple pictures, and what a kernel makes of their middle, by definition."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fencepost import definitions
from fencepost.kernels import Kernel

INTEGERS = st.integers(-9, 9)
SIDE = st.integers(1, 5)


@st.composite
def kernels(draw, ndim=2):
    shape = tuple(draw(SIDE) for _ in range(ndim))
    matrix = draw(arrays(np.float64, shape, elements=INTEGERS))
    return Kernel(matrix, origin=tuple(draw(st.integers(0, n - 1)) for n in shape))


def asymmetric(*shape):
    return Kernel(np.random.default_rng(3).normal(size=shape))


def response(kernel: Kernel, picture) -> float:
    """What convolution gives at (0, 0), for a picture as a function of x (right) and y (down)."""
    rows, columns = kernel.shape if kernel.ndim == 2 else (1, *kernel.shape)
    matrix = kernel.matrix.reshape(rows, columns)
    origin = kernel.origin if kernel.ndim == 2 else (0, *kernel.origin)
    y, x = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    image = np.broadcast_to(np.asarray(picture(x, y), float), x.shape)
    return definitions.convolution_2d_at(image, matrix, (rows, columns), origin)


def moments(kernel: Kernel) -> tuple[np.ndarray, np.ndarray]:
    """The mean (right, up) and the covariance of weights, seen as a distribution."""
    weights = np.atleast_2d(kernel.matrix) / kernel.sum
    origin = kernel.origin if kernel.ndim == 2 else (0, *kernel.origin)
    rows, columns = np.indices(weights.shape)
    positions = np.stack([columns - origin[1], origin[0] - rows]).reshape(2, -1).astype(float)
    mean = positions @ weights.ravel()
    deviations = positions - mean[:, None]
    return mean, (deviations * weights.ravel()) @ deviations.T
