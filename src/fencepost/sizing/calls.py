"""A call of `output_size`: every argument checked, and written out for every axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, SupportsIndex, TypeAlias, get_args

from ..arguments import choice, integer
from ..errors import ArgumentError
from ..text import format_value
from .padding import same_padding
from .window import Remainder, Window

Sizes: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
Padding: TypeAlias = (
    SupportsIndex | Sequence[SupportsIndex | Sequence[SupportsIndex]] | Literal["same"]
)
_Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class SizingCall:
    """A checked call of `output_size`, written out for every axis.

    `same` says that the padding was "same", `scalar` that the call spoke of one axis in plain
    ints, `input_has_axes` that it gave the input a size for each axis, so that other arguments
    may be shortened to one int, `pool` that each window must meet the input, and the stride is the
    kernel's size where nothing else is said.
    """

    windows: tuple[Window, ...]
    remainder: Remainder
    same: bool
    scalar: bool
    input_has_axes: bool
    received: str
    pool: bool = False


def read_call(
    input_size: object,
    kernel_size: object,
    stride: object,
    padding: object,
    dilation: object,
    *,
    remainder: object,
    pool: bool = False,
) -> SizingCall:
    """Check every argument and write it out for every axis."""
    received = {"input_size": input_size, "kernel_size": kernel_size, "stride": stride}
    received["dilation"] = dilation
    policy: Remainder = choice("remainder", remainder, get_args(Remainder))
    sizes = {name: _sizes(name, value) for name, value in received.items()}
    same = isinstance(padding, str) and padding == "same"
    paddings = 0 if same else _paddings(padding)
    axes, scalar = _axes(sizes, paddings)
    inputs, kernels, strides, dilations = (
        (value,) * axes if isinstance(value, int) else value for value in sizes.values()
    )
    if same:
        pairs = tuple(same_padding(k, d) for k, d in zip(kernels, dilations, strict=True))
    elif isinstance(paddings, int):
        pairs = ((paddings, paddings),) * axes
    elif axes == 1 and len(paddings) == 2:
        pairs = (_flat_pair(paddings),)
    else:
        pairs = tuple((item, item) if isinstance(item, int) else item for item in paddings)
    return SizingCall(
        windows=tuple(
            Window(i, k, s, d, b, a, same_remark(b, a) if same else "")
            for i, k, s, d, (b, a) in zip(inputs, kernels, strides, dilations, pairs, strict=True)
        ),
        remainder=policy,
        same=same,
        scalar=scalar,
        input_has_axes=not isinstance(sizes["input_size"], int),
        received=_received({**received, "padding": padding}, policy),
        pool=pool,
    )


def same_remark(before: int, after: int) -> str:
    """Say that "same" is uneven; empty if it is not."""
    if before == after:
        return ""
    zeros = f"{before} {'zero' if before == 1 else 'zeros'} before the input and {after} after it"
    return f'an even kernel has no centre: "same" puts {zeros}'


def _axes(
    sizes: dict[str, int | tuple[int, ...]], paddings: int | tuple[int | _Pair, ...]
) -> tuple[int, bool]:
    """Count the axes, and say whether the caller spoke of one axis in plain ints."""
    counts = {name: len(value) for name, value in sizes.items() if not isinstance(value, int)}
    if not isinstance(paddings, int):
        flat_pair = len(paddings) == 2 and all(isinstance(item, int) for item in paddings)
        # (before, after) of a single axis, unless something else says that there are more.
        if not (flat_pair and set(counts.values()) <= {1}):
            counts["padding"] = len(paddings)
    if len(set(counts.values())) > 1:
        axes = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ArgumentError(
            "All sizes must have the same number of axes (an int holds for every axis). "
            f"Received: {axes}."
        )
    return next(iter(counts.values()), 1), not counts


def _sizes(name: str, value: object) -> int | tuple[int, ...]:
    if isinstance(value, (tuple, list)):
        if not value:
            raise ArgumentError(
                f"{name} must have at least one axis. Received: {name}={format_value(value)}."
            )
        return tuple(integer(name, size, 1) for size in value)
    return integer(name, value, 1)


def _paddings(value: object) -> int | tuple[int | _Pair, ...]:
    if isinstance(value, str):
        raise ArgumentError(
            'padding must be a number of zeros, (before, after) pairs or "same". '
            f"Received: padding={format_value(value)}."
        )
    if not isinstance(value, (tuple, list)):
        return integer("padding", value, 0)
    if not value:
        raise ArgumentError(
            f"padding must have at least one axis. Received: padding={format_value(value)}."
        )
    return tuple(
        _pair(item) if isinstance(item, (tuple, list)) else integer("padding", item, 0)
        for item in value
    )


def _pair(value: Sequence[object]) -> _Pair:
    if len(value) != 2:
        raise ArgumentError(
            "padding of one axis must be one number or a pair (before, after). "
            f"Received: {format_value(value)}."
        )
    before, after = (integer("padding", zeros, 0) for zeros in value)
    return before, after


def _flat_pair(paddings: tuple[int | _Pair, ...]) -> _Pair:
    before, after = paddings
    assert isinstance(before, int) and isinstance(after, int)  # _axes refused everything else
    return before, after


def _received(arguments: dict[str, object], remainder: Remainder) -> str:
    """Write the call out, less what was left at its default."""
    defaults = {"stride": 1, "dilation": 1, "padding": 0}
    shown = {
        name: value
        for name, value in arguments.items()
        if name not in defaults or any(item != defaults[name] for item in _flat(value))
    }
    if remainder != "error":
        shown["remainder"] = remainder
    return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _flat(item)
    else:
        yield value
