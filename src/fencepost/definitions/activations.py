"""The functions that a network applies to every value by itself.

Arrays of any shape.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_float


def relu(x: ArrayLike) -> Array:
    """Return max(0, x).

    X. Glorot, A. Bordes, Y. Bengio, Deep sparse rectifier neural networks, 2011.

    >>> relu([-2, 0, 3])
    array([0., 0., 3.])
    """
    return np.maximum(0.0, as_float(x))


def leaky_relu(x: ArrayLike, slope: float = 0.01) -> Array:
    """Return x where it is positive and slope · x elsewhere.

    A. Maas, A. Hannun, A. Ng, Rectifier nonlinearities improve neural network acoustic models,
    2013.
    """
    x = as_float(x)
    return np.where(x > 0, x, slope * x)


def tanh(x: ArrayLike) -> Array:
    """Return (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return np.tanh(as_float(x))


def scaled_tanh(x: ArrayLike) -> Array:
    """Return 1.7159 · tanh(2x / 3), which maps ±1 to nearly ±1.

    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document
    recognition, 1998, appendix A.

    >>> scaled_tanh([-1, 0, 1]).round(4)
    array([-1.,  0.,  1.])
    """
    return 1.7159 * np.tanh(2.0 * as_float(x) / 3.0)


def sigmoid(x: ArrayLike) -> Array:
    """Return 1 / (1 + e⁻ˣ).

    Written as exp(−log(1 + e⁻ˣ)), which does not overflow.

    >>> sigmoid([-1000, 0, 1000])
    array([0. , 0.5, 1. ])
    """
    return np.exp(-np.logaddexp(0.0, -as_float(x)))


def gelu(x: ArrayLike) -> Array:
    """Return x · Φ(x) = x · (1 + erf(x / √2)) / 2, the exact form.

    Φ is the distribution function of the normal distribution. Written with erfc(−t) = 1 + erf(t),
    which keeps its digits where Φ is small. D. Hendrycks, K. Gimpel, Gaussian error linear units,
    2016.
    """
    x = as_float(x)
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    return 0.5 * x * as_float(erfc(-x / math.sqrt(2.0)))


def silu(x: ArrayLike) -> Array:
    """Return x · sigmoid(x).

    S. Elfwing, E. Uchibe, K. Doya, Sigmoid-weighted linear units, 2017.
    """
    return as_float(x) * sigmoid(x)


def relu6(x: ArrayLike) -> Array:
    """Return min(max(0, x), 6).

    A. Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010.
    """
    return np.minimum(np.maximum(0.0, as_float(x)), 6.0)


def hard_sigmoid(x: ArrayLike) -> Array:
    """Return min(max(0, x + 3), 6) / 6.

    A. Howard et al., Searching for MobileNetV3, 2019, section 5.2.

    Examples
    --------
    >>> hard_sigmoid([-4, 0, 1.5, 4])
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return relu6(as_float(x) + 3.0) / 6.0


def hard_swish(x: ArrayLike) -> Array:
    """Return x · hard_sigmoid(x).

    A. Howard et al., Searching for MobileNetV3, 2019, section 5.2.
    """
    return as_float(x) * hard_sigmoid(x)
