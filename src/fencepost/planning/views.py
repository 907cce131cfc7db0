"""What an output sees of the network's input, layer after layer, also once the axes are gone.

Part of planning; may call network.sizes, layers and sizing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..layers import Shape
from ..network.sizes import Row
from ..sizing import Field


@dataclass(frozen=True)
class View:
    """What one output sees, and what all outputs of a layer see together.

    Attributes
    ----------
    axes : tuple of int
        Cells of the network's input along each axis.
    fields : tuple of Field or None
        The field along each axis; None once the axes are gone.
    seen : tuple of int
        Cells along each axis from the first to the last that one output sees.
    reach : tuple of int
        The same of all outputs together, without padding: cells that were dropped are missing.
    covers : bool
        Whether one output sees the whole input.
    """

    axes: tuple[int, ...]
    fields: tuple[Field, ...] | None
    seen: tuple[int, ...]
    reach: tuple[int, ...]
    covers: bool

    @staticmethod
    def of(input_shape: Shape) -> View:
        """Return the view of the input itself: each cell sees itself."""
        if len(input_shape) == 1:
            return View(input_shape, None, (1,), input_shape, input_shape == (1,))
        axes = input_shape[1:]
        ones = (1,) * len(axes)
        return View(axes, (Field(),) * len(axes), ones, axes, axes == ones)

    def after(self, row: Row) -> View:
        """Return the view of one more layer."""
        outputs = row.output_shape[1:]
        if self.fields is not None and outputs:
            fields = row.layer.fields(row.input_shape, self.fields)
            if fields is self.fields:  # a layer without windows, which keeps the sizes
                return self
            along = list(zip(fields, self.axes, outputs, strict=True))
            return View(
                self.axes,
                fields,
                tuple(field.size for field in fields),
                tuple(_reach(*axis) for axis in along),
                all(field.covers(cells, count) for field, cells, count in along),
            )
        # Without axes, a layer either links all that there is, or leaves each value by itself.
        if row.connections:
            return View(self.axes, None, self.reach, self.reach, self.reach == self.axes)
        return replace(self, fields=None)


def _reach(field: Field, cells: int, outputs: int) -> int:
    """Cells of the input, from the first to the last, that some output sees."""
    return min(cells, field.cells(outputs - 1).stop) - max(0, field.cells(0).start)
