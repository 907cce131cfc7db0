"""How a network is predicted, as it is explained: methods, memory, what exact=True changes."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

LAYERS = [
    fp.Conv2d(64, 3, padding=1),
    fp.BatchNorm2d(),
    fp.ReLU(),
    fp.Residual(fp.Conv2d(64, 3, padding=1), fp.ReLU()),
    fp.MaxPool2d(2),
    fp.Flatten(),
    fp.Linear(5),
]


def network(**options):
    return fp.Network((3, 32, 32), LAYERS, **options)


def test_every_layer_is_in_a_pass():
    explanation = network().explain()
    assert [p.layers for p in explanation.passes] == ["0 to 2", "3", "4", "5", "6"]
    assert explanation.passes[1].method == "Winograd 4 x 4"
    assert all(p.expected > 0 and p.measured is None for p in explanation.passes)


def test_exact_keeps_to_direct_sums():
    net = network(exact=True)
    (method,) = {p.method for p in net.explain(count=16).passes if p.method}
    assert method == "direct sums"
    assert "exact=True asks for direct sums" in net.explain().passes[1].others
    assert fp.Network.from_config(net.config()).exact
    assert net.copy().exact
    assert not fp.Network.from_config(network().config()).exact


def test_the_environment_asks_for_direct_sums(monkeypatch):
    for value, expected in (("1", "direct sums"), ("0", "Winograd 4 x 4")):
        monkeypatch.setenv("FENCEPOST_EXACT", value)
        assert network().explain().passes[1].method == expected


def test_images_are_timed():
    net = network()
    images = np.zeros((3, 3, 32, 32), np.uint8)
    explanation = net.explain(images)
    assert explanation.count == 3
    assert all(p.measured > 0 for p in explanation.passes)
    lines = str(explanation).splitlines()
    assert lines[0].split() == [
        *("layers", "lanes", "method", "side", "by", "side"),
        *("expected", "µs", "measured", "µs"),
    ]
    assert lines[-1] == f"memory of values: {explanation.memory / 1e6:.1f} MB"


def test_memory_does_not_grow_with_images_beyond_a_pass():
    net = network()
    memories = [net.explain(count=count).memory for count in (1, 64, 1024)]
    assert memories[0] < memories[1] == memories[2]


@pytest.mark.parametrize("count", [0, 1.5, True])
def test_count_must_be_positive(count):
    with pytest.raises(fp.ArgumentError, match="count must be"):
        network().explain(count=count)


def test_images_must_suit():
    with pytest.raises(fp.DataError):
        network().explain(np.zeros((2, 3, 31, 32), np.uint8))
