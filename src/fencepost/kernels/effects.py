"""Kernels that change how a picture looks: sharpen, unsharp, emboss.  Their weights add up to 1."""

from __future__ import annotations

from ..arguments import choice, real
from .catalogue import named
from .edges import laplace
from .gaussians import Sigma, gaussian
from .kernel import Kernel
from .sets import COMPASS
from .shapes import Size, as_ndim
from .smoothing import identity


@named("effects", "the image plus its Laplacian; Rosenfeld and Kak, Digital Picture Processing")
def sharpen(amount: float = 1.0, neighbours: int | None = None, ndim: int = 2) -> Kernel:
    """Sharpens: the image plus what Laplace finds in it.

    Parameters
    ----------
    amount : float
        How much of it, 0 or more.
    neighbours : 4 or 8
        Whether diagonal neighbours count; by default they do not.
    ndim : int
        1 for signals, 2 for images, 3 for volumes, …

    Examples
    --------
    >>> print(sharpen())
    sharpen(amount=1): 3 × 3
     0 -1  0
    -1  5 -1
     0 -1  0
    """
    if neighbours is None:
        neighbours = 2 * as_ndim(ndim)
    amount = real("amount", amount, 0.0)
    return identity(ndim=ndim) + amount * laplace(neighbours, ndim)


@named("effects", "unsharp masking: the image plus what a Gaussian blur takes from it")
def unsharp(
    sigma: Sigma = 1.0, amount: float = 1.0, size: Size | None = None, ndim: int = 2
) -> Kernel:
    """Unsharp mask: the image plus what a Gaussian blur takes from it.

    Parameters
    ----------
    sigma, size, ndim
        As of `gaussian`; sigma is how wide the halo is.
    amount : float
        How much is added, 0 or more.

    Examples
    --------
    >>> unsharp(1.0, 0.5) == 1.5 * identity() - 0.5 * gaussian(1.0)
    True
    """
    amount = real("amount", amount, 0.0)
    return (1 + amount) * identity(ndim=ndim) - amount * gaussian(sigma, size, ndim=ndim)


@named("effects", "the image plus its slope along a diagonal")
def emboss(light: str = "NW") -> Kernel:
    """Emboss: as if the image were a relief, lit from one side.

    Parameters
    ----------
    light : "E", "NE", "N", "NW", "W", "SW", "S" or "SE"
        Where the light comes from; brightness that rises away from it is bright.

    Examples
    --------
    >>> print(emboss())
    emboss(light=NW): 3 × 3
    2  1  0
    1  1 -1
    0 -1 -2
    """
    light = light.upper() if isinstance(light, str) else light
    steps = COMPASS.index(choice("light", light, COMPASS)) - COMPASS.index("NW")
    return Kernel([[2, 1, 0], [1, 1, -1], [0, -1, -2]]).rotated(45 * steps)
