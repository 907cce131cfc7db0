"""What a kernel is: a small matrix of weights that knows its origin, its name and its structure."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..arguments import integer, real
from ..errors import ArgumentError
from . import analysis, tables

Array = NDArray[np.float64]

# More weights than any kernel of use has, and few enough that a typing error costs no memory.
LARGEST = 2**20


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Kernel:
    """A matrix of weights, written for convolution; it does not change.

    Convolution lays the kernel over the image flipped over all axes, so that the weight at
    ``origin + (i, j)`` is the answer at (i, j) to a single bright pixel at (0, 0). A matrix that
    was written for correlation (as OpenCV's ``filter2D`` takes them) is ``Kernel(m).flipped()``.

    Parameters
    ----------
    matrix : array_like, 1D or 2D
        Finite real numbers, at least 1 and at most 2²⁰ of them. Kept as float64, read-only.
    origin : int or tuple of int, optional
        The indices of the cell that stands for coordinate 0. By default the centre: the middle
        cell or, along an axis of even size, the cell at ``size // 2``, as in SciPy.
    name : str
        What the kernel is called.
    parameters : mapping
        What it was made with.
    source : str
        Where its formula or numbers are from.

    Raises
    ------
    ArgumentError
        The matrix is empty, ragged, not real and finite, or the origin lies outside it.

    Notes
    -----
    ``k1 * k2`` is the kernel of both: to convolve with it is to convolve with one and then with
    the other. ``2 * k``, ``-k``, ``k1 + k2`` and ``k1 - k2`` do with kernels what they would do
    with their answers. Two kernels are equal if matrix and origin are, whatever their names.

    Examples
    --------
    >>> import fencepost as fp
    >>> sharpen = fp.Kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    >>> sharpen.sum, sharpen.origin, sharpen.rank
    (1.0, (1, 1), 2)
    >>> print(fp.Kernel([1, 1], origin=0) * fp.Kernel([1, 2, 1]))
    kernel * kernel: 4 weights, origin at 1
    1 3 3 1
    >>> sharpen == 2 * fp.kernels.identity(3) - fp.Kernel([[0, 1, 0], [1, -3, 1], [0, 1, 0]])
    True
    """

    matrix: Array
    origin: tuple[int, ...]
    name: str
    parameters: Mapping[str, Any]
    source: str

    def __init__(
        self,
        matrix: ArrayLike,
        *,
        origin: int | tuple[int, ...] | None = None,
        name: str = "",
        parameters: Mapping[str, Any] | None = None,
        source: str = "",
    ) -> None:
        weights = _as_matrix(matrix)
        object.__setattr__(self, "matrix", weights)
        object.__setattr__(self, "origin", _as_origin(origin, weights.shape))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", dict(parameters or {}))
        object.__setattr__(self, "source", source)

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns), or (size,) in 1D."""
        return self.matrix.shape

    @property
    def ndim(self) -> int:
        """1 for signals, 2 for images."""
        return self.matrix.ndim

    @property
    def sum(self) -> float:
        """The sum of the weights: what a constant 1 is turned into."""
        return float(self.matrix.sum())

    @cached_property
    def symmetry(self) -> analysis.Symmetry:
        """Which flips leave the matrix as it is, or change its sign only."""
        return analysis.symmetry(self.matrix)

    @cached_property
    def factors(self) -> tuple[tuple[Array, ...], ...]:
        """The matrix as the shortest sum of products of 1D kernels, to rounding.

        As many terms as the rank, the largest first; of each a column and a row whose outer
        product it is (in 1D one term, the kernel itself).
        """
        return analysis.factors(self.matrix)

    @property
    def rank(self) -> int:
        """The rank of the matrix: how many pairs of 1D passes do the same."""
        return len(self.factors)

    @property
    def separable(self) -> bool:
        """Whether one column and one row, one after the other, do the same."""
        return self.rank <= 1

    @property
    def centred(self) -> bool:
        """Whether the origin is where it would be by default."""
        return self.origin == _centre(self.shape)

    @property
    def label(self) -> str:
        """The name with its parameters, such as ``gaussian(sigma=2)``."""
        name = self.name or "kernel"
        given = ", ".join(f"{key}={_brief(value)}" for key, value in self.parameters.items())
        return f"{name}({given})" if given else name

    @property
    def text(self) -> str:
        """The matrix as a string that `parse` reads without loss; the origin is not part of it."""
        rows = (",".join(map(_number, row)) for row in np.atleast_2d(self.matrix).tolist())
        return f"{'x'.join(map(str, self.shape))}: {' '.join(rows)}"

    def flipped(self, axis: int | None = None) -> Kernel:
        """Return the kernel flipped along one axis, or along all: correlation for convolution.

        >>> Kernel([1, 0, -1]).flipped().matrix
        array([-1.,  0.,  1.])
        """
        if axis is None:
            axes = range(self.ndim)
        else:
            axis = integer("axis", axis, -self.ndim, self.ndim - 1) % self.ndim
            axes = range(axis, axis + 1)
        origin = tuple(
            size - 1 - cell if index in axes else cell
            for index, (size, cell) in enumerate(zip(self.shape, self.origin, strict=True))
        )
        return self._derived(np.flip(self.matrix, tuple(axes)), origin, f"{self.label}, flipped")

    def rotated(self, degrees: float) -> Kernel:
        """Return the kernel turned counterclockwise.

        Parameters
        ----------
        degrees : number
            A multiple of 90 for any matrix; or of 45 for a square one of odd size, whose rings
            around the centre are then turned, as the compass kernels are made.

        Raises
        ------
        ArgumentError
            Another angle, or a matrix that cannot be turned by it.

        Examples
        --------
        >>> print(Kernel([[1, 1, 1], [0, 0, 0], [-1, -1, -1]]).rotated(45))
        kernel, rotated by 45°: 3 × 3
         1  1  0
         1  0 -1
         0 -1 -1
        """
        if self.ndim != 2:
            raise ArgumentError("rotated takes a 2D kernel. Received: a kernel of 1 axis")
        degrees = real("degrees", degrees, -1e6, 1e6)
        label = f"{self.label}, rotated by {degrees:g}°"
        steps, rest = divmod(degrees, 45)
        if rest:
            raise ArgumentError(
                f"degrees must be a multiple of 90, or of 45 for a square kernel of odd size. "
                f"Received: degrees={degrees:g}"
            )
        turns, half = divmod(int(steps) % 8, 2)
        if not half:
            origin = self.origin
            shape = self.shape
            for _ in range(turns):
                origin = (shape[1] - 1 - origin[1], origin[0])
                shape = (shape[1], shape[0])
            return self._derived(np.rot90(self.matrix, turns), origin, label)
        rows, columns = self.shape
        if rows != columns or rows % 2 == 0 or not self.centred:
            raise ArgumentError(
                f"degrees must be a multiple of 90 for a kernel that is not a square of odd size "
                f"with its origin in the middle. Received: degrees={degrees:g} for "
                f"{rows} × {columns} with origin {self.origin}"
            )
        return self._derived(analysis.turn_rings(self.matrix, int(steps)), self.origin, label)

    def normalised(self) -> Kernel:
        """Return the kernel with sum 1 or, if its sum is 0, with positive weights of sum 1.

        Raises
        ------
        ArgumentError
            All weights are 0.

        Examples
        --------
        >>> Kernel([1, 2, 1]).normalised().matrix, Kernel([2, 0, -2]).normalised().matrix
        (array([0.25, 0.5 , 0.25]), array([ 1.,  0., -1.]))
        """
        weight = float(np.abs(self.matrix).sum())
        if weight == 0:
            raise ArgumentError("Only a kernel with a weight other than 0 can be normalised.")
        total = self.sum if abs(self.sum) > 1e-12 * weight else weight / 2
        return self._derived(self.matrix / total, self.origin, f"{self.label}, normalised")

    def scaled(self, factor: float) -> Kernel:
        """Return the kernel with all weights multiplied by a finite number."""
        factor = real("factor", factor)
        return self._derived(self.matrix * factor, self.origin, f"{factor:g} * {self.label}")

    def composed(self, other: Kernel) -> Kernel:
        """Return self ∗ other, in full: the one kernel that does what both do one after the other.

        Its shape is the sum of theirs less 1 along each axis, its origin the sum of their origins.

        Raises
        ------
        ArgumentError
            Their numbers of axes differ, or the result would have more than 2²⁰ weights.
        """
        _check_alike(self, other, "composed")
        shape = tuple(a + b - 1 for a, b in zip(self.shape, other.shape, strict=True))
        check_size(shape)
        large, small = (self, other) if self.matrix.size >= other.matrix.size else (other, self)
        result = np.zeros(shape)
        for place, weight in np.ndenumerate(small.matrix):
            if weight:
                here = zip(place, large.shape, strict=True)
                result[tuple(slice(at, at + size) for at, size in here)] += weight * large.matrix
        origin = tuple(a + b for a, b in zip(self.origin, other.origin, strict=True))
        return self._derived(result, origin, f"{self.label} * {other.label}")

    def __mul__(self, other: Kernel | float) -> Kernel:
        return self.composed(other) if isinstance(other, Kernel) else self.scaled(other)

    def __rmul__(self, factor: float) -> Kernel:
        return self.scaled(factor)

    def __neg__(self) -> Kernel:
        return self._derived(-self.matrix, self.origin, f"-{self.label}")

    def __add__(self, other: Kernel) -> Kernel:
        return self._added(other, 1.0, "+")

    def __sub__(self, other: Kernel) -> Kernel:
        return self._added(other, -1.0, "-")

    def _added(self, other: Kernel, factor: float, sign: str) -> Kernel:
        """Lay one kernel over the other, origin on origin, and add `factor` times the other."""
        if not isinstance(other, Kernel):
            raise ArgumentError(f"A kernel can be added to a kernel only. Received: {other!r}")
        _check_alike(self, other, "added")
        axes = list(zip(self.shape, self.origin, other.shape, other.origin, strict=True))
        origin = tuple(max(a, b) for _, a, _, b in axes)
        result = np.zeros(
            [max(a, b) + max(m - a, n - b) for m, a, n, b in axes]  # cells before + from the origin
        )
        for kernel, weight in ((self, 1.0), (other, factor)):
            starts = map(operator.sub, origin, kernel.origin)
            places = zip(starts, kernel.shape, strict=True)
            result[tuple(slice(at, at + size) for at, size in places)] += weight * kernel.matrix
        return self._derived(result, origin, f"{self.label} {sign} {other.label}")

    def _derived(self, matrix: Array, origin: tuple[int, ...], name: str) -> Kernel:
        return Kernel(matrix, origin=origin, name=tables.shorten(name), source=self.source)

    def named(self, name: str, parameters: Mapping[str, Any], source: str) -> Kernel:
        """Return the same kernel under a name, with what it was made from."""
        return replace(self, name=name, parameters=parameters, source=source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Kernel):
            return NotImplemented
        return self.origin == other.origin and np.array_equal(self.matrix, other.matrix)

    def __hash__(self) -> int:
        return hash((self.shape, self.origin, self.matrix.tobytes()))

    # NumPy leaves operators with a kernel to the kernel: np.float64(2) * k is a kernel too.
    __array_ufunc__ = None

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False and dtype is not None and np.dtype(dtype) != self.matrix.dtype:
            raise ValueError(f"A kernel's weights are float64; {np.dtype(dtype)} needs a copy.")
        return (
            np.array(self.matrix, dtype, copy=True)
            if copy
            else self.matrix.astype(dtype or np.float64, copy=False)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor: an unpickled array could be written to.
        make = partial(
            Kernel,
            origin=self.origin,
            name=self.name,
            parameters=self.parameters,
            source=self.source,
        )
        return make, (self.matrix,)

    def __repr__(self) -> str:
        return f"<Kernel {self.label}: {tables.size(self.shape)}>"

    def __str__(self) -> str:
        origin = "" if self.centred else f", origin at {', '.join(map(str, self.origin))}"
        return f"{self.label}: {tables.size(self.shape)}{origin}\n{tables.table(self.matrix)}"

    def _repr_html_(self) -> str:
        return tables.html(self.label, self.matrix)


def _as_matrix(matrix: ArrayLike) -> Array:
    rule = "A kernel must be a row or a matrix of finite real numbers, at least one."
    try:
        given = np.asarray(matrix)
    except ValueError:
        raise ArgumentError(f"{rule} Received: rows of different lengths") from None
    if given.dtype.kind not in "biuf":
        raise ArgumentError(f"{rule} Received: an array of {given.dtype.name}")
    if given.ndim not in (1, 2) or not given.size:
        raise ArgumentError(f"{rule} Received: an array of shape {given.shape}")
    check_size(given.shape)
    weights = np.array(given, np.float64, order="C") + 0.0  # -0.0 would be told from 0.0 by hash
    if not np.isfinite(weights).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(weights))[0])
        raise ArgumentError(f"{rule} Received: {weights[place]} at {place}")
    weights.flags.writeable = False
    return weights


