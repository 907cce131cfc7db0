"""What each output of a model's operations sees of its input, over branches and joins.

`sights` goes once through the operations. Part of check; may call graph and sizing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from ..graph import Graph, Operation, Shape, Value
from ..sizing import Phases, TooManyPhases
from .spans import spans

#: Places lie along an axis, but not one axis of the input.
MERGED = -1


@dataclass(frozen=True, slots=True)
class Sight:
    """What the cells of one array see of the input that they come from.

    Attributes
    ----------
    source : int
        Which of the model's inputs.
    input : tuple of int
        Its sizes, without the batch.
    fields : tuple of Phases
        Along each of these axes; empty once a cell is not at a place any more (after a global
        pooling or a dense layer).
    counts : tuple of int
        How many outputs lie along each of them.
    lanes : tuple of (int or None)
        For each axis of the array, the axis of the input that lies along it; `MERGED` if several
        lie there in one, or a part of one; None if it holds no places, as channels do.
    span : tuple of int
        Cells along each axis from the first to the last that one output sees, at most.
    """

    source: int
    input: tuple[int, ...]
    fields: tuple[Phases, ...]
    counts: tuple[int, ...]
    lanes: tuple[int | None, ...]
    span: tuple[int, ...]

    @staticmethod
    def of(source: int, shape: Shape) -> Sight | None:
        """Return the sight of an input itself: each cell sees itself."""
        sizes = tuple(size for size in shape[1:] if size is not None)
        if len(sizes) < len(shape) - 1 or len(shape) < 2:
            return None
        count = len(sizes)
        lanes = (None, *range(count))
        return Sight(source, sizes, (Phases(),) * count, sizes, lanes, (1,) * count)

    @property
    def everywhere(self) -> Sight:
        """What is seen by who sees all cells of the array at once."""
        return replace(self, fields=(), lanes=(), span=self.reach)

    @property
    def reach(self) -> tuple[int, ...]:
        """Cells along each axis, from the first to the last, that some output sees."""
        if not self.fields:
            return self.span
        return tuple(
            max(0, min(cells, field.cells(count - 1).stop) - max(0, field.cells(0).start))
            for field, cells, count in zip(self.fields, self.input, self.counts, strict=True)
        )

    def covers(self, axes: Sequence[int]) -> bool:
        """Tell whether one output sees the whole input along these axes."""
        if not self.fields:
            return all(self.span[axis] == self.input[axis] for axis in axes)
        return all(self.fields[axis].covers(self.input[axis], self.counts[axis]) for axis in axes)

    def seeing(self, fields: tuple[Phases, ...], lanes: tuple[int | None, ...]) -> Sight:
        """Return the sight with other fields."""
        return replace(self, fields=fields, lanes=lanes, span=tuple(one.size for one in fields))


@dataclass(frozen=True)
class Sights:
    """The sights of a model.

    Attributes
    ----------
    of : tuple of (Sight or None)
        One for each operation; None where it is not known.
    axes : tuple of int
        The axes of the input, without the batch, along which the model looks through windows.
    """

    of: tuple[Sight | None, ...]
    axes: tuple[int, ...]

    def span(self, operation: int) -> tuple[int, ...]:
        """Receptive field of an operation's outputs along each axis; empty if it is not known."""
        sight = self.of[operation]
        return () if sight is None else tuple(sight.span[axis] for axis in self._axes(sight))

    def fields(self, operation: int) -> tuple[Phases, ...]:
        """The field along each axis; empty if it is not known, or a cell is at no place."""
        sight = self.of[operation]
        if sight is None or not sight.fields:
            return ()
        return tuple(sight.fields[axis] for axis in self._axes(sight))

    def covers(self, operation: int) -> bool:
        """Tell whether an output of an operation is known to see the whole input."""
        sight = self.of[operation]
        axes = () if sight is None else self._axes(sight)
        return sight is not None and bool(axes) and sight.covers(axes)

    def input(self, operation: int) -> tuple[int, ...]:
        """Sizes along these axes of the input that an operation sees; empty if not known."""
        sight = self.of[operation]
        return () if sight is None else tuple(sight.input[axis] for axis in self._axes(sight))

    def _axes(self, sight: Sight) -> tuple[int, ...]:
        return tuple(axis for axis in self.axes if axis < len(sight.input))


def sights(model: Graph) -> Sights:
    """Find what every operation's outputs see, in one pass."""
    inputs = [Sight.of(number, shape) for number, shape in enumerate(model.input_shapes)]
    found: list[Sight | None] = []
    axes: set[int] = set()
    for operation in model.operations:

        def entering(value: Value) -> Sight | None:
            return inputs[value.output] if value.operation < 0 else found[value.operation]

        seen = [entering(value) for value in operation.inputs]
        if operation.role in ("windows", "transposed") and seen and seen[0] and seen[0].fields:
            lanes = seen[0].lanes[-len(operation.windows) :] if operation.windows else ()
            axes.update(lane for lane in lanes if lane is not None and lane >= 0)
        found.append(after(operation, seen))
    known = tuple(sorted(axes)) or tuple(range(1, max(map(len, model.input_shapes), default=1) - 1))
    return Sights(tuple(found), known)


def after(operation: Operation, seen: Sequence[Sight | None]) -> Sight | None:
    """Return the sight of an operation's outputs, from those of what enters; None if not known."""
    try:
        return _after(operation, seen)
    except TooManyPhases:
        return None


