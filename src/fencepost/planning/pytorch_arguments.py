"""Arguments in the text of layers that only PyTorch's layers have: what they are here.

Sources: the pages of these layers in PyTorch's documentation, docs.pytorch.org/docs/stable/nn.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ArgumentError

_POOL = ("kernel_size", "stride", "padding")
#: The order of PyTorch's arguments, where ours have others in these positions.
ORDER: Mapping[str, tuple[str, ...]] = {
    "Flatten": ("start_dim", "end_dim"),
    "Softmax": ("dim",),
    **dict.fromkeys(("ReLU", "ReLU6", "SiLU", "HardSwish", "HardSigmoid"), ("inplace",)),
    "LeakyReLU": ("negative_slope", "inplace"),
    "Dropout": ("p", "inplace"),
    **dict.fromkeys(
        ("MaxPool1d", "MaxPool2d"), (*_POOL, "dilation", "return_indices", "ceil_mode")
    ),
    **dict.fromkeys(("AvgPool1d", "AvgPool2d"), (*_POOL, "ceil_mode", "count_include_pad")),
}
#: Values that they may have, for what our layers do, and what that is.
ONLY: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "inplace": ((False, True), "what comes out is the same"),
    "start_dim": ((1,), "Flatten makes one row of everything"),
    "end_dim": ((-1,), "Flatten makes one row of everything"),
    "dim": ((1, -1), "Softmax is computed over the features of each input"),
    "dilation": ((1,), "pools here have no dilation"),
    "return_indices": ((False,), "a layer here has one output"),
}
_Added = dict[str, Any]
_NONE = (0, (0,), (0, 0), [0], [0, 0])  # paddings


def foreign_names(layer: str, own: Sequence[str]) -> frozenset[str]:
    """Name the arguments that only PyTorch's layer of this name has."""
    return frozenset(ORDER.get(layer, ())) - frozenset(own)


def translated(
    layer: str, own: Sequence[str], values: Sequence[Any], named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of our layer that does what PyTorch's does with these.

    Raises ArgumentError: Ours cannot do that, and the message says why, and what can be done.

    >>> own = ["kernel_size", "stride", "padding", "remainder"]
    >>> translated("MaxPool2d", own, [3, 2], {"ceil_mode": True})
    ([3, 2], {'remainder': 'pad'})
    """
    foreign, order = foreign_names(layer, own), ORDER.get(layer, ())
    first = next((index for index, name in enumerate(order) if name in foreign), len(order))
    by_position = first < len(values) <= len(order) and not isinstance(values[first], str)
    if by_position and order[first] == "inplace":
        by_position = isinstance(values[first], bool)
    theirs = dict(zip(order, values, strict=False))
    if by_position:
        named = {**{name: theirs[name] for name in order[first : len(values)]}, **named}
        values = values[:first]
    kept = {name: value for name, value in named.items() if name not in foreign}
    for name in sorted(foreign & named.keys()):
        added = _added(layer, name, named[name], {**theirs, **named})
        if "remainder" in added and "remainder" in named:
            raise ArgumentError(f"{name} and remainder say the same twice")
        kept |= added
    return list(values), kept


def _added(layer: str, name: str, value: Any, given: Mapping[str, Any]) -> _Added:
    """Return what an argument of theirs is here, by our names."""
    if name == "ceil_mode":
        return _ceil_mode(layer, value, given)
    if name == "start_dim" and value == 0 and not isinstance(value, bool):
        raise ArgumentError(
            "start_dim 0 would flatten the batch as well. Shapes here leave out the "
            "batch dimension: write Flatten, which flattens each input"
        )
    allowed, what = ONLY[name]
    if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
        raise ArgumentError(f"{name} must be {allowed[0]}: {what}. Received: {name}={value!r}")
    return {}


def _ceil_mode(layer: str, value: Any, given: Mapping[str, Any]) -> _Added:
    if not isinstance(value, bool):
        raise ArgumentError(f"ceil_mode must be True or False. Received: ceil_mode={value!r}")
    if not value or layer.startswith("Max"):
        return {"remainder": "pad" if value else "crop"}
    if given.get("padding", 0) not in _NONE and given.get("count_include_pad", True):
        raise ArgumentError(
            "ceil_mode with padding counts the zeros of the padding in a mean, but not those "
            "beyond, which no layer here does. With count_include_pad=False neither count, as here"
        )
    return {"remainder": "pad", "count_include_pad": False}
