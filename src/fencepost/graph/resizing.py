"""The sizes of a whole graph for another input, as far as they follow from what is known.

`resized` goes through the operations anew; `nearest_inputs` finds the inputs that fit, or of which
nothing is left over anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..sizing import Window
from . import Graph, Operation, Shape, Value

Sizes = tuple[int, ...]
# How far the nearest input is searched for: two periods of a network with a stride of 32.
_SEARCH = 64
# Of models with very many operations, fewer inputs are tried: this many operations in all.
_MOST_STEPS = 100_000


def resized(
    graph: Graph, input_shapes: Sequence[Sizes], exact: bool = False
) -> tuple[list[Sizes | None], bool]:
    """Work out a graph's sizes for other inputs, up to the first operation that does not fit.

    Returns what comes out of each operation (None where it does not follow), and whether all of
    it follows and fits; if it is to be `exact`, without anything left over.
    """
    outputs: list[Sizes | None] = []

    def entering(value: Value) -> Sizes | None:
        if value.operation < 0:
            return input_shapes[value.output]
        # Of several outputs only the first is followed; the others are mostly like it.
        same = value.output == 0 or _alike(graph.operations[value.operation])
        return outputs[value.operation] if same else None

    for operation in graph.operations:
        shapes = [entering(value) for value in operation.inputs]
        known = [shape for shape in shapes if shape is not None]
        output: Sizes | None = None
        if known and len(known) == len(shapes):
            try:
                output = _after(operation, known, exact)
            except _DoesNotFit:
                return outputs, False
        outputs.append(output)
    return outputs, None not in outputs


def nearest_inputs(graph: Graph, axes: Sequence[int], exact: bool) -> list[tuple[Sizes, ...]]:
    """Find the nearest smaller and larger inputs that fit; none if nothing follows.

    `axes` are those of the inputs, without the batch, that may change: all by the same number of
    elements, or, if that leads to nothing, one of them. If `exact`, nothing may be left over.
    """
    now = _known(graph.input_shapes)
    if now is None or not axes:
        return []
    # Where the graph's own sizes cannot be followed, nothing can be said of others.
    outputs, fits = resized(graph, now)
    if any(
        shape != operation.output_shape
        for shape, operation in zip(outputs, graph.operations, strict=False)
        if shape is not None
    ):
        return []
    if fits == bool(graph.failure):  # what made it fail, or what comes out, does not follow
        return []
    together = list(_nearest(graph, now, axes, exact))
    if together or len(axes) == 1:
        return together
    return [shapes for axis in axes for shapes in _nearest(graph, now, (axis,), exact)]


def _nearest(
    graph: Graph, now: Sequence[Sizes], axes: Sequence[int], exact: bool
) -> Iterator[tuple[Sizes, ...]]:
    """Find the next smaller and the next larger, all axes changed by as much."""
    # Less than half the input, or more than twice, is another task and not a repair.
    size = min((shape[a + 1] for shape in now for a in axes if 2 < len(shape) > a + 1), default=0)
    tries = min(_SEARCH, _MOST_STEPS // max(1, len(graph.operations)))
    for direction, farthest in ((-1, size // 2), (1, size)):
        for distance in range(1, min(tries, farthest) + 1):
            changed = tuple(_changed(now, axes, direction * distance))
            if not changed:
                break
            if resized(graph, changed, exact)[1]:
                yield changed
                break


def _known(shapes: Sequence[Shape]) -> list[Sizes] | None:
    known = [tuple(size for size in shape if size is not None) for shape in shapes]
    complete = all(len(a) == len(b) for a, b in zip(known, shapes, strict=True))
    return known if complete and known else None


def _changed(shapes: Sequence[Sizes], axes: Sequence[int], change: int) -> Iterator[Sizes]:
    for shape in shapes:
        sizes = tuple(
            size + change if axis - 1 in axes and len(shape) > 2 else size
            for axis, size in enumerate(shape)
        )
        if min(sizes) < 1:
            return
        yield sizes


class _DoesNotFit(Exception):
    """An operation does not take these sizes."""


def _after(operation: Operation, shapes: list[Sizes], exact: bool) -> Sizes | None:
    """Return what comes out of an operation; None if that does not follow."""
    shape = shapes[0]
    role = operation.role
    old = operation.output_shape
    if role in ("windows", "transposed", "global"):
        return _spatial(operation, shape, exact)
    if role == "pointwise":
        return _pointwise(operation, shape)
    if role == "join":
        return _joined(operation, shapes)
    if role == "dense":
        weight = operation.weight_shape
        if weight is None or len(weight) != 2 or len(shape) < 2 or operation.kind != "Linear":
            return None
        if weight[1] != shape[-1]:
            raise _DoesNotFit
        return *shape[:-1], weight[0]
    if role == "reshape" and (flat := _flattened(operation, shape)) is not None:
        return flat
    dims = operation.arguments.get("dims")
    if operation.kind == "Permute" and isinstance(dims, tuple) and len(dims) == len(shape):
        return tuple(shape[axis] for axis in dims)
    if role == "resize":
        scale = _scale(operation)
        if scale is not None and old is not None and len(old) == len(shape):
            return (*shape[:2], *(size * scale for size in shape[2:]))
        if "size" in operation.arguments and old is not None and len(old) == len(shape):
            return (*shape[:2], *(size for size in old[2:] if size is not None))
    # What a slice, a padding or a reshape takes may itself have been computed from sizes.
    same = shape == operation.input_shape and old is not None
    return tuple(n for n in old or () if n is not None) if same else None


def _flattened(operation: Operation, shape: Sizes) -> Sizes | None:
    """All features of each input in one row; raise if the model asks for another number of them."""
    if not shape:  # a single number has no batch
        return None
    features = math.prod(shape[1:])
    wanted = wanted_features(operation)
    if wanted is not None and wanted > 0 and wanted != features:
        raise _DoesNotFit
    new = operation.output_shape
    old = operation.input_shape
    flattens = new is not None and old is not None and len(new) == 2 and new[0] == old[0]
    return (shape[0], features) if wanted is not None or flattens else None


def wanted_features(operation: Operation) -> int | None:
    """How many features a reshape makes of each input, −1 for all; None if it does not say.

    It is what ``x.view(-1, 400)`` says.
    """
    if operation.kind == "Flatten":
        return -1
    shape = operation.arguments.get("shape")
    if operation.role != "reshape" or not isinstance(shape, tuple) or len(shape) != 2:
        return None
    return shape[1] if isinstance(shape[1], int) else None


def _spatial(operation: Operation, shape: Sizes, exact: bool) -> Sizes | None:
    old = operation.output_shape
    windows = operation.windows
    if operation.role == "global" or operation.kind.startswith("Adaptive"):
        wanted = operation.arguments.get("output_size")
        fixed = operation.role == "global" or isinstance(wanted, (int, tuple))
        if fixed and old is not None and len(old) == len(shape) and None not in old:
            return (*shape[:2], *(size for size in old[2:] if size is not None))
        if operation.role == "global" and old is not None and len(old) == 2 < len(shape):
            return shape[:2]
        return None
    channels = _channels(operation, shape)
    if operation.role == "transposed" and not writes(operation):
        raise _DoesNotFit
    if not windows or channels is None or len(windows) > len(shape) - 1:
        return None
    front = shape[: len(shape) - len(windows) - 1]
    ceil = operation.arguments.get("ceil_mode") is True
    sizes = []
    for size, window in zip(shape[-len(windows) :], windows, strict=True):
        numbers = (window.kernel, window.stride, window.dilation, window.before, window.after)
        if operation.role == "transposed":
            sizes.append(Window.inverse(size, *numbers, window.remainder).input)
            if sizes[-1] < 1:
                raise _DoesNotFit
            continue
        moved = Window(size, *numbers)
        if moved.span < 0 or size < least_input(operation, window):
            raise _DoesNotFit
        if exact and moved.remainder:
            raise _DoesNotFit
        sizes.append(moved.ceil_output if ceil else moved.output)
    return (*front, channels, *sizes)


def writes(operation: Operation) -> bool:
    """Tell whether a transposed convolution's own sizes are such as PyTorch takes."""
    extra = operation.arguments.get("output_padding", 0)
    each = extra if isinstance(extra, tuple) else (extra,) * len(operation.windows)
    return all(
        n < max(w.stride, w.dilation) and w.input > 0
        for w, n in zip(operation.windows, each, strict=False)
    )


