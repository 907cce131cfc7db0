"""The Gaussian and what is made of it: derivatives, LoG, DoG, Gabor's wave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer, per_axis, real
from ..errors import ArgumentError
from .analysis import stacked
from .catalogue import PAIR, named
from .edges import along
from .kernel import Kernel
from .shapes import LONGEST, Size, as_ndim, as_shape, check_size, outer, positive

Array = NDArray[np.float64]
Sigma = float | Sequence[float]

# How many standard deviations are kept on each side where no size is given; SciPy's `truncate`.
_TRUNCATE = 4.0
# Narrower than this, the weights beside the middle are too small for their moments.
_NARROWEST = 0.1
_MOST_BOXES = 6
_SAMPLED = "the normal density, sampled at the pixels"


@named("smoothing", _SAMPLED + "; sigma from size: OpenCV's getGaussianKernel")
def gaussian(
    sigma: Sigma | None = None,
    size: Size | None = None,
    angle: float = 0.0,
    ndim: int = 2,
    boxes: int = 0,
) -> Kernel:
    """A Gaussian blur: nearby pixels count more, by the bell curve.

    Parameters
    ----------
    sigma : float or one for each axis, optional
        Standard deviation in pixels, above 0; for rows and columns, if they differ. Without it,
        0.3·((size − 1)/2 − 1) + 0.8, as in OpenCV; without both, 1.
    size : int or one for each axis, optional
        Odd. Without it, whatever lies within 4 sigma, as in SciPy: 2·⌊4·sigma + ½⌋ + 1.
    angle : float
        Turns an anisotropic Gaussian of an image, in degrees counterclockwise as seen.
    ndim : int
        1 for signals, 2 for images, 3 for volumes, …
    boxes : int
        Use this many box means (2 to 6) in sequence instead, which `filter_image` computes at a
        cost that does not grow with sigma. 0 for the Gaussian itself.

    Notes
    -----
    Samples of the density divided by their sum, which is SciPy's and, given size and sigma,
    OpenCV's kernel. (OpenCV has tables of its own for sizes up to 7 without sigma.)

    Stacked boxes are of two odd sizes w and w + 2, so many of each that their variance is as near
    to sigma² as it can be, (w + 1)/6 at most (P. Kovesi, "Fast almost-Gaussian filtering", 2010).
    From sigma 10 on, Σ|k − g| of an image's kernel is at most 0.19 with 2 boxes, 0.10 with 3, 0.071
    with 4, 0.055 with 5 and 0.047 with 6, so that no pixel is off by more than half that share of
    the difference of the brightest and the darkest.

    Examples
    --------
    >>> gaussian(1.0, size=3, ndim=1).matrix.round(4)
    array([0.2741, 0.4519, 0.2741])
    >>> gaussian(sigma=(1, 3), angle=30).shape
    (15, 23)
    """
    ndim = as_ndim(ndim)
    shape = None if size is None else as_shape(size, ndim, odd=True)
    sigmas = _sigmas(sigma, shape, ndim)
    if integer("boxes", boxes, 0, _MOST_BOXES):
        if boxes == 1 or angle != 0 or size is not None:
            raise ArgumentError(
                f"boxes must be 0, or 2 to {_MOST_BOXES} without size and angle, which stacked "
                f"boxes do not have. Received: {boxes=}, {size=}, {angle=}"
            )
        _around(sigmas)
        return Kernel.from_factors(*(_stacked_boxes(own, boxes) for own in sigmas))
    turned = math.radians(real("angle", angle, -1e6, 1e6)) if ndim == 2 else 0.0
    if len(set(sigmas)) == 1 or turned == 0:
        shape = shape or _around(sigmas)
        radii = (side // 2 for side in shape)
        return Kernel.from_factors(*map(bell, radii, sigmas))
    # Level and upright standard deviations of the turned Gaussian say how large it is.
    rows, columns = sigmas
    sine, cosine = math.sin(turned), math.cos(turned)
    shape = shape or _around(
        (math.hypot(rows * cosine, columns * sine), math.hypot(rows * sine, columns * cosine))
    )
    check_size(shape)
    right, up = grid(shape)
    long, short = right * cosine + up * sine, up * cosine - right * sine
    weights = np.exp(-((long / columns) ** 2 + (short / rows) ** 2) / 2)
    return Kernel(weights / weights.sum())


def _stacked_boxes(sigma: float, count: int) -> Array:
    """Return the convolution of `count` means whose variance is nearest to sigma²."""
    ideal = math.sqrt(12 * sigma**2 / count + 1)
    width = int(ideal) - (int(ideal) % 2 == 0)
    # Of n, w² - 1 is 12 times the variance, so each of the narrower ones takes 4 w + 4 of it.
    lacking = count * ((width + 2) ** 2 - 1) - 12 * sigma**2
    narrower = min(count, round(lacking / (4 * width + 4)))
    sizes = [width] * narrower + [width + 2] * (count - narrower)
    return stacked(sizes) / math.prod(sizes)


def _sigmas(sigma: Sigma | None, shape: tuple[int, ...] | None, ndim: int) -> tuple[float, ...]:
    if sigma is not None:
        return per_axis("sigma", sigma, ndim, positive)
    if shape is None:
        return (1.0,) * ndim
    return tuple(0.3 * ((size - 1) / 2 - 1) + 0.8 for size in shape)


def _around(sigmas: tuple[float, ...]) -> tuple[int, ...]:
    """Return the shape that holds a Gaussian with these standard deviations."""
    shape = tuple(2 * radius_of(sigma) + 1 for sigma in sigmas)
    if max(shape) > LONGEST:
        raise ArgumentError(
            f"sigma must be at most {LONGEST / 2 / _TRUNCATE:,.0f}, so that a kernel has at most "
            f"{LONGEST:,} elements along an axis. Received: sigma={max(sigmas):g}"
        )
    return shape


def radius_of(sigma: float) -> int:
    """Return how many elements on each side belong to a Gaussian."""
    return int(_TRUNCATE * min(sigma, 1e12) + 0.5)


def bell(radius: int, sigma: float) -> Array:
    """Return the samples of a normal density from −radius to radius, divided by their sum."""
    distances = np.arange(-radius, radius + 1)
    weights: Array = np.exp(-((distances / sigma) ** 2) / 2)
    weights /= weights.sum()
    return weights


def bell_derivative(radius: int, sigma: float, order: int) -> Array:
    """Return its derivative, scaled so that it is exact on polynomials of that degree.

    Σ g = 0; order 1: the response to a slope of 1 is 1; order 2: that to x²/2, and 0 to a slope.
    """
    distances = np.arange(-radius, radius + 1)
    weights = bell(radius, sigma)
    second = float((distances**2 * weights).sum())
    if order == 1:
        slope: Array = -distances * weights / second
        return slope
    fourth = float((distances**4 * weights).sum())
    curvature: Array = 2 * (distances**2 - second) * weights / (fourth - second**2)
    return curvature


def grid(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return how far each element lies to the right of the middle, and how far up."""
    down, right = np.indices(shape, np.float64)
    return right - shape[1] // 2, shape[0] // 2 - down


