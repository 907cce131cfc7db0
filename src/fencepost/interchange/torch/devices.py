"""Calls whose arrays are on several devices, or have no values: made on another one.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .function_call import FunctionCall, arrays, replace_arrays

# On the meta device PyTorch works these out step by step, a thousand of them for bicubic. By mode,
# how many axes the input must have.
_INTERPOLATED = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}


def sized_alike(call: FunctionCall, arguments: Any) -> Any:
    """Return arguments with which a call makes the same sizes on the meta device, and quicker."""
    if call.name != "interpolate":
        return arguments
    given = call.bind(
        "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"
    )
    rank = len(getattr(given.get("input"), "shape", ()))
    if _INTERPOLATED.get(given.get("mode", "")) != rank:
        return arguments
    names = ("size", "scale_factor", "recompute_scale_factor")
    return arguments[0][:1], {
        **{name: value for name, value in given.items() if name in names},
        **({} if arguments[0] else {"input": given["input"]}),
    }


def asked_device(name: str) -> Any:
    """Return what an array says that is asked where it is, and is to say that it has values."""
    import torch

    return {"device": torch.device("cpu"), "is_cpu": True, "is_meta": False}.get(name)


def stays_on_meta(arguments: Any) -> Any:
    """Return arguments with the meta device for the CPU."""
    import torch

    def meta(leaf: Any) -> Any:
        return "meta" if isinstance(leaf, (str, torch.device)) and str(leaf) == "cpu" else leaf

    args, kwargs = arguments
    named = {name: meta(value) if name == "device" else value for name, value in kwargs.items()}
    return tuple(map(meta, args)), named


_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def moved_to_meta(arguments: Any, met: Sequence[Any], flowing: Sequence[Any]) -> Any:
    """Move to the meta device what is not there, if anything is.

    What depends on the input does not have the values that it should have where it is.
    """
    if all(array.is_meta for array in met) or not (flowing or any(array.is_meta for array in met)):
        return arguments
    import torch

    return replace_arrays(
        arguments, lambda a: a if a.is_meta else torch.empty_like(a, device="meta")
    )


def on_meta(func: Any, call: FunctionCall, arguments: Any) -> Any:
    """Make a call on the meta device, by a quicker way to the same sizes where there is one."""
    args, kwargs = sized_alike(call, arguments)
    return without_steps(func, args, kwargs)


def without_steps(func: Any, args: Any, kwargs: Any) -> Any:
    """Make a call on the meta device, where PyTorch runs LSTM and GRU step by step: one is enough.

    All sizes but that of the time axis of the first output follow from the first step.
    """
    if getattr(func, "__name__", "") not in _RECURRENT or len(args) != 9 or args[0].dim() != 3:
        return func(*args, **kwargs)  # of packed sequences, each step has its own batch
    x, time = args[0], 1 if args[-1] else 0  # batch_first
    steps = x.shape[time]
    if steps < 2:
        return func(*args, **kwargs)
    y, *states = func(x.narrow(time, 0, 1), *args[1:])
    shape = list(y.shape)
    shape[time] = steps
    return y.new_empty(shape), *states


def given_back(result: Any, copies: Sequence[Any], met: Sequence[Any]) -> Any:
    """Return what a call returned, with the model's own arrays for copies that it changed."""
    own = {id(copy): array for copy, array in zip(copies, met, strict=True) if copy is not array}
    if not any(id(array) in own for array in arrays(result)):
        return result
    for copy, array in zip(copies, met, strict=True):
        if copy.shape != array.shape:  # it was enlarged to hold what came out
            array.resize_(copy.shape)
    return replace_arrays(result, lambda array: own.get(id(array), array))


def on_zeros(func: Any, args: Any, kwargs: Any) -> None:
    """Make a call on the CPU, with zeros for what has no values."""
    import torch

    def zeros(array: Any) -> Any:
        if array.is_meta:
            return torch.zeros(array.shape, dtype=array.dtype)
        return array.detach().clone()

    args, kwargs = replace_arrays((args, kwargs), zeros)
    func(*args, **kwargs)


def message_on_zeros(func: Any, args: Any, kwargs: Any) -> str | None:
    """Return why a call fails on arrays with values; None if it works."""
    try:
        on_zeros(func, args, kwargs)
    except Exception as error:
        return str(error)
    return None
