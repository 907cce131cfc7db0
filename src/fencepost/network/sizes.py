"""The sizes of a network, layer by layer, and the table that shows them.

May call layers, sizing and errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fencepost.errors import SizeError, SizeProblem
from fencepost.layers import Layer, ParameterSpec, Shape, StateSpec
from fencepost.layers.base import Step

# The engine counts the cells of one value with 32 bits.
_MOST_CELLS = 2**31 - 1
_LONGEST_TEXT = 44


@dataclass(frozen=True)
class Row:
    """One layer in its place: what enters, what leaves, and what it costs.

    Attributes
    ----------
    index : int
        Place of the layer in the network, from 0.
    layer : Layer
    input_shape, output_shape : tuple of int
        Without the batch.
    parameters, state : dict
        Specifications of the layer's arrays, by name.
    connections, multiply_adds : int
        For one input; see Layer.connection_count and Layer.multiply_adds.
    """

    index: int
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: dict[str, ParameterSpec]
    state: dict[str, StateSpec]
    connections: int
    multiply_adds: int

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(spec.size for spec in self.parameters.values())


def resolve(input_shape: Shape, layers: Sequence[Layer]) -> tuple[Row, ...]:
    """Size every layer. Raises SizeError that names the layer and shows the sizes up to it."""
    rows, misfit = sized(input_shape, layers)
    if misfit is not None:
        raise misfit
    return rows


def sized(input_shape: Shape, layers: Sequence[Layer]) -> tuple[tuple[Row, ...], SizeError | None]:
    """Size every layer up to the first that does not fit, and return what is wrong with that."""
    if math.prod(input_shape) > _MOST_CELLS:
        return (), _too_large("one image", input_shape)
    rows: list[Row] = []
    shape = input_shape
    for index, layer in enumerate(layers):
        try:
            output = layer.output_shape(shape)
            if math.prod(output) > _MOST_CELLS:
                raise _too_large("one output of a layer", output)
        except SizeError as error:
            where = f"layer {index}, {layer.describe()}"
            return tuple(rows), error.in_layer(where, table(input_shape, rows))
        rows.append(
            Row(
                index,
                layer,
                shape,
                output,
                layer.parameters(shape),
                layer.state(shape),
                layer.connection_count(shape),
                layer.multiply_adds(shape),
            )
        )
        shape = output
    return tuple(rows), None


def _too_large(what: str, shape: Shape) -> SizeError:
    rule = f"{what} may have at most {_MOST_CELLS:,} values."
    return SizeError(SizeProblem(rule, f"a shape of {by(shape)}"))


def parameter_specs(rows: Sequence[Row]) -> dict[str, ParameterSpec]:
    """Every trainable array of the network, named "layer.name", in the order of the flat array."""
    return {f"{row.index}.{name}": spec for row in rows for name, spec in row.parameters.items()}


def state_specs(rows: Sequence[Row]) -> dict[str, StateSpec]:
    """Every array of the network that is not trained, named and ordered likewise."""
    return {f"{row.index}.{name}": spec for row in rows for name, spec in row.state.items()}


def offsets(specs: Mapping[str, ParameterSpec] | Mapping[str, StateSpec]) -> dict[str, int]:
    """Where each array begins in the flat one."""
    found, position = {}, 0
    for name, spec in specs.items():
        found[name] = position
        position += spec.size
    return found


def engine_steps(rows: Sequence[Row]) -> tuple[list[Step], list[int]]:
    """Return the steps of the whole network, and for each layer the index of its last step."""
    places = offsets(parameter_specs(rows)) | offsets(state_specs(rows))
    steps: list[Step] = []
    last: list[int] = []
    for row in rows:
        own = {name: places[f"{row.index}.{name}"] for name in (*row.parameters, *row.state)}
        steps += row.layer.steps(row.input_shape, own, len(steps))
        last.append(len(steps) - 1)
    return steps, last


def table(input_shape: Shape, rows: Sequence[Row], totals: bool = False) -> str:
    """Index, layer, output size, parameters, multiply-adds and connections, as text."""
    lines: list[tuple[str, ...]] = [
        ("", "layer", "output", "parameters", "multiply-adds", "connections"),
        ("", "input", by(input_shape), "", "", ""),
    ]
    for row in rows:
        text = row.layer.describe()
        if len(text) > _LONGEST_TEXT:
            text = text[: _LONGEST_TEXT - 1] + "…"
        counts = (row.parameter_count, row.multiply_adds, row.connections)
        lines.append((str(row.index), text, by(row.output_shape), *(_count(c) for c in counts)))
    if totals:
        sums = (
            sum(row.parameter_count for row in rows),
            sum(row.multiply_adds for row in rows),
            sum(row.connections for row in rows),
        )
        lines.append(("", "total", "", *(f"{total:,}" for total in sums)))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (1, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def by(shape: Shape) -> str:
    """Write a shape as people do: 6 × 28 × 28."""
    return " × ".join(str(size) for size in shape)


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"
