"""A graph of anyone's model as a `Network` with its weights, or all that does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import layers
from ...errors import DataError, FencepostError
from ...graph import Graph, Operation
from ...layers import Layer
from ...network import Network
from ...text import plural, quoted
from .branches import Chain, Join, decompose
from .operations import input_size, new_layer, parts_of
from .parts import DetailsOf, Float32, Misfit, Part

_SHOWN = 40  # misfits in a message
# Of a batch normalisation that stands for a factor and a summand: 1 + 1e-12 is 1 in float32.
_NO_EPS = 1e-12


def to_network(graph: Graph, details: DetailsOf) -> Network:
    """Make a network of a graph. Raises DataError that says all that does not fit, and where."""
    problems = _problems(graph)
    if problems:
        raise _refusal(graph, problems)
    chain, crossings = decompose(graph)
    converter = _Converter(details)
    parts = converter.chain(chain)
    problems = [*converter.problems, *crossings]
    if not problems:
        parts, normalization = _normalization(parts)
        parts, problems = _settled(parts)
    if not problems and not parts:
        problems = ["the model has no layer"]
    if problems:
        raise _refusal(graph, problems)
    shape = tuple(size or 0 for size in graph.input_shapes[0][1:])
    try:
        network = Network(
            shape, [part.layer for part in parts if part.layer], normalization=normalization
        )
    except FencepostError as error:
        raise DataError(f"{graph.source}: {error}") from None
    _fill(network, parts)
    return network


def _problems(graph: Graph) -> list[str]:
    """Say what is wrong with a model as a whole."""
    if graph.failure:
        last = graph.operations[-1] if graph.operations else None
        where = f" in {quoted([last.name])[0]}, {last.describe()}" if last else ""
        return [f"the model cannot run{where}: {graph.failure}"]
    problems = []
    if len(graph.input_shapes) != 1:
        problems.append(f"the model has {plural(len(graph.input_shapes), 'input')} instead of 1")
    elif not 2 <= len(graph.input_shapes[0]) <= 4:
        problems.append(f"an input of {len(graph.input_shapes[0]) - 1} axes besides the batch")
    if len(graph.outputs) != 1:
        problems.append(f"the model has {plural(len(graph.outputs), 'output')} instead of 1")
    for operation in graph.operations:
        if any(value.output for value in operation.inputs if value.operation >= 0):
            problems.append(f"{_where(operation)}: it takes the second output of an operation")
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


def _where(operation: Operation) -> str:
    return f"{quoted([operation.name])[0]}, {operation.describe()}"


class _Converter:
    """Makes layers of chains, and collects what does not fit."""

    def __init__(self, details: DetailsOf) -> None:
        self.details = details
        self.problems: list[str] = []

    def chain(self, chain: Chain) -> list[Part]:
        parts: list[Part] = []
        for item in chain:
            operation = item.operation if isinstance(item, Join) else item
            try:
                if isinstance(item, Join):
                    made = [self._join(item)]
                else:
                    made = parts_of(item, self.details)
            except Misfit as misfit:
                self.problems.append(f"{_where(operation)}: {misfit}")
                continue
            except FencepostError as error:
                self.problems.append(f"{_where(operation)}: {' '.join(str(error).split())}")
                continue
            parts += made
        return parts if self.problems else _merged(parts)

    def _join(self, join: Join) -> Part:
        """Make one layer of branches that meet."""
        operation = join.operation
        kind, count = operation.kind, len(join.chains)
        if kind not in ("Add", "Cat", "Mul") or (kind != "Cat" and count != 2):
            raise Misfit(f"{count} branches meet in it, and only Add, Cat and Mul join some")
        settled = []
        for chain in join.chains:
            inner, problems = _settled(self.chain(chain))
            self.problems += problems
            settled.append(inner)
        if self.problems:  # there will be no network, and layers of some of the parts may not fit
            return Part(layers.Flatten())
        if kind == "Add":
            if not settled[0] and not settled[1]:
                return _affine_part(operation, 2.0)
            if len(set(operation.input_shapes)) > 1:
                raise Misfit("arrays of different sizes are added")
            first, second = settled if settled[0] else settled[::-1]
            shortcut = {"shortcut": [p.layer for p in second]} if second else {}
            layer = new_layer("Residual", *(p.layer for p in first), **shortcut)
            return _branched(layer, [first, second])
        if kind == "Cat":
            if operation.arguments.get("dim") not in (1, 1 - len(operation.output_shape or ())):
                raise Misfit("arrays are joined along another axis than the channels")
            layer = new_layer("Concat", *([p.layer for p in parts] for parts in settled))
            return _branched(layer, settled)
        if bool(settled[0]) == bool(settled[1]):
            raise Misfit("two branches are multiplied, and a Gate multiplies its input")
        inner = settled[0] or settled[1]
        if len(inner) == 1 and isinstance(inner[0].layer, layers.Sigmoid):
            return Part(layers.SiLU())
        return _branched(new_layer("Gate", *(p.layer for p in inner)), [inner])


def _branched(layer: Layer, chains: Sequence[Sequence[Part]]) -> Part:
    """Name the weights of the layers within a layer as the layer does."""
    named: Any = layer
    weights: dict[str, Float32] = {}
    for chain, parts in zip(named.chains, chains, strict=False):
        for index, part in enumerate(parts):
            weights |= {f"{chain.prefix}{index}.{n}": array for n, array in part.weights.items()}
    return Part(layer, weights)


def _affine_part(operation: Operation, factor: float) -> Part:
    shape = input_size(operation)
    ones = np.ones(shape[0], np.float32)
    affine = (np.float32(factor) * ones, 0 * ones)
    return Part(None, affine=affine, name=operation.name, input_shape=shape)


# --- what can be merged -----------------------------------------------------------------------


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Merge a pool of all pixels with Flatten, padding with what is padded, a bias with its layer.

    Of a pad that stays, `_settled` says that it does not fit.
    """
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        made = None if last is None else _pair(last, part)
        if made is None:
            merged.append(part)
        else:
            merged[-1] = made
    return merged


