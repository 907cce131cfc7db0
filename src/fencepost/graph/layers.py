"""The graph of a chain of fencepost's layers, sized up to the first that does not fit."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple, TypeVar

from ..errors import SizeError, SizeProblem
from ..layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    Branched,
    ConvTranspose1d,
    ConvTranspose2d,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Layer,
    Linear,
    ParameterSpec,
    StateSpec,
    Upsample,
)
from ..layers.base import arguments_of
from ..layers.windowed import WindowedLayer
from ..sizing import Window
from ..sizing.readings import fitting_reading
from ..text import format_shape
from .operations import Graph, Operation, Role, Value

_Shape = tuple[int, ...]
_Spec = TypeVar("_Spec")
# The engine counts the elements of one value with 32 bits.
_MOST_ELEMENTS = 2**31 - 1
#: Arguments that are tables and not settings.
_TABLES = ("connections", "centres")


@dataclass(frozen=True)
class SizedLayer:
    """One layer in its place: a view of the operations that it became.

    `place` is ``"3"``; ``"3.0"`` or ``"3.shortcut.0"`` for the first layer within the Residual 3;
    ``"3.1.0"`` for the first of chain 1 of the Concat 3. `operations` are those of the layers
    within it, and last its own, whose index in the graph is `position`; `inner` are the layers of
    its chains.
    """

    place: str
    layer: Layer
    input_shape: _Shape
    operations: tuple[Operation, ...]
    position: int
    inner: tuple[SizedLayer, ...] = ()

    @property
    def index(self) -> int:
        """Index of the layer in its chain, from 0."""
        return int(self.place.rpartition(".")[2])

    @property
    def output_shape(self) -> _Shape:
        """Shape of what leaves, without the batch."""
        return _without_batch(self.operations[-1].output_shape)

    @property
    def chains(self) -> tuple[tuple[SizedLayer, ...], ...]:
        """The layers within it, chain by chain; none if it is not made of chains."""
        lengths = (
            [len(chain.layers) for chain in self.layer.chains]
            if isinstance(self.layer, Branched)
            else []
        )
        ends = list(accumulate(lengths))
        return tuple(
            self.inner[end - length : end] for end, length in zip(ends, lengths, strict=True)
        )

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window over each axis, with the padding finally used; often none."""
        return self.layer.windows(self.input_shape)

    @property
    def parameters(self) -> int:
        """Trainable values."""
        return sum(operation.parameters for operation in self.operations)

    @property
    def connections(self) -> int:
        """Links between units, biases counted, for one input."""
        return sum(operation.connections or 0 for operation in self.operations)

    @property
    def multiply_adds(self) -> int:
        """Multiplications followed by an addition, for one input."""
        return sum([operation.multiply_adds or 0 for operation in self.operations])

    @property
    def parameter_specs(self) -> dict[str, ParameterSpec]:
        """Every trainable array, named as in the network: "0.weight", "3.0.bias"."""
        return self._named(lambda layer, shape: layer.parameters(shape))

    @property
    def state_specs(self) -> dict[str, StateSpec]:
        """Every array that is kept but not trained by gradient, named likewise."""
        return self._named(lambda layer, shape: layer.state(shape))

    def _named(self, specs: Callable[[Layer, _Shape], Mapping[str, _Spec]]) -> dict[str, _Spec]:
        return {
            operation.weights[name]: spec
            for operation in self.operations
            if operation.weights and operation.layer is not None
            for name, spec in specs(operation.layer, _without_batch(operation.input_shape)).items()
        }


@dataclass(frozen=True)
class SizedChain:
    """A chain of layers with its graph.

    The graph is for a batch of one. It and `layers` go up to the first layer that does not fit; if
    that is made of chains, `unfinished` are those of its layers that fit. `misfit` names the layer.
    """

    graph: Graph
    layers: tuple[SizedLayer, ...]
    unfinished: tuple[SizedLayer, ...]
    misfit: SizeError | None


def size_layers(input_shape: _Shape, layers: Sequence[Layer], source: str = "layers") -> SizedChain:
    """Size every layer up to the first that does not fit.

    >>> from fencepost import Conv2d, Flatten, Linear
    >>> chain = size_layers((1, 28, 28), [Conv2d(6, 5, stride=2), Flatten(), Linear(10)])
    >>> [layer.output_shape for layer in chain.layers], chain.misfit.axis
    ([], 'height and width')
    """
    chain = _sized(input_shape, layers, source)
    if chain.misfit is None:
        return chain
    fitting = fitting_reading(input_shape, lambda shape: _sized(shape, layers).misfit is None)
    problem = chain.misfit.problem
    remedy = f"{problem.remedy.partition(' An image of one channel')[0]} {fitting}".strip()
    return replace(chain, misfit=SizeError(replace(problem, remedy=remedy))) if fitting else chain


