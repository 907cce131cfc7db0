"""The graph of any model as a `Network` with its weights, or all that does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.content import UNKNOWN
from ...errors import DataError, FencepostError
from ...graph import Graph, Operation, element_count
from ...layers import Flatten, Softmax
from ...layers.base import ElementwiseLayer
from ...network import Network
from ...network.evaluation import log_softmax
from ...text import plural
from ..facts import shape_text
from . import values, windows  # noqa: F401  each adds its rules
from .arrangements import inverse
from .branches import Chain, Join, decompose
from .joins import joined
from .merging import merged
from .parts import Affine, DetailsOf, Misfit, Part, Permute, Reshape, SoftmaxAlong
from .rules import input_size, output_size, parts_of, where
from .settling import Misfits, settled

_SHOWN = 40  # misfits in a message
_LARGEST = 2**27  # values of an image, at any place in a network: a file may claim more


@dataclass(frozen=True)
class Made:
    """A network, and how its images are arranged for the model that it was made of.

    `left_out`: What the model takes of what the network gives: "Softmax", "LogSoftmax", or "".
    """

    network: Network
    arrangement: tuple[Part, ...]
    left_out: str = ""

    def arranged(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return images of the network's as the model takes them: channels last, or flat."""
        for part in reversed(self.arrangement):
            if isinstance(part.pending, Permute):
                axes = (axis + 1 for axis in inverse(part.pending.order))
                images = np.ascontiguousarray(images.transpose(0, *axes))
            else:
                images = images.reshape(len(images), *part.input_shape)
        return images

    def outputs(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return what the model must give for images of the network's."""
        outputs = self.network(images)
        if not self.left_out:
            return outputs
        logarithms = log_softmax(outputs)
        given = logarithms if self.left_out == "LogSoftmax" else np.exp(logarithms)
        return given.astype(np.float32)


def to_network(graph: Graph, details: DetailsOf) -> Made:
    """Make a network of a graph. Raises DataError that says all that does not fit, and where."""
    problems = _problems(graph)
    if problems:
        raise _refusal(graph, problems)
    chain, crossings = decompose(graph)
    converter = _Converter(details)
    parts = converter.chain(chain)
    problems = [*converter.problems, *crossings]
    if problems:
        raise _refusal(graph, problems)
    shape = tuple(size or 0 for size in graph.input_shapes[0][1:])
    arrangement, parts = _arranged_first(parts)
    shape = arrangement[-1].output_shape if arrangement else shape
    parts, normalization = _normalization(parts)
    # A network gives logits: losses, predict_proba and exports take their softmax.
    parts, logarithm = _without_logarithm(parts)
    try:
        parts = settled(parts)
    except Misfits as misfits:
        raise _refusal(graph, misfits.problems) from None
    if not parts:
        raise _refusal(graph, ["the model has no layer"])
    flat = len(parts) > 1 and len(parts[-1].output_shape) == 1
    softmax = flat and isinstance(parts[-1].layer, Softmax) and not logarithm
    parts = parts[:-1] if softmax else parts
    left_out = "Softmax" if softmax else "LogSoftmax" if logarithm else ""
    try:
        network = Network(
            shape, [part.layer for part in parts if part.layer], normalization=normalization
        )
    except FencepostError as error:
        raise DataError(f"{graph.source}: {error}") from None
    network.trained_on = UNKNOWN
    _fill(network, parts)
    if left_out:
        network.metadata["imported"] = {"left_out": left_out}
    return Made(network, arrangement, left_out)


def _without_logarithm(parts: list[Part]) -> tuple[list[Part], bool]:
    """Take off LogSoftmax of the classes, where it is all that is left to do to them."""
    last = len(parts) - 1
    if last > 0 and isinstance(parts[last].layer, Flatten):
        last -= 1
    if last < 1 or parts[last].pending != SoftmaxAlong(0, log=True):
        return parts, False
    classes, *pixels = parts[last].output_shape
    if parts[-1].output_shape != (classes,) or any(size != 1 for size in pixels):
        return parts, False
    return parts[:last] + parts[last + 1 :], True


def _problems(graph: Graph) -> list[str]:
    """Say what is wrong with a model as a whole."""
    if graph.failure:
        last = graph.operations[-1] if graph.operations else None
        at = f" in {where(last)}" if last else ""
        return [f"the model cannot run{at}: {graph.failure}"]
    problems = []
    if len(graph.input_shapes) != 1:
        problems.append(f"the model has {plural(len(graph.input_shapes), 'input')} instead of 1")
    elif not 2 <= len(graph.input_shapes[0]) <= 4:
        problems.append(f"an input of {len(graph.input_shapes[0]) - 1} axes besides the batch")
    if len(graph.outputs) != 1:
        problems.append(f"the model has {plural(len(graph.outputs), 'output')} instead of 1")
    for shape in (*graph.input_shapes, *(operation.output_shape for operation in graph.operations)):
        if (element_count(shape or ()) or 0) > _LARGEST:
            problems.append(f"an array of {shape_text(shape or ())} is too large")
    for operation in graph.operations:
        if any(value.output for value in operation.inputs if value.operation >= 0):
            problems.append(f"{where(operation)}: it takes the second output of an operation")
    return problems


def _refusal(graph: Graph, problems: Sequence[str]) -> DataError:
    shown = [f"    {problem}" for problem in dict.fromkeys(problems)]
    more = len(shown) - _SHOWN
    lines = shown[:_SHOWN] + ([f"    and {more} more"] if more > 0 else [])
    return DataError(
        f"{graph.source}: a network here must be made of fencepost's layers. Received: "
        f"{plural(len(graph.operations), 'operation')}, of which these do not fit:\n"
        + "\n".join(lines)
    )


class _Converter:
    """Makes parts of chains, and collects what does not fit."""

    def __init__(self, details: DetailsOf) -> None:
        self.details = details
        self.problems: list[str] = []

    def chain(self, chain: Chain) -> list[Part]:
        parts: list[Part] = []
        for item in chain:
            operation = item.operation if isinstance(item, Join) else item
            try:
                if isinstance(item, Join):
                    inner = [self.chain(branch) for branch in item.chains]
                    own = [] if self.problems else joined(operation, inner)
                else:
                    own = parts_of(item, self.details)
            except Misfits as misfits:
                self.problems += misfits.problems
                continue
            except Misfit as misfit:
                self.problems.append(f"{where(operation)}: {misfit}")
                continue
            except FencepostError as error:
                self.problems.append(f"{where(operation)}: {' '.join(str(error).split())}")
                continue
            parts += _placed(own, operation)
        return parts if self.problems else merged(parts)


def _placed(parts: list[Part], operation: Operation) -> list[Part]:
    """Say of parts where they are from, and what enters and leaves them."""
    inputs, outputs = input_size(operation), output_size(operation)
    source, last = where(operation), len(parts) - 1
    return [
        part
        if part.where
        else replace(
            part,
            where=source,
            input_shape=inputs if index == 0 else outputs,
            output_shape=outputs if index == last or len(inputs) != len(outputs) else inputs,
        )
        for index, part in enumerate(parts)
    ]


def _arranged_first(parts: list[Part]) -> tuple[tuple[Part, ...], list[Part]]:
    """Take off how pixels are arranged first: a model with channels last, or with flat pixels.

    What is done before that to each pixel, or each channel, is done after it as well.
    """
    taken: list[Part] = []
    rest = list(parts)
    while True:
        count = next(
            (k for k, p in enumerate(rest) if not isinstance(p.pending, Affine)
             and not isinstance(p.layer, ElementwiseLayer)), len(rest)
        )  # fmt: skip
        arrangement = rest[count] if count < len(rest) else None
        if arrangement is None or not isinstance(arrangement.pending, (Permute, Reshape)):
            return tuple(taken), rest
        before = [_moved(part, arrangement) for part in rest[:count]]
        if None in before:
            return tuple(taken), rest
        rest = [*(part for part in before if part), *rest[count + 1 :]]
        taken.append(arrangement)


def _moved(part: Part, arrangement: Part) -> Part | None:
    """Return what is done to each pixel, as it is done after a new arrangement of them."""
    shape = arrangement.output_shape
    part = replace(part, input_shape=shape, output_shape=shape)
    affine = part.pending
    if not isinstance(affine, Affine):
        return part
    arrays = affine.factor, affine.summand
    if not any(array.ndim for array in arrays):
        return part
    if not isinstance(arrangement.pending, Permute):
        return None
    order = arrangement.pending.order
    turned = (np.ascontiguousarray(a.transpose(order)) if a.ndim else a for a in arrays)
    return replace(part, pending=Affine(*turned))


def _normalization(parts: list[Part]) -> tuple[list[Part], tuple[Any, Any] | None]:
    """Take what is done to pixels first, a factor and a summand per channel, as mean and std."""
    first = parts[0].pending if parts else None
    if not isinstance(first, Affine) or not (first.factor > 0).all():
        return parts, None
    shape = parts[0].input_shape
    channel = (shape[0], *(1,) * (len(shape) - 1))
    try:
        factor, summand = (
            np.broadcast_to(values, channel).reshape(-1).astype(np.float64)
            for values in (first.factor, first.summand)
        )
    except ValueError:
        return parts, None
    return parts[1:], (0.0 - summand / factor, 1 / factor)


def _fill(network: Network, parts: Sequence[Part]) -> None:
    """Copy the weights. Raises DataError if one has another shape than its layer needs."""
    given = {
        f"{index}.{name}": array
        for index, part in enumerate(parts)
        for name, array in part.weights.items()
    }
    with network.engine_weights.lent() as arrays:
        for name, target in arrays.by_name.items():
            array = given.get(name)
            if array is None or array.size != target.size:
                received = "none" if array is None else f"shape {array.shape}"
                raise DataError(
                    f"weights must have the shape that their layer needs. Received: {received} for "
                    f'"{name}", which needs {target.shape}.'
                )
            target[...] = array.reshape(target.shape)
