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
from .parts import Affine, Centre, Float32, Misfit, Normalise, Part, Scale, Sizes, is_reshape


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
    weight, bias = affine.factor, affine.summand
    if not _is_neutral(norm):
        bias = bias if norm.bias is None else norm.bias * weight + bias
        weight = weight if norm.weight is None else norm.weight * weight
    fused = replace(a, pending=replace(norm, weight=weight, bias=bias))
    try:
        norm_layer(fused)
    except Misfit:
        return None
    return [fused]


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
    plain = norm.weight is None and norm.bias is None
    ones, zeros = np.ones((), np.float32), np.zeros((), np.float32)
    arrays: dict[str, Float32] = {}
    if not plain:
        arrays["weight"] = ones if norm.weight is None else norm.weight
        arrays["bias"] = zeros if norm.bias is None else norm.bias
    candidates = _candidates(norm, shape, affine=not plain)
    if not candidates:
        raise Misfit("it normalises over axes that no layer supports")
    for layer, target in candidates:
        if all(_broadcasts(array, target) for array in arrays.values()):
            weights = {
                name: np.ascontiguousarray(np.broadcast_to(array, target))
                for name, array in arrays.items()
            }
            return replace(part, layer=layer, pending=None, weights=weights)
    if not _is_neutral(norm):
        raise Misfit("its factors differ from pixel to pixel")
    return norm_layer(replace(part, pending=replace(norm, weight=None, bias=None)))


def _candidates(norm: Normalise, shape: Sizes, *, affine: bool) -> list[tuple[Layer, Sizes]]:
    """Return the layers that normalise along these axes, with the shape of their factors.

    An axis of one element is along all axes, and along none.
    """
    eps, rank = norm.eps, len(shape)
    channel = (shape[0], *(1,) * (rank - 1))
    axes = {axis for axis in norm.axes if shape[axis] > 1}
    long = {axis for axis in range(rank) if shape[axis] > 1}
    candidates: list[tuple[Layer, Sizes]] = []
    if norm.groups > 1:
        return [(layers.GroupNorm(norm.groups, eps, affine), channel)] if axes == long else []
    if axes == long:
        whole = layers.LayerNorm(eps, affine), shape
        group = layers.GroupNorm(1, eps, affine), channel
        candidates += [whole, group] if rank == 1 else [group, whole]
    if axes == long & {0}:
        candidates.append((layers.LayerNorm(eps, affine, "channels"), channel))
    if axes == long - {0} and rank > 1:
        candidates.append((layers.GroupNorm(shape[0], eps, affine), channel))
    return candidates


def _broadcasts(array: Float32, target: Sizes) -> bool:
    try:
        return np.broadcast_shapes(array.shape, target) == target
    except ValueError:
        return False
