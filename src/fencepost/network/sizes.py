"""The sizes of a network as it is made: its arrays by name, the engine's steps, and the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import notebook
from ..graph import SizedLayer, size_layers
from ..layers import Branched, Layer, ParameterSpec, Shape, StateSpec
from ..layers.base import EngineSteps, placed_steps
from ..text import format_shape, format_table

_LONGEST_TEXT = 44


def resolve(input_shape: Shape, layers: Sequence[Layer]) -> tuple[SizedLayer, ...]:
    """Size every layer. Raises SizeError that names the layer and shows the sizes up to it."""
    chain = size_layers(input_shape, layers)
    misfit = chain.misfit
    if misfit is not None:
        if misfit.layer:
            misfit = misfit.in_layer(misfit.layer, table(input_shape, chain.layers))
        raise misfit
    return chain.layers


def parameter_specs(layers: Sequence[SizedLayer]) -> dict[str, ParameterSpec]:
    """Every trainable array of the network, named "layer.name", in the order of the flat array."""
    return {name: spec for layer in layers for name, spec in layer.parameter_specs.items()}


def state_specs(layers: Sequence[SizedLayer]) -> dict[str, StateSpec]:
    """Every array of the network that is not trained, named and ordered likewise."""
    return {name: spec for layer in layers for name, spec in layer.state_specs.items()}


def offsets(specs: Mapping[str, ParameterSpec] | Mapping[str, StateSpec]) -> dict[str, int]:
    """Where each array begins in the flat one."""
    starts, position = {}, 0
    for name, spec in specs.items():
        starts[name] = position
        position += spec.size
    return starts


def engine_steps(layers: Sequence[SizedLayer]) -> tuple[EngineSteps, list[int]]:
    """Return the steps of the whole network, and for each layer the index of its last step."""
    starts = offsets(parameter_specs(layers)) | offsets(state_specs(layers))
    steps: EngineSteps = []
    last: list[int] = []
    for sized in layers:
        own = {
            name.removeprefix(f"{sized.place}."): starts[name]
            for name in (*sized.parameter_specs, *sized.state_specs)
        }
        steps += placed_steps(
            sized.layer.engine_steps(sized.input_shape, own), len(steps), len(steps)
        )
        last.append(len(steps) - 1)
    return steps, last


def table(input_shape: Shape, layers: Sequence[SizedLayer], totals: bool = False) -> str:
    """Index, layer, output size, parameters, multiply-adds and connections, as text."""
    return format_table(*_lines(input_shape, layers, totals))


def html(input_shape: Shape, layers: Sequence[SizedLayer]) -> str:
    """Write the same for notebooks."""
    return notebook.table(*_lines(input_shape, layers, totals=True))


def _lines(
    input_shape: Shape, layers: Sequence[SizedLayer], totals: bool
) -> tuple[list[tuple[str, ...]], str]:
    """Return the rows of the table, and on which side its columns are aligned."""
    rows: list[tuple[str, ...]] = [
        ("", "layer", "output", "parameters", "multiply-adds", "connections"),
        ("", "input", format_shape(input_shape), "", "", ""),
    ]
    rows += [row for sized in layers for row in _rows(sized)]
    if totals:
        sums = (
            sum(sized.parameters for sized in layers),
            sum(sized.multiply_adds for sized in layers),
            sum(sized.connections for sized in layers),
        )
        rows.append(("", "total", "", *(f"{total:,}" for total in sums)))
    nested = any("." in row[0] for row in rows)
    return rows, f"{'<' if nested else '>'}<<>>>"


def _rows(sized: SizedLayer, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The row of a layer, and below it those of the layers within it, whose costs they show."""
    layer = sized.layer
    text = "  " * depth + (layer.title() if isinstance(layer, Branched) else layer.describe())
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "…"
    inner = sized.inner
    counts = (
        sized.parameters - sum(row.parameters for row in inner),
        sized.multiply_adds - sum(row.multiply_adds for row in inner),
        sized.connections - sum(row.connections for row in inner),
    )
    costs = (f"{count:,}" if count else "–" for count in counts)
    yield (sized.place, text, format_shape(sized.output_shape), *costs)
    for row in inner:
        yield from _rows(row, depth + 1)
