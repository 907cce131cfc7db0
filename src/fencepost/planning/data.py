"""A network on paper as data: every layer with what it makes, its receptive field and its costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import SizeError
from ..graph import AxisField, SizedLayer
from ..layers import Branched, Layer, Shape


@dataclass(frozen=True)
class LayerPlan(SizedLayer):
    """One layer of a plan.

    Attributes
    ----------
    place, layer, windows, parameters, connections, multiply_adds
        As of `SizedLayer`; shapes are without the batch, costs are those of one input.
    fields : tuple of AxisField or None
        Receptive field of an output in the network's input along each axis, padding included;
        None once the axes are gone.
    receptive_field : tuple of int
        Elements along each axis of the network's input from the first to the last that one output
        depends on. Once the axes are gone, without padding.
    covers : bool
        Whether there is an output that depends on the whole input.
    activation_bytes : int
        Memory of the layer's output in float32, times the batch size; with that of the
        layers within it.
    share : float
        Part of the network's multiply-adds, from 0 to 1.
    inner : tuple of LayerPlan
        The layers of its chains, if it is made of such.
    """

    inner: tuple[LayerPlan, ...] = ()
    fields: tuple[AxisField, ...] | None = None
    receptive_field: tuple[int, ...] = ()
    covers: bool = False
    activation_bytes: int = 0
    share: float = 0.0


@dataclass(frozen=True, repr=False)
class PlanData:
    """What a plan holds, less what it can be asked: tables are made from this."""

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
        return None if self.problems else self.rows[-1].output_shape

    @property
    def parameters(self) -> int:
        """Trainable values of all layers that fit."""
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

    def entering(self) -> Iterator[tuple[str, Layer, Shape]]:
        """Each layer whose input has a size, those within others too: place, layer, input."""
        yield from _entering(self.rows)
        if self.misfit is None:
            return
        place, layer = str(len(self.rows)), self.misfit
        shape = self.rows[-1].output_shape if self.rows else self.input_shape
        yield place, layer, shape
        yield from _entering(self.unfinished)
        if self.misfit_within is not None:
            yield self.misfit_within

    @property
    def misfit_within(self) -> tuple[str, Layer, Shape] | None:
        """The layer within the one that does not fit, if it is to blame: place, layer, input."""
        layer = self.misfit
        if not isinstance(layer, Branched):
            return None
        shapes = {row.place: row.output_shape for row in self.unfinished}
        outer = len(self.rows)
        for chain in layer.chains:
            shape = self.rows[-1].output_shape if self.rows else self.input_shape
            for index, inner in enumerate(chain.layers):
                place = f"{outer}.{chain.prefix}{index}"
                if place not in shapes:
                    return place, inner, shape
                shape = shapes[place]
        return None


def _entering(rows: tuple[LayerPlan, ...]) -> Iterator[tuple[str, Layer, Shape]]:
    for row in rows:
        yield row.place, row.layer, row.input_shape
        yield from _entering(row.inner)
