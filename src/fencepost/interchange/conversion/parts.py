"""Layers with their weights, on the way from a graph to a `Network`.

What one layer is here, others write as several operations: those that are no layer alone wait, as
`Pending`, until they are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...graph import Operation
from ...layers import Flatten, Layer

Float32: TypeAlias = NDArray[np.float32]
Sizes: TypeAlias = tuple[int, ...]


class Misfit(Exception):
    """An operation that is none of fencepost's; the message says why, in half a sentence.

    It never leaves the conversion, which collects all of them.
    """


@dataclass(frozen=True)
class Details:
    """What a reader knows of an operation beyond the graph: numbers and arrays by PyTorch's names.

    `other` is the constant of a sum or a product, and `constant_first` says that it is the first
    operand (``1 − x``).
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Float32] = field(default_factory=dict)


#: Finds the details of an operation. Raises Misfit if they are not known.
DetailsOf: TypeAlias = Callable[[Operation], Details]


# --- what is no layer alone; axes are counted without the batch -------------------------------


@dataclass(frozen=True)
class Pad:
    """Pixels around each spatial axis, of this value."""

    pairs: tuple[tuple[int, int], ...]
    value: float = 0.0


@dataclass(frozen=True, eq=False)
class Affine:
    """A factor and a summand; arrays are scalars, or have as many axes as what they change."""

    factor: Float32
    summand: Float32

    def scale(self) -> float | None:
        """Return the factor, if it is one number and nothing is added."""
        if self.factor.size > 1 or np.any(self.summand):
            return None
        return float(self.factor.reshape(-1)[0])

    def constants(self) -> tuple[float, float] | None:
        """Return the factor and the summand, if each is one number."""
        if self.factor.size > 1 or self.summand.size > 1:
            return None
        return float(self.factor.reshape(-1)[0]), float(self.summand.reshape(-1)[0])


@dataclass(frozen=True)
class Permute:
    """The axes in another order: for each that comes out, which of those that go in."""

    order: Sizes


@dataclass(frozen=True)
class Reshape:
    """The same values in another shape, that of the part's output."""


@dataclass(frozen=True)
class Repeat:
    """Values repeated along axes of size 1, as a product repeats them anyway."""


@dataclass(frozen=True)
class Cut:
    """Values above a limit are set to it: half of ReLU6."""

    high: float


@dataclass(frozen=True)
class Reduce:
    """The mean, the maximum or the sum along some axes."""

    how: Literal["Avg", "Max", "Sum"]
    axes: Sizes


@dataclass(frozen=True)
class SoftmaxAlong:
    """Softmax along an axis, or its logarithm."""

    axis: int
    log: bool = False


@dataclass(frozen=True, eq=False)
class Normalise:
    """To mean 0 and variance 1 along some axes, in so many groups of the first axis; w · x + b."""

    axes: Sizes
    eps: float
    groups: int = 1
    weight: Float32 | None = None
    bias: Float32 | None = None


@dataclass(frozen=True)
class Centre:
    """Less the mean along some axes: half of `Normalise`."""

    axes: Sizes


@dataclass(frozen=True)
class Scale:
    """Divided by the root of the mean square along some axes: the other half."""

    axes: Sizes
    eps: float


@dataclass(frozen=True, eq=False)
class Resize:
    """Spatial axes (from 0) each multiplied by a matrix of weights, (out, in)."""

    matrices: Mapping[int, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Dense:
    """A dense layer along the last of several axes; its weight is (out, in)."""

    weight: Float32
    bias: Float32 | None


@dataclass(frozen=True)
class Function:
    """A function of each value that is part of a layer only."""

    name: Literal["erf", "square", "sqrt", "rsqrt", "reciprocal"]


@dataclass(frozen=True, eq=False)
class Distance:
    """The squared distance from each of several centres, (classes, features)."""

    centres: Float32


Pending: TypeAlias = (
    Pad
    | Affine
    | Permute
    | Reshape
    | Repeat
    | Cut
    | Reduce
    | SoftmaxAlong
    | Normalise
    | Centre
    | Scale
    | Resize
    | Dense
    | Function
    | Distance
)


@dataclass(frozen=True)
class Part:
    """A layer with its weights by name; or, without a layer, what is pending.

    `where` names the operation for a message; shapes are without the batch.
    """

    layer: Layer | None
    weights: Mapping[str, Float32] = field(default_factory=dict)
    pending: Pending | None = None
    where: str = ""
    input_shape: Sizes = ()
    output_shape: Sizes = ()


def is_reshape(part: Part) -> bool:
    """Whether a part only gives its values another shape."""
    return isinstance(part.pending, Reshape) or isinstance(part.layer, Flatten)


def as_float32(name: str, array: Any) -> Float32:
    """Return weights as float32. Raises DataError if they have no value or do not fit."""
    with np.errstate(over="ignore"):
        values: Float32 = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise DataError(
            f"weights must be finite numbers that float32 can hold. Received: NaN or infinite "
            f'values in "{name}".'
        )
    return values
