"""Where an operation's weights are, as each reader knows it: initializers, state dict, network."""

from __future__ import annotations

import pytest

import fencepost as fp
from fencepost.interchange.reading import read_model

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402


def module():
    norm = nn.BatchNorm2d(4)
    for array in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        nn.init.uniform_(array, 0.5, 1)  # the exporter writes equal arrays once
    features = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), norm, nn.PReLU())
    return nn.Sequential(features, nn.Flatten(), nn.Linear(4 * 36, 5)).eval()


def test_names_in_the_state_dict():
    net = module()
    graph = read_model(net, (3, 8, 8))
    weights = {operation.kind: operation.weights for operation in graph.operations}
    assert weights["Conv2d"] == {"weight": "0.0.weight"}
    assert weights["BatchNorm2d"] == {
        "weight": "0.1.weight",
        "bias": "0.1.bias",
        "running_mean": "0.1.running_mean",
        "running_var": "0.1.running_var",
    }
    assert weights["Flatten"] == {}
    state = net.state_dict()
    named = {name for operation in graph.operations for name in operation.weights.values()}
    assert named == {name for name in state if "num_batches" not in name}
    for operation in graph.operations:
        if operation.weight_shape is not None:
            assert tuple(state[operation.weights["weight"]].shape) == operation.weight_shape


def test_a_call_of_functional_has_none_of_its_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4, 3, 3, 3))

        def forward(self, x):
            return nn.functional.conv2d(x, self.weight)

    (operation,) = read_model(Net(), (3, 8, 8)).operations
    assert operation.weights == {}


def test_names_of_initializers(tmp_path):
    onnx = pytest.importorskip("onnx", reason="the exporter needs the onnx package")
    path = tmp_path / "net.onnx"
    training = torch.onnx.TrainingMode.PRESERVE  # or the norm is folded into the convolution
    options = {"dynamo": False, "training": training, "do_constant_folding": False}
    torch.onnx.export(module(), torch.zeros(1, 3, 8, 8), path, **options)
    graph = read_model(path)
    arrays = {array.name: tuple(array.dims) for array in onnx.load(path).graph.initializer}
    named = {name for operation in graph.operations for name in operation.weights.values()}
    # The slopes of PReLU are brought to another shape before they are used.
    assert named == set(arrays) - {"0.2.weight"}
    for operation in graph.operations:
        for name, initializer in operation.weights.items():
            assert name in ("weight", "bias", "running_mean", "running_var")
            assert initializer in arrays
        if operation.kind == "BatchNorm2d":
            assert len(operation.weights) == 4
        if operation.kind == "Conv2d":
            assert arrays[operation.weights["weight"]] == operation.weight_shape


def test_names_in_the_network():
    network = fp.Network((1, 8, 8), [fp.Conv2d(2, 3), fp.BatchNorm2d(), fp.Flatten(), fp.Linear(3)])
    graph = read_model(network)
    named = [name for operation in graph.operations for name in operation.weights.values()]
    assert sorted(named) == sorted([*network.parameters, *network.state])
