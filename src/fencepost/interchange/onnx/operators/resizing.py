"""ONNX's operators that pad, slice, resize or regroup: Pad, Slice, Resize, DepthToSpace.

Sources: the ONNX operators Pad-25, Slice-13, Resize-19, Upsample-9, DepthToSpace-13,
SpaceToDepth-13, GridSample-22 (onnx.ai/onnx/operators).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ....graph import Shape
from ....sizing import Window
from ....text import plural
from ...facts import shape_text
from ..wire.tensors import MAX_SIZE
from .node import MAX_WINDOW, NodeCall, NodeError, NodeFacts, axis_indices, rule

_PADS = {
    "constant": "ConstantPad",
    "reflect": "ReflectionPad",
    "edge": "ReplicationPad",
    "wrap": "CircularPad",
}


@rule("Pad")
def pad(call: NodeCall) -> NodeFacts:
    """Pad: elements around the array; negative padding cuts some off."""
    x, pads, given_axes = call.ranked_shape(0), call.attribute_or_input("pads", 1), call.values(3)
    mode = call.text("mode", "constant")
    facts = NodeFacts(_PADS.get(mode, "Pad"), "pad", sources=(0,))
    if pads is None or (given_axes is None and call.has(3)):
        return facts.depends_on_data("how much it pads depends on", None if x is None else len(x))
    if x is None:
        return facts
    axes = axis_indices(given_axes, len(x))
    if len(pads) != 2 * len(axes):
        raise NodeError(
            "Pad needs two integers for each axis.", f"{len(pads)} for {len(axes)} axes"
        )
    padding: list[tuple[Any, Any]] = [(0, 0)] * len(x)
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        padding[axis] = before, after
        size, known = x[axis], [n for n in (before, after) if n is not None]
        if size is None or mode == "constant":
            continue
        most, left = max(known, default=0), size + sum(n for n in known if n < 0)
        if left < 1 <= size:
            raise NodeError(
                f'Padding of mode "{mode}" must leave an element of each axis to repeat.',
                f"{size - left} of {size} cut off",
                facts,
            )
        if mode == "reflect" and most >= max(left, 1):
            raise NodeError(
                "Reflection padding must be smaller than the axis that it reflects.",
                f"{most} for {plural(left, 'element')}",
                facts,
            )
    facts.kind += f"{max(1, len(x) - 2)}d" if mode in _PADS else ""
    if padding[2:] and not any(None in pair for pair in padding[2:]):
        facts.arguments = {"padding": tuple(padding[2:])}
    return _cut_edges(facts, [_padded(*item) for item in zip(x, padding, strict=True)])


@rule("Slice")
def slice(call: NodeCall) -> NodeFacts:
    """Slice: from, to and in steps, as Python's; sizes from windows of one element."""
    x = call.ranked_shape(1)
    names = enumerate(("starts", "ends", "axes", "steps"), 1)
    lists = {index: call.attribute_or_input(name, index) for index, name in names}
    facts = NodeFacts("Slice", "pad", sources=(0,))
    if any(v is None and (index < 3 or call.has(index)) for index, v in lists.items()):
        return facts.depends_on_data("where it cuts depends on", None if x is None else len(x))
    if x is None:
        return facts
    starts, ends = lists[1] or [], lists[2] or []
    axes = list(range(len(starts))) if lists[3] is None else lists[3]
    steps = [1] * len(starts) if lists[4] is None else lists[4]
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise NodeError(
            "Slice needs a start, an end and a step for each axis.",
            f"{len(starts)}, {len(ends)}, {len(steps)} for {len(axes)} axes",
        )
    if len(set(axis_indices(axes, len(x)))) < len(axes):
        raise NodeError("Each axis can be cut once.", f"axes {axes}")
    windows = [_padded(size, (0, 0)) for size in x]
    for start, end, axis, step in zip(starts, ends, axis_indices(axes, len(x)), steps, strict=True):
        windows[axis] = _sliced(x[axis], start, end, step)
    facts.arguments = {"dim": tuple(sorted(axis_indices(axes, len(x))))}
    return _cut_edges(facts, windows)


