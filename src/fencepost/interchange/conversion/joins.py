"""Where branches meet: the layer that adds, joins or multiplies them, or a function they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import layers
from ...graph import Operation
from ...layers import Layer
from . import scales
from .parts import (
    Affine,
    Centre,
    Float32,
    Function,
    Misfit,
    Normalise,
    Part,
    Reduce,
    Repeat,
    Reshape,
    Scale,
    Sizes,
)
from .rules import input_size, output_size, where
from .settling import settled


def joined(operation: Operation, chains: Sequence[Sequence[Part]]) -> list[Part]:
    """Return what an operation makes of the branches that meet in it.

    Raises Misfit if that is no layer.
    """
    kind, count = operation.kind, len(chains)
    if kind in ("Sub", "Div") and count == 2:
        return [_of_norm(operation, *map(list, chains))]
    if kind in ("Expand", "ViewAs", "ReshapeAs") and count == 2:  # of the second only the sizes
        return [*chains[0], *([Part(None, pending=Repeat())] if kind == "Expand" else [])]
    if kind in ("If", "Loop", "Scan"):
        raise Misfit("fencepost has no such layer")
    if kind not in ("Add", "Cat", "Mul") or (kind != "Cat" and count != 2):
        raise Misfit(f"{count} branches meet in it, and only Add, Cat and Mul join some")
    if kind == "Add":
        return [_added(operation, chains)]
    if kind == "Cat":
        if operation.arguments.get("dim") not in (1, 1 - len(operation.output_shape or ())):
            raise Misfit("arrays are concatenated along an axis other than the channels")
        inner = [settled(chain) for chain in chains]
        layer = layers.Concat(*([part.layer for part in parts] for parts in inner))  # type: ignore[arg-type]
        return [_branched(layer, inner)]
    return _multiplied(operation, *map(list, chains))


def _added(operation: Operation, chains: Sequence[Sequence[Part]]) -> Part:
    if len(set(operation.input_shapes)) > 1:
        raise Misfit("arrays of different sizes are added")
    # The shortcut is the shorter branch, as in ResNet.
    longer = len(chains[0]) >= len(chains[1])
    first, second = (settled(chain) for chain in (chains if longer else chains[::-1]))
    if not first and not second:
        return Part(None, pending=Affine(np.array(2, np.float32), np.zeros((), np.float32)))
    shortcut = {"shortcut": [part.layer for part in second]} if second else {}
    layer = layers.Residual(*(part.layer for part in first), **shortcut)  # type: ignore[arg-type]
    return _branched(layer, [first, second])


def _branched(layer: Layer, chains: Sequence[Sequence[Part]]) -> Part:
    """Name the weights of the layers within a layer as the layer does."""
    named: Any = layer
    weights: dict[str, Float32] = {}
    for chain, parts in zip(named.chains, chains, strict=False):
        for index, part in enumerate(parts):
            weights |= {f"{chain.prefix}{index}.{n}": array for n, array in part.weights.items()}
    return Part(layer, weights)


# --- products ---------------------------------------------------------------------------------


def _multiplied(operation: Operation, first: list[Part], second: list[Part]) -> list[Part]:
    """Return a gate, the activation that one is, or a square; and what is left as a factor."""
    factor = 1.0
    chains = []
    for chain in (first, second):
        last = chain[-1].pending if chain else None
        scale = last.scale() if isinstance(last, Affine) else None
        factor *= 1.0 if scale is None else scale
        chains.append(chain if scale is None else chain[:-1])
    roots = [bool(chain) and chain[-1].pending == Function("rsqrt") for chain in chains]
    if any(roots):
        return [_scaled(*(chains if roots[1] else chains[::-1]))]
    inner = chains[0] or chains[1]
    if all(chains):
        raise Misfit("two branches are multiplied, and a Gate multiplies its input")
    gate, more = _activation(inner)
    if gate is None:
        parts = settled(_without_axes(operation, inner))
        if not parts:
            raise Misfit("fencepost has no layer that squares")
        gate = _branched(layers.Gate(*(part.layer for part in parts)), [parts])  # type: ignore[arg-type]
    factor *= more
    size = output_size(operation)
    gate = replace(gate, where=where(operation), input_shape=size, output_shape=size)
    return [gate] if scales.close(factor, 1) else [gate, scales.scaling(factor, gate)]


def _activation(inner: Sequence[Part]) -> tuple[Part | None, float]:
    """Return x times a function of x as the activation that it is, and the factor that is left."""
    if not inner:
        return Part(None, pending=Function("square")), 1.0
    if len(inner) == 1 and inner[0].layer == layers.Sigmoid():
        return Part(layers.SiLU()), 1.0
    if len(inner) == 1 and inner[0].layer == layers.HardSigmoid():
        return Part(layers.HardSwish()), 1.0
    if len(inner) == 3 and inner[1].pending == Function("erf"):
        before, after = inner[0].pending, inner[2].pending
        if isinstance(before, Affine) and isinstance(after, Affine):
            constants = after.constants()
            if scales.close(before.scale(), 0.5**0.5) and constants is not None:
                factor, summand = constants
                if scales.close(factor, summand) and factor:
                    return Part(layers.GELU()), 2 * factor
    return None, 1.0


def _without_axes(operation: Operation, inner: Sequence[Part]) -> list[Part]:
    """Leave out the axes of 1 that are put behind a factor for each channel: a Gate needs none."""
    size = input_size(operation)
    inner = inner[:-1] if isinstance(inner[-1].pending, Repeat) and len(inner) > 1 else inner
    last = inner[-1]
    if isinstance(last.pending, Reshape):
        channels = last.input_shape
        if len(channels) == 1 and last.output_shape == (*channels, *(1,) * (len(size) - 1)):
            return list(inner[:-1])
    return list(inner)


# --- norms, written out -----------------------------------------------------------------------


def _of_norm(operation: Operation, first: list[Part], second: list[Part]) -> Part:
    """Return x less its mean, or x over the root of its mean square: the halves of a norm."""
    if operation.kind == "Sub":
        if first or len(second) != 1:
            raise Misfit("two branches are subtracted")
        return Part(None, pending=Centre(_mean_axes(second[0])))
    return _scaled(first, second)


def _scaled(first: list[Part], second: list[Part]) -> Part:
    """Return the norm, or the half of one, that a branch divided by a root is."""
    common = 0
    if len(first) == 1 and second and _same_centre(first[0], second[0]):
        common = 1
    if first[common:]:
        raise Misfit("one branch is divided by another")
    scale = _scale(second[common:])
    if common:
        return Part(None, pending=Normalise(scale.axes, scale.eps))
    return Part(None, pending=scale)


def _same_centre(first: Part, second: Part) -> bool:
    return isinstance(first.pending, Centre) and first.pending == second.pending


def _mean_axes(part: Part) -> Sizes:
    """Return the axes of a mean that keeps them."""
    shape = part.input_shape
    if len(part.output_shape) == len(shape):
        if isinstance(part.pending, Reduce) and part.pending.how == "Avg":
            return part.pending.axes
        layer: Any = part.layer
        pool = isinstance(layer, (layers.AvgPool1d, layers.AvgPool2d))
        if pool and layer.kernel_size == shape[1:]:
            return tuple(range(1, len(shape)))
    raise Misfit("a branch that is not a mean is subtracted")


def _scale(chain: Sequence[Part]) -> Scale:
    """Read the root of a mean square and a small number."""
    names = [part.pending.name if isinstance(part.pending, Function) else "" for part in chain]
    rule = "one branch is divided by another"
    if len(chain) != 4 or names[0] != "square" or names[3] not in ("sqrt", "rsqrt"):
        raise Misfit(rule)
    added = chain[2].pending
    constants = added.constants() if isinstance(added, Affine) else None
    if constants is None or constants[0] != 1 or constants[1] <= 0:
        raise Misfit(rule)
    return Scale(_mean_axes(chain[1]), round(constants[1], 12))
