"""Shapes, lists, counts and tables in words."""

from __future__ import annotations

import pytest

from fencepost.text import (
    format_shape,
    format_table,
    format_value,
    join_words,
    mark_column,
    plural,
    quoted,
)


@pytest.mark.parametrize(
    "shape, text",
    [
        ((6, 28, 28), "6 × 28 × 28"),
        ([3], "3"),
        (7, "7"),
        ((), ""),
        (None, "?"),
        ((1, None, 5), "1 × ? × 5"),
        ("batch", "batch"),
        (("batch-1", 3), "batch-1 × 3"),
        ((2, -3), "2 × −3"),
    ],
)
def test_shapes(shape, text):
    assert format_shape(shape) == text


def test_lists_and_counts():
    assert join_words(iter(["a", "b", "c"])) == "a, b and c"
    assert join_words([1, 2], last="or") == "1 or 2"
    assert join_words([]) == ""
    assert [plural(n, "layer") for n in (0, 1, 2)] == ["0 layers", "1 layer", "2 layers"]
    assert plural(12_000, "axis", "axes") == "12,000 axes"
    assert quoted(["x", 1]) == ['"x"', '"1"']


def test_tables():
    assert format_table([("a", "1"), ("bcd", "100")], "<>") == "a      1\nbcd  100"
    assert format_table([("a", "b"), ("ccc", "d")], "<<", gap=" | ") == "a   | b\nccc | d"
    assert format_table([("ends", ""), ("not", "x")], "<<") == "ends\nnot   x"
    assert format_table([], "<>") == ""
    wide = format_table([("人々", "1"), ("e\N{COMBINING ACUTE ACCENT}clair", "2")], "<>")
    assert wide == "人々    1\ne\N{COMBINING ACUTE ACCENT}clair  2"  # as terminals show them
    with pytest.raises(ValueError, match="zip"):
        format_table([("a", "b"), ("c",)], "<<")


@pytest.mark.parametrize("column", [0, 5, 39, 40, 41, 120, 199])
def test_the_mark_stands_below_its_column(column):
    line = "".join(chr(ord("a") + k % 26) for k in range(200))
    above, below = mark_column(line, column).split("\n")
    assert above[below.index("^")] == line[column]
    assert below.endswith(f"^ column {column + 1}")
    assert len(above) <= 4 + 78


def test_the_mark_stands_below_wide_letters():
    above, below = mark_column("人=人,x", 4).split("\n")
    assert above.endswith("x") and below.index("^") == len(above) - 1 + 2


def test_values_that_cannot_be_written_are_described():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert format_value(10**5000) == "an integer of 16,610 bits"
    assert format_value([10**5000]) == "a list"
    assert format_value(Broken()) == "a Broken"
    assert len(format_value("x" * 10**6)) == 80
