"""Parts that are one layer with what scales, pads or flattens them: rules for the last of a chain.

A rule takes parts that follow one another, and returns what they are together, or None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import layers
from ...layers import Layer
from .parts import Affine, Cut, Distance, Function, Pad, Part, Reduce, Reshape

_NOT_NEGATIVE = (layers.ReLU, layers.ReLU6, layers.Sigmoid, layers.HardSigmoid, layers.Softmax)
_CLOSE = 1e-6


def close(value: float | None, expected: float) -> bool:
    """Whether a constant is what it stands for, to float32's precision."""
    return value is not None and abs(value - expected) <= _CLOSE * max(1.0, abs(expected))


def affines(a: Part, b: Part) -> list[Part] | None:
    """Put two factors and summands together."""
    if not (isinstance(a.pending, Affine) and isinstance(b.pending, Affine)):
        return None
    if a.output_shape != b.output_shape:  # centres, from which something is subtracted
        return None
    factor = a.pending.factor * b.pending.factor
    summand = a.pending.summand * b.pending.factor + b.pending.summand
    if close(Affine(factor, summand).scale(), 1):
        return []
    return [replace(b, pending=Affine(factor, summand), input_shape=a.input_shape)]


def biased(a: Part, b: Part) -> list[Part] | None:
    """Add a bias to a layer that has none. A single number may be a part of something else."""
    layer: Any = a.layer
    linear = (layers.Conv1d, layers.Conv2d, layers.ConvTranspose1d, layers.ConvTranspose2d)
    if not isinstance(layer, (*linear, layers.Linear)) or layer.bias:
        return None
    if not isinstance(b.pending, Affine) or not (b.pending.factor == 1).all():
        return None
    summand, channels = b.pending.summand, a.output_shape[0]
    if summand.size != channels or summand.shape[:1] != (channels,):
        return None
    weights = {**a.weights, "bias": summand.reshape(-1)}
    return [replace(a, layer=_changed(layer, bias=True), weights=weights)]


def sum_pool(a: Part, b: Part) -> list[Part] | None:
    """Read a mean times the number of its elements."""
    pools = {layers.AvgPool1d: layers.SumPool1d, layers.AvgPool2d: layers.SumPool2d}
    kind, layer = pools.get(type(a.layer)), a.layer  # type: ignore[arg-type]
    if kind is None or not isinstance(b.pending, Affine):
        return None
    pool: Any = layer
    if not pool.count_include_pad or not close(b.pending.scale(), math.prod(pool.kernel_size)):
        return None
    config = {n: v for n, v in pool.config().items() if n not in ("type", "count_include_pad")}
    return [replace(a, layer=Layer.from_config({**config, "type": kind.__name__}))]


def scaled_tanh(a: Part, b: Part, c: Part) -> list[Part] | None:
    """Read 1.7159 · tanh(2x / 3)."""
    if not (isinstance(a.pending, Affine) and isinstance(c.pending, Affine)):
        return None
    fits = close(a.pending.scale(), 2 / 3) and close(c.pending.scale(), 1.7159)
    return [replace(b, layer=layers.ScaledTanh())] if b.layer == layers.Tanh() and fits else None


def hard_sigmoid(a: Part, b: Part) -> list[Part] | None:
    """Read ReLU6 of x + 3, which is 6 times the hard sigmoid."""
    constants = a.pending.constants() if isinstance(a.pending, Affine) else None
    if b.layer != layers.ReLU6() or constants is None:
        return None
    if not (close(constants[0], 1) and close(constants[1], 3)):
        return None
    return [replace(b, layer=layers.HardSigmoid()), scaling(6, b)]


def rectified(a: Part, b: Part) -> list[Part] | None:
    """Read values cut off at 0 and above a limit as ReLU6, in another unit if it is not 6."""
    cuts = [part.pending for part in (a, b) if isinstance(part.pending, Cut)]
    if len(cuts) != 1 or layers.ReLU() not in (a.layer, b.layer) or cuts[0].high <= 0:
        return None
    relu6, unit = replace(b, layer=layers.ReLU6(), pending=None), cuts[0].high / 6
    if unit == 1:
        return [relu6]
    return [scaling(1 / unit, b), relu6, scaling(unit, b)]