def _derivative_size(sigma: Any, size: Any) -> tuple[float, int]:
    """Return sigma and the radius of a kernel of derivatives: at least one element a side."""
    sigma = real("sigma", sigma, _NARROWEST)
    if size is None:
        return sigma, max(_around((sigma,))[0] // 2, 1)
    if integer("size", size, 1) == 1:
        raise ArgumentError(f"size must be at least 3 for a derivative. Received: size={size}")
    return sigma, as_shape(size, 1, odd=True)[0] // 2


@named("edges", _SAMPLED + ", times −x/σ² or (x²/σ² − 1)/σ²; Canny 1986, PAMI 8", PAIR)
def gaussian_derivative(
    direction: str = "x", sigma: float = 1.0, order: int = 1, size: int | None = None, ndim: int = 2
) -> Kernel:
    """Derivative of a Gaussian: slope or curvature of the smoothed image.

    Parameters
    ----------
    direction, ndim
        As of `difference`.
    sigma : float
        Standard deviation in pixels, at least 0.1.
    order : 1 or 2
        First or second derivative.
    size : int, optional
        Odd, at least 3; without it, whatever lies within 4 sigma.

    Notes
    -----
    Scaled so that the response to a slope of 1 is exactly 1 (order 2: to x²/2). SciPy's
    ``gaussian_filter(order=1)`` is not: it differs by 0.007 % at sigma 1.

    Examples
    --------
    >>> gaussian_derivative(sigma=1.0, size=3, ndim=1).matrix
    array([ 0.5,  0. , -0.5])
    """
    sigma, radius = _derivative_size(sigma, size)
    derivative = bell_derivative(radius, sigma, integer("order", order, 1, 2))
    return along(direction, derivative, bell(radius, sigma), as_ndim(ndim))


@named("edges", "Marr and Hildreth 1980, Theory of edge detection (Proceedings of the RS, B 207)")
def log(sigma: float = 1.0, size: int | None = None, ndim: int = 2) -> Kernel:
    """Laplacian of Gaussian: Laplace on a smoothed image; edges are where it crosses 0.

    Parameters
    ----------
    sigma, size, ndim
        As of `gaussian_derivative`.

    Notes
    -----
    The centre is positive, as in `laplace` and `dog`: −∇²G. SciPy's ``gaussian_laplace`` is −1
    times this. Scaled so that the response to x²/2 is exactly −1, and that to flat and sloping
    parts 0.

    Examples
    --------
    >>> log(1.4).shape, abs(log(1.4).sum) < 1e-12, log(1.4).rank
    ((13, 13), True, 2)
    """
    sigma, radius = _derivative_size(sigma, size)
    curvature = bell_derivative(radius, sigma, 2)
    ndim, smoothing = as_ndim(ndim), bell(radius, sigma)
    check_size((2 * radius + 1,) * ndim)
    factors = ([curvature if i == axis else smoothing for i in range(ndim)] for axis in range(ndim))
    return Kernel(-sum(outer(*each) for each in factors))


@named("edges", "Marr and Hildreth 1980, with their ratio of 1.6")
def dog(
    sigma: float = 1.0, sigma2: float | None = None, size: int | None = None, ndim: int = 2
) -> Kernel:
    """Difference of Gaussians: what a narrow one keeps and a wide one does not.

    Parameters
    ----------
    sigma : float
        Standard deviation of the Gaussian that is added.
    sigma2 : float, optional
        Of the one that is subtracted; without it, 1.6 · sigma, which is nearest to `log`.
    size, ndim
        As of `gaussian`, around the wider.

    Examples
    --------
    >>> dog(2.0) == gaussian(2.0) - gaussian(3.2)
    True
    """
    positive("sigma", sigma)
    if sigma2 is None:
        sigma2 = 1.6 * sigma
    positive("sigma2", sigma2)
    return gaussian(sigma, size, ndim=ndim) - gaussian(sigma2, size, ndim=ndim)


@named("texture", "Gabor 1946, Theory of communication; in 2D Daugman 1985, JOSA A 2")
def gabor(
    wavelength: float = 8.0,
    angle: float = 0.0,
    sigma: float | None = None,
    aspect: float = 0.5,
    phase: float = 0.0,
    size: Size | None = None,
    ndim: int = 2,
) -> Kernel:
    """Gabor: a wave under a Gaussian, which responds to stripes of its width and direction.

    exp(−(u² + aspect²·v²) / 2σ²) · cos(2π·u / wavelength + phase), u along the wave, v across.

    Parameters
    ----------
    wavelength : float
        In pixels, above 0; 2 is the shortest that pixels can show.
    angle : float
        Where the wave travels, in degrees counterclockwise as seen: 0 responds to upright stripes.
    sigma : float, optional
        Of the Gaussian along the wave; without it, 0.56 · wavelength: a bandwidth of an octave.
    aspect : float
        How wide it is across the wave: sigma / aspect.
    phase : float
        In degrees: 0 is even (a bright line), 90 odd (an edge).
    size : int or one for each axis, optional
        Odd; without it, whatever lies within 3 standard deviations.
    ndim : 1 or 2
        For signals or for images.

    Notes
    -----
    Not normalised, as OpenCV's ``getGaborKernel``, to which it is equal with theta = −angle and
    psi = −phase in radians: OpenCV's is drawn for correlation, which changes these signs.

    Examples
    --------
    >>> gabor(3.0, ndim=1, size=3, sigma=0.6).matrix.round(2)
    array([-0.12,  1.  , -0.12])
    """
    ndim = integer("ndim", ndim, 1, 2)
    wavelength, aspect = positive("wavelength", wavelength), positive("aspect", aspect)
    sigma = 0.56 * wavelength if sigma is None else positive("sigma", sigma)
    shift = math.radians(real("phase", phase, -1e6, 1e6))
    turned = math.radians(real("angle", angle, -1e6, 1e6)) if ndim == 2 else 0.0
    sine, cosine = math.sin(turned), math.cos(turned)
    if size is None:
        wide = sigma / aspect
        sigmas = (math.hypot(sigma * sine, wide * cosine), math.hypot(sigma * cosine, wide * sine))
        size = [2 * math.ceil(3 * min(each, 1e12) - 1e-9) + 1 for each in sigmas[-ndim:]]
    shape = as_shape(size, ndim, odd=True)
    check_size(shape)
    right, up = grid((1, *shape)[-2:])
    u, v = right * cosine + up * sine, up * cosine - right * sine
    envelope = np.exp(-(u**2 + (aspect * v) ** 2) / (2 * sigma**2))
    return Kernel((envelope * np.cos(2 * np.pi * u / wavelength + shift)).reshape(shape))
