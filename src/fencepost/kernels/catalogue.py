"""The named kernels: one entry for each, made by the decorator that their functions carry."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

from ..errors import ArgumentError
from ..habits import nearest
from ..names import answering
from ..text import format_value
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

    `source` says where its formula or numbers are from, `directions` what its argument of that name
    may be; the x and y of a pair are turned by `turn` radians, clockwise, from right and down.
    `least_axes` is 1 if it has a form for signals.
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
        frame = functools.reduce(operator.add, (0.0 * kernel for kernel in kernels))
        kernels = [(k + frame).named(k.name, k.parameters, k.source) for k in kernels]
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

        @answering
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
    """Find a kernel by name; case does not matter, nor does - for _.

    Raises
    ------
    ArgumentError
        There is none; the message suggests the nearest names.
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    key = OTHER_NAMES.get(key, key)
    if key not in ENTRIES:
        known = [*ENTRIES, *OTHER_NAMES]
        hint = nearest(key, known) or f"Available: {', '.join(known)}."
        raise ArgumentError(f'There is no kernel named "{shorten(key)}". {hint}')
    return ENTRIES[key]


def pair(name: str, **arguments: object) -> KernelPair:
    """Return the kernels of both directions, whose responses make a magnitude and a direction.

    The names are "sobel", "prewitt", "scharr", "roberts", "frei_chen", "gaussian_derivative",
    "difference" and "central_difference"; `arguments` are those of that function beside the
    direction. Raises ArgumentError for others.

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

    The names are "kirsch", "robinson" and "prewitt_compass"; `arguments` are those of that function
    beside the direction. Raises ArgumentError for others.

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
            f"Received: {format_value(name)}"
        )
    return named_kernel.every_direction(**arguments)
