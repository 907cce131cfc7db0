"""Any model as a network: round trips of our own, others' by what they do, and refusals."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, random_images
from fencepost.interchange.exports import relative_difference
from fencepost.layers import Layer

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn, F = torch.nn, torch.nn.functional

from interchange.others import MODULES, exported, module_of  # noqa: E402
from interchange.ways import NEW, ONLY_NEW, WAYS, way  # noqa: E402
from random_networks import random_network  # noqa: E402
from round_trips import trips  # noqa: E402

NAMES = [*LAYERS, *MODELS]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def made(name):
    return network(name) if name in LAYERS else disturbed(MODELS[name]())


def ran(path, images):
    """Return what ONNX Runtime gives, by name."""
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: images}), strict=True))


def same(net, other):
    """Weights bit for bit, the table of sizes, and the outputs."""
    assert str(net) == str(other)
    assert list(net.parameters) == list(other.parameters)
    assert np.array_equal(net.parameter_vector, other.parameter_vector)
    assert np.array_equal(net.state_vector, other.state_vector)
    assert net.class_names == other.class_names
    images = random_images(net, 3)
    np.testing.assert_allclose(other(images), net(images), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_round_trips(name, path):
    net = made(name)
    net.export(path, verify=False)
    same(net, fp.from_onnx(path, verify=False))
    same(net, fp.from_torch(net.to_torch(), net.input_shape, verify=False))


def test_random_networks_hold_every_layer():
    """Of 200, which `python -m benchmarks.models.imports --random 200` sends on their way."""
    kinds = set()
    for seed in range(200):
        waiting = list(random_network(seed).layers)
        while waiting:
            layer = waiting.pop()
            kinds.add(type(layer).__name__)
            waiting += [inner for chain in getattr(layer, "chains", ()) for inner in chain.layers]
    assert kinds == set(Layer.types)


@pytest.mark.parametrize("seed", [18, 32, 83, 112, 159, 177])
def test_random_networks_come_back(seed):
    """Weights and sizes are compared there; these seeds are those that once did not."""
    for trip, difference in trips(seed).items():
        assert difference < (1e-6 if trip in ("from ONNX", "from PyTorch") else 1e-5), trip


@pytest.mark.parametrize("name", NAMES)
def test_files_of_ours_without_their_description(name, path):
    """Their operations alone give a network with the same outputs."""
    net = made(name)
    net.export(path, verify=False, dtype="float32")
    model = onnx.load(path)
    del model.metadata_props[:]
    while len(model.graph.output) > 1:  # probabilities
        del model.graph.output[0]
    onnx.save(model, path)
    images = random_images(net, 3)
    other = fp.from_onnx(path, verify=False)
    ends = type(net.layers[-1]).__name__ == "Softmax"
    received = other.predict_proba(images) if ends else other(images)
    np.testing.assert_allclose(received, net(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("softmax", [nn.Softmax(1), nn.Softmax(-1)])
@pytest.mark.parametrize("form", ["torch", "onnx"])
def test_a_softmax_at_the_end_is_taken_once(softmax, form, path):
    """Of it and of that in `predict_proba`, probabilities of 10 classes would be 0.08 to 0.23."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10), softmax)
    module[3].weight.data *= 20  # sure of its classes
    images = torch.randn(5, 3, 8, 8)
    expected = module(images).detach().numpy()
    assert expected.max() > 0.6
    if form == "torch":
        net = fp.from_torch(module, (3, 8, 8))
    else:
        torch.onnx.export(module, images, path, dynamo=False)
        net = fp.from_onnx(path)
        assert net.metadata["imported"] == {
            "from": path.name, "compared": True, "left_out": "Softmax",
        }  # fmt: skip
    assert type(net.layers[-1]).__name__ == "Linear"
    np.testing.assert_allclose(net.predict_proba(images.numpy()), expected, rtol=1e-4, atol=1e-6)
    net.fit(images.numpy(), np.arange(5), epochs=1, progress=False)  # as logits are


class Classifier(nn.Module):
    """As PyTorch's first example ends, for NLLLoss."""

    def __init__(self, dim=1):
        super().__init__()
        self.conv, self.linear, self.dim = nn.Conv2d(3, 4, 3), nn.Linear(144, 10), dim

    def forward(self, x):
        return F.log_softmax(self.linear(F.relu(self.conv(x)).flatten(1)), dim=self.dim)


