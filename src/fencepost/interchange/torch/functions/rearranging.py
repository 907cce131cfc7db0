"""Rules for functions that move elements: views, joins, slices, windows side by side, enlargements.

Their sizes are those that PyTorch made; where each element is from is what is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ....sizing import Window
from ...facts import Facts, window_arguments, windows_over
from ..function_call import FunctionCall
from . import windows


def _moved(call: FunctionCall, kind: str) -> Facts:
    """Roll, flip: the elements of some axes in another order."""
    given = call.bind("input", *(("shifts", "dims") if call.name == "roll" else ("dims",)))
    dims = given.get("dims", ())
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return Facts(kind, "reshape", {"dims": dims} if dims else {})


def _unfold(call: FunctionCall, kind: str) -> Facts:
    """Windows of a map side by side: F.unfold, in one row, or Tensor.unfold, along a new axis."""
    shape = call.inputs[0]
    if not call.outputs:
        return Facts(kind, "unknown")
    if len(call.outputs[0]) == len(shape) + 1:
        given = call.bind("input", "dimension", "size", "step")
        axis = given["dimension"] % len(shape)
        if call.channel_axis != 1 or axis < 2:
            reason = "its windows lie along the channels or the batch"
            return Facts(kind, "unknown", reason=reason)
        moved = [Window(size or 0, 1) for size in shape]
        moved[axis] = Window(shape[axis] or 0, given["size"], given["step"])
        arguments = {name: given[name] for name in ("dimension", "size", "step")}
        return Facts(kind, "windows", arguments, tuple(moved[2:]))
    given = call.bind("input", "kernel_size", "dilation", "padding", "stride")
    kernel, dilation, padding, stride = (
        windows.per_axis(given.get(name, default), 2)
        for name, default in (("kernel_size", 1), ("dilation", 1), ("padding", 0), ("stride", 1))
    )
    edges = windows.pairs(padding, kernel, dilation)
    sizes = tuple(size or 0 for size in shape[2:])
    arguments = {"kernel_size": kernel, **window_arguments(stride, edges, dilation)}
    return Facts(kind, "windows", arguments, windows_over(sizes, kernel, stride, dilation, edges))


def _fold(call: FunctionCall, kind: str) -> Facts:
    """Windows put back where they were: without overlaps, their elements are only rearranged."""
    given = call.bind("input", "output_size", "kernel_size", "dilation", "padding", "stride")
    names = ("output_size", "kernel_size", "stride")
    arguments = {name: windows.per_axis(given.get(name, 1), 2) for name in names}
    alone = arguments["stride"] == arguments["kernel_size"]
    if alone and not any(given.get(name, n) not in (n, (n, n)) for name, n in _APART):
        return Facts("Fold", "reshape", arguments)
    return Facts("Fold", "unknown", arguments, reason="it adds windows where they overlap")


_APART = (("dilation", 1), ("padding", 0))


def _cat(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("tensors", "dim")
    kind = "Stack" if call.name == "stack" else "Cat"
    return Facts(kind, "join", {"dim": given.get("dim", given.get("axis", 0))})


def _permute(call: FunctionCall, kind: str) -> Facts:
    """Axes in another order, by whichever of PyTorch's names for it."""
    axes = list(range(len(call.inputs[0])))
    given = [*call.args[1:], *call.kwargs.values()]
    if call.name in ("T", "H"):
        axes.reverse()
    elif call.name in ("mT", "mH", "t"):
        axes[-2:] = axes[:-3:-1]
    elif call.name == "permute":
        order = given[0] if len(given) == 1 else given
        axes = [axes[axis] for axis in order]
    elif call.name in ("movedim", "moveaxis"):
        lists = [(dims,) if isinstance(dims, int) else tuple(dims) for dims in given[:2]]
        sources, targets = ([axes[axis] for axis in dims] for dims in lists)
        others = iter(axis for axis in axes if axis not in sources)
        moved = dict(zip(targets, sources, strict=True))
        axes = [moved[axis] if axis in moved else next(others) for axis in axes]
    else:
        first, second = given[:2]
        axes[first], axes[second] = axes[second], axes[first]
    return Facts("Permute", "reshape", {"dims": tuple(axes)})


def _expand(call: FunctionCall, kind: str) -> Facts:
    # Along an axis of size 1, all outputs depend on its one element, as if it were enlarged.
    same = not call.outputs or len(call.outputs[0]) == len(call.inputs[0])
    return Facts("Expand", "resize" if same else "reshape")


def _split(call: FunctionCall, kind: str) -> Facts:
    dim = call.bind("input", "size", "dim").get("dim", 0)
    channels = call.axes(dim) == {1}
    return Facts(kind, "pointwise" if channels else "reshape", {"dim": dim})


