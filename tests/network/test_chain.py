"""A network is a sequence of its layers, and prints as their table."""

from __future__ import annotations

import pytest

import fencepost as fp


def network():
    return fp.Network((1, 6, 6), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(2)])


def test_a_network_is_a_chain_of_layers():
    net = network()
    assert len(net) == 3
    assert net[0] == fp.Conv2d(2, 3)
    assert net[-1] == fp.Linear(2)
    assert net[1:] == net.layers[1:]
    assert list(net) == list(net.layers)
    with pytest.raises(IndexError):
        net[3]


def test_the_summary_is_the_table(capsys):
    assert network().summary() is None
    assert capsys.readouterr().out == f"{network()}\n"
    assert "Conv2d(2, 3)" in str(network())