@rule("Resize", "Upsample")
def resize(call: NodeCall) -> NodeFacts:
    """Resize and Upsample: to given sizes, or by factors, rounded down."""
    x = call.ranked_shape(1)
    scales = call.attribute_or_input("scales", 1 if len(call.inputs) <= 2 else 2)
    sizes = call.values(3)
    facts = NodeFacts("Upsample", "resize")
    if x is None:
        return facts
    interpolation = facts.arguments = _interpolation(call, len(x))
    axes = axis_indices(call.integers("axes"), len(x))
    given = scales if sizes is None else sizes
    if not given:
        return facts.depends_on_data("the sizes that it makes depend on", len(x))
    if len(given) != len(axes):
        raise NodeError(
            "Resize needs a size or a factor for each axis.", f"{len(given)} for {shape_text(x)}"
        )
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if sizes is not None and policy != "stretch":
        given = _in_proportion([x[axis] for axis in axes], sizes, policy)
    output = list(x)
    name, values = ("scale_factor", [1.0] * len(x)) if sizes is None else ("size", output)
    for axis, value in zip(axes, given, strict=True):
        output[axis] = _scaled(x[axis], value) if sizes is None else _size(value)
        values[axis] = value
    changed = {axis for axis, size in enumerate(x) if output[axis] not in (size, None)}
    spatial = [set(range(2, len(x))), {1, 2} if len(x) == 4 else set()]  # the channels last, too
    inner = any(changed <= axes for axes in spatial)
    if call.text("mode", "nearest") != "nearest" and len(x) > 3 and None not in x and not inner:
        facts.refused = (
            "ONNX Runtime rejects interpolation along other axes than height and width: "
            f"{shape_text(x)} to {shape_text(output)}"
        )
    facts.shapes = (tuple(output),)
    facts.arguments = {name: tuple(values[2:]), **interpolation}
    return facts


@rule("DepthToSpace")
def depth_to_space(call: NodeCall) -> NodeFacts:
    """DepthToSpace: channels become blocks of elements."""
    x, block = call.ranked_shape(4), _block(call)
    facts = NodeFacts("PixelShuffle", "resize", {"upscale_factor": block})
    if x is None:
        return facts
    channels = x[1]
    if channels is not None and channels % block**2:
        raise NodeError(
            "blocksize² must divide the channels.",
            f"{channels} channels and blocks of {block} × {block}",
            facts,
        )
    channels = None if channels is None else channels // block**2
    facts.shapes = ((x[0], channels, *(None if n is None else n * block for n in x[2:])),)
    return facts


@rule("SpaceToDepth")
def space_to_depth(call: NodeCall) -> NodeFacts:
    """SpaceToDepth: blocks of elements become channels."""
    x, block = call.ranked_shape(4), _block(call)
    facts = NodeFacts("PixelUnshuffle", "windows", {"downscale_factor": block})
    if x is None:
        return facts
    windows = [None if size is None else Window(size, block, block) for size in x[2:]]
    known = tuple(window for window in windows if window is not None)
    if len(known) == len(windows):
        facts.windows = known
    if any(window.remainder for window in known):
        raise NodeError(
            "blocksize must divide the height and the width.",
            f"{shape_text(x)} and blocks of {block} × {block}",
            facts,
        )
    channels = None if x[1] is None else x[1] * block**2
    facts.shapes = ((x[0], channels, *_outputs(windows)),)
    return facts


@rule("GridSample")
def grid_sample(call: NodeCall) -> NodeFacts:
    """GridSample: the value at each position that the grid names."""
    x, grid = call.ranked_shape(3), call.ranked_shape(3, 1)
    facts = NodeFacts("GridSample", "unknown", reason="where it samples depends on the data")
    if x is not None and grid is not None:
        if len(grid) != len(x) or grid[-1] not in (len(x) - 2, None):
            raise NodeError(
                f"A grid for {shape_text(x)} needs {len(x)} axes, of which the last has "
                f"{len(x) - 2} elements.",
                shape_text(grid),
            )
        if None not in (x[0], grid[0]) and x[0] != grid[0]:
            raise NodeError(
                "A grid must have the batch of its input.", f"{shape_text(grid)}, {shape_text(x)}"
            )
        facts.shapes = ((*x[:2], *grid[1:-1]),)
    return facts


