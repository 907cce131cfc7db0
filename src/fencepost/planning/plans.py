"""`plan`: a network on paper, every layer with what it makes, sees and costs; and its problems.

May call network.sizes, layers, sizing, errors, and the other modules of planning.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..arguments import integer
from ..errors import SizeError
from ..layers import Layer, Residual, Shape
from ..network.arguments import as_input_shape, as_layers
from ..network.sizes import Row, sized
from ..sizing import Field, Window
from . import data, html, questions, table
from .questions import AxisSizes, Choices, SamePadding
from .text import parse_layers
from .views import View

_FLOAT = 4  # bytes of a float32


@dataclass(frozen=True)
class LayerPlan:
    """One layer of a plan.

    Attributes
    ----------
    place : str
        Where the layer is: ``"3"``, or ``"3.0"`` for the first layer within the Residual 3.
    layer : Layer
    input_shape, output_shape : tuple of int
        Without the batch.
    windows : tuple of Window
        The window over each axis, with the padding finally used; none for a layer that looks
        through no window.
    fields : tuple of Field or None
        What an output sees of the network's input along each axis, padding included; None once
        the axes are gone.
    receptive_field : tuple of int
        Cells along each axis of the network's input from the first to the last that one output
        depends on. Once the axes are gone, without padding.
    covers : bool
        Whether there is an output that sees the whole input.
    parameters, connections, multiply_adds : int
        Trainable numbers; links between units, biases counted; multiplications followed by an
        addition. The last two for one input.
    activation_bytes : int
        Memory of the layer's output in float32, times the batch size; of a Residual, with that of
        the layers within it.
    share : float
        Part of the network's multiply-adds, from 0 to 1.
    inner : tuple of LayerPlan
        The layers within a Residual.
    """

    place: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    windows: tuple[Window, ...]
    fields: tuple[Field, ...] | None
    receptive_field: tuple[int, ...]
    covers: bool
    parameters: int
    connections: int
    multiply_adds: int
    activation_bytes: int
    share: float
    inner: tuple[LayerPlan, ...] = ()

    @property
    def index(self) -> int:
        """Place of the layer in its chain, from 0."""
        return int(self.place.rpartition(".")[2])


@dataclass(frozen=True, repr=False)
class Plan:
    """A network on paper, as `fencepost.plan` makes it; printing it shows the table.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one input.
    layers : tuple of Layer
        All layers, those that do not fit and those after them included.
    batch : int
        Number of inputs that the memory is reckoned for.
    rows : tuple of LayerPlan
        One for each layer up to the first that does not fit.
    unfinished : tuple of LayerPlan
        If it is a Residual that does not fit, those of its layers that do, up to the problem.
    problems : tuple of SizeError
        What does not fit; empty if everything does. What comes after a layer that does not fit
        has no size, so there is at most one.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    batch: int
    rows: tuple[LayerPlan, ...]
    unfinished: tuple[LayerPlan, ...]
    problems: tuple[SizeError, ...]

    @property
    def misfit(self) -> Layer | None:
        """The layer that does not fit, if there is one."""
        count = len(self.rows)
        # If the input itself is too large, it is no layer's fault.
        return self.layers[count] if self.problems and self.problems[0].layer else None

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.problems

    @property
    def output_shape(self) -> Shape | None:
        """Shape of one output, or None if not everything fits."""
        if self.problems:
            return None
        return self.rows[-1].output_shape

    @property
    def parameters(self) -> int:
        """Trainable numbers of all layers that fit."""
        return sum(row.parameters for row in self._fitting)

    @property
    def connections(self) -> int:
        """Links between units, biases counted, for one input."""
        return sum(row.connections for row in self._fitting)

    @property
    def multiply_adds(self) -> int:
        """Multiplications followed by an addition, for one input."""
        return sum(row.multiply_adds for row in self._fitting)

    @property
    def activation_bytes(self) -> int:
        """Memory of the outputs of all layers for one batch, as a training keeps them."""
        return sum(row.activation_bytes for row in self._fitting)

    @property
    def _fitting(self) -> tuple[LayerPlan, ...]:
        return (*self.rows, *self.unfinished)

    def text(self, width: int = 100) -> str:
        """Write the plan as tables that are `width` letters wide, if that is possible."""
        return table.text(self, integer("width", width, 1))

    def __str__(self) -> str:
        """The tables, and below them what does not fit, with the choices that would."""
        return "\n\n".join([self.text(), *map(str, self.problems)])

    def __repr__(self) -> str:
        layers = ", ".join(layer.describe() for layer in self.layers)
        return f"Plan({self.input_shape}, [{layers}], batch={self.batch})"

    def _repr_html_(self) -> str:
        """Write the plan as one HTML table, as notebooks show it."""
        return html.html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``fencepost size --json`` prints it."""
        return data.of_plan(self)

    def inputs(self, first: int, last: int) -> tuple[AxisSizes, ...]:
        """Find the input sizes from `first` to `last` at which no cell is dropped.

        Raises ArgumentError if the range is empty or longer than 10,000, or the input has no
        axes.

        >>> from fencepost import plan
        >>> for axis in plan((1, 28, 28), "Conv2d(8, 3, stride=2)").inputs(20, 30):
        ...     print(axis)
        height and width: 21, 23, 25, 27, 29; nearest to 28: 27, 29
        """
        return questions.inputs(self.input_shape, self.layers, first, last)

    def smallest_input(self) -> Shape | None:
        """Find the smallest input that the network takes; None if it takes no size.

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
        return questions.same_padding(list(self._entering()))

    def solve(self, argument: str) -> Choices:
        """Find all values of one argument with which everything fits and no cell is dropped.

        Parameters
        ----------
        argument : str
            The layer's place and the argument: ``"3.stride"``, ``"0.kernel_size"``,
            ``"3.padding"``, ``"3.dilation"``, ``"3.groups"``; ``"3.0.stride"`` for the first
            layer within the Residual 3.

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

    def _entering(self) -> Iterator[tuple[str, Layer, Shape]]:
        """Each layer whose input has a size, those within others too: place, layer, input."""
        yield from _entering(self.rows)
        if self.misfit is None:
            return
        place, layer = str(len(self.rows)), self.misfit
        shape = self.rows[-1].output_shape if self.rows else self.input_shape
        yield place, layer, shape
        yield from _entering(self.unfinished)
        if isinstance(layer, Residual) and len(self.unfinished) < len(layer.layers):
            count = len(self.unfinished)
            entering = self.unfinished[-1].output_shape if self.unfinished else shape
            yield f"{place}.{count}", layer.layers[count], entering


def plan(input_shape: Sequence[int], layers: Sequence[Layer] | str, *, batch: int = 1) -> Plan:
    """Work out every size of a network without making it.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input: (channels, height, width), (channels, width) or (features,).
    layers : sequence of Layer, or str
        The layers, or the text of them: see `fencepost.planning.parse_layers`.
    batch : int
        Number of inputs that the memory is reckoned for.

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
    rows, misfit = sized(shape, chain)
    within = _unfinished(shape, chain, rows)
    planner = _Planner(batch, sum(row.multiply_adds for row in (*rows, *within)))
    view = View.of(shape)
    before = functools.reduce(View.after, rows, view) if within else view
    return Plan(
        shape,
        chain,
        batch,
        tuple(planner.rows(rows, view)),
        tuple(planner.rows(within, before, f"{len(rows)}.")),
        # The plan's own table shows the sizes up to there.
        () if misfit is None else (misfit.in_layer(misfit.layer),),
    )


