"""The sum of a convolution at one position, written out term by term."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import integer
from ..errors import ArgumentError
from ..kernels import Kernel
from ..text import format_value
from .boundaries import FILL, Boundary, parse_boundary
from .parsing import Origin, parse_array, parse_origin

Position = tuple[int, ...]
_WIDTH = 88


@dataclass(frozen=True)
class Term:
    """One product of a convolution's sum: f(i) · g(j).

    `f_at`, `g_at`: The coordinates i of f and j = x − i of g, counted from g's origin. `f`, `g`:
    The values there.
    """

    f_at: Position
    g_at: Position
    f: Any
    g: Any

    @property
    def product(self) -> Any:
        """What the term adds to the sum."""
        return self.f * self.g


@dataclass(frozen=True)
class ConvolutionTerms(Sequence[Term]):
    """The terms of ``(f ∗ g)(x) = Σᵢ f(i) · g(x − i)`` at one x; prints as the sum written out.

    `at`: The position x. `terms`: In the order of f's elements.
    """

    at: Position
    terms: tuple[Term, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.terms[index]

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def total(self) -> Any:
        """The sum: the value of the convolution there."""
        return sum(term.product for term in self.terms)

    def __str__(self) -> str:
        name = f"y({_format_position(self.at)})"
        if not self.terms:
            return f"{name} = 0, because there are no terms"
        symbols = [
            f"f({_format_position(term.f_at)})·g({_format_position(term.g_at)})"
            for term in self.terms
        ]
        values = [f"{_number(term.f)}·{_number(term.g)}" for term in self.terms]
        lines = [
            line
            for sides in (" + ".join(symbols), " + ".join(values), _number(self.total))
            for line in _aligned(sides, len(name))
        ]
        return "\n".join([name + lines[0][len(name) :], *lines[1:]])


def convolution_terms(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    at: int | Sequence[int],
    *,
    origin: Origin = "first",
    boundary: str | complex = "zero",
) -> ConvolutionTerms:
    """Write out the sum that convolution computes at one position.

    Parameters
    ----------
    f : array_like, (...)
    g : array_like or Kernel
        With as many axes as f. A Kernel brings its origin.
    at : int or sequence of int
        The position x: coordinates of f, inside it or not.
    origin : {"first", "centre"}, int or tuple of int
        The element of g that stands for coordinate 0, as in `convolve`. With "first", x is also the
        index into ``convolve(f, g, mode="full")``; with "centre", into mode="same".
    boundary : str or number
        As in `convolve`. With "zero" (or "none"), terms where f is not defined are left out.

    Returns
    -------
    ConvolutionTerms
        A sequence of terms with coordinates and values, and their total.

    Raises
    ------
    ArgumentError, DataError
        As `convolve`.

    Examples
    --------
    >>> import fencepost as fp
    >>> f = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
    >>> print(fp.convolution_terms(f, [2, 3, 4], at=5))
    y(5) = f(3)·g(2) + f(4)·g(1) + f(5)·g(0)
         = 9·4 + 10·3 + 1·2
         = 68
    >>> terms = fp.convolution_terms([[1, 2], [3, 4]], [[5, 6], [7, 8]], at=(0, 1))
    >>> print(terms)
    y(0, 1) = f(0, 0)·g(0, 1) + f(0, 1)·g(0, 0)
            = 1·6 + 2·5
            = 16
    >>> terms[0].f_at, terms[0].g_at, terms.total
    ((0, 0), (0, 1), 16)
    """
    values, kernel = parse_array("f", f), parse_array("g", g)
    if values.ndim != kernel.ndim:
        raise ArgumentError(
            f"f and g must have the same number of axes. Received: {values.ndim} and {kernel.ndim}."
        )
    position = _position(at, values.ndim)
    if isinstance(g, Kernel):
        origin = g.origin
    start = parse_origin(origin, kernel.shape, left=True)
    edges = parse_boundary(boundary)
    omitted = edges.kind == "none" or edges == Boundary("fill")
    terms = []
    for index in _backwards(kernel.shape):
        g_at = tuple(i - o for i, o in zip(index, start, strict=True))
        f_at = tuple(x - j for x, j in zip(position, g_at, strict=True))
        read_at = tuple(
            int(edges.indices(i, i + 1, size)[0])
            for i, size in zip(f_at, values.shape, strict=True)
        )
        if FILL not in read_at:
            terms.append(Term(f_at, g_at, values[read_at].item(), kernel[index].item()))
        elif not omitted:
            terms.append(Term(f_at, g_at, edges.value, kernel[index].item()))
    return ConvolutionTerms(position, tuple(terms))


def _backwards(shape: Position) -> Iterator[Position]:
    """Count through g from its last element to its first: f is then read forwards."""
    for index in np.ndindex(shape):
        yield tuple(size - 1 - i for size, i in zip(shape, index, strict=True))


def _position(at: int | Sequence[int], axes: int) -> Position:
    given = tuple(at) if isinstance(at, (tuple, list)) else (at,)
    if len(given) != axes:
        raise ArgumentError(
            f"at must be {'a coordinate' if axes == 1 else f'{axes} coordinates'}, one for each "
            f"axis of f. Received: at={format_value(at)}."
        )
    return tuple(integer("at", x, -(2**31), 2**31) for x in given)


def _aligned(text: str, indent: int) -> list[str]:
    """Break a sum between its terms, the lines beginning below each other."""
    prefix = " " * indent + " = "
    lines = textwrap.wrap(
        text.replace(" + ", "\0+ ").replace(" ", "\xa0").replace("\0", " "), _WIDTH - len(prefix)
    )
    return [
        (prefix if i == 0 else " " * len(prefix)) + line.replace("\xa0", " ")
        for i, line in enumerate(lines)
    ]


def _number(value: Any) -> str:
    """Write a value with four digits behind the first, a negative one with a true minus."""
    text = str(value) if isinstance(value, (bool, int, complex)) else f"{value:.4g}"
    return text.replace("-", "−")


def _format_position(position: Position) -> str:
    return ", ".join(map(str, position)).replace("-", "−")
