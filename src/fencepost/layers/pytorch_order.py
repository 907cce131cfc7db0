"""Arguments in PyTorch's order, where what comes in is named first: recognised, and said.

A layer of fencepost's takes the arguments of PyTorch's less the one that says what comes in, so
``Conv2d(3, 16, 3)`` is a kernel of 16 here and a kernel of 3 there.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from ..text import join_words

#: Arguments that PyTorch's layers do not have.
OURS = {"connections", "over", "remainder"}
#: The argument that PyTorch's layer has besides, and where it stands.
BESIDES = {
    "Conv1d": (0, "in_channels"),
    "Conv2d": (0, "in_channels"),
    "ConvTranspose1d": (0, "in_channels"),
    "ConvTranspose2d": (0, "in_channels"),
    "Linear": (0, "in_features"),
    "BatchNorm1d": (0, "num_features"),
    "BatchNorm2d": (0, "num_features"),
    "GroupNorm": (1, "num_channels"),
    "LayerNorm": (0, "normalized_shape"),
}


def pytorch_order(
    layer: str,
    arguments: Mapping[str, inspect.Parameter],
    values: Sequence[Any],
    named: Mapping[str, Any],
) -> str:
    """Say that a layer's arguments are, or may be, in PyTorch's order, and how to write them here.

    `arguments` are those that the layer has, `values` what was given by position and `named` by
    name. Returns what is wrong in a sentence without its end; empty if the order can only be ours.

    >>> from fencepost.layers import Linear
    >>> from fencepost.layers.base import arguments_of
    >>> pytorch_order("Linear", arguments_of(Linear), (784, 10), {})
    "Linear(784, 10) is in PyTorch's order, in_features and out_features. in_features is known \
here, so write Linear(10)"
    """
    position, besides = BESIDES.get(layer, (len(values), ""))
    own = list(arguments)
    required = [name for name, argument in arguments.items() if argument.default is argument.empty]
    rest = [*values[:position], *values[position + 1 :]]
    theirs = {**dict(zip(own, rest, strict=False)), **named}
    clash = set(own[: len(rest)]) & named.keys() or not theirs.keys() >= set(required)
    if position >= len(values) or clash or OURS & named.keys() or not _fits(theirs):
        return ""
    twice = bool(set(own[: len(values)]) & named.keys())  # which only in our order it would be
    # Where theirs has the last of what is required, ours has the first of what is not.
    ends = (values[position], *values[len(required) : len(required) + 1])
    if not twice and not (all(map(_is_size, ends)) and len(values) > len(required)):
        return ""
    order = join_words([*own[:position], besides, *own[position:]][: len(values)])
    shown = _call(layer, values, named)
    here = f"{besides} is known here, so write {_written(layer, required, theirs)}"
    ours = {**dict(zip(own, values, strict=False)), **named}
    if twice or not _fits(ours):
        return f"{shown} is in PyTorch's order, {order}. {here}"
    return (
        f"{shown} can be read in two ways. In PyTorch's order it is {order}: {here}. In the order "
        f"of fencepost it is {join_words(own[: len(values)])}: "
        f"write {_written(layer, required, ours)}"
    )


def _fits(given: Mapping[str, Any]) -> bool:
    """Whether values are of the kinds that a layer takes under these names."""
    flags = isinstance(given.get("bias", True), bool) and "connections" not in given
    integers = all(_is_integer(given.get(name, 1)) for name in ("out_channels", "groups"))
    return flags and integers and not isinstance(given.get("eps", 1), (tuple, list))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    """Whether a value is an integer, or a list of them."""
    if isinstance(value, (tuple, list)):
        return bool(value) and all(map(_is_integer, value))
    return _is_integer(value)


def _written(layer: str, required: Sequence[str], given: Mapping[str, Any]) -> str:
    """Write the layer with what is required by position, all else by name."""
    others = {name: value for name, value in given.items() if name not in required}
    return _call(layer, [given[name] for name in required], others)


def _call(layer: str, values: Sequence[Any], named: Mapping[str, Any]) -> str:
    shown = [_typed(value) for value in values]
    shown += [f"{name}={_typed(value)}" for name, value in named.items()]
    return f"{layer}({', '.join(shown)})"


def _typed(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
