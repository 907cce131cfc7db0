"""ONNX's operators that only name the cells anew, or put arrays beside one another.

Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from typing import Any

from fencepost.graph import Shape
from fencepost.interchange.onnx.operators.calls import (
    Call,
    Misfit,
    Result,
    axis,
    broadcast,
    by,
    product,
)
from fencepost.interchange.onnx.wire.tensors import LARGEST_SIZE, MOST_AXES


def reshape(call: Call) -> Result:
    """Reshape: 0 keeps a size, −1 takes what is left."""
    x, wanted = call.rank(0), call.listed("shape", 1)
    result = Result("Reshape", "reshape", (None,), sources=(0,))
    if wanted is None:
        target = call.shape(1)
        if target is not None and len(target) == 1 and (target[0] or 99) <= MOST_AXES:
            result.shapes = ((None,) * (target[0] or 0),)
        result.unknown = "the sizes that it makes depend on the data"
        return result
    sizes = _sizes(wanted, least=-1)
    if not call.integer("allowzero", 0):
        sizes = [_kept(x, place) if size == 0 else size for place, size in enumerate(sizes)]
    if sizes.count(-1) > 1:
        raise Misfit("Only one size may be −1.", f"{sizes}", result)
    cells = None if x is None else product(x)
    if -1 in sizes or sizes.count(None) == 1:
        place = sizes.index(-1 if -1 in sizes else None)
        others = product(tuple(sizes[:place] + sizes[place + 1 :]))
        if cells is not None and others is not None:
            if others == 0 or cells % others:
                raise Misfit(
                    "An array must be cut into equal parts.",
                    f"{_cells(x)} for {_by(sizes)}",
                    result,
                )
            sizes[place] = cells // others
        else:
            sizes[place] = None
    made = product(tuple(sizes))
    if cells is not None and made is not None and made != cells:
        raise Misfit(
            "An array that is reshaped must keep its number of cells.",
            f"{_cells(x)} for {_by(sizes)} = {made:,}",
            result,
        )
    result.shapes = (tuple(sizes),)
    if x is not None and len(x) > 2 and tuple(sizes) == _flat(x, 1):
        result.kind = "Flatten"
    return result


def flatten(call: Call) -> Result:
    """Flatten: two axes are left."""
    x = call.rank(0)
    start = call.integer("axis", 1)
    result = Result("Flatten" if start == 1 else "Reshape", "reshape", sources=(0,))
    if x is not None:
        place = start if start == len(x) else axis(start, len(x))
        result.shapes = (_flat(x, place),)
    return result


def transpose(call: Call) -> Result:
    """Transpose: the axes in another order."""
    x, order = call.rank(0), call.integers("perm")
    result = Result("Permute", "reshape", sources=(0,))
    if x is None:
        return result
    order = tuple(range(len(x)))[::-1] if order is None else order
    if sorted(order) != list(range(len(x))):
        raise Misfit("perm must name every axis once.", f"{order} for {len(x)} axes")
    result.arguments = {"dims": order}
    result.shapes = (tuple(x[place] for place in order),)
    return result


def squeeze(call: Call) -> Result:
    """Squeeze: axes of size 1 are taken away."""
    x, axes = call.rank(0), call.listed("axes", 1)
    result = Result("Squeeze", "reshape", sources=(0,))
    if axes is None and call.has(1):
        result.unknown = "the axes that it takes away depend on the data"
    elif x is not None and axes is None:
        if None not in x:
            result.shapes = (tuple(size for size in x if size != 1),)
    elif x is not None and axes is not None:
        places = {axis(one, len(x)) for one in axes}
        if any(x[place] not in (1, None) for place in places):
            raise Misfit("Only axes of size 1 can be taken away.", f"{by(x)}, axes {axes}")
        result.arguments = {"dim": tuple(sorted(places))}
        result.shapes = (tuple(size for place, size in enumerate(x) if place not in places),)
    return result


def unsqueeze(call: Call) -> Result:
    """Unsqueeze: axes of size 1 are put in."""
    x, axes = call.rank(0), call.listed("axes", 1)
    result = Result("Unsqueeze", "reshape", sources=(0,))
    if axes is None:
        result.unknown = "the axes that it puts in depend on the data"
    elif x is not None:
        rank = len(x) + len(axes)
        places = {axis(one, rank) for one in axes}
        if len(places) < len(axes) or rank > MOST_AXES:
            raise Misfit("Every new axis must have a place of its own.", f"{axes[:9]}")
        result.arguments = {"dim": tuple(sorted(places))}
        old = iter(x)
        result.shapes = (tuple(1 if place in places else next(old) for place in range(rank)),)
    return result


def expand(call: Call) -> Result:
    """Expand: axes of size 1 are repeated."""
    x, wanted = call.rank(0), call.flat(1)
    result = Result("Expand", "resize", sources=(0,))
    if wanted is None:
        result.unknown = "the sizes that it makes depend on the data"
    elif x is not None:
        result.shapes = (broadcast([x, tuple(_sizes(wanted))], "expanded"),)
    return result


def tile(call: Call) -> Result:
    """Tile: the array is repeated along each axis."""
    x, repeats = call.rank(0), call.flat(1)
    result = Result("Tile", "resize", sources=(0,))
    if repeats is None:
        result.unknown = "how often it repeats depends on the data"
    elif x is not None:
        counts = _sizes(repeats)
        if len(counts) != len(x):
            raise Misfit("Tile needs a number for each axis.", f"{by(x)}, repeats {counts}")
        result.arguments = {"dims": tuple(counts)}
        pairs = zip(x, counts, strict=True)
        result.shapes = (tuple(None if None in (a, b) else a * b for a, b in pairs),)  # type: ignore[operator]
    return result


def concat(call: Call) -> Result:
    """Concat: arrays one after the other along an axis, equal along all others."""
    shapes = [call.rank(1, index) for index in range(len(call.inputs))]
    result = Result("Cat", "join" if call.data() > 1 else "reshape")
    dim = call.integer("axis", 1)
    result.arguments = {"dim": dim}
    result.loose = tuple(i for i, one in enumerate(call.inputs) if one and one.constant)
    known = [shape for shape in shapes if shape is not None]
    if not known or len(known) < len(shapes):
        return result
    place = axis(dim, len(known[0]))
    if place != 1 and result.role == "join":
        result.role = "unknown"  # not one beside the other, but one after the other
    sizes: list[int | None] = []
    for other, column in enumerate(_columns(known)):
        here = {size for size in column if size is not None}
        if other == place:
            sizes.append(_total(column))
        elif len(here) > 1:
            raise Misfit(
                f"Arrays that are joined along axis {place} must be equal along all others.",
                " and ".join(by(shape) for shape in _different(known, other)),
            )
        else:
            sizes.append(here.pop() if here else None)
    result.shapes = (tuple(sizes),)
    return result


def _total(column: list[int | None]) -> int | None:
    """Add sizes; None if one of them is unknown."""
    known = [size for size in column if size is not None]
    return sum(known) if len(known) == len(column) else None


def split(call: Call) -> Result:
    """Split: parts along an axis, of given or of equal sizes."""
    x, sizes = call.rank(1), call.listed("split", 1)
    outputs = len(call.node.outputs)
    dim = call.integer("axis", 0)
    result = Result("Split", "reshape", (None,) * outputs, arguments={"dim": dim}, sources=(0,))
    if sizes is None and call.has(1):
        result.unknown = "the sizes of its parts depend on the data"
        return result
    if x is None:
        return result
    place = axis(dim, len(x))
    result.role = "pointwise" if place == 1 else "reshape"
    size = x[place]
    parts: list[Any] = sizes or [None] * outputs
    if not sizes and size is not None:
        count = call.integer("num_outputs", outputs)
        if count != outputs or outputs < 1:
            raise Misfit("num_outputs must be the number of outputs.", f"{count} and {outputs}")
        most = -(-size // outputs)  # the last part is what is left
        parts = [*[most] * (outputs - 1), size - most * (outputs - 1)]
    whole = all(one is None or (isinstance(one, int) and one >= 0) for one in parts)
    if len(parts) != outputs or not whole:
        raise Misfit("Split needs a size for each output.", f"{parts[:9]}, {outputs} outputs")
    total = _total(parts)
    if total is not None and x[place] not in (total, None):
        raise Misfit("The parts must add up to the whole.", f"{parts[:9]} of {x[place]}", result)
    result.shapes = tuple((*x[:place], part, *x[place + 1 :]) for part in parts)
    return result


def gather(call: Call) -> Result:
    """Gather: entries along an axis; of a table that is learned, PyTorch's Embedding."""
    x, chosen = call.rank(1), call.rank(0, 1)
    table, index = call.array(0), call.array(1)
    embedding = bool(table and index and table.constant and not index.constant)
    result = Result("Embedding" if embedding else "Select", "reshape", sources=(0,))
    if embedding:
        result.weights = (0,)
        result.role = "pointwise"
    if x is None or chosen is None:
        return result
    place = axis(call.integer("axis", 0), len(x))
    if embedding and len(x) == 2 and None not in x:
        result.weight_shape = tuple(size for size in x if size is not None)
    elif not embedding:
        result.arguments = {"dim": place}
        _inside(call, x[place])
    result.shapes = ((*x[:place], *chosen, *x[place + 1 :]),)
    return result


