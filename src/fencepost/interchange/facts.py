"""What a reader finds out about an operation, in PyTorch's words, and the windows that it moves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..graph import Operation, Role, Shape, Value, element_count
from ..sizing import Window
from ..text import format_shape

Pairs = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Facts:
    """What an `Operation` says of itself beyond its place in the model.

    `reason`: Why its role is "unknown", in a clause; empty if there is no rule for it.
    """

    kind: str
    role: Role
    arguments: Mapping[str, object] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    weight_shape: tuple[int, ...] | None = None
    multiply_adds: int | None = 0
    reason: str = ""

    def operation(
        self,
        name: str,
        inputs: Iterable[Value],
        input_shapes: Iterable[Shape | None],
        output_shapes: Iterable[Shape | None],
        parameters: int = 0,
        weights: Mapping[str, str] | None = None,
    ) -> Operation:
        """Make the operation, under a name, from the arrays that enter and leave it."""
        return Operation(
            name,
            self.kind,
            self.role,
            tuple(inputs),
            tuple(input_shapes),
            tuple(output_shapes),
            self.windows,
            self.arguments,
            self.weight_shape,
            parameters,
            self.multiply_adds,
            weights=weights or {},
            reason=self.reason,
        )


def role_over(axes: set[int], rank: int) -> Role:
    """Return the role of combining all elements along some axes; the first are batch, channels.

    >>> role_over({2, 3}, 4), role_over({1}, 4), role_over({3}, 4), role_over({1}, 2)
    ('global', 'pointwise', 'reduce', 'dense')
    """
    spatial = set(range(2, rank))
    if not spatial:
        return "dense"
    if axes == {1}:
        return "pointwise"
    return "global" if axes >= spatial else "reduce"


def windows_over(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    padding: Pairs,
) -> tuple[Window, ...]:
    """Windows over these sizes, whether they fit or not; none if arguments are at odds."""
    if len({*map(len, (sizes, kernel, stride, dilation, padding))}) > 1:
        return ()
    columns = zip(sizes, kernel, stride, dilation, padding, strict=True)
    return tuple(Window(size, k, s, d, *pair) for size, k, s, d, pair in columns)


def window_arguments(
    stride: tuple[int, ...],
    padding: Pairs | str,
    dilation: tuple[int, ...],
    *,
    output_padding: tuple[int, ...] = (),
    groups: int = 1,
    bias: bool = True,
    default_stride: tuple[int, ...] = (),
) -> dict[str, object]:
    """Name the arguments of a convolution or pooling as PyTorch does, less those at its defaults.

    >>> window_arguments((2, 2), ((1, 1), (0, 0)), (1, 1), bias=False)
    {'stride': (2, 2), 'padding': (1, 0), 'bias': False}
    """
    ones = (1,) * len(stride)
    arguments: dict[str, object] = {}
    if stride != (default_stride or ones):
        arguments["stride"] = stride
    if isinstance(padding, str):
        if padding != "valid":
            arguments["padding"] = padding
    elif any(map(any, padding)):
        symmetric = all(before == after for before, after in padding)
        arguments["padding"] = tuple(before for before, _ in padding) if symmetric else padding
    if any(output_padding):
        arguments["output_padding"] = output_padding
    if dilation != ones:
        arguments["dilation"] = dilation
    if groups != 1:
        arguments["groups"] = groups
    if not bias:
        arguments["bias"] = False
    return arguments


def convolution_work(positions: Shape, weight_shape: Sequence[int]) -> int | None:
    """Multiply-adds of a convolution: each weight is used once at each position of the batch."""
    count = element_count(positions)
    return None if count is None else count * math.prod(weight_shape)


def shape_text(shape: Sequence[int | str | None]) -> str:
    """Write a shape for a message.

    >>> shape_text((1, 64, None)), shape_text(())
    ('1 × 64 × ?', 'a scalar')
    """
    return format_shape(shape) or "a scalar"