def scaling(factor: float, like: Part) -> Part:
    """Return a factor after a part."""
    pending = Affine(np.array(factor, np.float32), np.zeros((), np.float32))
    shape = like.output_shape
    return Part(None, pending=pending, where=like.where, input_shape=shape, output_shape=shape)


def padded_after(a: Part, b: Part) -> list[Part] | None:
    """Read zeros after a transposed convolution without bias as more of its output."""
    layer: Any = a.layer
    if not isinstance(layer, (layers.ConvTranspose1d, layers.ConvTranspose2d)) or layer.bias:
        return None
    if not isinstance(b.pending, Pad) or b.pending.value != 0:
        return None
    if any(before for before, _ in b.pending.pairs):
        return None
    more = zip(layer.output_padding, b.pending.pairs, strict=True)
    extra = [own + after for own, (_, after) in more]
    limits = zip(extra, layer.stride, layer.dilation, strict=True)
    if any(size >= max(stride, dilation) for size, stride, dilation in limits):
        return None
    return [replace(a, layer=_changed(layer, output_padding=extra), output_shape=b.output_shape)]


def uncounted(a: Part, b: Part) -> list[Part] | None:
    """Read means over the share of each window that is no padding."""
    pool: Any = a.layer
    if not isinstance(pool, (layers.AvgPool1d, layers.AvgPool2d)) or not pool.count_include_pad:
        return None
    if not isinstance(b.pending, Affine) or np.any(b.pending.summand):
        return None
    shares: NDArray[np.float64] = np.ones(())
    pads: Any = pool.padding
    for axis, output in enumerate(a.output_shape[1:]):
        kernel = pool.kernel_size[axis]
        first = np.arange(output) * pool.stride[axis] - pads[axis][0]
        counts = np.minimum(first + kernel, a.input_shape[1 + axis]) - np.maximum(first, 0)
        shares = np.multiply.outer(shares, counts / kernel)
    if b.pending.factor.shape[1:] != shares.shape or not (shares > 0).all():
        return None
    if not np.allclose(b.pending.factor, 1 / shares, rtol=1e-5):
        return None
    return [replace(a, layer=_changed(pool, count_include_pad=False))]


def padded(a: Part, b: Part) -> list[Part] | None:
    """Give a layer the padding that comes before it."""
    layer: Any = b.layer
    if not isinstance(a.pending, Pad) or layer is None:
        return None
    zeros, pairs = a.pending.value == 0, a.pending.pairs
    convolves = isinstance(layer, (layers.Conv1d, layers.Conv2d)) and zeros
    averages = isinstance(layer, (layers.AvgPool1d, layers.AvgPool2d)) and zeros
    averages = averages and layer.count_include_pad and not any(map(any, layer.padding))
    greatest = _is_max_pool(layer) and a.pending.value == -math.inf
    if not (convolves or averages or greatest) or len(pairs) != layer.axes:
        return None
    return [replace(b, layer=_more_padding(layer, pairs), input_shape=a.input_shape)]


def padded_with_zeros(a: Part, b: Part, c: Part) -> list[Part] | None:
    """Pad a maximum by zeros, where nothing is less than they are."""
    fits = isinstance(a.layer, _NOT_NEGATIVE) and isinstance(b.pending, Pad)
    if not fits or not _is_max_pool(c.layer) or not isinstance(b.pending, Pad):
        return None
    pool: Any = c.layer
    pairs = b.pending.pairs
    small = all(max(pair) < size for pair, size in zip(pairs, pool.kernel_size, strict=False))
    if b.pending.value != 0 or len(pairs) != pool.axes or not small:
        return None
    return [a, replace(c, layer=_more_padding(pool, pairs), input_shape=b.input_shape)]


def _is_max_pool(layer: object) -> bool:
    return isinstance(layer, (layers.MaxPool1d, layers.MaxPool2d))


def _more_padding(layer: Any, pairs: Sequence[tuple[int, int]]) -> Layer:
    both = [
        [before + a, after + b]
        for (before, after), (a, b) in zip(layer.padding, pairs, strict=True)
    ]
    return _changed(layer, padding=both)


def _changed(layer: Layer, **options: Any) -> Layer:
    return Layer.from_config({**layer.config(), **options})


