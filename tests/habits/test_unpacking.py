"""How a line unpacks what it iterates over, on every Python that runs this."""

from __future__ import annotations

import sys

from fencepost.habits.unpacking import unpacking


class Asked:
    asked = None

    def __iter__(self):
        self.asked = unpacking(sys._getframe(1))
        return iter([(1, 2), (3, 4)])


def test_nested_targets_and_loops_over_pairs_are_seen():
    one = Asked()
    (_a, _b), (_c, _d) = one
    assert one.asked == "nested"
    for _a, _b in one:
        assert one.asked == "loop"
    assert [a + b for a, b in one] == [3, 7]
    assert one.asked in ("loop", "")  # from 3.13 on, a comprehension asks elsewhere


def test_all_else_is_not():
    one = Asked()
    for take in (list, tuple, dict, lambda value: [*value]):
        take(one)
        assert one.asked == ""
    _first, _second = one
    assert one.asked == ""
    for _pair in one:
        assert one.asked == ""
    _first, *_rest = one
    assert one.asked == ""
