"""Kernels that find edges: differences, Laplace, Sobel and his kin.  Their weights add up to 0.

All are written for convolution: x answers above 0 where brightness rises to the right, y where it
rises downwards, with the index of the row. Books, OpenCV and the papers themselves draw these
kernels for correlation, that is turned by 180°, so that the sign of every weight is the other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice, integer
from .catalogue import ENTRIES, PAIR, Entry, named
from .kernel import Kernel
from .sets import BasisSet
from .sizes import axes, odd_size
from .smoothing import outer, pascal

Array = NDArray[np.float64]

_CENTRAL = np.array([1.0, 0.0, -1.0])


def along(direction: str, derivative: Array, smoothing: Array) -> Array:
    """Take the derivative along x (columns) or y (rows), and smooth along the other axis."""
    if choice("direction", direction, PAIR) == "x":
        return outer(smoothing, derivative)
    return outer(derivative, smoothing)


@named("edges", "first difference", PAIR)
def difference(direction: str = "x", ndim: int = 2) -> Kernel:
    """A cell less the one before it: 1, −1, with the origin in its first cell.

    Parameters
    ----------
    direction : "x" or "y"
        Along rows or along columns; a signal has one direction.
    ndim : 1 or 2
        For signals or for images.

    Examples
    --------
    >>> difference(ndim=1).matrix
    array([ 1., -1.])
    """
    weights = np.array([1.0, -1.0])
    choice("direction", direction, PAIR)
    if axes(ndim) == 1:
        return Kernel(weights, origin=0)
    return Kernel(along(direction, weights, np.ones(1)), origin=(0, 0))


@named("edges", "central difference, exact for parabolas", PAIR)
def central_difference(direction: str = "x", ndim: int = 2) -> Kernel:
    """The slope at a cell, from its two neighbours: 1, 0, −1, halved.

    Parameters
    ----------
    direction : "x" or "y"
        Along rows or along columns; a signal has one direction.
    ndim : 1 or 2
        For signals or for images.

    Examples
    --------
    >>> central_difference(ndim=1).matrix
    array([ 0.5,  0. , -0.5])
    """
    choice("direction", direction, PAIR)
    if axes(ndim) == 1:
        return Kernel(_CENTRAL / 2)
    return Kernel(along(direction, _CENTRAL / 2, np.ones(1)))


@named("edges", "second differences; both forms in Rosenfeld and Kak, Digital Picture Processing")
def laplace(neighbours: int | None = None, ndim: int = 2) -> Kernel:
    """A cell against all its neighbours: edges and spots light up, wherever they point.

    Parameters
    ----------
    neighbours : 4 or 8
        Whether diagonal neighbours count; in 2D 8 by default: −1 everywhere, 8 in the centre.
        A signal's cell has 2.
    ndim : 1 or 2
        For signals or for images.

    Notes
    -----
    The centre is positive, so that a bright spot is bright in the answer. OpenCV's and SciPy's
    Laplacian is that of mathematics, with a negative centre: −1 times this one.

    Examples
    --------
    >>> print(laplace())
    laplace: 3 × 3
    -1 -1 -1
    -1  8 -1
    -1 -1 -1
    """
    if axes(ndim) == 1:
        if neighbours is not None:
            integer("neighbours", neighbours, 2, 2)
        return Kernel([-1.0, 2.0, -1.0])
    if neighbours is None:
        neighbours = 8
    if choice("neighbours", str(neighbours), ("4", "8")) == "4":
        return Kernel([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    return Kernel([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])


@named(
    "edges",
    "Sobel and Feldman 1968, A 3×3 isotropic gradient operator for image processing "
    "(Stanford Artificial Intelligence Project)",
    PAIR,
)
def sobel(direction: str = "x", size: int = 3) -> Kernel:
    """Sobel: the difference of neighbours, smoothed across by 1 2 1.

    Parameters
    ----------
    direction : "x" or "y"
        Along which brightness rises; "y" finds horizontal edges.
    size : int
        Odd, from 3 to 31. Larger ones are smoothed by more of Pascal's triangle in both
        directions, as OpenCV's ``getDerivKernels`` has them.

    Notes
    -----
    Whole weights, as published: a slope of 1 is answered by 8 (``normalised()``: by 2).

    Examples
    --------
    >>> print(sobel("x"))
    sobel(direction=x, size=3): 3 × 3
    1 0 -1
    2 0 -2
    1 0 -1
    """
    size = odd_size(size, 3, 31)
    smoothing = pascal(size) * 2 ** (size - 1)
    derivative = np.convolve(pascal(size - 2) * 2 ** (size - 3), _CENTRAL)
    return Kernel(along(direction, derivative, smoothing))


@named("edges", "Prewitt 1970, Object enhancement and extraction (Picture Processing)", PAIR)
def prewitt(direction: str = "x") -> Kernel:
    """Prewitt: the difference of neighbours, averaged over three rows.

    Parameters
    ----------
    direction : "x" or "y"
        Along which brightness rises.

    Examples
    --------
    >>> print(prewitt("y"))
    prewitt(direction=y): 3 × 3
     1  1  1
     0  0  0
    -1 -1 -1
    """
    return Kernel(along(direction, _CENTRAL, np.ones(3)))


@named("edges", "Scharr 2000, Optimale Operatoren in der digitalen Bildverarbeitung", PAIR)
def scharr(direction: str = "x") -> Kernel:
    """Scharr: like Sobel, with 3 10 3: the direction is truer, whatever it is.

    Parameters
    ----------
    direction : "x" or "y"
        Along which brightness rises.

    Examples
    --------
    >>> print(scharr("x"))
    scharr(direction=x): 3 × 3
     3 0  -3
    10 0 -10
     3 0  -3
    """
    return Kernel(along(direction, _CENTRAL, np.array([3.0, 10.0, 3.0])))


@named(
    "edges",
    "Roberts 1963, Machine perception of three-dimensional solids (MIT)",
    PAIR,
    turn=math.pi / 4,
)
def roberts(direction: str = "x") -> Kernel:
    """Roberts' cross: the differences along both diagonals of 2 × 2 cells.

    Parameters
    ----------
    direction : "x" or "y"
        "x" answers above 0 where brightness rises to the lower right, "y" to the lower left: the
        pair stands 45° askew, and its direction allows for that.

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
    """Frei and Chen's gradient: like Sobel, with 1 √2 1, of length 1.

    Parameters
    ----------
    direction : "x" or "y"
        Along which brightness rises. These are two of the nine of `frei_chen_basis`.

    Examples
    --------
    >>> round(float((frei_chen("x").matrix ** 2).sum()), 12)
    1.0
    """
    return Kernel(along(direction, _CENTRAL, np.array([1.0, _ROOT, 1.0])) / (2 * _ROOT))


def frei_chen_basis() -> BasisSet:
    """Frei and Chen's nine: four for edges, four for lines, the mean; orthonormal.

    Returns
    -------
    BasisSet
        Whose strength is the share of an edge in 3 × 3 cells, from 0 to 1, whatever the contrast.

    Notes
    -----
    As drawn in the paper, turned by 180° for convolution.

    Examples
    --------
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
