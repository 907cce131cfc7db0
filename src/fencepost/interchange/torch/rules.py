"""What a call of a PyTorch function does, from its name, its arguments and the shapes it met.

Functions, and not modules, are asked, since they are what runs: a convolution that pads its input
by itself, or that changes its weights first, is then described as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fencepost.graph import Role
from fencepost.interchange.onnx.operators.calls import role_over
from fencepost.interchange.torch import windows
from fencepost.interchange.torch.calls import Call, Facts, product
from fencepost.interchange.torch.names import ELEMENTWISE, ROLES, kind_of
from fencepost.sizing import Window


def facts(call: Call) -> Facts:
    """Describe a call; one that there is no rule for has the role "unknown"."""
    try:
        found = windows.windowed(call) or _by_name(call)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Arguments in a way that no rule expects; PyTorch may have refused them, too.
        return Facts(kind_of(call.name), "unknown", multiply_adds=None)
    if not call.outputs and found.multiply_adds != 0:
        return replace(found, multiply_adds=None)
    return found


def channels(call: Call, known: Facts) -> int:
    """Find the axis of the output that holds the channels: the second, until axes are moved."""
    if known.kind == "Permute":
        order = known.arguments["dims"]
        return order.index(call.channels) if isinstance(order, tuple) else 1
    same = known.role in ("pointwise", "join", "pad", "resize")
    return call.channels if same and len(call.outputs[0]) == len(call.inputs[0]) else 1


def unchecked(call: Call) -> bool:
    """Tell a call that the meta device lets pass, and that PyTorch refuses everywhere else."""
    given = call.bind("input", "weight", "dim")
    shape = tuple(getattr(given.get("input"), "shape", ()))
    if call.name.startswith("conv_transpose"):
        channels = shape[-int(call.name[-2]) - 1 :][:1]
        return channels != tuple(getattr(given.get("weight"), "shape", ()))[:1]
    if call.name in ("softmax", "log_softmax", "softmin"):
        dim = call.bind("input", "dim").get("dim")
        return isinstance(dim, int) and not -len(shape) <= dim < max(1, len(shape))
    return False


def _by_name(call: Call) -> Facts:
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


# --- one rule for a function or a few ---------------------------------------------------------


def _linear(call: Call, kind: str) -> Facts:
    given = call.bind("input", "weight", "bias")
    weight = tuple(given["weight"].shape)
    arguments: dict[str, object] = {"out_features": weight[0] if len(weight) > 1 else 1}
    if given.get("bias") is None:
        arguments["bias"] = False
    work = product(call.outputs[0]) * weight[-1] if call.outputs else None
    # It mixes the last axis: if those are the channels, each place by itself.
    rank = len(given["input"].shape)
    role: Role = "pointwise" if rank > 2 and call.channels == rank - 1 else "dense"
    return Facts(kind, role, arguments, weight_shape=weight, multiply_adds=work)


def _norm(call: Call, kind: str) -> Facts:
    # A factor and a summand for each cell; statistics of all places count as given.
    return Facts(kind, "pointwise", multiply_adds=sum(map(product, call.outputs)) or None)


def _product_of_matrices(call: Call, kind: str) -> Facts:
    first = call.args[1 if call.name in ("addmm", "baddbmm") else 0]
    work = product(call.outputs[0]) * int(first.shape[-1]) if call.outputs else None
    return Facts(kind, "dense", multiply_adds=work)


def _einsum(call: Call, kind: str) -> Facts:
    equation, operands = str(call.args[0]).replace(" ", ""), list(call.args[1:])
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    terms = equation.partition("->")[0].split(",")
    if "." in equation or len(operands) != 2:
        return Facts(kind, "dense", multiply_adds=None)
    sizes = dict(zip("".join(terms), (n for one in operands for n in one.shape), strict=True))
    return Facts(kind, "dense", multiply_adds=math.prod(sizes.values()))


def _attention(call: Call, kind: str) -> Facts:
    given = call.bind("query", "key", "value")
    query, value = tuple(given["query"].shape), tuple(given["value"].shape)
    work = None
    if call.outputs and min(len(query), len(value)) >= 2:
        # Scores of each query for each key, then their weighted sums of the values.
        work = product(query[:-1]) * value[-2] * (query[-1] + value[-1])
    return Facts(kind, "dense", multiply_adds=work)


def _reduction(call: Call, kind: str) -> Facts:
    given = call.bind("input", "dim", "keepdim")
    dims = given.get("dim", given.get("axis"))
    if _is_array(dims) or "other" in given:  # torch.max(a, b) is another function
        return Facts(kind, "join" if len(call.inputs) > 1 else "pointwise")
    arguments = {} if dims is None else {"dim": dims if isinstance(dims, int) else tuple(dims)}
    if given.get("keepdim"):
        arguments["keepdim"] = True
    return Facts(kind, role_over(call.axes(dims), len(call.inputs[0])), arguments)


def _softmax(call: Call, kind: str) -> Facts:
    dim = call.bind("input", "dim").get("dim")
    role = role_over(call.axes(dim), len(call.inputs[0]))
    arguments = {} if dim is None else {"dim": dim}
    return Facts(kind, role if role == "pointwise" else "dense", arguments)


def _cat(call: Call, kind: str) -> Facts:
    given = call.bind("tensors", "dim")
    kind = "Stack" if call.name == "stack" else "Cat"
    return Facts(kind, "join", {"dim": given.get("dim", given.get("axis", 0))})


def _permute(call: Call, kind: str) -> Facts:
    """Axes in another order, by whichever of the names that PyTorch has for it."""
    axes = list(range(len(call.inputs[0])))
    said = [*call.args[1:], *call.kwargs.values()]
    if call.name in ("T", "H"):
        axes.reverse()
    elif call.name in ("mT", "mH", "t"):
        axes[-2:] = axes[:-3:-1]
    elif call.name == "permute":
        order = said[0] if len(said) == 1 else said
        axes = [axes[one] for one in order]
    elif call.name in ("movedim", "moveaxis"):
        moved = [(one,) if isinstance(one, int) else tuple(one) for one in said[:2]]
        sources, targets = ([axes[one] for one in some] for some in moved)
        rest = iter(one for one in axes if one not in sources)
        places = dict(zip(targets, sources, strict=True))
        axes = [places[one] if one in places else next(rest) for one in axes]
    else:
        one, other = said[:2]
        axes[one], axes[other] = axes[other], axes[one]
    return Facts("Permute", "reshape", {"dims": tuple(axes)})


def _expand(call: Call, kind: str) -> Facts:
    # Along an axis of one cell, all outputs see that cell, as if it were enlarged.
    same = not call.outputs or len(call.outputs[0]) == len(call.inputs[0])
    return Facts("Expand", "resize" if same else "reshape")


def _split(call: Call, kind: str) -> Facts:
    dim = call.bind("input", "size", "dim").get("dim", 0)
    channels = call.axes(dim) == {1}
    return Facts(kind, "pointwise" if channels else "reshape", {"dim": dim})


def _shaped(call: Call, kind: str) -> Facts:
    given = call.kwargs.get("shape", call.kwargs.get("size", call.args[1:]))
    if len(given) == 1 and not isinstance(given[0], int):
        given = given[0]  # x.view((1, -1))
    if not isinstance(given, Sequence):
        return Facts(kind, "reshape")
    shape = tuple(given)
    if len(call.inputs[0]) > 2 and shape == (call.inputs[0][0], -1):
        return Facts("Flatten", "reshape")  # x.view(x.size(0), -1)
    return Facts(kind, "reshape", {"shape": shape})


def _flatten(call: Call, kind: str) -> Facts:
    given = call.bind("input", "start_dim", "end_dim")
    start, end = given.get("start_dim", 0), given.get("end_dim", -1)
    # The defaults are those of torch.nn.Flatten, as which it is written.
    said = {"start_dim": start} if start != 1 else {}
    return Facts(kind, "reshape", {**said, "end_dim": end} if end != -1 else said)


def _interpolate(call: Call, kind: str) -> Facts:
    given = call.bind("input", "size", "scale_factor", "mode")
    said = {name: given[name] for name in ("size", "scale_factor") if given.get(name) is not None}
    mode = given.get("mode", "nearest")
    return Facts(kind, "resize", said if mode == "nearest" else {**said, "mode": mode})


def _pad(call: Call, kind: str) -> Facts:
    given = call.bind("input", "pad", "mode", "value")
    shape, pad = call.inputs[0], tuple(given["pad"])
    ends = windows.padded_axes(len(shape), pad)
    said: dict[str, object] = {"pad": pad}
    if given.get("mode", "constant") != "constant":
        said["mode"] = given["mode"]
    return _cut(call, kind, [(before, after, 1) for before, after in ends], said)


def _sliced(call: Call, kind: str) -> Facts:
    """Slice: what is cut off at the edges of each axis."""
    shape = call.inputs[0]
    steps = windows.sliced_axes(shape, call.args[1])
    if steps is None:
        return Facts("Index", "unknown", multiply_adds=None)
    return _cut(call, "Slice", steps, {}) if steps else Facts("Select", "reshape")


def _narrow(call: Call, kind: str) -> Facts:
    given = call.bind("input", "dim", "start", "length")
    shape, dim = call.inputs[0], given["dim"]
    index = [slice(None)] * len(shape)
    index[dim] = slice(given["start"], given["start"] + given["length"])
    steps = windows.sliced_axes(shape, tuple(index))
    return _cut(call, "Slice", steps or [], {"dim": dim})


def _cut(
    call: Call, kind: str, steps: Sequence[tuple[int, int, int]], said: Mapping[str, object]
) -> Facts:
    """Cells added or taken away at each axis: (before, after, step)."""
    shape = call.inputs[0]
    changed = call.axes([axis for axis, one in enumerate(steps) if one != (0, 0, 1)])
    if len(shape) < 3 or len(steps) != len(shape) or not changed - {0, 1}:
        return Facts(kind, "pointwise" if len(shape) >= 3 else "reshape", said)
    first = 2 if call.channels == 1 else 1  # the last axes have windows, channels among them
    windows = tuple(
        Window(size or 0, 1, step, before=before, after=after)
        for size, (before, after, step) in zip(shape[first:], steps[first:], strict=True)
    )
    return Facts(kind, "pad", said, windows)


def _shuffle(call: Call, kind: str) -> Facts:
    factor = call.bind("input", "upscale_factor")["upscale_factor"]
    return Facts(kind, "resize", {"upscale_factor": factor})


def _unshuffle(call: Call, kind: str) -> Facts:
    factor = call.bind("input", "downscale_factor")["downscale_factor"]
    windows = tuple(Window(size or 0, factor, factor) for size in call.inputs[0][-2:])
    return Facts(kind, "windows", {"downscale_factor": factor}, windows)


_RULES: dict[str, Callable[[Call, str], Facts]] = {
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm", "addmm", "baddbmm"), _product_of_matrices),
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(
        ("mean", "sum", "amax", "amin", "max", "min", "prod", "std", "var", "logsumexp",
         "median", "argmax", "argmin", "any", "all"),
        _reduction,
    ),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), _softmax),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), _cat),
    **dict.fromkeys(("chunk", "split", "tensor_split"), _split),
    **dict.fromkeys(("view", "reshape"), _shaped),
    "flatten": _flatten,
    "interpolate": _interpolate,
    "pad": _pad,
    "getitem": _sliced,
    "narrow": _narrow,
    "pixel_shuffle": _shuffle,
    "pixel_unshuffle": _unshuffle,
    "einsum": _einsum,
    **dict.fromkeys(
        ("batch_norm", "instance_norm", "group_norm", "layer_norm", "rms_norm"), _norm
    ),
    **dict.fromkeys(
        ("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "T", "H", "mT",
         "mH", "t"),
        _permute,
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
}  # fmt: skip


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")
