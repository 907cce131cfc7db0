"""Parts that only arrange values anew, and where that ends: rules for the last parts of a chain.

Others keep channels last (tf2onnx, ConvNeXt), and permute axes around each layer: a permutation is
moved behind what follows, until it meets its inverse.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ... import layers
from ...layers.base import ElementwiseLayer
from .parts import (
    Affine,
    Centre,
    Dense,
    Normalise,
    Part,
    Permute,
    Reduce,
    Reshape,
    Resize,
    Scale,
    Sizes,
    SoftmaxAlong,
    is_reshape,
)


def reshaped(a: Part, b: Part) -> list[Part] | None:
    """Put two changes of shape together."""
    if not (is_reshape(a) and is_reshape(b)):
        return None
    inputs, outputs = a.input_shape, b.output_shape
    if inputs == outputs:
        return []
    flat = len(outputs) == 1
    return [
        replace(
            b,
            layer=layers.Flatten() if flat else None,
            pending=None if flat else Reshape(),
            input_shape=inputs,
        )
    ]


def permuted(a: Part, b: Part) -> list[Part] | None:
    """Let a change of the order of axes come after what follows it, or go where it is inverted."""
    if not isinstance(a.pending, Permute):
        return None
    order, inner = a.pending.order, b.pending
    if isinstance(inner, Permute):
        both = tuple(order[axis] for axis in inner.order)
        if both == tuple(range(len(both))):
            return []
        return [replace(b, pending=Permute(both), input_shape=a.input_shape)]
    part: Part | None = None
    if isinstance(b.layer, ElementwiseLayer) and not isinstance(b.layer, layers.Softmax):
        part = b
    elif isinstance(inner, Affine) and b.input_shape == b.output_shape:
        back = inverse(order)
        factor, summand = (
            array if array.ndim == 0 else np.ascontiguousarray(array.transpose(back))
            for array in (inner.factor, inner.summand)
        )
        part = replace(b, pending=Affine(factor, summand))
    elif isinstance(inner, (Centre, Scale, Normalise)):
        if isinstance(inner, Normalise) and inner.groups > 1:
            return None
        back = inverse(order)
        axes = tuple(sorted(order[axis] for axis in inner.axes))
        part = replace(b, pending=replace(inner, axes=axes))
        if isinstance(inner, Normalise):
            weight, bias = (
                array if array is None or array.ndim == 0 else array.transpose(back)
                for array in (inner.weight, inner.bias)
            )
            part = replace(b, pending=replace(inner, axes=axes, weight=weight, bias=bias))
    elif isinstance(inner, SoftmaxAlong):
        part = replace(b, pending=replace(inner, axis=order[inner.axis]))
    elif isinstance(inner, Reduce):
        return _permuted_reduction(a, b, order, inner)
    elif isinstance(inner, Dense) and order[-1] == 0 and len(order) > 1:
        return _pointwise_convolution(a, b, inner)
    if part is None:
        return None
    shape = a.input_shape
    return [replace(part, input_shape=shape, output_shape=shape), a]


def inverse(order: Sizes) -> Sizes:
    """Return the order of axes that is the inverse of another."""
    return tuple(order.index(axis) for axis in range(len(order)))


def _permuted_reduction(a: Part, b: Part, order: Sizes, inner: Reduce) -> list[Part] | None:
    axes = tuple(sorted(order[axis] for axis in inner.axes))
    keeps_axes = len(b.output_shape) == len(b.input_shape)
    sizes = enumerate(a.input_shape)
    shape = tuple(1 if axis in axes else n for axis, n in sizes if keeps_axes or axis not in axes)
    reduction = replace(
        b, pending=Reduce(inner.how, axes), input_shape=a.input_shape, output_shape=shape
    )
    if keeps_axes:
        remaining = order
    else:
        left = sorted(set(order) - set(axes))
        remaining = tuple(left.index(axis) for axis in order if axis not in axes)
    if remaining == tuple(range(len(remaining))):
        return [reduction]
    return [
        reduction,
        replace(a, pending=Permute(remaining), input_shape=shape, output_shape=b.output_shape),
    ]


def _pointwise_convolution(a: Part, b: Part, dense: Dense) -> list[Part]:
    """Read a dense layer over the channels of each pixel, which stand last."""
    axes = len(a.input_shape) - 1
    kind = layers.Conv1d if axes == 1 else layers.Conv2d
    channels = len(dense.weight)
    weights = {"weight": dense.weight.reshape(*dense.weight.shape, *(1,) * axes)}
    if dense.bias is not None:
        weights["bias"] = dense.bias
    shape = (channels, *a.input_shape[1:])
    layer = kind(channels, 1, bias=dense.bias is not None)
    pointwise = replace(b, layer=layer, pending=None, weights=weights)
    pointwise = replace(pointwise, input_shape=a.input_shape, output_shape=shape)
    return [pointwise, replace(a, input_shape=shape, output_shape=b.output_shape)]


def permuted_flatten(a: Part, b: Part, c: Part) -> list[Part] | None:
    """Put the columns of a dense layer in the order in which the values are flattened here."""
    if not (isinstance(a.pending, Permute) and isinstance(b.layer, layers.Flatten)):
        return None
    if not isinstance(c.layer, layers.Linear):
        return None
    weight = c.weights["weight"].reshape(-1, *b.input_shape)
    back = inverse(a.pending.order)
    columns = weight.transpose(0, *(axis + 1 for axis in back)).reshape(len(weight), -1)
    weights = {**c.weights, "weight": np.ascontiguousarray(columns)}
    return [replace(b, input_shape=a.input_shape), replace(c, weights=weights)]


def soft_max(part: Part) -> list[Part] | None:
    """Read a softmax along the channels; there is no layer of its logarithm."""
    if part.pending != SoftmaxAlong(0):
        return None
    return [replace(part, layer=layers.Softmax(), pending=None)]


def resized(a: Part, b: Part) -> list[Part] | None:
    """Put the resizing of two axes together."""
    if not (isinstance(a.pending, Resize) and isinstance(b.pending, Resize)):
        return None
    first, second = a.pending.matrices, b.pending.matrices
    if set(first) & set(second):
        return None
    return [replace(b, pending=Resize({**first, **second}), input_shape=a.input_shape)]


def dense_rows(part: Part) -> list[Part] | None:
    """Read a dense layer along the last axis of a plane as a resizing of that axis."""
    if not isinstance(part.pending, Dense) or len(part.input_shape) < 2:
        return None
    if part.pending.bias is not None:
        return None
    axis = len(part.input_shape) - 2
    return [replace(part, pending=Resize({axis: part.pending.weight.astype(np.float64)}))]