def gather_elements(call: Call) -> Result:
    """GatherElements: an entry for each index."""
    return Result("Gather", "reshape", (call.rank(1, 1),), sources=(0,))


def gather_nd(call: Call) -> Result:
    """GatherND: a slice for each row of indices."""
    x, chosen = call.rank(1), call.rank(1, 1)
    result = Result("Index", "reshape", sources=(0,))
    if x is None or chosen is None or chosen[-1] is None:
        return result
    start = call.integer("batch_dims", 0) + chosen[-1]
    if not chosen[-1] <= start <= len(x):
        raise Misfit("Indices must name axes that exist.", f"{start} of {len(x)} axes")
    result.shapes = ((*chosen[:-1], *x[start:]),)
    return result


def scatter(call: Call) -> Result:
    """ScatterND, ScatterElements, Scatter: the array, with some of its entries replaced."""
    return Result("Scatter", "join", (call.rank(1),))


def top_k(call: Call) -> Result:
    """TopK: the largest entries along an axis, and where they were."""
    x, count = call.rank(1), call.listed("k", 1)
    result = Result("Topk", "reshape", (None, None))
    if count is None:
        result.unknown = "how many it keeps depends on the data"
    elif x is not None and len(count) == 1:
        place = axis(call.integer("axis", -1), len(x))
        (size,) = _sizes(count)
        result.shapes = ((*x[:place], size, *x[place + 1 :]),) * 2
    return result