def _interpolation(call: NodeCall, rank: int) -> dict[str, object]:
    """Name the way of interpolating as PyTorch does."""
    mode = call.text("mode", "nearest")
    coordinates = call.text("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        exact = call.operator == "Resize" and coordinates.endswith("half_pixel")
        return {"mode": "nearest-exact"} if exact else {}
    name = "bicubic" if mode == "cubic" else {4: "bilinear", 5: "trilinear"}.get(rank, "linear")
    return {"mode": name, **({"align_corners": True} if coordinates == "align_corners" else {})}


def _padded(size: int | None, padding: tuple[Any, Any]) -> Window | None:
    """Return the window of one element that adds or cuts off elements; None if not known."""
    for amount in padding:
        if amount is not None and (not isinstance(amount, int) or abs(amount) > MAX_SIZE):
            raise NodeError("Padding must be an integer.", f"{amount}")
    if size is None or None in padding:
        return None
    window = Window(size, 1, 1, 1, *padding)
    if window.padded < 0:
        raise NodeError(
            "Negative padding cannot remove more elements than there are.",
            f"{padding[0]} and {padding[1]} of {size}",
        )
    return window


def _sliced(size: int | None, start: Any, end: Any, step: Any) -> Window | None:
    """Return the window of one element that a slice of an axis is."""
    if size is None or None in (start, end, step):
        return None
    if not all(isinstance(bound, int) for bound in (start, end, step)) or step == 0:
        raise NodeError("A slice must have an integer step other than 0.", f"{start}:{end}:{step}")
    # Negative and far indices mean what they do in Python's slices.
    low, high = (0, size) if step > 0 else (-1, size - 1)
    start, end = (min(max(i + size if i < 0 else i, low), high) for i in (start, end))
    if step < 0:  # the same elements, counted from the other end
        start, end = end + 1, start + 1
    return Window(size, 1, min(abs(step), MAX_WINDOW), 1, -start, end - size)


def _cut_edges(facts: NodeFacts, windows: Sequence[Window | None]) -> NodeFacts:
    """Add what windows of one element, one for each axis, make of the array."""
    facts.shapes = (_outputs(windows),)
    spatial = tuple(window for window in windows[2:] if window is not None)
    if len(spatial) == len(windows) - 2:
        facts.windows = spatial
        if all(window.before == window.after == 0 and window.stride == 1 for window in spatial):
            # Nothing changes at the edges of an image: channels or images are chosen.
            facts.role, facts.windows = "pointwise" if spatial else "reshape", ()
    return facts


def _outputs(windows: Sequence[Window | None]) -> Shape:
    return tuple(None if window is None else window.output for window in windows)


def _scaled(size: int | None, scale: Any) -> int | None:
    """Multiply a size by a factor and round down."""
    if size is None or scale is None:
        return None
    if not isinstance(scale, (int, float)) or not 0 < scale < MAX_SIZE:
        raise NodeError("A factor must be a number above 0.", f"{scale}")
    # In single precision, as the factor is stored: 1/3 of 9 is 3 there, and 2.9999… elsewhere.
    return _size(math.floor(np.float32(size) * np.float32(scale)))


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 0 < value <= MAX_SIZE:
        raise NodeError("A size must be an integer of at least 1.", f"{value}")
    return value


def _in_proportion(sizes: list[int | None], wanted: list[Any], policy: str) -> list[Any]:
    """Scale all axes by one factor: that of the axis that needs the least, or the most."""
    pairs = list(zip(sizes, wanted, strict=True))
    if any(not isinstance(a, int) or not isinstance(b, int) or a < 1 for a, b in pairs):
        return [None] * len(sizes)
    choose = min if policy == "not_larger" else max
    scale = choose(b / a for a, b in pairs if a)
    return [math.floor(scale * (a or 0) + 0.5) for a in sizes]


def _block(call: NodeCall) -> int:
    block = call.integer("blocksize", 0)
    if not 0 < block <= MAX_WINDOW:
        raise NodeError("blocksize must be at least 1.", f"{block}")
    return block
