"""Receptive fields of all arrays of a graph, over branches and joins, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from ..sizing import Window
from .axis_field import AxisField, TooManyPhases
from .axis_maps import WindowedAxis, axis_maps
from .operations import Graph, Operation, Shape

#: Positions lie along an axis, but not those of one axis of the input.
MERGED = -1


@dataclass(frozen=True, slots=True)
class ArrayFields:
    """Receptive fields of the elements of one array.

    It comes from the model's input `source`, whose sizes, without the batch, are `input_sizes`.
    `fields` has one for each of these axes, and `counts` the elements of the array that lie along
    each; both are empty once an element has no position any more (after a global pooling or a
    dense layer). `axes` has for each axis of the array the axis of the input that lies along it;
    `MERGED` if several lie there in one, or a part of one; None if it holds no positions, as
    channels do. `sizes` are the elements from the first to the last that one element depends on,
    at most.
    """

    source: int
    input_sizes: tuple[int, ...]
    fields: tuple[AxisField, ...]
    counts: tuple[int, ...]
    axes: tuple[int | None, ...]
    sizes: tuple[int, ...]

    @staticmethod
    def of_input(source: int, shape: Shape) -> ArrayFields | None:
        """Return the fields of an input itself: each element is its own."""
        sizes = tuple(size for size in shape[1:] if size is not None)
        if len(sizes) < len(shape) - 1 or len(shape) < 2:
            return None
        count = len(sizes)
        axes = (None, *range(count))
        return ArrayFields(source, sizes, (AxisField(),) * count, sizes, axes, (1,) * count)

    @property
    def combined(self) -> ArrayFields:
        """Receptive field of what depends on all elements of the array at once."""
        return replace(self, fields=(), axes=(), sizes=self.extent)

    @property
    def extent(self) -> tuple[int, ...]:
        """Elements along each axis, from the first to the last that the whole array depends on."""
        if not self.fields:
            return self.sizes
        return tuple(
            max(0, min(size, field.elements(count - 1).stop) - max(0, field.elements(0).start))
            for field, size, count in zip(self.fields, self.input_sizes, self.counts, strict=True)
        )

    def covers(self, axes: Sequence[int]) -> bool:
        """Tell whether an element depends on the whole input along these axes."""
        if not self.fields:
            return all(self.sizes[axis] == self.input_sizes[axis] for axis in axes)
        for axis in axes:
            if not self.fields[axis].covers(self.input_sizes[axis], self.counts[axis]):
                return False
        return True

    def with_fields(
        self, fields: tuple[AxisField, ...], axes: tuple[int | None, ...]
    ) -> ArrayFields:
        """Return the array with other fields."""
        sizes = tuple([field.size for field in fields])
        return ArrayFields(self.source, self.input_sizes, fields, self.counts, axes, sizes)


@dataclass(frozen=True)
class ReceptiveFields:
    """The receptive fields of a graph.

    `arrays` are those of each operation's outputs, None where they are not known; `axes` the axes
    of the input, without the batch, along which windows are moved.
    """

    arrays: tuple[ArrayFields | None, ...]
    axes: tuple[int, ...]

    def sizes(self, operation: int) -> tuple[int, ...]:
        """Receptive field of an operation's outputs along each axis; empty if it is not known."""
        array = self.arrays[operation]
        return () if array is None else tuple([array.sizes[axis] for axis in self._axes(array)])

    def fields(self, operation: int) -> tuple[AxisField, ...]:
        """The field along each axis; empty if it is not known, or elements have no position."""
        array = self.arrays[operation]
        if array is None or not array.fields:
            return ()
        return tuple([array.fields[axis] for axis in self._axes(array)])

    def covers(self, operation: int) -> bool:
        """Tell whether an output of an operation is known to depend on the whole input."""
        array = self.arrays[operation]
        axes = () if array is None else self._axes(array)
        return array is not None and bool(axes) and array.covers(axes)

    def input_sizes(self, operation: int) -> tuple[int, ...]:
        """Sizes along these axes of the input that an operation depends on; empty if not known."""
        array = self.arrays[operation]
        return () if array is None else tuple(array.input_sizes[axis] for axis in self._axes(array))

    def _axes(self, array: ArrayFields) -> tuple[int, ...]:
        count = len(array.input_sizes)
        if not self.axes or self.axes[-1] < count:  # they are in order
            return self.axes
        return tuple(axis for axis in self.axes if axis < count)


