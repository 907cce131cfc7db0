"""Convolutions and linear layers where values are wanted: their work, and their values without it.

With weights of 0 they return their bias, whatever enters them. PyTorch is imported only inside
functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

#: Multiply-adds beyond which none are made for the sake of values: 0.1 to 0.5 s on one CPU core.
MOST_WORK = 10**10

_TRANSPOSED = tuple(f"conv_transpose{axes}d" for axes in (1, 2, 3))
_PRODUCTS = ("linear", *(f"conv{axes}d" for axes in (1, 2, 3)), *_TRANSPOSED)


def multiply_adds(name: str, arguments: Any, results: Any) -> int:
    """Count the multiply-adds of a call; 0 of all but convolutions and linear layers."""
    given = _bound(name, arguments)
    if given.get("weight") is None or not results:
        return 0
    swept = given["input"] if name in _TRANSPOSED else results[0]
    return prod(map(int, swept.shape)) * prod(map(int, given["weight"].shape[1:]))


def arguments_of_bias(name: str, given: Any, result: Any) -> Any:
    """Return arguments with which `bias_alone` gives what a call would with weights of 0."""
    axis = -1 if name == "linear" else -1 - int(name[-2])
    return (_bound(name, given).get("bias"), tuple(result.shape), axis, result.dtype), {}


def bias_alone(bias: Any, shape: tuple[int, ...], axis: int, dtype: Any) -> Any:
    """Return an array that has the elements of a bias along one axis, and is constant else.

    >>> import torch
    >>> bias_alone(torch.tensor([1.0, 2.0]), (2, 3), 0, torch.float32).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    import torch

    if bias is None:
        return torch.zeros((), dtype=dtype).expand(shape)
    sizes = [1] * len(shape)
    sizes[axis] = -1
    return bias.to(dtype).reshape(sizes).expand(shape)


def _bound(name: str, arguments: Any) -> Mapping[str, Any]:
    if name not in _PRODUCTS:
        return {}
    args, kwargs = arguments
    return {**dict(zip(("input", "weight", "bias"), args, strict=False)), **kwargs}