def check_size(shape: tuple[int, ...]) -> None:
    """Raise ArgumentError for more weights than a kernel may have: before they are made."""
    if np.prod(shape, dtype=float) > LARGEST:
        raise ArgumentError(
            f"A kernel must have at most {LARGEST:,} weights. Received: {tables.size(shape)}"
        )


def _check_alike(one: Kernel, other: Kernel, verb: str) -> None:
    if one.ndim != other.ndim:
        raise ArgumentError(
            f"Only kernels of as many axes can be {verb}. "
            f"Received: {tables.size(one.shape)} and {tables.size(other.shape)}"
        )


def _as_origin(origin: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    if origin is None:
        return _centre(shape)
    try:
        cells = tuple(operator.index(cell) for cell in np.atleast_1d(np.asarray(origin)).tolist())
    except TypeError:
        cells = ()
    if len(cells) != len(shape) or not all(
        0 <= cell < size for cell, size in zip(cells, shape, strict=True)
    ):
        raise ArgumentError(
            f"origin must be one index for each axis, inside {tables.size(shape)}. "
            f"Received: origin={origin!r}"
        )
    return cells


def _centre(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size // 2 for size in shape)


def _brief(value: Any) -> str:
    if isinstance(value, tuple):
        return "×".join(map(_brief, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