def _unfinished(input_shape: Shape, layers: Sequence[Layer], sizes: Sequence[Row]) -> Sequence[Row]:
    """What fits of a Residual that does not."""
    residual = layers[len(sizes)] if len(sizes) < len(layers) else None
    if not isinstance(residual, Residual):
        return ()
    return sized(sizes[-1].output_shape if sizes else input_shape, residual.layers)[0]


@dataclass(frozen=True)
class _Planner:
    """Makes the rows of a plan from the sizes of its layers."""

    batch: int
    multiply_adds: int

    def rows(self, sizes: Sequence[Row], view: View, within: str = "") -> Iterator[LayerPlan]:
        for row in sizes:
            place, entering, view = f"{within}{row.index}", view, view.after(row)
            inner: tuple[LayerPlan, ...] = ()
            if isinstance(row.layer, Residual):
                chain, _ = sized(row.input_shape, row.layer.layers)
                inner = tuple(self.rows(chain, entering, f"{place}."))
            yield LayerPlan(
                place,
                row.layer,
                row.input_shape,
                row.output_shape,
                row.layer.windows(row.input_shape),
                view.fields,
                view.seen,
                view.covers,
                row.parameter_count,
                row.connections,
                row.multiply_adds,
                _FLOAT * self.batch * math.prod(row.output_shape)
                + sum(one.activation_bytes for one in inner),
                row.multiply_adds / self.multiply_adds if self.multiply_adds else 0.0,
                inner,
            )


def _entering(rows: Sequence[LayerPlan]) -> Iterator[tuple[str, Layer, Shape]]:
    for row in rows:
        yield row.place, row.layer, row.input_shape
        yield from _entering(row.inner)
