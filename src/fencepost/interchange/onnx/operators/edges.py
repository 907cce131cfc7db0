"""ONNX's operators that add, take away, repeat or regroup cells: Pad, Slice, Resize, DepthToSpace.

Sources: the ONNX operators Pad-25, Slice-13, Resize-19, Upsample-9, DepthToSpace-13,
SpaceToDepth-13, GridSample-22 (onnx.ai/onnx/operators).
"""

from __future__ import annotations

import math
import struct
from typing import Any

from fencepost.interchange.onnx.operators.calls import (
    LARGEST_WINDOW,
    Call,
    Misfit,
    Result,
    axis,
    by,
)
from fencepost.interchange.onnx.wire.tensors import LARGEST_SIZE
from fencepost.sizing import Window

_PADS = {
    "constant": "ConstantPad",
    "reflect": "ReflectionPad",
    "edge": "ReplicationPad",
    "wrap": "CircularPad",
}


def pad(call: Call) -> Result:
    """Pad: cells around the array; negative numbers cut some off."""
    x, pads, axes = call.rank(0), call.listed("pads", 1), call.flat(3)
    mode = call.text("mode", "constant")
    result = Result(_PADS.get(mode, "Pad"), "pad", sources=(0,))
    if pads is None or (axes is None and call.has(3)):
        result.unknown = "how much it pads depends on the data"
        if x is not None:
            result.shapes = ((None,) * len(x),)
        return result
    if x is None:
        return result
    places = [axis(one, len(x)) for one in axes] if axes is not None else list(range(len(x)))
    if len(pads) != 2 * len(places):
        raise Misfit("Pad needs two numbers for each axis.", f"{len(pads)} for {len(places)} axes")
    half = len(places)
    edges: dict[int, tuple[Any, Any]] = dict(
        zip(places, zip(pads[:half], pads[half:], strict=True), strict=True)
    )
    windows = [_edge(size, *edges.get(place, (0, 0))) for place, size in enumerate(x)]
    result.kind += f"{max(1, len(x) - 2)}d" if mode in _PADS else ""
    pairs = tuple(edges.get(place, (0, 0)) for place in range(len(x)))[2:]
    if pairs and not any(None in pair for pair in pairs):
        result.arguments = {"padding": pairs}
    _finish(result, windows, len(x))
    return result


def slice(call: Call) -> Result:
    """Slice: from, to and in steps, as Python's; sizes from windows of one cell."""
    x = call.rank(1)
    starts, ends = call.listed("starts", 1), call.listed("ends", 2)
    axes, steps = call.listed("axes", 3), call.listed("steps", 4)
    result = Result("Slice", "pad", sources=(0,))
    unknown = starts is None or ends is None
    if unknown or (axes is None and call.has(3)) or (steps is None and call.has(4)):
        result.unknown = "where it cuts depends on the data"
        if x is not None:
            result.shapes = ((None,) * len(x),)
        return result
    if x is None:
        return result
    assert starts is not None and ends is not None  # `unknown` says so
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise Misfit(
            "Slice needs a start, an end and a step for each axis.",
            f"{len(starts)}, {len(ends)}, {len(steps)} for {len(axes)} axes",
        )
    windows = [_edge(size, 0, 0) for size in x]
    for start, end, one, step in zip(starts, ends, axes, steps, strict=True):
        place = axis(one, len(x))
        windows[place] = _cut(x[place], start, end, step)
    result.arguments = {"dim": tuple(sorted(axis(one, len(x)) for one in axes))}
    _finish(result, windows, len(x))
    return result


def resize(call: Call) -> Result:
    """Resize and Upsample: to given sizes, or by factors, rounded down."""
    x = call.rank(1)
    old = len(call.inputs) <= 2
    scales = call.listed("scales", 1 if old else 2)
    sizes = call.flat(3)
    result = Result("Upsample", "resize")
    if x is None:
        return result
    result.arguments = _interpolation(call, len(x))
    axes = call.integers("axes")
    places = [axis(one, len(x)) for one in axes] if axes is not None else list(range(len(x)))
    given = sizes if sizes is not None else scales
    if not given:
        result.unknown = "the sizes that it makes depend on the data"
        result.shapes = ((None,) * len(x),)
        return result
    if len(given) != len(places):
        raise Misfit("Resize needs a number for each axis.", f"{len(given)} for {by(x)}")
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if sizes is not None and policy != "stretch":
        given = _in_proportion([x[place] for place in places], sizes, policy)
    found = list(x)
    for place, number in zip(places, given, strict=True):
        found[place] = _size(number) if sizes is not None else _scaled(x[place], number)
    result.shapes = (tuple(found),)
    factors = dict(zip(places, given, strict=True))
    name = "size" if sizes is not None else "scale_factor"
    spatial = tuple(
        factors.get(place, 1.0 if name == "scale_factor" else x[place])
        for place in range(2, len(x))
    )
    result.arguments = {name: spatial, **result.arguments}
    return result


def depth_to_space(call: Call) -> Result:
    """DepthToSpace: channels become blocks of cells."""
    x, block = call.rank(4), _block(call)
    result = Result("PixelShuffle", "resize", arguments={"upscale_factor": block})
    if x is None:
        return result
    channels = x[1]
    if channels is not None and channels % block**2:
        raise Misfit(
            "The channels must be cut into blocks.",
            f"{channels} channels and blocks of {block} × {block}",
            result,
        )
    first = None if channels is None else channels // block**2
    rest = tuple(None if size is None else size * block for size in x[2:])
    result.shapes = ((x[0], first, *rest),)
    return result


