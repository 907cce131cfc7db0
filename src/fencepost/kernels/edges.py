"""Kernels that find edges: differences, Laplace, Sobel and his kin.  Their weights add up to 0.

All are written for convolution: x responds above 0 where brightness rises to the right, y where it
rises downwards, with the index of the row; in volumes, z along the first axis of three. Books,
OpenCV and the papers themselves draw these kernels for correlation, that is turned by 180°, so that
the sign of every weight is the other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice
from ..names import answering
from .catalogue import ENTRIES, PAIR, Entry, named
from .kernel import Kernel
from .sets import BasisSet
from .shapes import as_ndim, odd_size
from .smoothing import pascal

Array = NDArray[np.float64]

DIRECTIONS = ("x", "y", "z")
_CENTRAL = np.array([1.0, 0.0, -1.0])


def along(
    direction: str, derivative: Array, smoothing: Array, ndim: int = 2, origin: int | None = None
) -> Kernel:
    """Take the derivative along x (the last axis), y or z, and smooth along the other axes."""
    known = DIRECTIONS[: max(2, ndim)]
    axis = ndim - 1 - known.index(choice("direction", direction, known))
    if ndim == 1:
        return Kernel(derivative, origin=origin)
    factors = [derivative if index == axis else smoothing for index in range(ndim)]
    return Kernel.from_factors(*factors, origin=None if origin is None else (origin,) * ndim)


@named("edges", "first difference", PAIR)
def difference(direction: str = "x", ndim: int = 2) -> Kernel:
    """A pixel less the one before it: 1, −1, with the origin in its first element.

    Parameters
    ----------
    direction : "x" or "y"
        Along rows or along columns (of a volume also "z"); a signal has one direction. Brightness
        that rises along it has a response above 0.
    ndim : int
        1 for signals, 2 for images, 3 for volumes, …

    Examples
    --------
    >>> difference(ndim=1).matrix
    array([ 1., -1.])
    """
    return along(direction, np.array([1.0, -1.0]), np.ones(1), as_ndim(ndim), origin=0)


@named("edges", "central difference, exact for parabolas", PAIR)
def central_difference(direction: str = "x", ndim: int = 2) -> Kernel:
    """The slope at a pixel, from its two neighbours: 1, 0, −1, halved; arguments of `difference`.

    >>> central_difference(ndim=1).matrix
    array([ 0.5,  0. , -0.5])
    """
    return along(direction, _CENTRAL / 2, np.ones(1), as_ndim(ndim))


@named("edges", "second differences; both forms in Rosenfeld and Kak, Digital Picture Processing")
def laplace(neighbours: int | None = None, ndim: int = 2) -> Kernel:
    """A pixel against all its neighbours: edges and spots light up, wherever they point.

    Parameters
    ----------
    neighbours : 4 or 8
        Whether diagonal neighbours count; by default they do: −1 everywhere, 8 in the centre. A
        signal's sample has 2, a volume's element 6 or 26.
    ndim : int
        As of `difference`.

    Notes
    -----
    The centre is positive, so that a bright spot has a bright response. OpenCV's and SciPy's
    Laplacian is that of mathematics, with a negative centre: −1 times this one.

    Examples
    --------
    >>> print(laplace())
    laplace: 3 × 3
    -1 -1 -1
    -1  8 -1
    -1 -1 -1
    """
    ndim = as_ndim(ndim)
    nearest, every = 2 * ndim, 3**ndim - 1
    if neighbours is None:
        neighbours = every
    known = dict.fromkeys((str(nearest), str(every)))  # in 1D they are the same
    count = int(choice("neighbours", str(neighbours), tuple(known)))
    steps = np.abs(np.indices((3,) * ndim) - 1).sum(axis=0)  # along the axes, from the centre
    matrix = np.where(steps <= (1 if count == nearest else ndim), -1.0, 0.0)
    matrix[(1,) * ndim] = count
    return Kernel(matrix)


@named(
    "edges",
    "Sobel and Feldman 1968, A 3×3 isotropic gradient operator for image processing "
    "(Stanford Artificial Intelligence Project)",
    PAIR,
    least_axes=2,
)
def sobel(direction: str = "x", size: int = 3, ndim: int = 2) -> Kernel:
    """Sobel: the difference of neighbours, smoothed across by 1 2 1.

    Parameters
    ----------
    direction, ndim
        As of `difference`, but not for signals; "y" finds horizontal edges.
    size : int
        Odd, from 3 to 31. Larger ones are smoothed by more of Pascal's triangle in both
        directions, as OpenCV's ``getDerivKernels`` has them.

    Notes
    -----
    Integer weights, as published: the response to a slope of 1 is 8 (``normalised()``: 2).

    Examples
    --------
    >>> print(sobel("x"))
    sobel(direction=x, size=3): 3 × 3
    1 0 -1
    2 0 -2
    1 0 -1
    """
    size, ndim = odd_size(size, 3, 31), as_ndim(ndim, 2)
    smoothing = pascal(size) * 2 ** (size - 1)
    derivative = np.convolve(pascal(size - 2) * 2 ** (size - 3), _CENTRAL)
    return along(direction, derivative, smoothing, ndim)


@named(
    "edges", "Prewitt 1970, Object enhancement and extraction (Picture Processing)", PAIR,
    least_axes=2,
)  # fmt: skip
def prewitt(direction: str = "x", ndim: int = 2) -> Kernel:
    """Prewitt: the difference of neighbours, averaged over three rows; arguments of `sobel`.

    >>> print(prewitt("y"))
    prewitt(direction=y): 3 × 3
     1  1  1
     0  0  0
    -1 -1 -1
    """
    return along(direction, _CENTRAL, np.ones(3), as_ndim(ndim, 2))


@named(
    "edges", "Scharr 2000, Optimale Operatoren in der digitalen Bildverarbeitung", PAIR,
    least_axes=2,
)  # fmt: skip
def scharr(direction: str = "x", ndim: int = 2) -> Kernel:
    """Scharr: like Sobel, with 3 10 3: truer directions; arguments of `sobel`.

    >>> print(scharr("x"))
    scharr(direction=x): 3 × 3
     3 0  -3
    10 0 -10
     3 0  -3
    """
    return along(direction, _CENTRAL, np.array([3.0, 10.0, 3.0]), as_ndim(ndim, 2))


@named(
    "edges", "Roberts 1963, Machine perception of three-dimensional solids (MIT)", PAIR,
    turn=math.pi / 4,
)  # fmt: skip
def roberts(direction: str = "x") -> Kernel:
    """Roberts' cross: the differences along both diagonals of 2 × 2 pixels.

    Parameters
    ----------
    direction : "x" or "y"
        "x" responds above 0 where brightness rises to the lower right, "y" to the lower left: the
        pair is rotated by 45°, and `direction` corrects for that.

    Examples
    --------
    >>> print(roberts("x"))
    roberts(direction=x): 2 × 2
    1  0
    0 -1
    """
    if choice("direction", direction, PAIR) == "x":
        return Kernel([[1, 0], [0, -1]])
    return Kernel([[0, 1], [-1, 0]])


_FREI_CHEN = "Frei and Chen 1977, Fast boundary detection (IEEE Transactions on Computers 26)"
_ROOT = math.sqrt(2.0)


@named("edges", _FREI_CHEN, PAIR)
def frei_chen(direction: str = "x") -> Kernel:
    """Frei and Chen's gradient: like Sobel, with 1 √2 1, of length 1; two of `frei_chen_basis`.

    >>> round(float((frei_chen("x").matrix ** 2).sum()), 12)
    1.0
    """
    return along(direction, _CENTRAL, np.array([1.0, _ROOT, 1.0])) / (2 * _ROOT)


@answering
def frei_chen_basis() -> BasisSet:
    """Frei and Chen's nine: four for edges, four for lines, the mean; orthonormal.

    The magnitude is the share of an edge in 3 × 3 pixels, from 0 to 1, whatever the contrast. As
    drawn in the paper, turned by 180° for convolution.

    >>> basis = np.stack([kernel.matrix.ravel() for kernel in frei_chen_basis()])
    >>> np.allclose(basis @ basis.T, np.eye(9))
    True
    """
    drawn = [
        (np.array([[0, -1, _ROOT], [1, 0, -1], [-_ROOT, 1, 0]]), 2 * _ROOT),
        (np.array([[_ROOT, -1, 0], [-1, 0, 1], [0, 1, -_ROOT]]), 2 * _ROOT),
        (np.array([[0, 1, 0], [-1, 0, -1], [0, 1, 0]]), 2),
        (np.array([[-1, 0, 1], [0, 0, 0], [1, 0, -1]]), 2),
        (np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]), 6),
        (np.array([[-2, 1, -2], [1, 4, 1], [-2, 1, -2]]), 6),
        (np.ones((3, 3)), 3),
    ]
    matrices = [frei_chen("y").matrix, frei_chen("x").matrix]
    matrices += [np.flip(matrix) / length for matrix, length in drawn]
    labels = (*(f"edge{k}" for k in range(1, 5)), *(f"line{k}" for k in range(1, 5)), "mean")
    kernels = tuple(
        Kernel(matrix).named("frei_chen_basis", {"mask": label}, _FREI_CHEN)
        for matrix, label in zip(matrices, labels, strict=True)
    )
    return BasisSet("frei_chen_basis", kernels, labels)


ENTRIES["frei_chen_basis"] = Entry("frei_chen_basis", "edges", frei_chen_basis, _FREI_CHEN)
