"""Sizes as they are typed."""

from __future__ import annotations

import pytest

from fencepost.cli.shared.options import parse_size, parse_sizes
from fencepost.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("3x32x40", (3, 32, 40)),
        ("3X32×40", (3, 32, 40)),
        (" (3, 32, 40) ", (3, 32, 40)),
        ("84", (84,)),
        ("", None),
        ("0", None),
        ("3x-1", None),
        ("3x4.5", None),
        ("1x2x3x4", None),
        ("9" * 10, None),
        ("²", None),
        ("3xx4", None),
    ],
)
def test_sizes(text, sizes):
    assert parse_sizes(text, 3) == sizes


def test_the_size_of_images():
    assert parse_size(None) is None
    assert parse_size("28") == (28, 28)
    assert parse_size("24x32") == (24, 32)
    for text in ("32*32", "0x4", "1x2x3", "100000", "x"):
        with pytest.raises(ArgumentError, match=r"--size must be HEIGHTxWIDTH in pixels"):
            parse_size(text)