LOGARITHMS = {
    "function": Classifier(),
    "last axis": Classifier(-1),
    "module": nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 10), nn.LogSoftmax(1)),
    "convolution": nn.Sequential(nn.Conv2d(3, 10, 8), nn.LogSoftmax(1), nn.Flatten()),
    "of a softmax": nn.Sequential(
        nn.Flatten(), nn.Linear(192, 10), nn.Softmax(1), nn.LogSoftmax(1)
    ),
}


@pytest.mark.parametrize("name", LOGARITHMS)
@pytest.mark.parametrize("form", ["torch", "onnx", "onnx 11"])
def test_the_logarithm_of_a_softmax_at_the_end_is_left_out(name, form, path):
    """Probabilities are its exponential, the loss is PyTorch's NLLLoss; there and back again."""
    torch.manual_seed(0)
    module = LOGARITHMS[name].eval()
    images, labels = torch.randn(6, 3, 8, 8), torch.arange(6)
    expected = module(images)
    loss = F.nll_loss(expected, labels).item()
    if form == "torch":
        net = fp.from_torch(module, (3, 8, 8))
    else:
        options = {"opset_version": 11} if form == "onnx 11" else {}
        torch.onnx.export(module, images, path, dynamo=False, **options)
        (theirs,) = ran(path, images.numpy()).values()
        np.testing.assert_allclose(theirs, expected.detach(), atol=1e-5)
        net = fp.from_onnx(path)
    assert net.metadata["imported"]["left_out"] == "LogSoftmax"
    probabilities = np.exp(expected.detach().numpy())
    np.testing.assert_allclose(net.predict_proba(images.numpy()), probabilities, atol=1e-6)
    assert net.evaluate(images.numpy(), labels.numpy()).loss == pytest.approx(loss, rel=1e-5)
    again = F.log_softmax(net.to_torch().eval()(images), 1)
    np.testing.assert_allclose(again.detach(), expected.detach(), atol=1e-5)
    net.export(path)
    given = ran(path, images.numpy())
    np.testing.assert_allclose(given["probabilities"], probabilities, atol=1e-6)
    if name != "of a softmax":
        net.fit(images.numpy(), labels.numpy(), epochs=30, lr=0.01, progress=False)
        assert net.evaluate(images.numpy(), labels.numpy()).accuracy == 1


# --- others' modules --------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_their_exports(name, path):
    module, shape = module_of(name)
    images = np.random.default_rng(0).standard_normal((3, *shape), np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(images)).numpy()
    exported(module, shape, path)
    for net in (fp.from_torch(module.train(), shape), fp.from_onnx(path)):
        np.testing.assert_allclose(net(images), expected, rtol=1e-4, atol=1e-4)
    assert module.training


def as_read(net, module, shape, layers):
    """The network has these layers, and gives what the module gives."""
    images = np.random.default_rng(0).standard_normal((3, *shape), np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(images)).numpy()
    assert [type(layer).__name__ for layer in net.layers] == layers
    assert relative_difference(net(images), expected) < 1e-5


@pytest.mark.parametrize("name", WAYS)
def test_ways_of_writing_a_layer(name, path):
    module, shape, layers = way(name)
    as_read(fp.from_torch(module, shape), module, shape, layers)
    if name not in ONLY_NEW:
        exported(module, shape, path)
        as_read(fp.from_onnx(path), module, shape, layers)


@pytest.mark.parametrize("name", NEW)
def test_ways_of_the_newer_exporter(name, path):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    module, shape, layers = way(name)
    torch.onnx.export(module, (torch.zeros(1, *shape),), path, dynamo=True, verbose=False)
    as_read(fp.from_onnx(path), module, shape, layers)


def test_what_is_done_to_pixels_first_is_the_normalisation():
    module, shape = module_of("LeNet")
    net = fp.from_torch(module, shape)
    assert net.normalization is not None
    assert net.normalization.mean[0] == pytest.approx(0.5)
    assert net.normalization.std[0] == pytest.approx(255)
    assert isinstance(net.layers[0], fp.Conv2d)


