"""The named kernels: one entry for each, made by the decorator that their functions carry."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

from ..arguments import nearest
from ..errors import ArgumentError
from .kernel import Kernel
from .sets import COMPASS, CompassSet, KernelPair, KernelSet
from .tables import shorten

P = ParamSpec("P")

PAIR = ("x", "y")
GROUPS = ("smoothing", "edges", "texture", "effects")
OTHER_NAMES = {"box": "mean", "blur": "mean", "gauss": "gaussian", "motion_blur": "motion"}


@dataclass(frozen=True)
class Entry:
    """A named kernel.

    Attributes
    ----------
    name : str
        The name of its function.
    group : str
        What it is for, in a word or two.
    function : callable
        Makes the kernel.
    source : str
        Where its formula or numbers are from.
    directions : tuple of str
        What its argument `direction` may be; empty if it has none.
    turn : float
        Of a pair: by how many radians, clockwise, x and y are turned from right and down.
    least_axes : int
        1 if it has a form for signals.
    """

    name: str
    group: str
    function: Callable[..., Kernel | KernelSet]
    source: str
    directions: tuple[str, ...] = ()
    turn: float = 0.0
    least_axes: int = 1

    @property
    def summary(self) -> str:
        """One line that says what it is."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of its arguments, in order."""
        return tuple(inspect.signature(self.function).parameters)

    def has_axes(self, ndim: int) -> bool:
        """Whether it can be made for signals (1), images (2), volumes (3)."""
        return ndim == 2 or ("ndim" in self.arguments and ndim >= self.least_axes)

    def every_direction(self, **arguments: object) -> KernelSet:
        """Return the kernels of all its directions, brought to one shape by zeros."""
        kernels = []
        for direction in self.directions:
            kernel = self.function(direction, **arguments)
            assert isinstance(kernel, Kernel)
            kernels.append(kernel)
        if len({kernel.shape for kernel in kernels}) > 1:
            frame = functools.reduce(operator.add, (0.0 * kernel for kernel in kernels))
            kernels = [
                (kernel + frame).named(kernel.name, kernel.parameters, kernel.source)
                for kernel in kernels
            ]
        if self.directions == PAIR:
            return KernelPair(self.name, tuple(kernels), PAIR, self.turn)
        return CompassSet(self.name, tuple(kernels), COMPASS)


ENTRIES: dict[str, Entry] = {}


def named(
    group: str,
    source: str,
    directions: tuple[str, ...] = (),
    turn: float = 0.0,
    least_axes: int = 1,
) -> Callable[[Callable[P, Kernel]], Callable[P, Kernel]]:
    """Let a function's kernels carry its name, their parameters and their source; enter it."""

    def decorate(function: Callable[P, Kernel]) -> Callable[P, Kernel]:
        name = function.__name__
        signature = inspect.signature(function)

        @functools.wraps(function)
        def make(*args: P.args, **kwargs: P.kwargs) -> Kernel:
            kernel = function(*args, **kwargs)
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            parameters = {
                key: value
                for key, value in bound.arguments.items()
                if key != "ndim" and value is not None
            }
            return kernel.named(name, parameters, source)

        ENTRIES[name] = Entry(name, group, make, source, directions, turn, least_axes)
        return make

    return decorate


def entry(name: str) -> Entry:
    """Find a kernel by name; lower and upper case, - and _ are the same.

    Raises
    ------
    ArgumentError
        There is none; the nearest names are offered.
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    key = OTHER_NAMES.get(key, key)
    if key not in ENTRIES:
        known = [*ENTRIES, *OTHER_NAMES]
        hint = nearest(key, known) or f"There are {', '.join(known)}."
        raise ArgumentError(f'There is no kernel named "{shorten(key)}". {hint}')
    return ENTRIES[key]


def pair(name: str, **arguments: object) -> KernelPair:
    """Return the kernels of both directions, whose responses make a magnitude and a direction.

    Parameters
    ----------
    name : str
        "sobel", "prewitt", "scharr", "roberts", "frei_chen", "gaussian_derivative", "difference".
    **arguments
        What the function of that name takes beside the direction.

    Raises
    ------
    ArgumentError
        The name is not that of a kernel with directions x and y.

    Examples
    --------
    >>> import fencepost as fp
    >>> x, y = fp.kernels.pair("sobel")
    >>> x == fp.kernels.sobel("x")
    True
    """
    kernels = _every_direction(name, PAIR, arguments)
    assert isinstance(kernels, KernelPair)
    return kernels


def compass(name: str, **arguments: object) -> CompassSet:
    """Return the eight kernels of a compass set; the largest response gives the direction.

    Parameters
    ----------
    name : str
        "kirsch", "robinson" or "prewitt_compass".
    **arguments
        What the function of that name takes beside the direction.

    Raises
    ------
    ArgumentError
        The name is not that of a compass set.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.kernels.compass("kirsch").labels
    ('E', 'NE', 'N', 'NW', 'W', 'SW', 'S', 'SE')
    """
    kernels = _every_direction(name, COMPASS, arguments)
    assert isinstance(kernels, CompassSet)
    return kernels


def _every_direction(
    name: str, directions: tuple[str, ...], arguments: dict[str, object]
) -> KernelSet:
    named_kernel = entry(name)
    if named_kernel.directions != directions:
        fitting = (known.name for known in ENTRIES.values() if known.directions == directions)
        raise ArgumentError(
            f"Kernels with directions {', '.join(directions)} are {', '.join(fitting)}. "
            f"Received: {name!r}"
        )
    return named_kernel.every_direction(**arguments)