def receptive_fields(graph: Graph) -> ReceptiveFields:
    """Find the receptive fields of every operation's outputs, in one pass."""
    inputs = [ArrayFields.of_input(index, shape) for index, shape in enumerate(graph.input_shapes)]
    arrays: list[ArrayFields | None] = []
    axes: set[int] = set()
    for operation in graph.operations:
        entries = [
            inputs[value.output] if value.operation < 0 else arrays[value.operation]
            for value in operation.inputs
        ]
        if operation.role in ("windows", "transposed") and operation.windows:
            first = entries[0] if entries else None
            if first is not None and first.fields:
                moved = first.axes[-len(operation.windows) :]
                axes.update(axis for axis in moved if axis is not None and axis >= 0)
        try:
            arrays.append(_after(operation, entries))
        except TooManyPhases:
            arrays.append(None)
    known = tuple(sorted(axes)) or tuple(range(1, max(map(len, graph.input_shapes), default=1) - 1))
    return ReceptiveFields(tuple(arrays), known)


def _after(operation: Operation, entries: Sequence[ArrayFields | None]) -> ArrayFields | None:
    """Return the fields of an operation's outputs; None if they are not known."""
    if not entries or not operation.output_shapes or operation.role == "unknown":
        return None
    array = entries[0]
    if operation.role in ("global", "dense"):
        if _mixes_channels_only(operation, entries):
            return array
        known = [entry.combined for entry in entries if entry is not None]
        return reduce(_wider, known) if len(known) == len(entries) else None
    if operation.role == "reduce":
        return None if array is None or not array.fields else _reduced(operation, array)
    if operation.role == "join":
        return _counted(_joined(operation, entries), operation.output_shape)
    if array is None or not array.fields:
        return array
    if operation.role == "reshape":
        axes = _reshaped(operation, array.axes)
        return _counted(replace(array, axes=axes), operation.output_shape)
    if operation.role == "pointwise":
        rank = len(operation.output_shape or ())
        return array if rank == len(array.axes) else replace(array, axes=(MERGED,) * rank)
    return _counted(_mapped(operation, array), operation.output_shape)


def _mixes_channels_only(operation: Operation, entries: Sequence[ArrayFields | None]) -> bool:
    """Tell whether a Linear layer leaves positions by themselves: its axis lies along none."""
    array = entries[0]
    if operation.kind != "Linear" or len(entries) > 1 or array is None:
        return False
    return len(array.axes) > 2 and array.axes[-1] is None


def _mapped(operation: Operation, array: ArrayFields) -> ArrayFields | None:
    """Return the fields after windows of every kind, along each axis that has one."""
    maps = axis_maps(operation)
    if maps is None or len(maps) > len(array.axes):
        return None
    fields = list(array.fields)
    axes = list(array.axes)
    for position, axis_map in enumerate(maps, len(axes) - len(maps)):
        axis = axes[position]
        if axis_map.is_identity or (operation.role == "pad" and (axis is None or axis < 0)):
            continue  # where elements are cut off, the fields of the others stay
        if axis is None or axis < 0:  # windows over what is no axis of the input
            return None
        fields[axis] = axis_map.apply(fields[axis])
    if operation.weight_shape is not None and len(maps) < len(axes):
        axes[len(axes) - len(maps) - 1] = None  # the channels are mixed
    if operation.kind == "Unfold":  # all windows in one row, or each along a new axis
        apart = "dimension" in operation.arguments
        axes = [*axes, None] if apart else [*axes[: -len(maps)], MERGED]
    return array.with_fields(tuple(fields), tuple(axes))


def _reduced(operation: Operation, array: ArrayFields) -> ArrayFields | None:
    """Let one element depend on all that lay along some axes, which stay with size 1 or go."""
    dims, rank = operation.arguments.get("dim"), len(array.axes)
    given = (dims,) if isinstance(dims, int) else dims
    if not isinstance(given, tuple) or not all(isinstance(dim, int) for dim in given):
        return None
    positions = {dim % rank for dim in given}
    fields, counts = list(array.fields), list(array.counts)
    for position in positions:
        axis = array.axes[position]
        if axis is None:
            continue
        if axis < 0:
            return None
        fields[axis] = WindowedAxis(Window(counts[axis], counts[axis])).apply(fields[axis])
        counts[axis] = 1
    kept = operation.arguments.get("keepdim") is True
    axes = tuple(axis for i, axis in enumerate(array.axes) if kept or i not in positions)
    return replace(array.with_fields(tuple(fields), axes), counts=tuple(counts))


