"""Kernels for the eight directions of the compass; the largest response gives the direction.

Each is that for E, turned in steps of 45°. The direction is where brightness rises, north up. The
papers draw these kernels for correlation, that is turned by 180°.
"""

from __future__ import annotations

from ..arguments import choice
from .catalogue import named
from .kernel import Kernel
from .sets import COMPASS


def _turned(east: list[list[float]], direction: str) -> Kernel:
    direction = direction.upper() if isinstance(direction, str) else direction
    return Kernel(east).rotated(45 * COMPASS.index(choice("direction", direction, COMPASS)))


@named(
    "edges",
    "Kirsch 1971, Computer determination of the constituent structure of biological images",
    COMPASS,
)
def kirsch(direction: str = "E") -> Kernel:
    """Kirsch: three neighbours against the other five, in eight directions.

    Parameters
    ----------
    direction : "E", "NE", "N", "NW", "W", "SW", "S" or "SE"
        Where it is brighter.

    Examples
    --------
    >>> print(kirsch("N"))
    kirsch(direction=N): 3 × 3
    -3 -3 -3
    -3  0 -3
     5  5  5
    """
    return _turned([[5, -3, -3], [5, 0, -3], [5, -3, -3]], direction)


@named("edges", "Robinson 1977, Edge detection by compass gradient masks (CGIP 6)", COMPASS)
def robinson(direction: str = "E", levels: int = 5) -> Kernel:
    """Robinson: Sobel's kernel (or Prewitt's) in eight directions.

    Parameters
    ----------
    direction : str
        As of `kirsch`.
    levels : 5 or 3
        5: weights from −2 to 2, as Sobel's; 3: from −1 to 1, as Prewitt's.

    Examples
    --------
    >>> print(robinson("NE"))
    robinson(direction=NE, levels=5): 3 × 3
    0 -1 -2
    1  0 -1
    2  1  0
    """
    middle = 2 if choice("levels", str(levels), ("5", "3")) == "5" else 1
    return _turned([[1, 0, -1], [middle, 0, -middle], [1, 0, -1]], direction)


@named("edges", "Prewitt 1970, Object enhancement and extraction (Picture Processing)", COMPASS)
def prewitt_compass(direction: str = "E") -> Kernel:
    """Prewitt's compass: five neighbours against three and the centre, as `kirsch`.

    >>> print(prewitt_compass("E"))
    prewitt_compass(direction=E): 3 × 3
    1  1 -1
    1 -2 -1
    1  1 -1
    """
    return _turned([[1, 1, -1], [1, -2, -1], [1, 1, -1]], direction)
