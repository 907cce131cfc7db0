"""Named kernels, for convolution: how each is made, where it is from, what it does.

Arguments are pixels, degrees (counterclockwise as seen) and sizes (rows, columns). Functions that
take `ndim` have a form for signals, ``ndim=1``, and for volumes, ``ndim=3``; the others are for
images only. Directional kernels respond above 0 where brightness rises to the right (x) or down the
array (y).

Examples
--------
>>> import fencepost as fp
>>> fp.kernels.gaussian(sigma=2.0).shape
(17, 17)
>>> fp.kernels.pair("sobel").x == fp.kernels.parse("sobel:x")
True
"""

from __future__ import annotations

from ..names import public

from .smoothing import binomial, disk, identity, mean, motion  # isort: skip
from .catalogue import compass, entry, pair
from .directions import kirsch, prewitt_compass, robinson
from .edges import (
    central_difference,
    difference,
    frei_chen,
    frei_chen_basis,
    laplace,
    prewitt,
    roberts,
    scharr,
    sobel,
)
from .effects import emboss, sharpen, unsharp
from .frequency import frequency_response
from .gaussians import dog, gabor, gaussian, gaussian_derivative, log
from .kernel import Kernel
from .sets import BasisSet, CompassSet, KernelPair, KernelSet
from .text import names, parse

box = mean

__all__ = [
    "BasisSet",
    "CompassSet",
    "Kernel",
    "KernelPair",
    "KernelSet",
    "binomial",
    "box",
    "central_difference",
    "compass",
    "difference",
    "disk",
    "dog",
    "emboss",
    "entry",
    "frei_chen",
    "frei_chen_basis",
    "frequency_response",
    "gabor",
    "gaussian",
    "gaussian_derivative",
    "identity",
    "kirsch",
    "laplace",
    "log",
    "mean",
    "motion",
    "names",
    "pair",
    "parse",
    "prewitt",
    "prewitt_compass",
    "roberts",
    "robinson",
    "scharr",
    "sharpen",
    "sobel",
    "unsharp",
]

public(globals())
