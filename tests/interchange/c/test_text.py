"""Names, strings and numbers of C, from texts that are hard for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fencepost.interchange.c.text import array, ascii_text, prefix, string


@pytest.mark.parametrize(
    ("stem", "expected"),
    [("lenet5", "lenet5"), ("My_Model-2", "My_Model_2"), ("int", "int"), ("math", "math")],
)
def test_plain_names(stem, expected):
    assert prefix(Path(f"folder.x/{stem}.h")) == expected


def test_names_that_are_no_identifiers_stay_apart():
    stems = [
        "a b",
        "a.b",
        "a+b",
        "ä b",
        "数据",
        "模型",
        "1",
        "_1",
        "",
        "a__b",
        "a" * 300,
        "a" * 301,
    ]
    names = [prefix(Path(f"{stem}.h")) for stem in stems]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.isidentifier() and name[0] != "_" for name in names)
    assert max(map(len, names)) < 40


def test_strings():
    assert string('a"b\\c?d') == '"a\\"b\\\\c\\?d"'
    assert string("\n1é") == '"\\0121\\303\\251"'
    assert string("\ud800") == '"\\\\ud800"'


def test_comments_cannot_end_early():
    assert ascii_text("1 × 2 */ → 東") == "1 x 2 * / -> ?"


def test_numbers_come_back():
    values = np.array([0.1, -3, 1e-45, 3.4028235e38, 1 / 3, 123456789], np.float32)
    body = "".join(array("float", "a", values)[1:-1])
    read = [np.float32(word.strip().rstrip("f")) for word in body.split(",")]
    np.testing.assert_array_equal(read, values)
    assert all(any(c in word for c in ".e") for word in body.split(","))
