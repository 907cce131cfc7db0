"""Anyone's model as a network: round trips of our own, others' by what they do, and refusals."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, random_images
from fencepost.interchange.exports import relative_difference

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn

from interchange.others import MODULES, exported, module_of  # noqa: E402
from interchange.ways import NEW, ONLY_NEW, WAYS, way  # noqa: E402

NAMES = [*LAYERS, *MODELS]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def made(name):
    return network(name) if name in LAYERS else disturbed(MODELS[name]())


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
    same(net, fp.from_onnx(path))
    same(net, fp.from_torch(net.to_torch(), net.input_shape))


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
    other = fp.from_onnx(path)
    np.testing.assert_allclose(other(images), net(images), rtol=1e-4, atol=1e-5)


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
    assert '"3", PReLU' in said and '"6", LogSoftmax' in said
    assert '"0"' not in said and '"5"' not in said


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
        (nn.Sequential(nn.ZeroPad2d(1), nn.ReLU()), "padding that no convolution"),
        (nn.Softmax(dim=2), "another axis|no layer Softmax"),
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


# --- hostile files ----------------------------------------------------------------------------


@pytest.fixture
def file(path):
    """A small file of someone's, as a ModelProto."""
    module, shape = module_of("signals")
    exported(module, shape, path)
    return onnx.load(path)


def refused(path, model, match):
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(fp.DataError, match=match):
        fp.from_onnx(path)


def test_truncated_files(path, file):
    content = file.SerializeToString()
    for length in range(1, len(content), len(content) // 40):
        path.write_bytes(content[:length])
        with pytest.raises(fp.DataError):
            fp.from_onnx(path)


def test_weights_that_are_not_finite(path, file):
    array = onnx.numpy_helper.to_array(file.graph.initializer[0]).copy()
    array.ravel()[0] = np.inf
    file.graph.initializer[0].raw_data = array.tobytes()
    refused(path, file, "must be finite")


def test_weights_of_a_wrong_size(path, file):
    file.graph.initializer[0].raw_data = file.graph.initializer[0].raw_data[:-4]
    refused(path, file, r"takes .* bytes")


def test_claims_of_gigabytes(path, file):
    file.graph.initializer[0].dims[0] = 2**31
    refused(path, file, "bytes")
    weight = file.graph.initializer[0]
    weight.ClearField("raw_data")
    refused(path, file, "values|channels|must|size")


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "gone.bin", ""])
def test_weights_elsewhere(path, file, location):
    (path.parent.parent / "secret.bin").write_bytes(bytes(10**5))
    weight = file.graph.initializer[0]
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.ClearField("raw_data")
    weight.external_data.add(key="location", value=location)
    refused(path, file, "beside the model")


def test_weights_beside_the_model(path, file):
    expected = fp.from_onnx(path)
    onnx.save(file, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    np.testing.assert_array_equal(fp.from_onnx(path).parameter_vector, expected.parameter_vector)
    (path.parent / "weights.bin").write_bytes(b"few")
    with pytest.raises(fp.DataError, match="must hold the"):
        fp.from_onnx(path)


def test_a_description_that_is_none(path):
    fp.models.lenet5().export(path)
    model = onnx.load(path)
    entry = next(e for e in model.metadata_props if e.key == "fencepost.network")
    for text in ("{", "[]", '{"input_shape": [1], "layers": []}', "[" * 10**5):
        entry.value = text
        refused(path, model, "description of its network")


def test_a_file_that_was_changed_after_its_export(path):
    fp.models.lenet5().export(path)
    model = onnx.load(path)
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type = "Tanh"
    refused(path, model, "difference of")


def test_types_of_weights(path):
    """Weights in half precision, in doubles and in lists of numbers are read as they are."""
    weight = np.linspace(-1, 1, 8).reshape(2, 4)
    helper = onnx.helper
    for kind, values in (
        (onnx.TensorProto.FLOAT16, weight.astype(np.float16)),
        (onnx.TensorProto.DOUBLE, weight),
        (onnx.TensorProto.FLOAT, weight.astype(np.float32)),
    ):
        for raw in (False, True):
            data = values.tobytes() if raw else values.ravel().tolist()
            tensor = helper.make_tensor("w", kind, (2, 4), data, raw)
            graph = helper.make_graph(
                [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], "g",
                [helper.make_tensor_value_info("x", kind, ["n", 4])],
                [helper.make_tensor_value_info("y", kind, ["n", 2])], [tensor],
            )  # fmt: skip
            path.write_bytes(helper.make_model(graph).SerializeToString())
            net = fp.from_onnx(path, verify=False)
            expected = values.astype(np.float32)
            np.testing.assert_array_equal(net.parameters["0.weight"], expected)


def test_constants_that_are_computed(path):
    """A weight that is transposed, and a bias that is added, by nodes of constants."""
    rng = np.random.default_rng(0)
    w, b = (rng.standard_normal(s).astype(np.float32) for s in ((300, 2), (2,)))
    helper = onnx.helper
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["w"], ["wt"]),
            helper.make_node("Gemm", ["x", "wt"], ["m"], transB=1),
            helper.make_node("Neg", ["b"], ["minus"]),
            helper.make_node("Add", ["m", "minus"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", 300])],
        [helper.make_tensor_value_info("y", 1, ["n", 2])],
        [onnx.numpy_helper.from_array(a, n) for a, n in ((w, "w"), (b, "b"))],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
    net = fp.from_onnx(path, verify=False)
    assert net.layers == (fp.Linear(2),)
    np.testing.assert_array_equal(net.parameters["0.weight"], w.T)
    np.testing.assert_array_equal(net.parameters["0.bias"], -b)


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
