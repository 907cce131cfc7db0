"""Convolutions and linear layers that would compute for long: values with weights of 0."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fencepost.interchange.torch import values
from fencepost.interchange.torch.products import multiply_adds
from fencepost.interchange.torch.trace import read_module

from .modules import Net

LAYERS = {
    "linear": (nn.Linear(6, 5), (4, 6)),
    "1": (nn.Conv1d(4, 6, 3, groups=2), (4, 9)),
    "2": (nn.Conv2d(3, 4, 3, stride=2, padding="valid"), (3, 9, 8)),
    "3": (nn.Conv3d(2, 4, 2), (2, 4, 5, 4)),
    "transposed 1": (nn.ConvTranspose1d(4, 3, 3, stride=2), (4, 5)),
    "transposed 2": (nn.ConvTranspose2d(3, 6, 3, 2, output_padding=1, groups=3), (3, 4, 5)),
    "transposed 3": (nn.ConvTranspose3d(2, 3, 2), (2, 3, 4, 3)),
    "no bias": (nn.Conv2d(3, 4, 3, bias=False), (3, 6, 6)),
}


def _chosen(self, x):
    """Keep those elements whose values are above a middle, twice."""
    y = self.layer(x).add_(x.sum())
    few = y[y > self.middle]
    return torch.cat([few, few.add(self.layer(x).sum()).round().unique()]).unsqueeze(0)


def _weightless(net):
    other = copy.deepcopy(net)
    nn.init.zeros_(other.layer.weight)
    return other


@pytest.mark.parametrize("name", LAYERS)
def test_sizes_are_those_with_weights_of_zero(name, monkeypatch):
    layer, shape = LAYERS[name]
    monkeypatch.setattr(values, "MOST_WORK", 0)
    bias = layer.bias if layer.bias is not None else torch.zeros(1)
    net = Net(_chosen, layer=layer).eval()
    net.register_buffer("middle", bias.detach().median() - 1e-6)
    graph = read_module(net, [shape])
    maker, output = graph.outputs[0]
    with torch.no_grad():
        expected = _weightless(net)(torch.zeros(1, *shape)).shape
    assert graph.operations[maker].output_shapes[output] == expected
    assert "weights of zero in its convolutions and linear layers" in graph.unknown[0]


def _twice(self, x):
    """Ask for values that cost little, then for some that cost more."""
    few = self.layer(x).flatten(1)[:, : 3 + int(self.layer(x[..., :3, :3]).sum() > 0)]
    many = self.layer(x)
    return torch.cat([few, many[many > -1].unsqueeze(0)], 1)


@pytest.mark.parametrize("most", [0, 200, 10**6])
def test_all_values_are_with_weights_or_none(most, monkeypatch):
    torch.manual_seed(0)
    net = Net(_twice, layer=nn.Conv2d(3, 4, 3)).eval()
    nn.init.constant_(net.layer.bias, 1.0)
    net.layer.weight.data.mul_(40)
    x = torch.zeros(1, 3, 8, 8)
    work = multiply_adds("conv2d", ((x, net.layer.weight), {}), [net.layer(x)])
    assert work == 4 * 6 * 6 * 27
    monkeypatch.setattr(values, "MOST_WORK", most)
    graph = read_module(net, [(3, 8, 8)])
    spared = most < 4 * 27 + work
    assert ("weights of zero" in graph.unknown[0]) == spared
    with torch.no_grad():
        expected = (_weightless(net) if spared else net)(x).shape
    maker, output = graph.outputs[0]
    assert graph.operations[maker].output_shapes[output] == expected


def test_what_enters_such_a_layer_is_not_computed(monkeypatch):
    monkeypatch.setattr(values, "MOST_WORK", 0)
    made, make = [], values._make

    def noted(call):
        made.append(call.function.__name__)
        make(call)

    def run(self, x):
        y = self.layer(x.sin()).cos()
        return y[y > 0].unsqueeze(0)

    monkeypatch.setattr(values, "_make", noted)
    read_module(Net(run, layer=nn.Conv2d(3, 4, 3)), [(3, 8, 8)])
    assert "bias_alone" in made
    assert "cos" in made
    assert "sin" not in made


def test_other_calls_are_no_work():
    assert multiply_adds("matmul", ((torch.ones(2, 3), torch.ones(3, 4)), {}), [1]) == 0
    named = {"input": torch.ones(2, 3), "weight": torch.ones(4, 3)}
    assert multiply_adds("linear", ((), named), [torch.ones(2, 4)]) == 24