def one_hot(call: Call) -> Result:
    """OneHot: a new axis as long as there are classes."""
    x, depth = call.rank(0), call.flat(1)
    result = Result("OneHot", "pointwise")
    if x is not None:
        place = axis(call.integer("axis", -1), len(x), new=True)
        size = _sizes(depth)[0] if depth else None
        result.shapes = ((*x[:place], size, *x[place:]),)
    return result


def non_zero(call: Call) -> Result:
    """NonZero: as many columns as there are cells that are not 0."""
    x = call.rank(0)
    shape = (None if x is None else len(x), None)
    why = "how many cells are not 0 depends on the data"
    return Result("Nonzero", "reshape", (shape,), unknown=why)


def _sizes(values: list[Any], least: int = 0) -> list[int | None]:
    """Check sizes that were computed."""
    if len(values) > MOST_AXES:
        raise Misfit(f"An array may have at most {MOST_AXES} axes.", f"{len(values)}")
    for value in values:
        if value is not None and (not isinstance(value, int) or not least <= value <= LARGEST_SIZE):
            raise Misfit(f"A size must be a whole number from 0 to {LARGEST_SIZE:,}.", f"{value}")
    return list(values)


def _kept(x: Shape | None, place: int) -> int | None:
    if x is not None and place >= len(x):
        raise Misfit("A size of 0 keeps that of the axis.", f"axis {place} of {by(x)}")
    return None if x is None else x[place]


def _flat(x: Shape, place: int) -> Shape:
    return product(x[:place]), product(x[place:])


def _cells(shape: Shape | None) -> str:
    assert shape is not None  # only asked of known arrays
    return f"{by(shape)} = {product(shape):,}"


def _by(sizes: list[int | None]) -> str:
    return by(tuple(sizes)).replace("-", "−")


def _columns(shapes: list[Shape]) -> list[list[int | None]]:
    """Put the sizes of each axis side by side."""
    if len({len(shape) for shape in shapes}) > 1:
        odd = next(shape for shape in shapes if len(shape) != len(shapes[0]))
        raise Misfit(
            "Arrays that are joined must have equally many axes.", f"{by(shapes[0])} and {by(odd)}"
        )
    return [list(column) for column in zip(*shapes, strict=True)]


def _different(shapes: list[Shape], place: int) -> list[Shape]:
    first = next(shape for shape in shapes if shape[place] is not None)
    odd = next(shape for shape in shapes if shape[place] not in (first[place], None))
    return [first, odd]


def _inside(call: Call, size: int | None) -> None:
    """Check indices that are known."""
    chosen = call.flat(1)
    if size is None or chosen is None:
        return
    for one in chosen:
        if isinstance(one, int) and not -size <= one < size:
            raise Misfit("An index must lie inside the axis.", f"index {one} of {size}")