def least_input(operation: Operation, window: Window) -> int:
    """How many elements an input must have besides its padding.

    PyTorch's AvgPool3d takes none that is smaller than the kernel, however much is padded
    (aten/src/ATen/native/Pool.h).
    """
    return window.kernel if operation.kind == "AvgPool3d" else 1


def _channels(operation: Operation, shape: Sizes) -> int | None:
    """Channels that come out; raise if others arrive than the weights are for."""
    old, new = operation.input_shape, operation.output_shape
    before = len(shape) - len(operation.windows) - 1
    if old is None or len(old) != len(shape):
        return None
    if operation.weight_shape is None:
        return shape[before]
    if operation.in_channels not in (None, shape[before]):
        raise _DoesNotFit
    if new is not None:
        return new[before]
    out = operation.arguments.get("out_channels", operation.weight_shape[0])
    return out if isinstance(out, int) else None


def _pointwise(operation: Operation, shape: Sizes) -> Sizes | None:
    """Every size stays, but where the present ones show that the channels change."""
    old, new = operation.input_shape, operation.output_shape
    weight = operation.weight_shape
    if len(shape) > 1 and operation.in_channels not in (None, shape[1]):
        raise _DoesNotFit
    if operation.kind == "LayerNorm" and weight and shape[-len(weight) :] != weight:
        raise _DoesNotFit
    if old is None or new is None:
        return shape if old is not None and len(old) == len(shape) else None
    if len(old) != len(new) or len(old) != len(shape):
        return None
    pairs = zip(old, new, shape, strict=True)
    sizes = tuple(size if before == after else after for before, after, size in pairs)
    return tuple(size for size in sizes if size is not None) if None not in sizes else None


def _joined(operation: Operation, shapes: list[Sizes]) -> Sizes | None:
    rank = max(map(len, shapes))
    if operation.kind == "Stack":
        return None
    dim = operation.arguments.get("dim") if operation.kind == "Cat" else None
    dim = dim % rank if isinstance(dim, int) else None
    sizes = []
    for axis in range(rank):
        meeting = [
            shape[axis - rank + len(shape)] for shape in shapes if axis - rank + len(shape) >= 0
        ]
        if axis == dim:
            sizes.append(sum(meeting))
            continue
        large = {size for size in meeting if size != 1 or operation.kind == "Cat"}
        if len(large) > 1:
            raise _DoesNotFit
        sizes.append(next(iter(large), 1))
    return tuple(sizes)


def _scale(operation: Operation) -> int | None:
    """By which integer all spatial sizes grow, if it says so."""
    given = operation.arguments.get("scale_factor") or operation.arguments.get("upscale_factor")
    factors = set(given) if isinstance(given, tuple) else {given}
    factor = factors.pop() if len(factors) == 1 else None
    if not isinstance(factor, (int, float)) or factor != int(factor):
        return None
    return None if "Shuffle" in operation.kind else int(factor)


def _alike(operation: Operation) -> bool:
    return len(set(operation.output_shapes)) == 1
