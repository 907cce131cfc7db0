"""A chain of layers: what it is made of, counted and shown as a table, in text and in notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

from ..graph import SizedLayer
from ..layers import Layer, Shape
from ..text import plural
from . import sizes

_LONGEST_REPR = 240  # characters of layers: LeNet-5's are written out


class LayerChain:
    """The layers of a `Network`, of which it is also a sequence: ``net[0]``, ``len(net)``."""

    input_shape: Shape
    output_shape: Shape
    layers: tuple[Layer, ...]
    rows: tuple[SizedLayer, ...]

    def __len__(self) -> int:
        return len(self.layers)

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, index: int | slice) -> Layer | tuple[Layer, ...]:
        return self.layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    @property
    def connections(self) -> int:
        """Links between units, biases counted, as the 1998 paper of LeNet-5 counts them."""
        return sum(row.connections for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiplications followed by an addition, for one image."""
        return sum(row.multiply_adds for row in self.rows)

    def summary(self) -> None:
        """Print the table of layers: sizes, parameters, multiply-adds and connections.

        `str` of the network is the same text.
        """
        print(self)

    def __str__(self) -> str:
        """Sizes, parameters, multiply-adds and connections, layer by layer."""
        return sizes.table(self.input_shape, self.rows, totals=True)

    def __repr__(self) -> str:
        layers = ", ".join(layer.describe() for layer in self.layers)
        if len(layers) > _LONGEST_REPR:
            weights = sum(row.parameters for row in self.rows)
            layers = f"{len(self.layers)} layers, {plural(weights, 'parameter')}"
            return f"<Network {self.input_shape} → {self.output_shape}: {layers}>"
        return f"Network({self.input_shape}, [{layers}])"

    def _repr_html_(self) -> str:
        return sizes.html(self.input_shape, self.rows)
