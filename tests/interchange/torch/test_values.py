"""Values of a model that runs on the meta device: sizes are those with which it runs on the CPU."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fencepost.interchange.torch import trace
from fencepost.interchange.torch.trace import read_module

from .modules import Net, conv


def _cut(y, n):
    """Cut off as many channels as a value says: the size that is compared."""
    return y[:, : 1 + abs(int(n)) % 5]


def _through_a_view(self, x):
    y = torch.zeros(2, 6, 4, 4, device=x.device)
    for i in range(2):
        y[i, : 3 + i].copy_(self.c(x)[0, : 3 + i])
    return _cut(self.d(x), y.sum() * 100)


def _siblings(self, x):
    first, second = self.d(x).chunk(2, 1)
    first.mul_(3).add_(second)
    first[:, 0].fill_(2)
    second += first
    return _cut(self.d(x), 100 * second.sum())


def _in_place(self, x):
    y = self.c(x)
    z = y * 2
    y.relu_().add_(7)
    y[:, 1] = z[:, 0]
    return _cut(self.d(x), 10 * (y.sum() + z.sum()))


def _masked(self, x):
    y = self.d(x).flatten()
    chosen = y[y > y.mean()]
    kept = torch.nonzero(chosen > 0).squeeze(1)
    return chosen[kept].unsqueeze(0)


def _boxes(self, x):
    y = self.d(x)
    top = y.flatten(1).topk(4).indices[0].sort().values
    return torch.cat([y[..., a:b] for a, b in zip(top[:-1] % 4, top[1:] % 5, strict=True)], -1)


def _devices(self, x):
    n = int(self.c(x).abs().sum() * 10)
    y = self.d(x).cpu().to("cpu")
    if y.device.type == "cpu" and not y.is_meta:
        y = y[:, :2]
    grid = torch.arange(3, device=y.device).to(y.device)
    return _cut(y + grid.sum(), n)


def _enlarged(self, x):
    n = int(self.c(x).abs().sum() * 10)
    y = nn.functional.interpolate(self.d(x), size=(n % 9 + 1, 5), mode="bicubic")
    return nn.functional.interpolate(y, None, 1.5, "bilinear", True)


def _written_elsewhere(self, x):
    y = self.c(x)
    n = int(y.sum() * 0) + 2  # from here on, arrays say that they are on the CPU
    z = torch.zeros(n, 4, 4, 4, device=y.device)
    z[torch.nonzero(z[:, 0, 0, 0] == 0)[0]] = y
    return _cut(self.d(x), z.flatten(1).sum() * 100)


def _written_on_the_cpu(self, x):
    z = torch.zeros(1, 4, 4, 4)
    z[0] = self.c(x)[0]
    return _cut(self.d(x), z.flatten(1).sum() * 100)


def _data(self, x):
    y = self.d(x)
    y.data.mul_(0)
    return _cut(self.d(x), y.abs().sum() + 2)


MODELS = {
    "views": _through_a_view,
    "siblings": _siblings,
    "in place": _in_place,
    "masks": _masked,
    "bounds": _boxes,
    "devices": _devices,
    "sizes": _enlarged,
    "written": _written_elsewhere,
    "on the cpu": _written_on_the_cpu,
    "data": _data,
    "unique": lambda self, x: self.d(x).mul(3).round().unique().unsqueeze(0),
    "buffers": lambda self, x: _cut(self.d(x), self.n.running_mean.sum() * 99),
    "loop": lambda self, x: torch.stack([self.d(x)[0, i] for i in self.d(x).argmax(1).flatten()]),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_sizes_are_those_that_run(name, seed):
    torch.manual_seed(seed)
    net = Net(MODELS[name], c=conv(padding=1), d=conv(outs=6, padding=1), n=nn.BatchNorm2d(3))
    nn.init.normal_(net.n.running_mean)
    net.eval()
    before = {key: array.clone() for key, array in net.state_dict().items()}
    graph = read_module(net, [(3, 4, 4)])
    assert graph.failure == ""
    assert "ran on zeros" in graph.unknown[0]
    maker, output = graph.outputs[0]
    with torch.no_grad():
        expected = net(torch.zeros(1, 3, 4, 4)).shape
    assert graph.operations[maker].output_shapes[output] == expected
    assert all(torch.equal(array, before[key]) for key, array in net.state_dict().items())


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"data"}))
def test_the_model_runs_once(name, monkeypatch):
    devices = []
    run = trace._run

    def counted(module, inputs, types, device, keep):
        devices.append(device)
        return run(module, inputs, types, device, keep)

    monkeypatch.setattr(trace, "_run", counted)
    net = Net(MODELS[name], c=conv(padding=1), d=conv(outs=6, padding=1), n=nn.BatchNorm2d(3))
    read_module(net, [(3, 4, 4)])
    assert devices == ["meta"]


def test_what_no_value_depends_on_is_not_computed():
    made = []

    def run(self, x):
        y = self.c(x)
        return self.head(y) if y.sum() != 99 else y

    class Head(nn.Conv2d):
        def forward(self, x):
            made.append(x.data_ptr() == 0)
            return super().forward(x)

    read_module(Net(run, c=conv(), head=Head(4, 4, 1)), [(3, 8, 8)])
    assert made == [True]


def test_statistics_of_the_module_stay_as_they_are():
    def run(self, x):
        y = nn.functional.batch_norm(x + 1, self.n.running_mean, self.n.running_var, training=True)
        return _cut(self.d(y), y.sum())

    net = Net(run, d=conv(outs=6), n=nn.BatchNorm2d(3))
    read_module(net, [(3, 4, 4)])
    assert net.n.running_mean.tolist() == [0, 0, 0]
