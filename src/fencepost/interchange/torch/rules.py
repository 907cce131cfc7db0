"""What a call of a PyTorch function does, from its name, its arguments and its shapes.

Functions, and not modules, are asked, since they are what runs: a convolution that pads its input
by itself, or that changes its weights first, is then described as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...graph import Role, element_count
from ...sizing import Window
from ..facts import Facts, role_over, window_arguments, windows_over
from . import windows
from .function_call import FunctionCall, arrays
from .names import ELEMENTWISE, ROLES, kind_of


def facts(call: FunctionCall) -> Facts:
    """Describe a call; one that there is no rule for has the role "unknown"."""
    try:
        known = windows.windowed(call) or _by_name(call)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # PyTorch may have refused them, too.
        reason = "it is called with arguments that no rule expects"
        return Facts(kind_of(call.name), "unknown", multiply_adds=None, reason=reason)
    if not call.outputs and known.multiply_adds != 0:
        return replace(known, multiply_adds=None)
    return known


def output_channel_axis(call: FunctionCall, known: Facts) -> int:
    """Find the axis of the output that holds the channels: the second, until axes are moved."""
    if known.kind == "Permute":
        order = known.arguments["dims"]
        return order.index(call.channel_axis) if isinstance(order, tuple) else 1
    same = known.role in ("pointwise", "join", "pad", "resize")
    return call.channel_axis if same and len(call.outputs[0]) == len(call.inputs[0]) else 1


def unchecked(call: FunctionCall) -> bool:
    """Tell a call that the meta device lets pass, and that PyTorch refuses everywhere else."""
    given = call.bind("input", "weight", "dim")
    shape = tuple(getattr(given.get("input"), "shape", ()))
    if call.name.startswith("conv_transpose"):
        axes = int(call.name[-2])
        channels = shape[-axes - 1 :][:1]
        wrong = channels != tuple(getattr(given.get("weight"), "shape", ()))[:1]
        return wrong or not windows.writes(call, axes)
    if call.name in ("softmax", "log_softmax", "softmin"):
        dim = call.bind("input", "dim").get("dim")
        return isinstance(dim, int) and not -len(shape) <= dim < max(1, len(shape))
    return False


def _by_name(call: FunctionCall) -> Facts:
    kind = kind_of(call.name, len(call.inputs[0]) if call.inputs else 0)
    rule = _RULES.get(call.name)
    if rule is not None:
        return rule(call, kind)
    for role, names in ROLES.items():
        if call.name in names:
            return Facts(kind, role)
    if call.name in ELEMENTWISE:
        return Facts(kind, "join" if len(call.inputs) > 1 else "pointwise")
    return Facts(kind, "unknown", multiply_adds=None)


# --- a rule for each function, or a few of them ----------------------------------------------


def _linear(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "weight", "bias")
    weight = tuple(given["weight"].shape)
    arguments: dict[str, object] = {"out_features": weight[0] if len(weight) > 1 else 1}
    if given.get("bias") is None:
        arguments["bias"] = False
    # It mixes the last axis: if those are the channels, each pixel by itself.
    rank = len(given["input"].shape)
    role: Role = "pointwise" if rank > 2 and call.channel_axis == rank - 1 else "dense"
    return Facts(kind, role, arguments, (), weight, call.work(weight[-1]))


def _norm(call: FunctionCall, kind: str) -> Facts:
    # A factor and a summand for each element; the statistics count as given.
    work = sum(element_count(shape) or 0 for shape in call.outputs)
    given = call.bind(*_NORM_ARGUMENTS[call.name])
    arrays = (given.get("weight"), given.get("running_mean"))
    weight = next((tuple(array.shape) for array in arrays if array is not None), None)
    arguments = {"num_groups": given["num_groups"]} if "num_groups" in given else {}
    return Facts(kind, "pointwise", arguments, (), weight, work or None)


def _prelu(call: FunctionCall, kind: str) -> Facts:
    return Facts(kind, "pointwise", {}, (), tuple(call.bind("input", "weight")["weight"].shape))


def _matrix_product(call: FunctionCall, kind: str) -> Facts:
    first = call.args[1 if call.name in ("addmm", "baddbmm") else 0]
    return Facts(kind, "dense", multiply_adds=call.work(int(first.shape[-1])))


def _einsum(call: FunctionCall, kind: str) -> Facts:
    equation, operands = str(call.args[0]).replace(" ", ""), list(call.args[1:])
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    terms = equation.partition("->")[0].split(",")
    if "." in equation or len(operands) != 2:
        return Facts(kind, "dense", multiply_adds=None)
    sizes = (size for array in operands for size in array.shape)
    named = dict(zip("".join(terms), sizes, strict=True))
    return Facts(kind, "dense", multiply_adds=math.prod(named.values()))


def _attention(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("query", "key", "value")
    query, value = tuple(given["query"].shape), tuple(given["value"].shape)
    work = None
    if call.outputs and min(len(query), len(value)) >= 2:
        # Scores of each query for each key, then their weighted sums of the values.
        work = math.prod(query[:-1]) * value[-2] * (query[-1] + value[-1])
    return Facts(kind, "dense", multiply_adds=work)


def _reduction(call: FunctionCall, kind: str) -> Facts:
    given = call.bind("input", "dim", "keepdim")
    dims = given.get("dim", given.get("axis"))
    if _is_array(dims) or "other" in given:  # torch.max(a, b) is another function
        return Facts(kind, "join" if len(call.inputs) > 1 else "pointwise")
    arguments = {} if dims is None else {"dim": dims if isinstance(dims, int) else tuple(dims)}
    if given.get("keepdim"):
        arguments["keepdim"] = True
    return Facts(kind, role_over(call.axes(dims), len(call.inputs[0])), arguments)


def _softmax(call: FunctionCall, kind: str) -> Facts:
    dim = call.bind("input", "dim").get("dim")
    role = role_over(call.axes(dim), len(call.inputs[0]))
    arguments = {} if dim is None else {"dim": dim}
    return Facts(kind, role if role == "pointwise" else "dense", arguments)


def _norm_over(call: FunctionCall, kind: str) -> Facts:
    """Norm: as a sum, after its exponent."""
    return _reduction(replace(call, args=(call.args[0], *call.args[2:])), kind)


def _moved(call: FunctionCall, kind: str) -> Facts:
    """Roll, flip: the elements of some axes in another order."""
    given = call.bind("input", *(("shifts", "dims") if call.name == "roll" else ("dims",)))
    dims = given.get("dims", ())
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return Facts(kind, "reshape", {"dims": dims} if dims else {})


def _recurrent(call: FunctionCall, kind: str) -> Facts:
    """LSTM, GRU and RNN, over a whole sequence or of one step."""
    weights = [array for array in arrays(call.args[1:]) if array.dim() == 2 and array.numel()]
    shape = call.inputs[0]
    steps = math.prod(size or 0 for size in shape[:-1])
    learned = [w for w in weights if isinstance(w, _parameter_class())]
    work = steps * sum(w.numel() for w in learned) if call.outputs and learned else None
    kind = "RNN" if kind.startswith("Rnn") else kind
    return Facts(kind, "dense", multiply_adds=work)


def _parameter_class() -> Any:
    from torch.nn import Parameter

    return Parameter


def _whole_attention(call: FunctionCall, kind: str) -> Facts:
    """Attention with its projections, as nn.MultiheadAttention runs it."""
    return Facts("MultiheadAttention", "dense", multiply_adds=None)


def _unfold(call: FunctionCall, kind: str) -> Facts:
    """Windows of a map side by side in one row: F.unfold, and not Tensor.unfold."""
    shape = call.inputs[0]
    if len(shape) != 4 or not call.outputs or len(call.outputs[0]) != 3:
        reason = "its windows lie along an axis of their own"
        return Facts(kind, "unknown", reason=reason)
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
    return Facts("Fold", "unknown", reason="it adds windows where they overlap")


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
    shape, pad = call.inputs[0], tuple(given["pad"])
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
        reason = "it picks elements by an array of indices, or by a mask"
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


_NORM_ARGUMENTS = {
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias"),
    "instance_norm": ("input", "running_mean", "running_var", "weight", "bias"),
    "group_norm": ("input", "num_groups", "weight", "bias"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias"),
    "rms_norm": ("input", "normalized_shape", "weight"),
}

_RULES: dict[str, Callable[[FunctionCall, str], Facts]] = {
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm", "addmm", "baddbmm"), _matrix_product),
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(
        ("mean", "sum", "amax", "amin", "max", "min", "prod", "std", "var", "logsumexp",
         "median", "argmax", "argmin", "any", "all"),
        _reduction,
    ),
    **dict.fromkeys(
        ("softmax", "log_softmax", "softmin", "cumsum", "cumprod", "logcumsumexp"), _softmax
    ),
    **dict.fromkeys(("norm", "vector_norm"), _norm_over),
    **dict.fromkeys(("roll", "flip"), _moved),
    **dict.fromkeys(
        ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell",
         "rnn_relu_cell"),
        _recurrent,
    ),
    **dict.fromkeys(
        ("multi_head_attention_forward", "native_multi_head_attention"), _whole_attention
    ),
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
    "einsum": _einsum,
    **dict.fromkeys(_NORM_ARGUMENTS, _norm),
    "prelu": _prelu,
    **dict.fromkeys(
        ("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "T", "H", "mT",
         "mH", "t"),
        _permute,
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
}  # fmt: skip


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")