def global_pool(a: Part, b: Part) -> list[Part] | None:
    """Read a pool of all pixels that is flattened."""
    pools = (layers.AvgPool1d, layers.AvgPool2d, layers.MaxPool1d, layers.MaxPool2d)
    pool: Any = a.layer
    if not isinstance(pool, pools) or not isinstance(b.layer, layers.Flatten):
        return None
    whole = all(size == 1 for size in b.input_shape[1:])
    whole = whole and pool.kernel_size == a.input_shape[1:]
    if not whole or any(map(any, pool.padding)):
        return None
    average = type(pool).__name__.startswith("Avg")
    layer = layers.GlobalAvgPool() if average else layers.GlobalMaxPool()
    return [replace(a, layer=layer, output_shape=b.output_shape)]


def kept_axes(a: Part, b: Part) -> list[Part] | None:
    """Read a global pool whose axes are put back."""
    if not isinstance(b.pending, Reshape) or b.output_shape != (
        *a.output_shape,
        *(1,) * (len(a.input_shape) - 1),
    ):
        return None
    kinds: dict[type[Any], Any] = {layers.GlobalAvgPool: "Avg", layers.GlobalMaxPool: "Max"}
    how = kinds.get(type(a.layer))
    if how is None:
        return None
    axes = tuple(range(1, len(a.input_shape)))
    return [replace(a, layer=None, pending=Reduce(how, axes), output_shape=b.output_shape)]


def reduced(part: Part) -> list[Part] | None:
    """Read a mean or a maximum of all pixels."""
    reduced, shape = part.pending, part.input_shape
    if not isinstance(reduced, Reduce) or reduced.how == "Sum" or len(shape) < 2:
        return None
    if reduced.axes != tuple(range(1, len(shape))):
        return None
    layer: Layer = layers.GlobalAvgPool() if reduced.how == "Avg" else layers.GlobalMaxPool()
    if len(part.output_shape) > 1:
        kind = f"{reduced.how}Pool{len(shape) - 1}d"
        layer = Layer.types[kind](shape[1:])  # type: ignore[call-arg]
    return [replace(part, layer=layer, pending=None)]


def reductions(a: Part, b: Part) -> list[Part] | None:
    """Put two means, or maxima, along different axes together."""
    first, second = a.pending, b.pending
    if not (isinstance(first, Reduce) and isinstance(second, Reduce)):
        return None
    if first.how != second.how:
        return None
    keeps_axes = len(a.output_shape) == len(a.input_shape)
    left = [axis for axis in range(len(a.input_shape)) if keeps_axes or axis not in first.axes]
    more = {left[axis] for axis in second.axes}
    if more & set(first.axes) or keeps_axes != (len(b.output_shape) == len(b.input_shape)):
        return None
    axes = tuple(sorted(more | set(first.axes)))
    return [replace(b, pending=Reduce(first.how, axes), input_shape=a.input_shape)]


def roots(a: Part, b: Part) -> list[Part] | None:
    """Read one over a square root."""
    names = (a.pending, b.pending)
    if names != (Function("sqrt"), Function("reciprocal")):
        return None
    return [replace(b, pending=Function("rsqrt"))]


def distance(a: Part, b: Part, c: Part) -> list[Part] | None:
    """Read the squared distance from centres: (1, F), (classes, F), (classes, F), (classes,)."""
    affine = a.pending
    if not isinstance(affine, Affine) or b.pending != Function("square"):
        return None
    if c.pending != Reduce("Sum", (1,)) or len(a.input_shape) != 2 or a.input_shape[0] != 1:
        return None
    features = a.input_shape[1]
    if affine.summand.shape[1:] != (features,) or not (np.abs(affine.factor) == 1).all():
        return None
    centres = -affine.summand if affine.factor.reshape(-1)[0] == 1 else affine.summand
    flat = replace(a, layer=layers.Flatten(), pending=None, output_shape=(features,))
    return [flat, replace(c, pending=Distance(centres), input_shape=(features,))]


def rbf(a: Part, b: Part) -> list[Part] | None:
    """Read a distance with a factor."""
    factor = b.pending.scale() if isinstance(b.pending, Affine) else None
    if not isinstance(a.pending, Distance) or factor is None or factor >= 0:
        return None
    centres = a.pending.centres
    layer = layers.RBF(centres, -0.5 / factor)
    return [replace(a, layer=layer, pending=None, weights={"centres": centres})]
