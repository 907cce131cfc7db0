"""The names of PyTorch's functions, and the roles of those that need no rule of their own.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import functools
from typing import Any

from ...graph import Role


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def plain_name(func: Any) -> str:
    """Return the function's name as one thinks of it: "add" of ``+=``, "T" of the property.

    >>> plain_name(max)
    'max'
    """
    name = str(getattr(func, "__name__", "") or type(func).__name__).partition(".")[0]  # overloads
    if name == "__get__":
        from torch.overrides import resolve_name

        name = (resolve_name(func) or "").split(".")[-2]
    name = name.removesuffix("_with_indices")
    stripped = name.strip("_")
    return _OPERATORS.get(stripped, stripped) if name.startswith("__") else stripped


_BINARY = ("add", "sub", "mul", "div", "pow", "mod", "and", "or", "xor")
_OPERATORS = {
    **{f"{how}{name}": name for how in "ri" for name in _BINARY},
    **{f"{how}truediv": "div" for how in ("", "r", "i")},
    **{f"{how}floordiv": "floor_divide" for how in ("", "r", "i")},
    **{f"{how}matmul": "matmul" for how in "ri"},
}


def kind_of(name: str, dimensions: int = 0) -> str:
    """Name the class of torch.nn that does the same, or write the function's name as one.

    >>> kind_of("scaled_dot_product_attention")
    'ScaledDotProductAttention'
    """
    if name in ("batch_norm", "instance_norm"):
        name += f"{min(max(dimensions - 2, 1), 3)}d"
    layer = _classes().get(name.replace("_", "").lower())
    return layer or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


@functools.cache
def _classes() -> dict[str, str]:
    from torch import nn

    classes = {name: getattr(nn, name) for name in dir(nn)}
    return {
        name.lower(): name
        for name, layer in classes.items()
        if isinstance(layer, type) and issubclass(layer, nn.Module)
    }


#: Nothing but another name, device or type for the same array.
TRANSPARENT = _names(
    """
    contiguous detach clone to float double half bfloat16 int long bool type type_as cpu cuda data
    requires_grad alias positive
    """
)
#: Takes only the shape of its input, so that what it returns does not depend on it.
CONSTANT = _names(
    """
    zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full
    new_empty new_tensor
    """
)
#: Takes some of its elements.
PICKING = _names("getitem select narrow index_select gather take masked_select")
#: Gives Python values, as a condition needs them.
VALUES = _names("bool item int float complex index tolist numpy array equal allclose is_nonzero")
#: Functions that a role describes.
ROLES: dict[Role, frozenset[str]] = {
    "pointwise": _names(
        """
        relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid logsigmoid tanh
        hardtanh hardswish hardsigmoid hardshrink softshrink tanhshrink softplus softsign threshold
        glu dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
        feature_dropout local_response_norm normalize channel_shuffle embedding one_hot abs neg exp
        exp2 expm1 log log1p log2 log10 sqrt rsqrt square sin cos tan asin acos atan sinh cosh erf
        reciprocal sign round floor ceil trunc frac clamp clip clamp_min clamp_max nan_to_num
        logical_not bitwise_not invert isnan isinf isfinite real imag angle conj logit erfc erfinv
        sinc tril triu
        """
    ),
    "reshape": _names(
        "squeeze unsqueeze unflatten ravel view_as reshape_as select unbind hsplit vsplit dsplit"
    ),
    "resize": _names("repeat repeat_interleave tile"),
}
#: Element by element: of one array and numbers, or of several arrays.
ELEMENTWISE = _names(
    """
    add sub subtract mul multiply div divide true_divide floor_divide remainder fmod mod pow maximum
    minimum fmax fmin atan2 where lerp addcmul addcdiv masked_fill gt lt ge le eq ne logical_and
    logical_or logical_xor bitwise_and bitwise_or bitwise_xor and or xor logaddexp logaddexp2 hypot
    copysign xlogy float_power
    """
)


def own_arrays(module: Any) -> list[str]:
    """Name the parameters and buffers of a module itself, as its state dict does.

    How many batches a norm has seen is none of its weights.
    """
    arrays = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
    return [name for name, _ in arrays if name != "num_batches_tracked"]
