"""ONNX's operators of detection: parts of an image, boxes, grids; and what undoes windows.

Sources: the ONNX operators RoiAlign-22, MaxRoiPool-22, NonMaxSuppression-11, AffineGrid-20,
DeformConv-22, CenterCropPad-18, Col2Im-18, MaxUnpool-22 (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from math import prod

from ....sizing import Window
from ...facts import shape_text
from .node import NodeCall, NodeError, NodeFacts, axis_indices, rule
from .windows import per_axis

_BY_DATA = "where it samples depends on the data"


@rule("MaxRoiPool", "RoiAlign")
def regions(call: NodeCall) -> NodeFacts:
    """RoiAlign and MaxRoiPool: (regions, channels, height, width), a size that is given."""
    x, boxes = call.ranked_shape(4), call.ranked_shape(2, 1)
    facts = NodeFacts(call.operator, "unknown", reason=_BY_DATA)
    if call.operator == "RoiAlign":
        size = (call.integer("output_height", 1), call.integer("output_width", 1))
    else:
        size = tuple(call.integers("pooled_shape") or ())  # type: ignore[assignment]
    if len(size) != 2 or min(size) < 1:
        raise NodeError("The size of each region must be given.", f"{size}", facts)
    if x is not None and boxes is not None:
        facts.shapes = ((boxes[0], x[1], *size),)
    return facts


@rule("NonMaxSuppression")
def non_maximum_suppression(call: NodeCall) -> NodeFacts:
    """NonMaxSuppression: (batch, class, box) of each box that is left; by default, none is."""
    facts = NodeFacts("Nms", "unknown", shapes=((None, 3),), reason=_BY_DATA)
    most = call.values(2) if call.has(2) else [0]
    scores = call.ranked_shape(3, 1)
    if (most and most[0] is not None and most[0] <= 0) or 0 in (scores or ()):
        facts.shapes = ((0, 3),)
    else:
        facts.unknown = "how many boxes are left depends on the data"
    return facts


@rule("AffineGrid")
def affine_grid(call: NodeCall) -> NodeFacts:
    """AffineGrid: for each element of an image of a given size, the position to sample."""
    theta, size = call.ranked_shape(3), call.values(1)
    facts = NodeFacts("AffineGrid", "unknown", reason=_BY_DATA)
    if size is None:
        rank = None if theta is None or theta[1] is None else theta[1] + 2
        return facts.depends_on_data("the size that it makes depends on", rank)
    if len(size) not in (4, 5):
        raise NodeError("AffineGrid needs a size of 4 or 5 axes.", f"{size}", facts)
    facts.shapes = ((size[0], *size[2:], len(size) - 2),)
    return facts


@rule("CenterCropPad")
def center_crop_pad(call: NodeCall) -> NodeFacts:
    """CenterCropPad: cut, or padded with zeros, to a given size, the middle where it was."""
    x, wanted = call.ranked_shape(0), call.values(1)
    facts = NodeFacts("CenterCropPad", "pad")
    if wanted is None or x is None:
        return facts.depends_on_data(
            "the sizes that it makes depend on", None if x is None else len(x)
        )
    axes = axis_indices(call.integers("axes"), len(x))
    if len(axes) != len(wanted):
        raise NodeError(
            "CenterCropPad needs a size for each axis.", f"{wanted} for {shape_text(x)}", facts
        )
    windows = [None if size is None else Window(size, 1) for size in x]
    for axis, size in zip(axes, wanted, strict=True):
        old = x[axis]
        if old is None or size is None:
            windows[axis] = None
            continue
        more = size - old
        before = more // 2 if more >= 0 else -(-more // 2)  # the lesser part comes first
        windows[axis] = Window(old, 1, 1, 1, before, more - before)
    shape = list(x)
    for axis, size in zip(axes, wanted, strict=True):
        shape[axis] = size
    facts.shapes = (tuple(shape),)
    spatial = tuple(window for window in windows[2:] if window is not None)
    facts.windows = spatial if len(spatial) == len(windows) - 2 else ()
    return facts


@rule("Col2Im")
def col2im(call: NodeCall) -> NodeFacts:
    """Col2Im: columns, one for each position of a window, added up to an image (PyTorch's Fold)."""
    x, image, block = call.ranked_shape(3), call.values(1), call.values(2)
    facts = NodeFacts("Fold", "unknown", reason="windows are put together to an image")
    if image is None or block is None:
        return facts.depends_on_data("the sizes that it makes depend on")
    if len(image) != len(block) or not all(isinstance(n, int) and n > 0 for n in block):
        raise NodeError("A block must have a size for each axis.", f"{block} for {image}", facts)
    if x is None or x[1] is None:
        facts.shapes = ((None if x is None else x[0], None, *image),)
        return facts
    if x[1] % prod(block):
        raise NodeError(
            "The elements of a block must divide the rows.",
            f"{shape_text(x)} and blocks of {shape_text(block)}",
            facts,
        )
    axes = len(block)
    pads = per_axis(call, "pads", 2 * axes, 0)
    strides, dilations = (per_axis(call, name, axes, 1, 1) for name in ("strides", "dilations"))
    if None not in image:
        columns = zip(image, block, strides, dilations, pads[:axes], pads[axes:], strict=True)
        count = prod(Window(*column).output for column in columns)
        if x[2] not in (count, None):
            raise NodeError(
                "There must be a column for each position of the window.",
                f"{x[2]} for {count} positions in {shape_text(image)}",
                facts,
            )
    facts.shapes = ((x[0], x[1] // prod(block), *image),)
    return facts


@rule("MaxUnpool")
def max_unpool(call: NodeCall) -> NodeFacts:
    """MaxUnpool: each element goes where it was found; what a pool of these windows was given."""
    x, kernel = call.ranked_shape(3), call.integers("kernel_shape") or ()
    facts = NodeFacts(f"MaxUnpool{len(kernel)}d", "unknown", reason=_BY_DATA)
    if call.has(2):
        given = call.values(2)
        if given is None:
            rank = None if x is None else len(x)
            return facts.depends_on_data("the size that it makes depends on", rank)
        facts.shapes = (tuple(given),)
        return facts
    if x is None:
        return facts
    axes = len(kernel)
    if len(x) != axes + 2:
        raise NodeError(
            "MaxUnpool needs a kernel_shape with a size for each axis behind the channels.",
            f"{kernel} for {shape_text(x)}",
            facts,
        )
    strides, pads = per_axis(call, "strides", axes, 1, 1), per_axis(call, "pads", 2 * axes, 0)
    sizes: list[int | None] = []
    for axis, size in enumerate(x[2:]):
        padding = pads[axis] + pads[axes + axis]
        more = kernel[axis] - padding
        sizes.append(None if size is None else (size - 1) * strides[axis] + more)
    if any(size is not None and size < 1 for size in sizes):
        raise NodeError("There must be an element along each axis.", shape_text(sizes), facts)
    facts.shapes = ((*x[:2], *sizes),)
    return facts
