"""Networks as ONNX files: run by ONNX Runtime beside the network, for every layer and option."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, network_of, random_images
from fencepost.interchange.exports import relative_difference
from fencepost.interchange.onnx.writer import export as writer
from fencepost.interchange.onnx.writer import nodes
from fencepost.layers import Layer
from shape_lists import list_names, read_list

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def run(path, images):
    """Run a file, and return its outputs by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: images}), strict=True))


def close(received, expected):
    limit = 1e-5 * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(received, expected, rtol=0, atol=limit)


@pytest.mark.parametrize("opset", [13, 21])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_and_option(name, opset, path):
    net = network(name)
    net.export(path, opset=opset, dtype="float32", verify=False)
    images = random_images(net, 3)
    outputs = run(path, images)
    if "logits" in outputs:
        close(outputs["logits"], net(images))
        close(outputs["probabilities"], net.predict_proba(images))
    else:
        close(outputs["output"], net(images))


@pytest.mark.parametrize("name", list_names())
def test_shape_lists(name, path):
    for case in read_list(name):
        net = disturbed(network_of(case))
        net.export(path, dtype="float32", verify=False)
        images = random_images(net, case.images)
        close(next(iter(run(path, images).values())), net(images))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_models_with_their_pixels(name, dtype, path):
    net = MODELS[name]()
    net.normalization = (np.full(net.input_shape[0], 33.0), np.full(net.input_shape[0], 78.0))
    net.export(path, dtype=dtype, tolerance=1e-5)
    for count in (1, 7):
        images = random_images(net, count, np.dtype(dtype).type)
        close(run(path, images)["logits"], net(images))


def test_every_layer_has_a_form():
    assert {kind.__name__ for kind in nodes._WRITERS} == set(Layer.types)


def test_a_file_says_what_it_is(path):
    net = fp.models.lenet5()
    net.normalization = (33.3, 78.6)
    net.class_names = [f"digit {k}" for k in range(10)]
    net.metadata["training"] = {"preparation": {"style": "mnist"}}
    written = net.export(path, opset=15)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(entries["class_names"])[3] == "digit 3"
    assert json.loads(entries["fencepost.network"]) == net.config()
    assert entries["layers"].splitlines()[0] == "Conv2d(6, 5, padding=2)"
    assert entries["contents"] == written.contents == model.doc_string
    assert "cutting out and centring of digits" in written.contents
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 15)]
    assert "opset 15" in str(written) and "5 images" in str(written)
    (source,) = model.graph.input
    assert source.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert source.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_pixels_are_bytes_only_where_the_normalisation_is_that_of_bytes(path):
    net = fp.models.small_cnn((3, 16, 16), 4)
    assert "float32" in net.export(path).contents
    net.normalization = (0.5, 0.25)
    assert "float32" in net.export(path).contents
    net.normalization = (127.0, 60.0)
    assert "uint8" in net.export(path).contents
    assert "float32" in net.export(path, dtype="float32").contents


def test_a_difference_is_an_error_and_no_file(path, monkeypatch):
    net = fp.models.lenet5()
    path.write_text("what was there")

    def wrong(graph, sized, x):
        return graph.add("Neg", write(graph, sized, x))

    write = writer.write_layer
    monkeypatch.setattr(writer, "write_layer", wrong)
    with pytest.raises(fp.DataError, match=r"must answer as its network does.*difference of"):
        net.export(path)
    assert path.read_text() == "what was there"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_weights_without_a_value_are_an_error(path):
    net = fp.models.lenet5()
    net.parameters["0.weight"][:] = math.nan
    with pytest.raises(fp.DataError, match="difference of nan"):
        net.export(path)
    assert not path.exists()


def test_images_to_verify_on(path):
    net = fp.models.lenet5()
    images, _ = fp.datasets.mnist("test")
    written = net.export(path, verify=images[:9])
    assert written.images == 9 and written.difference <= 1e-4
    assert net.export(path, verify=False).images == 0
    with pytest.raises(fp.DataError, match="28"):
        net.export(path, verify=np.zeros((2, 1, 27, 28)))


def test_without_onnx_runtime(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert fp.models.lenet5_1998().export(path).difference < 1e-5


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("model.tflite", {}), r"suffix.*\.onnx"),
        (("model.onnx", {"opset": 12}), "opset must be an integer, at least 13"),
        (("model.onnx", {"opset": 99}), "opset must be an integer, at most"),
        (("model.onnx", {"dtype": "float16"}), '"uint8", "float32"'),
        (("model.onnx", {"tolerance": -1}), "tolerance"),
    ],
)
def test_arguments(arguments, match, tmp_path):
    name, options = arguments
    with pytest.raises(fp.ArgumentError, match=match):
        fp.models.lenet5().export(tmp_path / name, **options)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(fp.DataError, match="cannot be written: No such file"):
        fp.models.lenet5().export(tmp_path / "gone" / "model.onnx")


def test_onnx_is_not_installed(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(fp.ArgumentError, match=r"fencepost\[onnx\]"):
        fp.models.lenet5().export(path)


def test_a_layer_without_a_form(path, monkeypatch):
    monkeypatch.setattr(nodes, "_WRITERS", {})
    with pytest.raises(
        fp.DataError, match=r"layer 0, Conv2d\(6, 5, padding=2\), cannot be written"
    ):
        fp.models.lenet5().export(path)


def test_too_large_for_one_file():
    weights = SimpleNamespace(sizes=(2**29, 2**29))
    net = SimpleNamespace(engine_weights=weights, parameter_count=2**29)
    with pytest.raises(fp.DataError, match="less than 2 GB"):
        writer.model_of(net, 17, "float32", "")


def test_importing_fencepost_imports_none_of_the_extras():
    code = (
        "import sys, fencepost; fencepost.Network, fencepost.load;"
        "print({'onnx', 'onnxruntime', 'torch', 'sklearn', 'dask'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


def test_differences_are_shares_of_the_largest_output():
    """Outputs of 1e-9, as networks with random weights give: beside 1, any others were equal."""
    expected = np.array([3e-9, -1e-9], np.float32)
    assert relative_difference(expected, expected) == 0
    assert relative_difference(-expected, expected) == pytest.approx(2)
    assert relative_difference(1e12 * (1 + expected), np.full(2, 1e12)) < 1e-8
    assert relative_difference(np.array([0.5]), np.zeros(1)) == 0.5
