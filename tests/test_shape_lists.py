"""The shape lists can be read, are what they say, and a bad line is refused with a reason."""

from __future__ import annotations

import pytest

from shape_lists import ShapeLineError, conv_cases, list_names, parse_line, pool_cases, read_list

NAMES = [
    "basic",
    "dilations",
    "groups",
    "model",
    "one_dimensional",
    "one_pixel",
    "padding",
    "strides",
    "tails",
]


def test_every_list_is_read():
    assert list_names() == NAMES
    assert len(conv_cases()) > 100
    assert len(pool_cases()) > 30
    for case in conv_cases() + pool_cases():
        assert min(case.output) >= 1, case


def test_lists_hold_what_they_are_named_for():
    def some(name, condition):
        return sum(bool(condition(case)) for case in read_list(name)) > len(read_list(name)) // 2

    assert some("padding", lambda case: len({*case.padding}) > 1)
    assert some("strides", lambda case: max(case.stride) > 1)
    assert some("dilations", lambda case: max(case.dilation) > 1)
    assert some("groups", lambda case: case.groups > 1 or case.connections)
    assert any(case.groups == case.input[0] > 1 for case in read_list("groups"))
    assert all(case.input[1] == 1 for case in read_list("one_dimensional"))
    assert some("one_pixel", lambda case: 1 in case.input[1:] or case.output[1:] == (1, 1))
    assert some("tails", lambda case: all(size % 4 for size in (case.output[2], case.images)))


def test_a_line_in_full():
    case = parse_line("conv in=3x9x7 out=5 k=3x2 s=1x2 p=1,0,2,1 d=2x1 g=1 bias=0 n=5", "x:1")
    assert (case.input, case.out, case.kernel, case.stride) == ((3, 9, 7), 5, (3, 2), (1, 2))
    assert (case.padding, case.dilation, case.groups) == ((1, 0, 2, 1), (2, 1), 1)
    assert (case.bias, case.images, case.connections) == (False, 5, None)
    # (9 + 1 + 0 − 2·2 − 1) / 1 + 1 and (7 + 2 + 1 − 1 − 1) / 2 + 1
    assert case.output == (5, 6, 5)
    assert case.weight_shape == (5, 3, 3, 2)


def test_defaults():
    case = parse_line("conv in=4x5x5 out=2 k=3x3", "x:1")
    assert (case.stride, case.padding, case.dilation) == ((1, 1), (0, 0, 0, 0), (1, 1))
    assert (case.groups, case.bias, case.images) == (1, True, 1)
    pool = parse_line("avg in=4x6x6 k=3x2 pad=0", "x:1")
    assert (pool.out, pool.stride, pool.count_include_pad) == (4, (3, 2), False)


def test_a_table_of_connections():
    case = parse_line("conv in=3x5x5 out=2 k=2x2 c=101/010", "x:1")
    assert case.connections == ((1, 0, 1), (0, 1, 0))
    assert case.weight_shape == (3, 2, 2)


def test_the_connections_of_lenet_5():
    (c3,) = [case for case in read_list("model") if case.connections]
    weights = 1
    for size in c3.weight_shape:
        weights *= size
    assert weights + c3.out == 1516  # LeCun et al. 1998, II.B


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("pool in=1x3x3 k=2x2", "a line starts with conv, max, avg or sum, not 'pool'"),
        ("conv out=2 k=3x3", "in= is missing"),
        ("conv in=1x3x3 k=3x3", "out= is missing"),
        ("conv in=1x3x3 out=2 k", "'k' is not a new key=value"),
        ("max in=1x3x3 k=2x2 k=3x3", "'k=3x3' is not a new key=value"),
        ("max in=1x3 k=2x2", "in=1x3 cannot be read: 3 numbers joined by 'x' are needed"),
        ("max in=1x3xa k=2x2", "in=1x3xa cannot be read: invalid literal"),
        ("max in=1x3x3 k=2x2 q=1", "unknown q="),
        ("max in=1x3x3 k=2x2 g=1", "g= is for a conv, not for max"),
        ("max in=1x3x3 k=2x2 pad=1", "pad= is for avg, not for max"),
        ("avg in=1x3x3 k=2x2 pad=2", "pad=2 cannot be read: 0 or 1 is needed"),
        ("conv in=1x3x3 out=2 k=4x4", "The kernel is larger than its input"),
        ("conv in=3x3x3 out=4 k=1x1 g=2", "g=2 does not divide 3 and 4 channels"),
        ("conv in=1x3x3 out=2 k=2x2 n=0", "channels, out, g and n are at least 1"),
        ("conv in=2x3x3 out=2 k=2x2 g=2 c=11/11", "c= and g= exclude each other"),
        ("conv in=2x3x3 out=2 k=2x2 c=11", "c= has not 2 rows of 2"),
        ("conv in=2x3x3 out=2 k=2x2 c=11/00", "c= leaves an output channel without an input"),
        ("max in=1x3x3 k=2x2 p=2,0,0,0", "a window of this pool looks at nothing but padding"),
    ],
)
def test_bad_lines_are_refused(line, reason):
    with pytest.raises(ShapeLineError) as caught:
        parse_line(line, "some.txt:7")
    assert str(caught.value).startswith(f"some.txt:7: {reason}")
    assert str(caught.value).endswith(line)