def test_a_network_that_was_made_trains_and_is_saved(tmp_path):
    module, shape = module_of("residual")
    net = fp.from_torch(module, shape)
    images = random_images(net, 8)
    net.fit(images, np.arange(8) % 4, epochs=1, progress=False)
    net.save(tmp_path / "model.safetensors")
    same(net, fp.load(tmp_path / "model.safetensors"))


def test_a_module_of_ours_that_was_changed_is_read_by_its_operations():
    net = fp.models.lenet5()
    module = net.to_torch()
    module[1] = nn.Tanh()
    other = fp.from_torch(module, (1, 28, 28))
    assert other.layers[1] == fp.Tanh()


# --- what does not fit ------------------------------------------------------------------------


def test_all_that_does_not_fit_is_named_with_its_place():
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LocalResponseNorm(4), nn.ELU(), nn.PReLU(), nn.Flatten(),
        nn.Linear(144, 2), nn.LogSoftmax(1),
    )  # fmt: skip
    with pytest.raises(fp.DataError) as caught:
        fp.from_torch(module, (3, 8, 8))
    said = str(caught.value)
    assert '"1", LocalResponseNorm' in said and '"2", ELU' in said
    assert '"3", PReLU' in said
    assert '"0"' not in said and '"5"' not in said and '"6"' not in said


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), (3, 4, 5)),
        (nn.Upsample(size=(9, 5), mode="bilinear", align_corners=True), (3, 4, 5)),
        (nn.Upsample(scale_factor=3, mode="linear", align_corners=True), (3, 6)),
    ],
)
def test_aligned_corners_are_named(module, shape, path):
    match = "align_corners=False, and this is align_corners=True"
    with pytest.raises(fp.DataError, match=match):
        fp.from_torch(module, shape)
    exported(module, shape, path)
    with pytest.raises(fp.DataError, match=match):
        fp.from_onnx(path)


def test_aligned_corners_that_make_no_difference_are_read(path):
    module = nn.Upsample(size=(5, 8), mode="bilinear", align_corners=True)
    as_read(fp.from_torch(module, (3, 1, 1)), module, (3, 1, 1), ["Upsample"])


class Crossing(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 1) for _ in range(3))

    def forward(self, x):
        a, b = self.a(x), self.b(x)
        return (torch.relu(a) + b) + (torch.tanh(a) + self.c(b))


class TwoOutputs(nn.Module):
    def forward(self, x):
        return x.relu(), x.tanh()


@pytest.mark.parametrize(
    ("module", "match"),
    [
        (Crossing(), "begin together"),
        (TwoOutputs(), "2 outputs instead of 1"),
        (nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), "cannot run.*Linear"),
        (nn.Linear(8, 2), "flat input"),
        (nn.AvgPool2d(2, divisor_override=3), "divisor_override"),
        (nn.Sequential(nn.ZeroPad2d(1), nn.ReLU()), "no convolution or pool follows"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.LogSoftmax(1)), "layer but after the last, of one"),
        (nn.Softmax(dim=2), "other than the channels|no layer Softmax"),
        (nn.Identity(), "no layer"),
    ],
)
def test_refusals(module, match):
    with pytest.raises(fp.DataError, match=match):
        fp.from_torch(module, (3, 8, 8))


def test_weights_without_a_value():
    module, shape = module_of("LeNet")
    module.c1.weight.data[0, 0, 0, 0] = float("nan")
    with pytest.raises(fp.DataError, match=r"must be finite.*c1\.weight"):
        fp.from_torch(module, shape)


def test_a_module_that_does_something_else_when_it_runs_alone():
    class Hidden(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.detach().numpy() * 2) if x.device.type == "cpu" else x.relu()

    with pytest.raises(fp.DataError, match=r"difference of|no such layer"):
        fp.from_torch(Hidden(), (3, 8, 8))


# --- arguments -----------------------------------------------------------------------------------


def test_arguments(path, monkeypatch):
    fp.models.lenet5().export(path)
    with pytest.raises(fp.ArgumentError, match="input_shape"):
        fp.from_onnx(path, (0, 3))
    with pytest.raises(fp.ArgumentError, match=r"torch\.nn\.Module"):
        fp.from_torch(struct, (1, 28, 28))
    with pytest.raises(fp.DataError, match="cannot be read"):
        fp.from_onnx(path.with_name("gone.onnx"))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(fp.ArgumentError, match=r"fencepost\[torch\]"):
        fp.from_torch(io, (1, 28, 28))