def _shaped(call: FunctionCall, kind: str) -> Facts:
    given = call.kwargs.get("shape", call.kwargs.get("size", call.args[1:]))
    if len(given) == 1 and not isinstance(given[0], int):
        given = given[0]  # x.view((1, -1))
    if not isinstance(given, Sequence):
        return Facts(kind, "reshape")
    shape = tuple(given)
    if len(call.inputs[0]) > 2 and shape == (call.inputs[0][0], -1):
        return Facts("Flatten", "reshape")  # x.view(x.size(0), -1)
    return Facts(kind, "reshape", {"shape": shape})


def _flatten(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "start_dim", "end_dim")
    start, end = given.get("start_dim", 0), given.get("end_dim", -1)
    # The defaults are those of torch.nn.Flatten, as which it is written.
    arguments = {"start_dim": start} if start != 1 else {}
    return Facts(kind, "reshape", {**arguments, "end_dim": end} if end != -1 else arguments)


def _interpolate(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "size", "scale_factor", "mode")
    names = ("size", "scale_factor")
    arguments = {name: given[name] for name in names if given.get(name) is not None}
    mode = given.get("mode", "nearest")
    return Facts(kind, "resize", arguments if mode == "nearest" else {**arguments, "mode": mode})


def _pad(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "pad", "mode", "value")
    shape, pad = call.inputs[0], windows.plain(given["pad"])
    ends = windows.padded_axes(len(shape), pad)
    arguments: dict[str, object] = {"pad": pad}
    if given.get("mode", "constant") != "constant":
        arguments["mode"] = given["mode"]
    return _cut_edges(call, kind, [(before, after, 1) for before, after in ends], arguments)


def _sliced(call: FunctionCall, kind: str) -> Facts:
    """Slice: what is cut off at the edges of each axis."""
    shape = call.inputs[0]
    steps = windows.sliced_axes(shape, call.args[1])
    if steps is None:
        reason = "it selects elements by an array of indices, or by a mask"
        return Facts("Index", "unknown", multiply_adds=None, reason=reason)
    return _cut_edges(call, "Slice", steps, {}) if steps else Facts("Select", "reshape")


def _narrow(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "dim", "start", "length")
    shape, dim = call.inputs[0], given["dim"]
    index = [slice(None)] * len(shape)
    index[dim] = slice(given["start"], given["start"] + given["length"])
    steps = windows.sliced_axes(shape, tuple(index))
    return _cut_edges(call, "Slice", steps or [], {"dim": dim})


def _cut_edges(
    call: FunctionCall,
    kind: str,
    steps: Sequence[tuple[int, int, int]],
    arguments: Mapping[str, object],
) -> Facts:
    """Elements added or taken away at each axis: (before, after, step)."""
    shape = call.inputs[0]
    changed = call.axes([axis for axis, step in enumerate(steps) if step != (0, 0, 1)])
    if len(shape) < 3 or len(steps) != len(shape) or not changed - {0, 1}:
        return Facts(kind, "pointwise" if len(shape) >= 3 else "reshape", arguments)
    first = 2 if call.channel_axis == 1 else 1  # the last axes have windows, channels among them
    windows = tuple(
        Window(size or 0, 1, step, before=before, after=after)
        for size, (before, after, step) in zip(shape[first:], steps[first:], strict=True)
    )
    return Facts(kind, "pad", arguments, windows)


def _write(call: FunctionCall, kind: str) -> Facts:
    """What is written into an array: all of it, or a part."""
    whole = call.name == "copy" and len(call.inputs) == 1 and call.outputs[:1] == call.inputs
    if whole:
        return Facts("Copy", "pointwise")
    return Facts(kind, "unknown", reason="it writes into part of an array")


def _shuffle(call: FunctionCall, kind: str) -> Facts:
    factor = call.bind("input", "upscale_factor")["upscale_factor"]
    return Facts(kind, "resize", {"upscale_factor": factor})


def _unshuffle(call: FunctionCall, kind: str) -> Facts:
    factor = call.bind("input", "downscale_factor")["downscale_factor"]
    windows = tuple(Window(size or 0, factor, factor) for size in call.inputs[0][-2:])
    return Facts(kind, "windows", {"downscale_factor": factor}, windows)


REARRANGING: dict[str, Callable[[FunctionCall, str], Facts]] = {
    **dict.fromkeys(("roll", "flip"), _moved),
    "unfold": _unfold,
    "fold": _fold,
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), _cat),
    **dict.fromkeys(("chunk", "split", "tensor_split"), _split),
    **dict.fromkeys(("view", "reshape"), _shaped),
    "flatten": _flatten,
    "interpolate": _interpolate,
    "pad": _pad,
    "getitem": _sliced,
    "narrow": _narrow,
    **dict.fromkeys(
        ("copy", "index_add", "index_copy", "index_fill", "index_put", "masked_scatter", "put",
         "scatter", "scatter_add", "scatter_reduce", "setitem", "slice_scatter", "select_scatter"),
        _write,
    ),
    "pixel_shuffle": _shuffle,
    "pixel_unshuffle": _unshuffle,
    **dict.fromkeys(
        ("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "T", "H", "mT",
         "mH", "t"),
        _permute,
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
}  # fmt: skip
