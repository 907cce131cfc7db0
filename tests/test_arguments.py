"""Every check of an argument: what is taken, what is refused, in which words."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from fencepost.arguments import choice, flag, integer, per_axis, real, string
from fencepost.errors import ArgumentError
from fencepost.habits import nearest


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_integers(value):
    number = integer("size", value, 1, 5)
    assert number == 3
    assert type(number) is int


def test_integers_without_limits_may_be_anything():
    assert integer("seed", -(10**400)) == -(10**400)


@pytest.mark.parametrize(
    "value, message",
    [
        (0, "size must be an integer, at least 1. Received: size=0."),
        (3.0, "size must be an integer, at least 1. Received: size=3.0."),
        (True, "size must be an integer, at least 1. Received: size=True."),
        (np.True_, "size must be an integer, at least 1. Received: size=np.True_."),
        ("3", "size must be an integer, at least 1. Received: size='3'."),
        (math.nan, "size must be an integer, at least 1. Received: size=nan."),
        (None, "size must be an integer, at least 1. Received: size=None."),
        ([3], "size must be an integer, at least 1. Received: size=[3]."),
        (np.array([3]), "size must be an integer, at least 1. Received: size=array([3])."),
        (2000, "size must be an integer, at most 1,000. Received: size=2000."),
        (10**5000, "at most 1,000. Received: size=an integer of 16,610 bits."),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_integer_within_limits(value, message):
    with pytest.raises(ArgumentError) as caught:
        integer("size", value, 1, 1000)
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")]
)
def test_real_numbers(value):
    number = real("p", value, 0, 1)
    assert number == 0.5
    assert type(number) is float


def test_the_ends_are_in_or_out():
    assert real("p", 0, 0, 1) == 0.0
    assert real("p", 1, 0, 1) == 1.0
    with pytest.raises(ArgumentError, match="p must be a number, more than 0 and at most 1"):
        real("p", 0, 0, 1, above=True)
    with pytest.raises(ArgumentError, match="p must be a number, at least 0 and less than 1"):
        real("p", 1, 0, 1, below=True)


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, -math.inf, 10**400, "1", b"1", True, np.True_, 1j, np.complex64(1),
        None, [1.0], np.array([1.0]), Decimal("nan"), Decimal("snan"), object(), np.ma.masked,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_finite_number(value):
    with pytest.raises(ArgumentError, match=r"x must be a finite number\. Received: x="):
        real("x", value)


def test_rules_for_real_numbers_say_finite_where_the_limits_do_not():
    with pytest.raises(ArgumentError) as caught:
        real("sigma", math.nan, 0, above=True)
    assert str(caught.value) == "sigma must be a finite number, more than 0. Received: sigma=nan."


def test_flags():
    assert flag("bias", True) is True
    assert flag("bias", np.False_) is False
    assert flag("bias", np.array(True)) is True
    for value in (1, 0, "yes", None, np.array([True]), np.int64(1)):
        with pytest.raises(ArgumentError, match=r"bias must be True or False\. Received: bias="):
            flag("bias", value)


def test_strings():
    assert type(string("name", np.str_("box"))) is str
    for value in (None, b"box", ["box"], np.array(["box", "box"])):
        with pytest.raises(ArgumentError, match=r"name must be a string\. Received: name="):
            string("name", value)


def test_choices():
    assert choice("mode", "full", ["full", "valid"]) == "full"
    with pytest.raises(ArgumentError) as caught:
        choice("mode", "ful", (name for name in ("full", "valid")))
    assert str(caught.value) == (
        'mode must be one of "full", "valid". Received: mode=\'ful\'. Did you mean "full"?'
    )
    with pytest.raises(ArgumentError, match=r"Received: mode=\['full'\]\.$"):
        choice("mode", ["full"], ("full", "valid"))
    assert nearest("zzz", ["full"]) == ""


def test_one_value_or_one_per_axis():
    assert per_axis("kernel_size", 3, 2) == (3, 3)
    assert per_axis("kernel_size", np.array([3, 5]), 2) == (3, 5)
    assert per_axis("kernel_size", np.array(3), 2) == (3, 3)
    assert per_axis("padding", [0, 1], 2, minimum=0) == (0, 1)
    assert per_axis("sigma", (1, 2.5), 2, real) == (1.0, 2.5)


@pytest.mark.parametrize(
    "value, message",
    [
        ((3, 3, 3), r"kernel_size must be an integer or 2 of them, one per axis. Received: .*\.$"),
        ((), "kernel_size must be an integer or 2 of them"),
        ("33", "kernel_size must be an integer, at least 1. Received: kernel_size='33'"),
        ((3, 0), r"kernel_size must be an integer, at least 1. Received: kernel_size=0\.$"),
        ((3, 99), r"kernel_size must be an integer, at most 9\. Received: kernel_size=99\.$"),
        (np.zeros((2, 2), int), "kernel_size must be an integer"),
    ],
)
def test_what_is_no_value_for_each_axis(value, message):
    with pytest.raises(ArgumentError, match=message):
        per_axis("kernel_size", value, 2, maximum=9)
