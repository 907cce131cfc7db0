"""Kernels that smooth: identity, mean, binomial, disk, motion.  Their weights add up to 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer, real
from .catalogue import named
from .kernel import Kernel
from .shapes import Size, as_ndim, as_shape, check_size, positive

Array = NDArray[np.float64]

_DEFINITION = "by definition"


@named("smoothing", _DEFINITION)
def identity(size: Size = 1, ndim: int = 2) -> Kernel:
    """Changes nothing: 1 at the origin, 0 elsewhere.

    Parameters
    ----------
    size : int or one for each axis
        How many elements, 1 or more.
    ndim : int
        1 for signals, 2 for images, 3 for volumes, …

    Examples
    --------
    >>> identity(3, ndim=1).matrix
    array([0., 1., 0.])
    """
    shape = as_shape(size, as_ndim(ndim))
    return Kernel.from_factors(*((np.arange(side) == side // 2) * 1.0 for side in shape))


@named("smoothing", _DEFINITION)
def mean(size: Size = 3, ndim: int = 2) -> Kernel:
    """The mean of the neighbourhood: all weights are equal. Also called box.

    Parameters
    ----------
    size : int or one for each axis
        How many elements along each axis. Of an even size, the mean is of one pixel more after the
        pixel (to the right, below) than before it.
    ndim : int
        As of `identity`.

    Examples
    --------
    >>> print(mean(3))
    mean(size=3): 3 × 3
    1/9 ×
    1 1 1
    1 1 1
    1 1 1
    """
    shape = as_shape(size, as_ndim(ndim))
    first, *others = map(np.ones, shape)
    return Kernel.from_factors(first / math.prod(shape), *others)


@named("smoothing", "rows of Pascal's triangle; in place of a Gaussian: Wells 1986, PAMI 8")
def binomial(size: Size = 3, ndim: int = 2) -> Kernel:
    """Nearly a Gaussian, in small fractions: a row of Pascal's triangle along each axis.

    The mean of two neighbours, size − 1 times over. Its variance is (size − 1) / 4.

    Parameters
    ----------
    size, ndim
        As of `mean`, at most 1,001 along each axis.

    Examples
    --------
    >>> binomial(3, ndim=1).matrix
    array([0.25, 0.5 , 0.25])
    """
    shape = as_shape(size, as_ndim(ndim))
    return Kernel.from_factors(*(pascal(integer("size", side, 1, 1001)) for side in shape))


def pascal(size: int) -> Array:
    """Return a row of Pascal's triangle, divided by its sum."""
    return np.array([math.comb(size - 1, k) / 2 ** (size - 1) for k in range(size)])


@named("smoothing", "area of a circle within each pixel, by integration")
def disk(radius: float = 3.0) -> Kernel:
    """The mean over a disk, as a lens out of focus makes it: a pixel counts by what it covers.

    Parameters
    ----------
    radius : float
        In pixels, above 0 and at most 500.

    Examples
    --------
    >>> disk(1.0).matrix.round(3)
    array([[0.025, 0.145, 0.025],
           [0.145, 0.318, 0.145],
           [0.025, 0.145, 0.025]])
    """
    radius = positive("radius", radius, 500)
    outermost = max(math.ceil(radius - 0.5), 0)
    edges = np.arange(-outermost, outermost + 2) - 0.5
    corner = _area_to(np.abs(edges)[:, None], np.abs(edges)[None, :], radius)
    corner *= np.sign(edges)[:, None] * np.sign(edges)[None, :]
    weights = np.diff(np.diff(corner, axis=0), axis=1)
    return Kernel(np.maximum(weights, 0.0) / weights.sum())


def _area_to(x: Array, y: Array, radius: float) -> Array:
    """The area of the part of a disk around 0 that lies in the rectangle from 0 to (x, y)."""

    def under_arc(t: Array) -> Array:  # ∫₀ᵗ √(r² − s²) ds
        area: Array = (t * np.sqrt(radius**2 - t**2) + radius**2 * np.arcsin(t / radius)) / 2
        return area

    x, y = np.minimum(x, radius), np.minimum(y, radius)
    # Up to here the rectangle's upper side lies within the disk; from here on the arc does.
    within = np.minimum(np.sqrt(radius**2 - y**2), x)
    return y * within + under_arc(x) - under_arc(within)


@named("smoothing", "length of a line within each pixel")
def motion(length: float = 9.0, angle: float = 0.0) -> Kernel:
    """The mean along a straight line, as a camera makes it that is moved: a motion blur.

    Parameters
    ----------
    length : float
        In pixels, above 0 and at most 1,000.
    angle : float
        In degrees, counterclockwise as seen; 0 is level, 90 upright.

    Notes
    -----
    A pixel's weight is the length of the line within it, so every angle and every length is exact.

    Examples
    --------
    >>> print(motion(3, 45))
    motion(length=3, angle=45): 3 × 3
    ...
    """
    length = positive("length", length, 1000)
    turned = math.radians(real("angle", angle, -1e6, 1e6))
    across, up = _clean(math.cos(turned)), _clean(math.sin(turned))
    half = length / 2
    cuts = [np.array([-half, half])]
    for slope in (across, up):  # where the line crosses from pixel to pixel
        if slope:
            most = math.ceil(abs(slope) * half)
            cuts.append((np.arange(-most, most + 1) - 0.5) / slope)
    at = np.unique(np.clip(np.concatenate(cuts), -half, half))
    middle = (at[1:] + at[:-1]) / 2
    rows, columns = (np.rint(middle * slope).astype(int) for slope in (-up, across))
    down, right = int(np.abs(rows).max()), int(np.abs(columns).max())
    check_size((2 * down + 1, 2 * right + 1))
    matrix = np.zeros((2 * down + 1, 2 * right + 1))
    np.add.at(matrix, (rows + down, columns + right), np.diff(at) / length)
    return Kernel((matrix + matrix[::-1, ::-1]) / 2)  # symmetric to the last bit


def _clean(slope: float) -> float:
    """The cosine of 90° is 6e-17 to a computer."""
    return 0.0 if abs(slope) < 1e-12 else slope