def _after(operation: Operation, seen: Sequence[Sight | None]) -> Sight | None:
    if not seen or not operation.output_shapes or operation.role == "unknown":
        return None
    if operation.role == "dense" and len(seen) == 1 and (one := seen[0]) is not None:
        rank = len(one.lanes)
        if operation.kind == "Linear" and rank > 2 and one.lanes[-1] is None:
            return one  # each place by itself: what it mixes lies along no axis of the input
    if operation.role in ("global", "dense"):
        known = [one.everywhere for one in seen if one is not None]
        return reduce(_wider, known) if len(known) == len(seen) else None
    if operation.role == "join":
        return _counted(_joined(operation, seen), operation.output_shape)
    sight = seen[0]
    if sight is None or not sight.fields:
        return sight
    if operation.role == "reshape":
        lanes = _reshaped(operation, sight.lanes)
        return _counted(replace(sight, lanes=lanes), operation.output_shape)
    if operation.role == "pointwise":
        rank = len(operation.output_shape or ())
        return sight if rank == len(sight.lanes) else replace(sight, lanes=(MERGED,) * rank)
    return _counted(_looked_through(operation, sight), operation.output_shape)


def _looked_through(operation: Operation, sight: Sight) -> Sight | None:
    """Windows of every kind: each axis that has one is seen through it."""
    steps = spans(operation)
    if steps is None or len(steps) > len(sight.lanes):
        return None
    fields = list(sight.fields)
    lanes = list(sight.lanes)
    for place, step in enumerate(steps, len(lanes) - len(steps)):
        lane = lanes[place]
        if step.trivial or (operation.role == "pad" and (lane is None or lane < 0)):
            continue  # of cut cells, the others see what they saw
        if lane is None or lane < 0:  # windows over what is no axis of the input
            return None
        fields[lane] = step.after(fields[lane])
    if operation.weight_shape is not None and len(steps) < len(lanes):
        lanes[len(lanes) - len(steps) - 1] = None  # the channels are mixed
    return sight.seeing(tuple(fields), tuple(lanes))


def _joined(operation: Operation, seen: Sequence[Sight | None]) -> Sight | None:
    """Where arrays meet, a cell sees what it sees on either path."""
    known = [one for one in seen if one is not None]
    whole = [one for one in known if not one.fields]
    if whole:  # what is added sees the whole of its array, so the sum does
        return reduce(_wider, (one.everywhere for one in whole))
    if len(known) < len(seen):
        return None
    rank = max(len(one.lanes) for one in known)
    lanes: list[int | None] = []
    for place in range(-rank, 0):
        meeting = [one.lanes[place] if -place <= len(one.lanes) else None for one in known]
        lanes.append(meeting[0] if len(set(meeting)) == 1 else MERGED)
    dim = operation.arguments.get("dim") if operation.kind in ("Cat", "Stack") else None
    if isinstance(dim, int) and -rank <= dim < rank:
        lanes[dim] = None
    first = known[0]
    fields: list[Phases] = []
    for axis in range(len(first.fields)):
        field: Phases | None = first.fields[axis]
        for one in known[1:]:
            if field is None or one.input != first.input:
                return None
            if one.fields[axis] != field:
                same = one.counts[axis] == first.counts[axis]
                field = field.joined(one.fields[axis]) if same else None
        if field is None:
            return None
        fields.append(field)
    return first.seeing(tuple(fields), tuple(lanes))


def _wider(one: Sight, other: Sight) -> Sight:
    """See everything that either sees, if it is of the same input."""
    if one.input != other.input:
        return one
    return replace(one, span=tuple(map(max, zip(one.span, other.span, strict=True))))


def _counted(sight: Sight | None, shape: Shape | None) -> Sight | None:
    """Note how many outputs there are along each axis now."""
    if sight is None or not sight.fields or shape is None or len(shape) != len(sight.lanes):
        return sight
    counts = list(sight.counts)
    for lane, size in zip(sight.lanes, shape, strict=True):
        if lane is not None and lane >= 0:
            if size is None:
                return None
            counts[lane] = size
    return replace(sight, counts=tuple(counts))


def _reshaped(operation: Operation, lanes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Find which axes are still there once the cells are named anew."""
    old, new = operation.input_shape, operation.output_shape
    if old is None or new is None or len(old) != len(lanes):
        return (MERGED,) * len(new or ())
    if operation.kind == "Permute":
        order = operation.arguments.get("dims")
        if isinstance(order, tuple) and len(order) == len(lanes):
            return tuple(lanes[place] for place in order)
        return (MERGED,) * len(new)
    # Cells keep their order, so an axis is still there if as many cells come before it and
    # it is as long as it was.
    before = 1
    starts: dict[tuple[int, int], int | None] = {}
    for place, size in enumerate(old):
        if size is None:
            break
        if size > 1:
            starts[before, size] = lanes[place]
        before *= size
    before = 1
    kept: list[tuple[int, int] | None] = []
    for size in new:
        if size is None:
            break
        kept.append((before, size) if (before, size) in starts else None)
        before *= size
    kept += [None] * (len(new) - len(kept))
    places = [lane for lane in starts.values() if lane is not None]
    left = [starts[one] for one in kept if one is not None]
    # What is made of other axes holds places, unless all places are still where they were.
    rest = None if all(lane in left for lane in places) and None not in old else MERGED
    return tuple(
        starts[one] if one is not None else None if size == 1 else rest
        for one, size in zip(kept, new, strict=True)
    )
