"""Decorators that fill a table."""

from __future__ import annotations

from fencepost.interchange.registry import registrar


def test_a_function_is_entered_under_each_key_and_stays_what_it_is():
    table = {int: abs}
    serves = registrar(table)

    @serves(float, str)
    def double(value):
        return 2 * value

    assert table == {int: abs, float: double, str: double}
    assert double("a") == "aa"
