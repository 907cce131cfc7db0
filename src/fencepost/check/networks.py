"""fencepost's own networks as a `Graph`: the reader for `Network`, `Plan` and lists of layers.

Part of check; may call graph, network.sizes, layers and sizing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import SizeError
from ..graph import Graph, Operation, Role, Value
from ..layers import Flatten, GlobalAvgPool, GlobalMaxPool, Layer, Linear, Residual
from ..layers.base import arguments_of
from ..layers.windowed import WindowedLayer
from ..network.sizes import sized
from ..sizing import Window


def read(input_shape: tuple[int, ...], layers: Sequence[Layer], source: str) -> Graph:
    """Return the model of a chain of layers, up to the first that does not fit."""
    reader = _Reader()
    shape = (1, *input_shape)
    value = reader.chain(layers, Value(-1), input_shape, "")
    outputs = () if value is None else (value,)
    return Graph(
        source, ("input",), (shape,), tuple(reader.operations), outputs, failure=reader.failure
    )


@dataclass
class _Reader:
    operations: list[Operation] = field(default_factory=list)
    failure: str = ""

    def chain(
        self, layers: Sequence[Layer], value: Value, shape: tuple[int, ...], within: str
    ) -> Value | None:
        """Add a chain's operations; return what comes out, or None if a layer does not fit."""
        rows, misfit = sized(shape, layers)
        for row in rows:
            place = f"{within}{row.index}"
            if isinstance(row.layer, Residual):
                inner = self.chain(row.layer.layers, value, row.input_shape, f"{place}.")
                assert inner is not None
                shapes = ((1, *row.input_shape),) * 2
                value = self._add(
                    Operation(place, "Add", "join", (inner, value), shapes, shapes[:1])
                )
                continue
            value = self._add(
                _operation(
                    place, row.layer, value, row.input_shape, row.output_shape, row.multiply_adds
                )
            )
        if misfit is None:
            return value
        place, layer = (
            f"{within}{len(rows)}",
            layers[len(rows)] if len(rows) < len(layers) else None,
        )
        entering = rows[-1].output_shape if rows else shape
        if isinstance(layer, Residual):
            inner = self.chain(layer.layers, value, entering, f"{place}.")
            if inner is not None:  # the chain does not keep the size
                made = self.operations[inner.operation].output_shapes
                met = (*made, (1, *entering))
                self._add(Operation(place, "Add", "join", (inner, value), met))
        elif layer is not None:
            self._add(_operation(place, layer, value, entering, None, None))
        self.failure = self.failure or _reason(misfit)
        return None

    def _add(self, operation: Operation) -> Value:
        self.operations.append(operation)
        return Value(len(self.operations) - 1)


def _operation(
    name: str,
    layer: Layer,
    value: Value,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...] | None,
    multiply_adds: int | None,
) -> Operation:
    parameters = {} if output_shape is None else layer.parameters(input_shape)
    weight = parameters.get("weight")
    return Operation(
        name,
        type(layer).__name__,
        _role(layer, input_shape),
        (value,),
        ((1, *input_shape),),
        () if output_shape is None else ((1, *output_shape),),
        _windows(layer, input_shape, output_shape is not None),
        _arguments(layer),
        None if weight is None else weight.shape,
        sum(one.size for one in parameters.values()),
        multiply_adds,
    )


def _role(layer: Layer, input_shape: tuple[int, ...]) -> Role:
    if isinstance(layer, WindowedLayer):
        return "windows"
    if isinstance(layer, (GlobalAvgPool, GlobalMaxPool)):
        return "global"
    if isinstance(layer, Flatten):
        return "reshape"
    # A layer that links values mixes all of them, at least where there is no axis left.
    try:
        linked = layer.connection_count(input_shape) > 0
    except (SizeError, ValueError):
        linked = isinstance(layer, Linear)
    return "dense" if linked and len(input_shape) == 1 else "pointwise"


def _windows(layer: Layer, input_shape: tuple[int, ...], fits: bool) -> tuple[Window, ...]:
    if not isinstance(layer, WindowedLayer):
        return ()
    if fits:
        return layer.windows(input_shape)
    if len(input_shape) != layer.axes + 1 or layer.padding == "same":
        return ()
    numbers = zip(input_shape[1:], layer.kernel_size, layer.stride, layer.dilation, strict=True)
    return tuple(Window(*four, *pair) for four, pair in zip(numbers, layer.padding, strict=True))


def _arguments(layer: Layer) -> dict[str, object]:
    """What is not left at its default, as the layer itself writes it."""
    found: dict[str, object] = {}
    for name, parameter in arguments_of(type(layer)).items():
        value = getattr(layer, name)
        if name in ("layers", "connections", "centres"):
            continue
        if name == "padding" and isinstance(value, tuple):
            value = tuple(a if a == b else (a, b) for a, b in value)
        pools = "dilation" not in arguments_of(type(layer))
        if name == "stride" and pools and value == getattr(layer, "kernel_size", None):
            continue
        plain = parameter.default
        many = value if isinstance(value, tuple) else (value,)
        if plain is parameter.empty or any(one != plain for one in many):
            found[name] = value
    return found


def _reason(misfit: SizeError) -> str:
    problem = misfit.problem
    parts = [problem.rule, *(one.consequence for one in problem.axes), problem.remedy]
    return " ".join(part for part in parts if part)
