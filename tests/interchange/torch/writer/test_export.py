"""Networks as PyTorch modules: the same outputs, weights and names; trained, scripted, exported."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, network_of, random_images
from fencepost.layers import Layer
from shape_lists import list_names, read_list

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fencepost.interchange.torch.writer import layers  # noqa: E402  # PyTorch comes with it

NAMES = [*LAYERS, *MODELS]


def made(name):
    return network(name) if name in LAYERS else disturbed(MODELS[name]())


def close(received, expected):
    limit = 1e-5 * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(received.detach().numpy(), expected, rtol=0, atol=limit)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_weights_and_names(name):
    net = made(name)
    module = net.to_torch()
    images = random_images(net, 3)
    close(module(torch.from_numpy(images)), net(images))
    weights = {**net.parameters, **net.state}
    named = {k: v for k, v in module.state_dict().items() if "num_batches" not in k}
    assert named.keys() == weights.keys()
    assert all(np.array_equal(array, weights[k]) for k, array in named.items())
    assert [k for k, _ in module.named_parameters()] == list(net.parameters)


@pytest.mark.parametrize("name", list_names())
def test_shape_lists(name):
    for case in read_list(name):
        net = disturbed(network_of(case))
        images = random_images(net, case.images)
        close(net.to_torch()(torch.from_numpy(images)), net(images))


def test_every_layer_has_a_module():
    assert {kind.__name__ for kind in layers._WRITERS} == set(Layer.types)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_it_scripts(name):
    net = made(name)
    images = random_images(net, 2)
    close(torch.jit.script(net.to_torch())(torch.from_numpy(images)), net(images))


@pytest.mark.parametrize("name", ["lenet5_1998", "residual with batch norm", "small_cnn signal"])
def test_it_trains(name):
    """A step of SGD takes every parameter to where a step of fencepost's takes it."""
    net = made(name)
    net.normalization = (0.5, 2.0)
    images = random_images(net, 8, seed=3)
    labels = np.arange(8) % net.output_shape[0]
    module = net.to_torch().train()
    for part in module.modules():
        part.p = 0.0 if isinstance(part, torch.nn.Dropout) else getattr(part, "p", None)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    loss = torch.nn.functional.cross_entropy(
        module(torch.from_numpy(images)), torch.from_numpy(labels)
    )
    loss.backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    optimizer.step()
    if "small_cnn" in name:  # which has dropout, whose draws are others
        return
    net.fit(
        images, labels, epochs=1, batch_size=8, lr=0.01, schedule="constant", progress=False,
        optimizer=fp.training.SGD(momentum=0, nesterov=False),
    )  # fmt: skip
    for name, parameter in module.named_parameters():
        close(parameter, net.parameters[name])


def test_bytes_are_normalised():
    net = fp.models.lenet5()
    net.normalization = (33.3, 78.6)
    images = random_images(net, 4, np.uint8)
    close(net.to_torch()(torch.from_numpy(images)), net(images))


@pytest.mark.parametrize("name", ["lenet5_1998", "conv padded by remainder", "output of planes"])
def test_files(name, tmp_path):
    net = made(name)
    if len(net.output_shape) == 1:
        net.class_names = [f"class {k}" for k in range(net.output_shape[0])]
    written = net.export(tmp_path / "model.pt2", dtype="float32", tolerance=1e-5)
    assert written.images == 5 and "torch.export" in written.format
    extra = {"class_names": "", "contents": "", "fencepost.network": ""}
    content = io.BytesIO((tmp_path / "model.pt2").read_bytes())
    program = torch.export.load(content, extra_files=extra)
    assert json.loads(extra["fencepost.network"]) == net.config()
    assert extra["contents"] == written.contents
    images = random_images(net, 7)
    outputs = program.module()(torch.from_numpy(images))
    if net.class_names:
        close(outputs[1], net(images))
        close(outputs[0], net.predict_proba(images))
    else:
        close(outputs, net(images))


def test_global_random_numbers_are_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    fp.models.lenet5().to_torch()
    assert torch.rand(1) == expected


def test_opset_is_for_onnx(tmp_path):
    with pytest.raises(fp.ArgumentError, match="opset is for ONNX files"):
        fp.models.lenet5().export(tmp_path / "model.pt2", opset=17)


def test_torch_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(fp.ArgumentError, match=r"fencepost\[torch\]"):
        fp.models.lenet5().to_torch()