def _sized(input_shape: _Shape, layers: Sequence[Layer], source: str = "") -> SizedChain:
    builder = _Builder()
    value, sized, unfinished, misfit = builder.chain(layers, Value(-1), input_shape, "")
    outputs = () if value is None else (value,)
    graph = Graph(
        source, ("input",), ((1, *input_shape),), tuple(builder.operations), outputs,
        failure=builder.failure,
    )  # fmt: skip
    return SizedChain(graph, sized, unfinished, misfit)


@dataclass
class _Builder:
    """Collects the operations of chains within chains."""

    operations: list[Operation] = field(default_factory=list)
    failure: str = ""

    def chain(
        self, layers: Sequence[Layer], value: Value, shape: _Shape, within: str
    ) -> tuple[Value | None, tuple[SizedLayer, ...], tuple[SizedLayer, ...], SizeError | None]:
        """Add a chain: what comes out, its layers, those within one that fails, the misfit."""
        sized: list[SizedLayer] = []
        misfit = _too_large("one image", shape)
        failing = ""
        for index, layer in enumerate(layers):
            place = f"{within}{index}"
            output: _Shape | None = None
            if misfit is None:
                try:
                    output = layer.output_shape(shape)
                    misfit = _too_large("one output of a layer", output)
                except SizeError as error:
                    misfit = error
                if misfit is not None:
                    failing, output = f"layer {index}, {layer.describe()}", None
            start = len(self.operations)
            inner: tuple[SizedLayer, ...] = ()
            if isinstance(layer, Branched):
                made, inner, within_it = self._chains(layer, value, shape, place)
                if misfit is None and within_it is not None:
                    misfit, failing = within_it, f"layer {index}, {layer.describe()}"
                if within_it is None:
                    self._join(place, layer, made, (value, shape), output)
            else:
                self.operations.append(_operation(place, layer, value, shape, output))
            if misfit is not None:
                self.failure = self.failure or _reason(misfit)
                if failing:
                    misfit = misfit.in_layer(failing)
                return None, tuple(sized), inner, misfit
            assert output is not None
            position = len(self.operations) - 1
            operations = tuple(self.operations[start:])
            sized.append(SizedLayer(place, layer, shape, operations, position, inner))
            value, shape = Value(position), output
        return value, tuple(sized), (), None

    def _chains(
        self, layer: Branched, value: Value, shape: _Shape, place: str
    ) -> tuple[tuple[Value, ...], tuple[SizedLayer, ...], SizeError | None]:
        """Add all chains of a layer up to one that fails: what comes out, and their layers."""
        outputs: list[Value] = []
        inner: tuple[SizedLayer, ...] = ()
        for chain in layer.chains:
            within = f"{place}.{chain.prefix}"
            output, sized, _, misfit = self.chain(chain.layers, value, shape, within)
            inner += sized
            if output is None:
                return tuple(outputs), inner, misfit
            outputs.append(output)
        return tuple(outputs), inner, None

    def _join(
        self,
        place: str,
        layer: Branched,
        values: tuple[Value, ...],
        entering: tuple[Value, _Shape],
        output: _Shape | None,
    ) -> None:
        """Add what joins the chains of a layer at their end."""
        value, shape = entering
        if layer.join == "Mul":
            values = (value, *values)
        shapes = tuple(
            (1, *shape) if branch == value else self.operations[branch.operation].output_shape
            for branch in values
        )
        arguments = {"dim": 1} if layer.join == "Cat" else {}
        outputs = () if output is None else ((1, *output),)
        operation = Operation(
            place, layer.join, "join", values, shapes, outputs, arguments=arguments, layer=layer
        )
        self.operations.append(operation)


def _operation(
    name: str, layer: Layer, value: Value, shape: _Shape, output: _Shape | None
) -> Operation:
    facts = _facts(layer, shape, output is not None)
    return Operation(
        name,
        type(layer).__name__,
        facts.role,
        (value,),
        ((1, *shape),),
        () if output is None else ((1, *output),),
        facts.windows,
        facts.arguments,
        facts.weight_shape,
        facts.parameters,
        facts.multiply_adds,
        facts.connections,
        {array: f"{name}.{array}" for array in facts.arrays},
        layer,
    )


