"""What a call of a PyTorch function does, from its name, its arguments and its shapes.

Functions, and not modules, are asked, since they are what runs: a convolution that pads its input
by itself, or that changes its weights first, is then described as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ....graph import Role, element_count
from ...facts import Facts, role_over
from ..function_call import FunctionCall, arrays
from ..names import ELEMENTWISE, ROLES, kind_of
from . import windows
from .rearranging import REARRANGING


def facts(call: FunctionCall) -> Facts:
    """Describe a call; one that there is no rule for has the role "unknown"."""
    try:
        known = windows.windowed(call) or _by_name(call)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        # PyTorch may have refused them, too.
        reason = "it is called with arguments that are not supported"
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
    names = {"addmm": ("input", "mat1"), "baddbmm": ("input", "batch1")}.get(call.name, ("mat1",))
    given = call.bind(*names)
    first = given[names[-1]] if names[-1] in given else given["input"]
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


def _sorted(call: FunctionCall, kind: str) -> Facts:
    """Elements in another order, or some of them, by their values along an axis."""
    names = ("input", "k", "dim") if call.name in ("topk", "kthvalue") else ("input", "dim")
    dim = call.bind(*names).get("dim", -1)
    role = role_over(call.axes(dim), len(call.inputs[0]))
    return Facts(kind, role if role == "pointwise" else "dense", {"dim": dim})


def _whole(call: FunctionCall, kind: str) -> Facts:
    """Every output depends on all elements: Fourier transforms, counts, products of groups."""
    return Facts(kind, "dense", multiply_adds=None)


def _norm_over(call: FunctionCall, kind: str) -> Facts:
    """Norm: as a sum, after its exponent."""
    return _reduction(replace(call, args=(call.args[0], *call.args[2:])), kind)


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


_NORM_ARGUMENTS = {
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias"),
    "instance_norm": ("input", "running_mean", "running_var", "weight", "bias"),
    "group_norm": ("input", "num_groups", "weight", "bias"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias"),
    "rms_norm": ("input", "normalized_shape", "weight"),
}

_RULES: dict[str, Callable[[FunctionCall, str], Facts]] = {
    **REARRANGING,
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
    **dict.fromkeys(("norm", "vector_norm", "linalg_vector_norm"), _norm_over),
    **dict.fromkeys(
        ("topk", "kthvalue", "sort", "argsort", "msort", "cummax", "cummin"), _sorted
    ),
    **dict.fromkeys(
        ("histc", "bincount", "grouped_mm", "cdist", "chain_matmul", "linalg_multi_dot",
         *(f"fft_{inverse}{kind}fft{axes}" for inverse in ("", "i") for kind in ("", "r", "h")
           for axes in ("", "2", "n"))),
        _whole,
    ),
    **dict.fromkeys(
        ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell",
         "rnn_relu_cell"),
        _recurrent,
    ),
    **dict.fromkeys(
        ("multi_head_attention_forward", "native_multi_head_attention"), _whole_attention
    ),
    "einsum": _einsum,
    **dict.fromkeys(_NORM_ARGUMENTS, _norm),
    "prelu": _prelu,
}  # fmt: skip


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")
