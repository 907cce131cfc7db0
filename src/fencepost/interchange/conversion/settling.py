"""What is left when no rule fits any more: pending parts as layers, or why they are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ... import layers
from . import norms, resizing
from .parts import (
    Affine,
    Cut,
    Dense,
    Float32,
    Misfit,
    Normalise,
    Pad,
    Part,
    Permute,
    Reduce,
    Repeat,
    Reshape,
    Resize,
    SoftmaxAlong,
)

# Of a batch normalisation that stands for a factor and a summand: 1 + 1e-12 is 1 in float32.
_NO_EPS = 1e-12


class Misfits(Misfit):
    """Several, each a whole sentence with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def settled(parts: Sequence[Part]) -> list[Part]:
    """Return parts that are layers. Raises Misfits, which names all that are none."""
    finished: list[Part] = []
    problems: list[str] = []
    for part in parts:
        try:
            finished += _layers(part)
        except Misfit as misfit:
            problems.append(f"{part.where}: {misfit}")
    if problems:
        raise Misfits(problems)
    return finished


def _layers(part: Part) -> list[Part]:
    pending = part.pending
    match pending:
        case None:
            return [part]
        case Affine():
            return [_batch_norm(part, pending)]
        case Normalise():
            return [norms.norm_layer(part)]
        case Resize():
            layer = resizing.layer_of(part.input_shape, pending.matrices)
            return [] if layer is None else [replace(part, layer=layer, pending=None)]
        case Pad():
            raise Misfit("no convolution or pool follows this padding")
        case Permute():
            raise Misfit("it changes the order of the axes")
        case Reshape():
            raise Misfit(
                f"it arranges {part.input_shape} as {part.output_shape}, and only Flatten is a "
                "layer"
            )
        case Reduce():
            raise Misfit("it does not reduce over all pixels of each channel")
        case SoftmaxAlong(axis=0):
            raise Misfit(
                "fencepost has no such layer but after the last, of one output for each class, "
                "where it is left out: predict_proba takes the softmax"
            )
        case SoftmaxAlong():
            raise Misfit("it is applied along an axis other than the channels")
        case Repeat():
            raise Misfit("it repeats values")
        case Cut():
            raise Misfit(f"values are clipped above {pending.high:g}")
        case Dense():
            raise Misfit("Linear takes flat input here: Flatten comes before it")
    raise Misfit("fencepost has no such layer")


def _batch_norm(part: Part, affine: Affine) -> Part:
    """Return the batch normalisation with this factor and summand for each channel."""
    shape = part.input_shape
    channel = (shape[0], *(1,) * (len(shape) - 1))
    arrays: list[Float32] = []
    for array in (affine.factor, affine.summand):
        try:
            arrays.append(np.ascontiguousarray(np.broadcast_to(array, channel)).reshape(-1))
        except ValueError:
            raise Misfit("the constant differs from pixel to pixel") from None
    factor, summand = arrays
    ones = np.ones_like(factor)
    weights = {"weight": factor, "bias": summand, "running_mean": 0 * ones, "running_var": ones}
    kind = layers.BatchNorm2d if len(shape) == 3 else layers.BatchNorm1d
    return replace(part, layer=kind(eps=_NO_EPS), pending=None, weights=weights)