class _Facts(NamedTuple):
    """What an `Operation` says of a layer wherever it stands, and the names of its arrays."""

    role: Role
    windows: tuple[Window, ...]
    arguments: Mapping[str, object]
    weight_shape: tuple[int, ...] | None
    parameters: int
    multiply_adds: int | None
    connections: int | None
    arrays: tuple[str, ...]


# Networks repeat their layers, and questions of a plan ask for the same network many times.
@functools.lru_cache(maxsize=4096)
def _facts(layer: Layer, shape: _Shape, fits: bool) -> _Facts:
    parameters = layer.parameters(shape) if fits else {}
    weight = parameters.get("weight")
    connections = _connections(layer, shape)
    return _Facts(
        _role(layer, shape, connections),
        _windows(layer, shape, fits),
        _arguments(layer),
        None if weight is None else weight.shape,
        sum(spec.size for spec in parameters.values()),
        layer.multiply_adds(shape) if fits else None,
        connections if fits else None,
        (*parameters, *(layer.state(shape) if fits else ())),
    )


def _connections(layer: Layer, shape: _Shape) -> int:
    try:
        return layer.connection_count(shape)
    except (SizeError, ValueError):
        return int(isinstance(layer, Linear))


def _role(layer: Layer, shape: _Shape, connections: int) -> Role:
    # A layer that links values mixes all of them, at least where there is no axis left.
    usual: Role = "dense" if connections and len(shape) == 1 else "pointwise"
    return _role_of(type(layer)) or usual


@functools.cache
def _role_of(kind: type[Layer]) -> Role | None:
    """What layers of a class do to positions; None if that hangs on their input."""
    if issubclass(kind, WindowedLayer):
        return "windows"
    if issubclass(kind, (GlobalAvgPool, GlobalMaxPool)):
        return "global"
    if issubclass(kind, (ConvTranspose1d, ConvTranspose2d)):
        return "transposed"
    if issubclass(kind, (AdaptiveAvgPool1d, AdaptiveAvgPool2d, Upsample)):
        return "resize"
    return "reshape" if issubclass(kind, Flatten) else None


def _windows(layer: Layer, shape: _Shape, fits: bool) -> tuple[Window, ...]:
    if isinstance(layer, (ConvTranspose1d, ConvTranspose2d)):
        return layer.inverse_windows(shape) if fits else ()
    if not isinstance(layer, WindowedLayer):
        return ()
    if fits:
        return layer.windows(shape)
    if len(shape) != layer.axes + 1 or layer.padding == "same":
        return ()
    numbers = zip(shape[1:], layer.kernel_size, layer.stride, layer.dilation, strict=True)
    return tuple(Window(*four, *pair) for four, pair in zip(numbers, layer.padding, strict=True))


def _arguments(layer: Layer) -> dict[str, object]:
    """What is not left at its default, as the layer itself writes it."""
    arguments: dict[str, object] = {}
    defaults = _defaults(type(layer))
    for name, default in defaults.items():
        value = getattr(layer, name)
        if name == "padding" and isinstance(value, tuple) and isinstance(value[0], tuple):
            value = tuple(a if a == b else (a, b) for a, b in value)
        of_pool = name == "stride" and "dilation" not in defaults
        usual = getattr(layer, "kernel_size", default) if of_pool else default
        items = value if isinstance(value, tuple) else (value,)
        if value != usual and items != (usual,) * len(items):
            arguments[name] = value
    return arguments


@functools.cache
def _defaults(kind: type[Layer]) -> dict[str, object]:
    known = arguments_of(kind).items()
    return {name: argument.default for name, argument in known if name not in _TABLES}


def _too_large(what: str, shape: _Shape) -> SizeError | None:
    if math.prod(shape) <= _MOST_ELEMENTS:
        return None
    rule = f"{what} may have at most {_MOST_ELEMENTS:,} values."
    return SizeError(SizeProblem(rule, f"a shape of {format_shape(shape)}"))


def _reason(misfit: SizeError) -> str:
    problem = misfit.problem
    consequences = (axis.consequence for axis in problem.axes)
    return " ".join(filter(None, (problem.rule, *consequences, problem.remedy)))


def _without_batch(shape: tuple[int | None, ...] | None) -> _Shape:
    return tuple([size for size in (shape or ())[1:] if size is not None])
