"""Norms of each image by itself, as others write them: rules for the last parts of a chain.

torch.onnx writes GroupNorm as InstanceNormalization of an array that is reshaped for it, and
LayerNorm, before opset 17, as means, differences and a root.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ... import layers
from ...layers import Layer
from .parts import Affine, Centre, Float32, Misfit, Normalise, Part, Scale, is_reshape


def regrouped(a: Part, b: Part, c: Part) -> list[Part] | None:
    """Read the norm of an array that is cut into sets for it, and put together again."""
    norm = b.pending
    if not isinstance(norm, Normalise):
        return None
    if not (is_reshape(a) and is_reshape(c)):
        return None
    shape, sets = a.input_shape, a.output_shape[0]
    plain = norm.groups == 1 and norm.axes == tuple(range(1, len(a.output_shape)))
    if shape != c.output_shape or not plain or not _is_neutral(norm):
        return None
    count = next((k for k in range(len(shape)) if math.prod(shape[:k]) == sets), None)
    if count is not None:
        pending = Normalise(tuple(range(count, len(shape))), norm.eps)
    elif shape[0] % sets == 0:
        pending = Normalise(tuple(range(len(shape))), norm.eps, sets)
    else:
        return None
    return [replace(b, pending=pending, input_shape=shape, output_shape=shape)]


def _is_neutral(norm: Normalise) -> bool:
    """Whether a norm has no factor and no summand, or such as change nothing."""
    unscaled = norm.weight is None or bool((norm.weight == 1).all())
    return unscaled and (norm.bias is None or not norm.bias.any())


def scaled_norm(a: Part, b: Part) -> list[Part] | None:
    """Give a norm the factor and the summand that come after it."""
    norm, affine = a.pending, b.pending
    if not (isinstance(norm, Normalise) and isinstance(affine, Affine)):
        return None
    weight, bias = norm.weight, norm.bias
    weight = affine.factor if weight is None else weight * affine.factor
    bias = affine.summand if bias is None else bias * affine.factor + affine.summand
    made = replace(a, pending=replace(norm, weight=weight, bias=bias))
    try:
        norm_layer(made)
    except Misfit:
        return None
    return [made]


def centred_and_scaled(a: Part, b: Part) -> list[Part] | None:
    """Read both halves of a norm."""
    if not (isinstance(a.pending, Centre) and isinstance(b.pending, Scale)):
        return None
    if a.pending.axes != b.pending.axes:
        return None
    return [replace(a, pending=Normalise(a.pending.axes, b.pending.eps))]


def norm_layer(part: Part) -> Part:
    """Return the layer that a norm is. Raises Misfit if there is none."""
    norm, shape = part.pending, part.input_shape
    assert isinstance(norm, Normalise)
    rank = len(shape)
    groups = shape[0] if norm.axes == tuple(range(1, rank)) and rank > 1 else norm.groups
    everything = norm.axes == tuple(range(rank))
    channel = (shape[0], *(1,) * (rank - 1))
    plain = norm.weight is None and norm.bias is None
    arrays: dict[str, Float32] = {}
    for name, array, default in (("weight", norm.weight, 1), ("bias", norm.bias, 0)):
        if not plain:
            arrays[name] = np.array(default, np.float32) if array is None else array
    each_value = (
        everything
        and groups == 1
        and any(
            array.ndim and array.shape != channel and array.size > 1 for array in arrays.values()
        )
    )
    affine = not plain
    layer: Layer
    if everything and (groups > 1 or not (each_value or rank == 1)):
        layer, target = layers.GroupNorm(groups, norm.eps, affine), channel
    elif everything:
        layer, target = layers.LayerNorm(norm.eps, affine), shape
    elif norm.axes == (0,):
        layer, target = layers.LayerNorm(norm.eps, affine, "channels"), channel
    elif norm.axes == tuple(range(1, rank)):
        layer, target = layers.GroupNorm(groups, norm.eps, affine), channel
    else:
        raise Misfit("it normalises along other axes than a layer does")
    try:
        weights = {
            name: np.ascontiguousarray(np.broadcast_to(array, target)).reshape(
                -1 if target == channel else target
            )
            for name, array in arrays.items()
        }
    except ValueError:
        raise Misfit("its factors differ from pixel to pixel") from None
    return replace(part, layer=layer, pending=None, weights=weights)
