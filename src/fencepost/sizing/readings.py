"""What a shape may be meant as that does not fit: with its batch, channels last, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..text import format_shape

_BATCH = "leave out the batch dimension"
_LAST = "put the channels first"
_NONE = "add the channels"


class Reading(NamedTuple):
    """A shape without the batch and with channels first, and what was otherwise."""

    shape: tuple[int, ...]
    why: str


def readings(shape: Sequence[int]) -> Iterator[Reading]:
    """Iterate over what a shape may be meant as, the most probable first.

    >>> for reading in readings((1, 32, 32, 3)):
    ...     print(*reading)
    (3, 32, 32) leave out the batch dimension, and put the channels first
    (32, 32, 3) leave out the batch dimension
    >>> [reading.shape for reading in readings((32, 32))]
    [(1, 32, 32), (3, 32, 32)]
    """
    sizes = tuple(shape)
    if len(sizes) > 3:
        inner = sizes[-3:]
        last = Reading((inner[2], *inner[:2]), f"{_BATCH}, and {_LAST}")
        first = Reading(inner, _BATCH)
        yield from (last, first) if inner[2] < min(inner[:2]) else (first, last)
        return
    if len(sizes) == 3 and sizes[2] < min(sizes[:2]):
        yield Reading((sizes[2], *sizes[:2]), _LAST)
    if len(sizes) > 1 and sizes[0] == 1:
        yield Reading(sizes[1:], _BATCH)
    if len(sizes) == 2 and sizes[1] < sizes[0]:
        yield Reading((sizes[1], sizes[0]), _LAST)
    if len(sizes) < 3:
        yield Reading((1, *sizes), _NONE)
    if len(sizes) == 2:
        yield Reading((3, *sizes), _NONE)


def fitting_reading(shape: Sequence[int], fits: Callable[[tuple[int, ...]], bool]) -> str:
    """Say with which reading of a shape that does not fit everything does; empty if with none.

    >>> fitting_reading((1, 3, 32, 32), lambda shape: shape[0] == 3)
    'It fits with an input of 3 × 32 × 32: leave out the batch dimension.'
    """
    for reading in readings(shape):
        if fits(reading.shape):
            return f"It fits with an input of {format_shape(reading.shape)}: {reading.why}."
    return ""


def likeliest_reading(shape: Sequence[int]) -> str:
    """Say what a shape of too many sizes is without its batch.

    >>> likeliest_reading((1, 3, 32, 32))
    'That is 3 × 32 × 32: leave out the batch dimension.'
    """
    reading = next(readings(shape))
    return f"That is {format_shape(reading.shape)}: {reading.why}."