def _joined(operation: Operation, entries: Sequence[ArrayFields | None]) -> ArrayFields | None:
    """Where arrays meet, an element has the fields of both paths."""
    known = [entry for entry in entries if entry is not None]
    combined = [entry for entry in known if not entry.fields]
    if combined:  # what depends on the whole of its array makes the sum depend on it
        return reduce(_wider, (entry.combined for entry in combined))
    if len(known) < len(entries):
        return None
    rank = max(len(entry.axes) for entry in known)
    axes: list[int | None] = []
    for position in range(-rank, 0):
        meeting = [
            entry.axes[position] if -position <= len(entry.axes) else None for entry in known
        ]
        axes.append(meeting[0] if len(set(meeting)) == 1 else MERGED)
    dim = operation.arguments.get("dim") if operation.kind in ("Cat", "Stack") else None
    if isinstance(dim, int) and -rank <= dim < rank:
        axes[dim] = None
    first = known[0]
    fields: list[AxisField] = []
    for axis in range(len(first.fields)):
        field: AxisField | None = first.fields[axis]
        for entry in known[1:]:
            if field is None or entry.input_sizes != first.input_sizes:
                return None
            if entry.fields[axis] != field:
                count = first.counts[axis]
                same = entry.counts[axis] == count
                field = field.joined(entry.fields[axis], count) if same else None
        if field is None:
            return None
        fields.append(field)
    return first.with_fields(tuple(fields), tuple(axes))


def _wider(first: ArrayFields, other: ArrayFields) -> ArrayFields:
    """Depend on everything that either depends on, if it is of the same input."""
    if first.input_sizes != other.input_sizes:
        return first
    return replace(first, sizes=tuple(map(max, zip(first.sizes, other.sizes, strict=True))))


def _counted(array: ArrayFields | None, shape: Shape | None) -> ArrayFields | None:
    """Note how many elements there are along each axis now."""
    if array is None or not array.fields or shape is None or len(shape) != len(array.axes):
        return array
    counts = list(array.counts)
    for axis, size in zip(array.axes, shape, strict=True):
        if axis is not None and axis >= 0:
            if size is None:
                return None
            counts[axis] = size
    return ArrayFields(
        array.source, array.input_sizes, array.fields, tuple(counts), array.axes, array.sizes
    )


def _reshaped(operation: Operation, axes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Find which axes are still there in the new shape."""
    old, new = operation.input_shape, operation.output_shape
    if old is None or new is None or len(old) != len(axes):
        return (MERGED,) * len(new or ())
    if operation.kind in ("Flip", "Roll"):  # the elements of an axis lie in another order
        dims = operation.arguments.get("dims")
        moved = {dim % len(axes) for dim in dims} if isinstance(dims, tuple) else range(len(axes))
        return tuple(
            MERGED if position in moved and axis is not None else axis
            for position, axis in enumerate(axes)
        )
    if operation.kind == "Permute":
        order = operation.arguments.get("dims")
        if isinstance(order, tuple) and len(order) == len(axes):
            return tuple(axes[position] for position in order)
        return (MERGED,) * len(new)
    # Elements keep their order, so an axis is still there if as many elements come before it and
    # it is as long as it was.
    before = 1
    starts: dict[tuple[int, int], int | None] = {}
    for position, size in enumerate(old):
        if size is None:
            break
        if size > 1:
            starts[before, size] = axes[position]
        before *= size
    before = 1
    unchanged: list[tuple[int, int] | None] = []
    for size in new:
        if size is None:
            break
        unchanged.append((before, size) if (before, size) in starts else None)
        before *= size
    unchanged += [None] * (len(new) - len(unchanged))
    positioned = [axis for axis in starts.values() if axis is not None]
    left = [starts[start] for start in unchanged if start is not None]
    # What is made of other axes holds positions, unless all positions are still where they were.
    other = None if all(axis in left for axis in positioned) and None not in old else MERGED
    return tuple(
        starts[start] if start is not None else None if size == 1 else other
        for start, size in zip(unchanged, new, strict=True)
    )
