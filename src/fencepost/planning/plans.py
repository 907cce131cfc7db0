"""`plan`: a network on paper, layer by layer; what it can be asked; and its problems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..arguments import integer
from ..graph import SizedLayer, receptive_fields, size_layers
from ..layers import Layer, Shape
from ..network.arguments import as_input_shape, as_layers
from . import html, plain, questions, table
from .data import LayerPlan, PlanData
from .questions import AxisSizes, Choices, SamePadding
from .text import parse_layers

_FLOAT = 4  # bytes of a float32


@dataclass(frozen=True, repr=False)
class Plan(PlanData):
    """The sizes of a network, as returned by `fencepost.plan`; prints as a table.

    Attributes
    ----------
    input_shape, layers, batch
        As given, those layers that do not fit and those after them included.
    rows : tuple of LayerPlan
        One for each layer up to the first that does not fit.
    unfinished : tuple of LayerPlan
        If what does not fit has layers within it, those that do, up to the problem.
    problems : tuple of SizeError
        What does not fit; empty if everything does. What comes after a layer that does not fit
        has no size, so there is at most one.
    """

    def text(self, width: int = 100) -> str:
        """Write the plan as tables that are `width` characters wide, if that is possible."""
        return table.text(self, integer("width", width, 1))

    def __str__(self) -> str:
        """The tables, followed by the problems with the choices that fit."""
        return "\n\n".join([self.text(), *map(str, self.problems)])

    def __repr__(self) -> str:
        layers = ", ".join(layer.describe() for layer in self.layers)
        return f"Plan({self.input_shape}, [{layers}], batch={self.batch})"

    def _repr_html_(self) -> str:
        """Write the plan as one HTML table, as notebooks show it."""
        return html.html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``fencepost size --json`` prints it."""
        return plain.of_plan(self)

    def inputs(self, first: int, last: int) -> tuple[AxisSizes, ...]:
        """Find the input sizes from `first` to `last` for which no element is dropped.

        Raises ArgumentError if the range is empty or longer than 10,000, or the input has no
        axes.

        >>> from fencepost import plan
        >>> for axis in plan((1, 28, 28), "Conv2d(8, 3, stride=2)").inputs(20, 30):
        ...     print(axis)
        height and width: 21, 23, 25, 27, 29; nearest to 28: 27, 29
        """
        return questions.inputs(self.input_shape, self.layers, first, last)

    def smallest_input(self) -> Shape | None:
        """Find the smallest input that fits; None if no size fits.

        >>> from fencepost import plan
        >>> plan((1, 28, 28), "Conv2d(6, 5), MaxPool2d(2), Conv2d(16, 5)").smallest_input()
        (1, 14, 14)
        """
        return questions.smallest_input(self.input_shape, self.layers)

    def same_padding(self) -> tuple[SamePadding, ...]:
        """Find, for each layer with windows, the padding that keeps the size.

        With a stride of S, that is the padding for input / S windows, rounded up.

        >>> from fencepost import plan
        >>> for padding in plan((1, 28, 28), "Conv2d(6, 5), MaxPool2d(2)").same_padding():
        ...     print(padding)
        layer 0, Conv2d(6, 5): padding=2 keeps 28 × 28
        layer 1, MaxPool2d(2): padding=0 makes 12 × 12 of 24 × 24
        """
        return questions.same_padding(list(self.entering()))

    def solve(self, argument: str) -> Choices:
        """Find all values of an argument for which everything fits and no element is dropped.

        Parameters
        ----------
        argument : str
            The layer's place and the argument: ``"3.stride"``, ``"0.kernel_size"``,
            ``"3.padding"``, ``"3.dilation"``, ``"3.groups"``; ``"3.0.stride"`` for the first
            layer within the Residual 3, ``"3.1.0.stride"`` for that of chain 1 of the Concat 3.

        Raises
        ------
        ArgumentError
            There is no such layer, or it has no such argument.

        Examples
        --------
        >>> from fencepost import plan
        >>> print(plan((1, 28, 28), "Conv2d(8, 3, stride=2), ReLU").solve("0.stride"))
        layer 0, Conv2d(8, 3, stride=2): everything fits with
          stride=1   → 8 × 26 × 26
          stride=5   → 8 × 6 × 6
          stride=25  → 8 × 2 × 2
        """
        return questions.solve(self.input_shape, self.layers, argument)


def plan(input_shape: Sequence[int], layers: Sequence[Layer] | str, *, batch: int = 1) -> Plan:
    """Compute all sizes of a network without creating it.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input: (channels, height, width), (channels, width) or (features,).
    layers : sequence of Layer, or str
        The layers, or the text of them: see `fencepost.planning.parse_layers`.
    batch : int
        Number of inputs that the memory is computed for.

    Returns
    -------
    Plan
        With all layers up to the first that does not fit, and what is wrong with that in
        `problems`; a size that does not fit never raises. Printed, it is a table; in a notebook,
        an HTML table.

    Raises
    ------
    ArgumentError
        If an argument is not as described, or the text lists no layers.

    Examples
    --------
    >>> import fencepost as fp
    >>> p = fp.plan((1, 28, 28), "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(3), Flatten, Linear(10)")
    >>> p.ok, len(p.rows), p.rows[0].output_shape, p.problems[0].equation
    (False, 2, (6, 28, 28), 'output = (28 + 0 + 0 − 1·(3 − 1) − 1) / 3 + 1 = 9.33…')
    """
    shape = as_input_shape(input_shape)
    chain = as_layers(parse_layers(layers) if isinstance(layers, str) else layers)
    batch = integer("batch", batch, 1)
    sized = size_layers(shape, chain)
    total = sum(layer.multiply_adds for layer in (*sized.layers, *sized.unfinished))
    # Receptive fields are given along all axes of the input, without the batch.
    axes = tuple(range(1, len(shape))) or (0,)
    fields = replace(receptive_fields(sized.graph), axes=axes)

    def rows(layers: Sequence[SizedLayer]) -> tuple[LayerPlan, ...]:
        return tuple(map(row, layers))

    def row(layer: SizedLayer) -> LayerPlan:
        inner, outputs, position = rows(layer.inner), layer.output_shape, layer.position
        return LayerPlan(
            layer.place,
            layer.layer,
            layer.input_shape,
            layer.operations,
            position,
            inner,
            (fields.fields(position) or None) if len(outputs) > 1 else None,
            fields.sizes(position),
            fields.covers(position),
            _FLOAT * batch * math.prod(outputs) + sum(each.activation_bytes for each in inner),
            layer.multiply_adds / total if total else 0.0,
        )

    problems = () if sized.misfit is None else (sized.misfit,)
    return Plan(shape, chain, batch, rows(sized.layers), rows(sized.unfinished), problems)