def space_to_depth(call: Call) -> Result:
    """SpaceToDepth: blocks of cells become channels."""
    x, block = call.rank(4), _block(call)
    result = Result("PixelUnshuffle", "windows", arguments={"downscale_factor": block})
    if x is None:
        return result
    windows = tuple(Window(size, block, block) for size in x[2:] if size is not None)
    if len(windows) == len(x) - 2:
        result.windows = windows
    if any(window.remainder for window in windows):
        raise Misfit(
            "The array must be cut into whole blocks.",
            f"{by(x)} and blocks of {block} × {block}",
            result,
        )
    channels = None if x[1] is None else x[1] * block**2
    outputs = iter(window.output for window in windows)
    rest = tuple(None if size is None else next(outputs) for size in x[2:])
    result.shapes = ((x[0], channels, *rest),)
    return result


def _interpolation(call: Call, rank: int) -> dict[str, object]:
    """Name the way of interpolating as PyTorch does."""
    mode = call.text("mode", "nearest")
    places = call.text("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        exact = call.node.operator == "Resize" and places.endswith("half_pixel")
        return {"mode": "nearest-exact"} if exact else {}
    name = "bicubic" if mode == "cubic" else {4: "bilinear", 5: "trilinear"}.get(rank, "linear")
    return {"mode": name, **({"align_corners": True} if places == "align_corners" else {})}


def grid_sample(call: Call) -> Result:
    """GridSample: the value at each place that the grid names."""
    x, grid = call.rank(3), call.rank(3, 1)
    result = Result("GridSample", "unknown")
    if x is not None and grid is not None:
        result.shapes = ((*x[:2], *grid[1:-1]),)
    return result


def _edge(size: int | None, before: Any, after: Any) -> Window | None:
    """Return the window of one cell that adds or cuts off cells; None if that is not known."""
    for one in (before, after):
        if one is not None and (not isinstance(one, int) or abs(one) > LARGEST_SIZE):
            raise Misfit("Padding must be a whole number of cells.", f"{one}")
    if None in (size, before, after):
        return None
    window = Window(size or 0, 1, 1, 1, before, after)
    if window.padded < 0:
        raise Misfit(
            "No more cells can be cut off than there are.", f"{before} and {after} of {size}"
        )
    return window


def _cut(size: int | None, start: Any, end: Any, step: Any) -> Window | None:
    """Return the window of one cell that a slice of an axis is."""
    if None in (size, start, end, step):
        return None
    if not all(isinstance(one, int) for one in (start, end, step)) or step == 0:
        raise Misfit("A slice must go in whole steps, not 0.", f"{start}:{end}:{step}")
    first, stop, stride = _indices(start, end, step, size or 0)
    if stride > 0:
        return Window(size or 0, 1, min(stride, LARGEST_WINDOW), 1, -first, stop - (size or 0))
    # Backwards: the same cells, counted from the other end.
    return Window(
        size or 0, 1, min(-stride, LARGEST_WINDOW), 1, -(stop + 1), first + 1 - (size or 0)
    )


def _indices(start: int, end: int, step: int, size: int) -> tuple[int, int, int]:
    """Resolve negative and far indices, as Python's slices have them."""
    low, high = (0, size) if step > 0 else (-1, size - 1)
    first, stop = (min(max(one + size if one < 0 else one, low), high) for one in (start, end))
    return first, stop, step


def _finish(result: Result, windows: list[Window | None], rank: int) -> None:
    result.shapes = (tuple(None if window is None else window.output for window in windows),)
    spatial = [window for window in windows[2:] if window is not None]
    if len(spatial) != rank - 2:
        return
    result.windows = tuple(spatial)
    if all(one.before == one.after == 0 and one.stride == 1 for one in spatial):
        # Nothing changes at the edges of a place: channels or images are chosen.
        result.role, result.windows = "pointwise" if spatial else "reshape", ()


def _scaled(size: int | None, scale: Any) -> int | None:
    """Multiply a size by a factor and round down."""
    if size is None or scale is None:
        return None
    if not isinstance(scale, (int, float)) or not 0 < scale < LARGEST_SIZE:
        raise Misfit("A factor must be a number above 0.", f"{scale}")
    # In single precision, as the factor is stored: 1/3 of 9 is 3 there, and 2.9999… elsewhere.
    return _size(math.floor(float(_float32(size * _float32(scale)))))


def _float32(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 0 < value <= LARGEST_SIZE:
        raise Misfit("A size must be a whole number of at least 1.", f"{value}")
    return value


def _in_proportion(sizes: list[int | None], wanted: list[Any], policy: str) -> list[Any]:
    """Scale all axes by one factor: that of the axis that needs the least, or the most."""
    pairs = list(zip(sizes, wanted, strict=True))
    if any(not isinstance(a, int) or not isinstance(b, int) or a < 1 for a, b in pairs):
        return [None] * len(sizes)
    choose = min if policy == "not_larger" else max
    scale = choose(b / a for a, b in pairs if a)
    return [math.floor(scale * (a or 0) + 0.5) for a in sizes]


def _block(call: Call) -> int:
    block = call.integer("blocksize", 0)
    if not 0 < block <= LARGEST_WINDOW:
        raise Misfit("blocksize must be at least 1.", f"{block}")
    return block
