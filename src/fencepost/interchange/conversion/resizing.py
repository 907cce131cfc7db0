"""Resizing of planes, by the weights that each output has along each axis: which layer it is.

Every reader says with which weights an axis is made of another size; whatever the way of saying
it, the layer is the one whose definition has the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ... import definitions, layers
from ...layers import Layer
from .parts import Misfit, Sizes

#: Weights along an axis: (out, in).
Matrix: TypeAlias = NDArray[np.float64]

_LARGEST = 2**24  # elements of one of them
_TOLERANCE = 1e-5  # positions are computed in float32 elsewhere


def matrix_of(
    size: int,
    output: int,
    position: Callable[[int], float],
    rounded: Callable[[float], int] | None = None,
) -> Matrix:
    """Return the weights of a resized axis, from the position of each output in the input.

    `rounded` takes the position to the one element that is taken; without it, the two neighbours
    are weighted by their distance.
    """
    check_size(size, output)
    matrix = np.zeros((output, size))
    for index in range(output):
        place = position(index)
        if rounded is not None:
            matrix[index, min(max(rounded(place), 0), size - 1)] = 1
            continue
        place = min(max(place, 0.0), size - 1.0)
        low = math.floor(place)
        matrix[index, low] += 1 - (place - low)
        matrix[index, min(low + 1, size - 1)] += place - low
    return matrix


def check_size(size: int, output: int) -> None:
    """Raise Misfit if the weights would be too many: a file may say any size."""
    if size * output > _LARGEST:
        raise Misfit(f"it makes {output} elements of {size} along an axis, which is too large")


def layer_of(inputs: Sizes, matrices: Mapping[int, Matrix]) -> Layer | None:
    """Return the layer with these weights along the spatial axes; None where nothing changes.

    Raises Misfit if there is none.
    """
    sizes = inputs[1:]
    outputs = tuple(
        len(matrices[axis]) if axis in matrices else size for axis, size in enumerate(sizes)
    )
    full = {axis: matrices.get(axis, np.eye(size)) for axis, size in enumerate(sizes)}
    if all(_same(matrix, np.eye(len(matrix))) for matrix in full.values()):
        return None
    for layer, definition in _candidates(sizes, outputs):
        if all(
            _same(matrix, definition(np.eye(sizes[axis])[None], [outputs[axis]])[0].T)
            for axis, matrix in full.items()
        ):
            return layer
    if all(_same(matrix, _aligned(*matrix.T.shape)) for matrix in full.values()):
        raise Misfit(
            "Upsample here is PyTorch's align_corners=False, and this is align_corners=True, whose "
            "positions are others"
        )
    raise Misfit("no layer interpolates with these weights")


def _aligned(size: int, output: int) -> Matrix:
    """Return the weights of linear interpolation whose first and last elements stay theirs."""
    return matrix_of(size, output, lambda index: index * (size - 1) / max(1, output - 1))


def layer_by_values(inputs: Sizes, x: NDArray[Any], y: NDArray[Any]) -> Layer | None:
    """Return the layer that makes y of x, arrays with a batch; None if none of these does."""
    for layer, definition in _candidates(inputs[1:], y.shape[2:]):
        resized = definition(x, y.shape[2:])
        if resized.shape == y.shape and np.allclose(resized, y, rtol=1e-5, atol=1e-5):
            return layer
    return None


def _candidates(
    sizes: Sequence[int], outputs: Sequence[int]
) -> Iterator[tuple[Layer, Callable[[Any, Sequence[int]], Any]]]:
    """Iterate over the layers that make these sizes, with their definitions."""
    factors = [out // size for size, out in zip(sizes, outputs, strict=True)]
    integers = all(f * size == out for f, size, out in zip(factors, sizes, outputs, strict=True))
    scale: Any = factors[0] if len(set(factors)) == 1 else tuple(factors)
    target = {"scale_factor": scale} if integers else {"size": tuple(outputs)}
    linear: Any = "linear" if len(sizes) == 1 else "bilinear"
    pool = layers.AdaptiveAvgPool1d if len(sizes) == 1 else layers.AdaptiveAvgPool2d
    yield layers.Upsample(**target), definitions.upsample
    yield (
        layers.Upsample(**target, mode=linear),
        lambda x, size: definitions.upsample(x, size, "linear"),
    )
    divisible = all(size % out == 0 for size, out in zip(sizes, outputs, strict=True))
    if divisible:
        kernel = tuple(size // out for size, out in zip(sizes, outputs, strict=True))
        plain = layers.AvgPool1d if len(sizes) == 1 else layers.AvgPool2d
        yield plain(kernel), definitions.adaptive_avg_pool
    yield pool(tuple(outputs)), definitions.adaptive_avg_pool


def _same(matrix: Matrix, other: Matrix) -> bool:
    return matrix.shape == other.shape and bool(np.allclose(matrix, other, rtol=0, atol=_TOLERANCE))
