"""What a kernel is: a small array of weights that knows its origin, its name and its structure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..arguments import integer, real, string
from ..errors import ArgumentError
from ..text import format_value, plural
from . import analysis, operations, tables
from .shapes import as_origin, as_weights, centre, check_size, outer

Array = NDArray[np.float64]


class Kernel:
    """An immutable array of weights for convolution.

    Convolution lays the kernel over the image flipped over all axes, so that the weight at
    ``origin + (i, j)`` is the response at (i, j) to a single bright pixel at (0, 0). A matrix that
    was written for correlation (as OpenCV's ``filter2D`` takes them) is ``Kernel(m).flipped()``.

    Parameters
    ----------
    matrix : array_like or Kernel
        Finite real numbers, at least 1 and at most 2²⁴ of them: a row for signals, a matrix for
        images, more axes for volumes. Kept as float64, read-only. Of a Kernel, everything that is
        not given here is copied.
    origin : int or sequence of int, optional
        The indices of the element that stands for coordinate 0. By default the centre: the middle
        element or, along an axis of even size, the element at ``size // 2``, as in SciPy.
    name : str
        Name of the kernel.
    parameters : mapping
        Parameters that it was made with.
    source : str
        Source of its formula or numbers.

    Raises
    ------
    ArgumentError
        The matrix is empty, ragged, not real and finite, or the origin lies outside it.

    Notes
    -----
    ``k1 * k2`` is the kernel of both: to convolve with it is to convolve with one and then with
    the other. ``2 * k``, ``k / 2``, ``-k``, ``k1 + k2`` and ``k1 - k2`` combine kernels as
    they would combine their responses. Two kernels are equal if matrix and origin are, whatever
    their names.

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

    shape: tuple[int, ...]  #: (rows, columns), or (size,) in 1D
    origin: tuple[int, ...]
    name: str
    parameters: Mapping[str, Any]
    source: str
    _factors: tuple[Array, ...]  # one for each axis, if it is known to be their outer product

    def __init__(
        self,
        matrix: ArrayLike | Kernel,
        *,
        origin: int | Sequence[int] | NDArray[np.integer] | None = None,
        name: str = "",
        parameters: Mapping[str, Any] | None = None,
        source: str = "",
    ) -> None:
        if isinstance(matrix, Kernel):
            vars(self).update(vars(matrix))
            origin = matrix.origin if origin is None else origin
            name = string("name", name) or matrix.name
            source = string("source", source) or matrix.source
            parameters = matrix.parameters if parameters is None else parameters
        else:
            weights = as_weights(matrix)
            vars(self).update(matrix=weights, shape=weights.shape, _factors=())
        self._describe(origin, name, parameters, source)

    @classmethod
    def from_factors(
        cls,
        *factors: ArrayLike,
        origin: int | Sequence[int] | NDArray[np.integer] | None = None,
        name: str = "",
        parameters: Mapping[str, Any] | None = None,
        source: str = "",
    ) -> Kernel:
        """Return the separable kernel of one vector for each axis: their outer product.

        Its matrix is computed when it is first used, and `factors` are known from the start.

        Parameters
        ----------
        *factors : array_like, 1D
            The column first, then the row.
        origin, name, parameters, source
            As of `Kernel`.

        Raises
        ------
        ArgumentError
            There is no factor, or one is not a row of finite real numbers.

        Examples
        --------
        >>> print(Kernel.from_factors([1, 2, 1], [1, 0, -1]))
        kernel: 3 × 3
        1 0 -1
        2 0 -2
        1 0 -1
        """
        if not factors:
            raise ArgumentError("A kernel must have a factor for each axis. Received: none")
        vectors = tuple(as_weights(factor, most_axes=1) for factor in factors)
        kernel = cls.__new__(cls)
        vars(kernel).update(shape=tuple(map(len, vectors)), _factors=vectors)
        kernel._describe(origin, name, parameters, source)
        return kernel

    def _describe(self, origin: Any, name: str, parameters: Any, source: str) -> None:
        if parameters is not None and not isinstance(parameters, Mapping):
            received = format_value(parameters)
            raise ArgumentError(f"parameters must be a mapping. Received: parameters={received}.")
        vars(self).update(origin=as_origin(origin, self.shape), parameters=dict(parameters or {}))
        vars(self).update(name=string("name", name), source=string("source", source))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A kernel is immutable: {name} cannot be set.")

    @cached_property
    def matrix(self) -> Array:
        """The weights as a read-only array of float64."""
        check_size(self.shape)
        weights = outer(*self._factors) + 0.0
        weights.flags.writeable = False
        return weights

    @property
    def ndim(self) -> int:
        """1 for signals, 2 for images, 3 for volumes."""
        return len(self.shape)

    @property
    def sum(self) -> float:
        """The sum of the weights: the response to a constant 1."""
        return math.prod(float(part.sum()) for part in self.parts)

    @property
    def parts(self) -> tuple[Array, ...]:
        """The factors that the kernel was made of, one for each axis; else its matrix alone."""
        return self._factors or (self.matrix,)

    @cached_property
    def boxes(self) -> tuple[tuple[int, ...], ...]:
        """The boxes whose convolution it is, but for a constant; none of one made of a matrix."""
        return analysis.boxes(self._factors)

    @cached_property
    def symmetry(self) -> analysis.Symmetry:
        """The flips that leave the matrix unchanged, or only change its sign."""
        return analysis.symmetry(self.matrix)

    @cached_property
    def factors(self) -> tuple[tuple[Array, ...], ...]:
        """The matrix as a sum of products of 1D kernels, to rounding.

        As many terms as the rank, the largest first; of each a column and a row whose outer
        product it is (in 1D one term, the kernel itself). Of more than two axes one vector for
        each, in terms that may be more than the fewest.
        """
        if self._factors and all(factor.any() for factor in self._factors):
            return (self._factors,)
        return operations.factors(self.matrix)

    @property
    def rank(self) -> int:
        """The rank of the matrix: the number of pairs of 1D passes needed."""
        return len(self.factors)

    @property
    def separable(self) -> bool:
        """Whether the kernel is the product of one column and one row."""
        return self.rank <= 1

    @property
    def centred(self) -> bool:
        """Whether the origin is where it would be by default."""
        return self.origin == centre(self.shape)

    @property
    def label(self) -> str:
        """The name with its parameters, such as ``gaussian(sigma=2)``."""
        name = self.name or "kernel"
        given = ", ".join(f"{key}={tables.brief(value)}" for key, value in self.parameters.items())
        return f"{name}({given})" if given else name

    @property
    def text(self) -> str:
        """The matrix as text that `parse` reads without loss; without the origin."""
        lines = self.matrix.reshape(-1, self.shape[-1]).tolist()
        rows = " ".join(",".join(map(tables.exact, line)) for line in lines)
        return f"{'x'.join(map(str, self.shape))}: {rows}"

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
            size - 1 - index if along in axes else index
            for along, (size, index) in enumerate(zip(self.shape, self.origin, strict=True))
        )
        name = f"{self.label}, flipped"
        if self._factors:
            factors = (f[::-1] if i in axes else f for i, f in enumerate(self._factors))
            return self._separable(factors, origin, name)
        return self._derived(np.flip(self.matrix, tuple(axes)), origin, name)

    def rotated(self, degrees: float) -> Kernel:
        """Return the kernel rotated counterclockwise.

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
            axes = plural(self.ndim, "axis", "axes")
            raise ArgumentError(f"rotated takes a 2D kernel. Received: a kernel of {axes}")
        matrix, origin = operations.rotate(self.matrix, self.origin, degrees)
        return self._derived(matrix, origin, f"{self.label}, rotated by {float(degrees):g}°")

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
            raise ArgumentError("A kernel with no weight other than 0 cannot be normalised.")
        total = self.sum if abs(self.sum) > 1e-12 * weight else weight / 2
        return self._derived(self.matrix / total, self.origin, f"{self.label}, normalised")

    @np.errstate(over="ignore", invalid="ignore")  # what overflows is refused as not finite
    def scaled(self, factor: float) -> Kernel:
        """Return the kernel with all weights multiplied by a finite number."""
        factor = real("factor", factor)
        return self._derived(self.matrix * factor, self.origin, f"{factor:g} * {self.label}")

    def composed(self, other: Kernel) -> Kernel:
        """Return the full convolution self ∗ other, equivalent to applying both in turn.

        Its shape is the sum of theirs less 1 along each axis, its origin the sum of their origins.

        Raises
        ------
        ArgumentError
            Their numbers of axes differ, or the result would have more than 2²⁴ weights.
        """
        operations.check_axes(self.shape, other.shape, "composed")
        origin = tuple(a + b for a, b in zip(self.origin, other.origin, strict=True))
        name = f"{self.label} * {other.label}"
        if self._factors and other._factors:
            return self._separable(map(np.convolve, self._factors, other._factors), origin, name)
        return self._derived(operations.compose(self.matrix, other.matrix), origin, name)

    def __mul__(self, other: Kernel | float) -> Kernel:
        return self.composed(other) if isinstance(other, Kernel) else self.scaled(other)

    def __rmul__(self, factor: float) -> Kernel:
        return self.scaled(factor)

    @np.errstate(over="ignore")
    def __truediv__(self, divisor: float) -> Kernel:
        divisor = real("divisor", divisor)
        if divisor == 0:
            raise ArgumentError("A kernel cannot be divided by 0.")
        return self._derived(self.matrix / divisor, self.origin, f"{self.label} / {divisor:g}")

    def __neg__(self) -> Kernel:
        return self._derived(-self.matrix, self.origin, f"-{self.label}")

    def __add__(self, other: Kernel) -> Kernel:
        return self._added(other, 1.0, "+")

    def __sub__(self, other: Kernel) -> Kernel:
        return self._added(other, -1.0, "-")

    def _added(self, other: Kernel, factor: float, sign: str) -> Kernel:
        if not isinstance(other, Kernel):
            raise ArgumentError(
                f"A kernel can only be added to another kernel. Received: {format_value(other)}"
            )
        operations.check_axes(self.shape, other.shape, "added")
        matrix, origin = operations.add(
            self.matrix, self.origin, other.matrix, other.origin, factor
        )
        return self._derived(matrix, origin, f"{self.label} {sign} {other.label}")

    def _derived(self, matrix: Array, origin: tuple[int, ...], name: str) -> Kernel:
        return Kernel(matrix, origin=origin, name=tables.shorten(name), source=self.source)

    def _separable(self, factors: Any, origin: tuple[int, ...], name: str) -> Kernel:
        name = tables.shorten(name)
        return Kernel.from_factors(*factors, origin=origin, name=name, source=self.source)

    def named(self, name: str, parameters: Mapping[str, Any], source: str) -> Kernel:
        """Return the same kernel with a name and parameters."""
        return Kernel(self, name=name, parameters=parameters, source=source)

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
            Kernel.from_factors if self._factors else Kernel,
            origin=self.origin,
            name=self.name,
            parameters=self.parameters,
            source=self.source,
        )
        return make, self._factors or (self.matrix,)

    def __repr__(self) -> str:
        return f"<Kernel {self.label}: {tables.size(self.shape)}>"

    def __str__(self) -> str:
        origin = "" if self.centred else f", origin at {', '.join(map(str, self.origin))}"
        return f"{self.label}: {tables.size(self.shape)}{origin}\n{tables.table(self.matrix)}"

    def _repr_html_(self) -> str:
        return tables.html(self.label, self.matrix)