def _pair(first: Part, second: Part) -> Part | None:
    """Return what two parts are together, or None if they stay two."""
    layer: Any = second.layer
    before: Any = first.layer
    if first.pad and layer is not None:
        return _padded(first, second)
    if first.affine and second.affine:
        (a, b), (c, d) = first.affine, second.affine
        return replace(second, affine=(a * c, b * c + d))
    if isinstance(layer, layers.Flatten) and isinstance(
        before, (layers.AvgPool1d, layers.AvgPool2d, layers.MaxPool1d, layers.MaxPool2d)
    ):
        whole = all(size == 1 for size in second.input_shape[1:])
        plain = before.padding == ((0, 0),) * before.axes and before.remainder == "error"
        if whole and plain:
            average = type(before).__name__.startswith("Avg")
            return Part(layers.GlobalAvgPool() if average else layers.GlobalMaxPool())
    unbiased = isinstance(before, (layers.Conv1d, layers.Conv2d, layers.Linear))
    if second.affine and unbiased and not before.bias and (second.affine[0] == 1).all():
        config = {**before.config(), "bias": True}
        return Part(Layer.from_config(config), {**first.weights, "bias": second.affine[1]})
    return None


def _padded(pad: Part, part: Part) -> Part | None:
    """Give a layer the padding that comes before it."""
    layer: Any = part.layer
    convolves = isinstance(layer, (layers.Conv1d, layers.Conv2d)) and pad.pad_value == 0
    averages = (
        isinstance(layer, (layers.AvgPool1d, layers.AvgPool2d))
        and pad.pad_value == 0
        and (layer.count_include_pad and not any(map(any, layer.padding)))
    )
    greatest = isinstance(layer, (layers.MaxPool1d, layers.MaxPool2d)) and (
        pad.pad_value == -np.inf
    )
    if not (convolves or averages or greatest) or len(pad.pad) != layer.axes:
        return None
    both = [
        [before + a, after + b]
        for (before, after), (a, b) in zip(layer.padding, pad.pad, strict=True)
    ]
    return replace(part, layer=Layer.from_config({**layer.config(), "padding": both}))


def _settled(parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """Make layers of what could not be merged, and say what cannot be one."""
    settled: list[Part] = []
    problems: list[str] = []
    for part in parts:
        if part.pad:
            problems.append(f'"{part.name}": padding that no convolution or pool comes after')
        elif part.affine is not None:
            factor, summand = part.affine
            kind = layers.BatchNorm2d if len(part.input_shape) == 3 else layers.BatchNorm1d
            ones = np.ones_like(factor)
            statistics = {"running_mean": 0 * ones, "running_var": ones}
            weights = {"weight": factor, "bias": summand, **statistics}
            settled.append(Part(kind(eps=_NO_EPS), weights))
        else:
            settled.append(part)
    return settled, problems


def _normalization(parts: list[Part]) -> tuple[list[Part], tuple[Any, Any] | None]:
    """Take what is done to pixels first, a factor and a summand per channel, as mean and std."""
    first = parts[0].affine if parts else None
    if first is None or not (first[0] > 0).all():
        return parts, None
    factor, summand = (values.astype(np.float64) for values in first)
    return parts[1:], (0.0 - summand / factor, 1 / factor)


def _fill(network: Network, parts: Sequence[Part]) -> None:
    """Copy the weights. Raises DataError if one has another shape than its layer needs."""
    given = {
        f"{index}.{name}": array
        for index, part in enumerate(parts)
        for name, array in part.weights.items()
    }
    for name, values in (*network.parameters.items(), *network.state.items()):
        array = given.get(name)
        if array is None or array.size != values.size:
            received = "none" if array is None else f"shape {array.shape}"
            raise DataError(
                f"weights must have the shape that their layer needs. Received: {received} for "
                f'"{name}", which needs {values.shape}.'
            )
        values[...] = array.reshape(values.shape)
