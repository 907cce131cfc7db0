"""Layers with their weights, on the way from a graph of anyone's to a `Network`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...graph import Operation
from ...layers import Layer

Float32: TypeAlias = NDArray[np.float32]


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


@dataclass(frozen=True)
class Part:
    """A layer with its weights by name; or, without a layer, something that must be merged.

    `pad` are pixels that a later layer shall pad by, with their value; `affine` is a factor and a
    summand for each channel, which are a batch normalisation unless they can be merged.
    """

    layer: Layer | None
    weights: Mapping[str, Float32] = field(default_factory=dict)
    pad: tuple[tuple[int, int], ...] = ()
    pad_value: float = 0.0
    affine: tuple[Float32, Float32] | None = None
    name: str = ""
    input_shape: tuple[int, ...] = ()


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
