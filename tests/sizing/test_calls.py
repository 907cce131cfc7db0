"""Ways to write a call, and arguments that are refused."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ((10, 3), 8),
        (((10,), 3), (8,)),
        ((10, (3, 5)), (8, 6)),
        ((10, 3, (1, 7)), (8, 2)),
        ((10, 3, 1, 0, (1, 2)), (8, 6)),
        ((10, 3, 1, (0, 2)), 10),  # one axis: before and after
        (((10,), 3, 1, (0, 2)), (10,)),
        (((10, 10), 3, 1, (0, 2)), (8, 12)),  # two axes: one number each
        (((10, 10), 3, 1, ((0, 2), (1, 0))), (10, 9)),
        (((10, 10), 3, 1, (1, (1, 0))), (10, 9)),
        ((10, 3, 1, ((0, 2), (1, 0))), (10, 9)),
        ((10, 3, 1, ((0, 2),)), (10,)),
        ((10, 3, 1, (1, 1, 1)), (10, 10, 10)),
        ((10, 4, 1, "same"), 10),
        (((10, 7), (4, 3), 1, "same", 2), (10, 7)),
        (([10, 7], [4, 3]), (7, 5)),
        ((np.int64(10), np.uint8(3)), 8),
        (((np.int32(10), 5), np.array(3)), (8, 3)),
    ],
)
def test_ways_to_write_a_call(call, expected):
    result = fp.output_size(*call)
    assert result == expected
    assert type(result) is type(expected)
    assert all(type(item) is int for item in (result if isinstance(result, tuple) else (result,)))


INTEGER = "{} must be an integer, at least {}. Received: {}."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"input_size": 0}, INTEGER.format("input_size", 1, "input_size=0")),
        ({"input_size": -4}, INTEGER.format("input_size", 1, "input_size=-4")),
        ({"input_size": (4, 0)}, INTEGER.format("input_size", 1, "input_size=0")),
        ({"kernel_size": 0}, INTEGER.format("kernel_size", 1, "kernel_size=0")),
        ({"stride": 0}, INTEGER.format("stride", 1, "stride=0")),
        ({"dilation": 0}, INTEGER.format("dilation", 1, "dilation=0")),
        ({"padding": -1}, INTEGER.format("padding", 0, "padding=-1")),
        ({"padding": (0, -1)}, INTEGER.format("padding", 0, "padding=-1")),
        ({"input_size": True}, INTEGER.format("input_size", 1, "input_size=True")),
        ({"stride": np.True_}, INTEGER.format("stride", 1, "stride=np.True_")),
        ({"padding": False}, INTEGER.format("padding", 0, "padding=False")),
        ({"input_size": 10.0}, INTEGER.format("input_size", 1, "input_size=10.0")),
        ({"kernel_size": "3"}, INTEGER.format("kernel_size", 1, "kernel_size='3'")),
        ({"kernel_size": None}, INTEGER.format("kernel_size", 1, "kernel_size=None")),
        (
            {"stride": np.array([1, 2])},
            INTEGER.format("stride", 1, "stride=array([1, 2])"),
        ),
        (
            {"input_size": ()},
            "input_size must have at least one axis. Received: input_size=().",
        ),
        ({"padding": []}, "padding must have at least one axis. Received: padding=[]."),
        (
            {"padding": ((1, 2, 3),)},
            "padding of one axis must be one number or a pair (before, after). "
            "Received: (1, 2, 3).",
        ),
        (
            {"padding": "valid"},
            'padding must be a number of zeros, (before, after) pairs or "same". '
            "Received: padding='valid'.",
        ),
        (
            {"remainder": "floor"},
            'remainder must be one of "error", "crop", "pad". Received: remainder=\'floor\'.',
        ),
        (
            {"remainder": None},
            'remainder must be one of "error", "crop", "pad". Received: remainder=None.',
        ),
        (
            {"input_size": (9, 9), "kernel_size": (3, 3, 3)},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 2, kernel_size has 3.",
        ),
        (
            {"input_size": (9, 9), "padding": ((1, 1),)},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 2, padding has 1.",
        ),
        (
            {"input_size": (9,), "padding": (1, (1, 2))},
            "All sizes must have the same number of axes (an int holds for every axis). "
            "Received: input_size has 1, padding has 2.",
        ),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else "",
)
def test_arguments_that_are_refused(call, message):
    with pytest.raises(fp.ArgumentError) as caught:
        fp.output_size(**{"input_size": 10, "kernel_size": 3, **call})
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)
