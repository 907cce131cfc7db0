"""Curves of the report: where points lie, and how high an axis is."""

from __future__ import annotations

import re

import pytest

from fencepost import charts


def points(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.split()]
        for line in re.findall(r'points="([^"]*)"', svg)
    ]


def test_values_lie_between_nothing_and_the_top():
    drawn = charts.curves("Loss", {"training": [1.0, 0.5, 0.0], "validation": [0.8, 0.8, 0.8]}, 2)
    validation, training = points(drawn)
    (x0, top), (x1, middle), (x2, bottom) = training
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.11)
    assert middle == pytest.approx((top + bottom) / 2, abs=0.11)
    assert [y for _, y in validation] == pytest.approx([top + 0.2 * (bottom - top)] * 3, abs=0.11)
    assert f'x1="{x1}" x2="{x1}"' in drawn  # the epoch that was kept
    assert ">training<" in drawn and ">validation<" in drawn


def test_one_epoch_is_a_point():
    assert "<circle" in charts.curves("Loss", {"training": [0.3]})


def test_a_signal_fills_its_height():
    ((low, high, other),) = points(charts.signal([-1.0, 3.0, 1.0]))
    assert (low[1], high[1], other[1]) == (60.0, 4.0, 32.0)
    assert points(charts.signal([2.0, 2.0]))


@pytest.mark.parametrize(
    ("value", "top"), [(0.37, 0.4), (0.5, 0.5), (1.0, 1.0), (99.0, 100.0), (0.0, 1.0), (2e-5, 2e-5)]
)
def test_the_top_is_a_round_number(value, top):
    assert charts.ceiling(value) == pytest.approx(top)
