"""Calls whose arrays are on several devices, or have no values: made on another one.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .function_call import arrays, replace_arrays

_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def moved_to_meta(arguments: Any, met: Sequence[Any]) -> Any:
    """Move to the meta device what is not there, if anything is."""
    if len({array.is_meta for array in met}) < 2:
        return arguments
    import torch

    return replace_arrays(
        arguments, lambda a: a if a.is_meta else torch.empty_like(a, device="meta")
    )


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
