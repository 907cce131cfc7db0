"""Kernels as tables of text and HTML."""

from __future__ import annotations

import numpy as np

import fencepost as fp


def test_printed_as_a_table():
    assert str(fp.Kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], name="mine")) == (
        "mine: 3 × 3\n 0 -1  0\n-1  5 -1\n 0 -1  0"
    )
    assert str(fp.kernels.mean(2)) == "mean(size=2): 2 × 2\n1/4 ×\n1 1\n1 1"
    assert str(fp.Kernel([0.123456, -2], origin=0)) == ("kernel: 2 weights, origin at 0\n0.1235 -2")
    assert repr(fp.kernels.mean((3, 5))) == "<Kernel mean(size=3×5): 3 × 5>"


def test_large_tables_leave_out_the_middle():
    lines = str(fp.Kernel(np.arange(10_000).reshape(100, 100))).splitlines()
    assert len(lines) == 1 + 15
    assert lines[1].split() == ["0", "1", "2", "3", "4", "5", "6", "…", *map(str, range(93, 100))]
    assert set(lines[8].split()) == {"…"}
    assert lines[-1].split()[-1] == "9999"


def test_html_escapes_names():
    shown = fp.Kernel([[1, -1]], name="<b>&")._repr_html_()
    assert "&lt;b&gt;&amp;" in shown
    assert shown.count("<td") == 2
