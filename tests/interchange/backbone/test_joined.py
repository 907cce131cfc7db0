"""A backbone and a network on its features as one ONNX file, run by ONNX Runtime."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fencepost as fp
from interchange.backbone.models import export, module

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 24, 20)).astype(np.uint8)


def head(features=12):
    net = fp.Network((features,), [fp.Linear(7), fp.ReLU(), fp.Linear(3)], seed=1)
    net.class_names = ["a", "b", "ü"]
    return net


def run(path, images):
    session = onnxruntime.InferenceSession(path)
    return session, session.run(None, {"images": images})


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("settings", "free"),
    [
        ({}, ("n",)),
        ({"head": "conv"}, ("n",)),
        ({"head": None, "scale": "0-255"}, ()),
        ({"last": True}, ("n",)),
        ({"channels": 1}, ("n",)),
    ],
)
def test_it_answers_as_both_do(tmp_path, settings, free, dtype):
    channels = settings.get("channels", 3)
    shape = (1, 24, 20, 3) if settings.get("last") else (1, channels, 24, 20)
    path = export(torch, module(torch, **settings), tmp_path / "backbone.onnx", shape, free)
    backbone, net = fp.Backbone(path), head()
    images = IMAGES[:, :channels]
    written = backbone.export(net, tmp_path / "both.onnx", dtype=dtype, verify=images)
    assert (written.images, written.difference < 1e-5) == (5, True)
    onnx.checker.check_model(onnx.load(tmp_path / "both.onnx"), full_check=True)
    batch = images if free else images[:1]
    session, (probabilities, logits) = run(tmp_path / "both.onnx", batch.astype(dtype))
    np.testing.assert_allclose(logits, net(backbone(batch)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(probabilities, net.predict_proba(backbone(batch)), atol=1e-5)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["class_names"]) == ["a", "b", "ü"]
    assert metadata["contents"] == written.contents
    assert "backbone.onnx → 12 features → 3 layers" in written.contents
    assert "resizing of photographs to 24 × 20 pixels" in written.contents


def test_half_precision(tmp_path):
    """Its features differ by 5e-4 between the joined file and the backbone alone."""
    path = tmp_path / "half.onnx"
    torch.manual_seed(0)
    body = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2, 1),
        torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(32, 5),
    ).half().eval()  # fmt: skip
    torch.onnx.export(body, torch.zeros(1, 3, 24, 20).half(), path, dynamo=False)
    backbone = fp.Backbone(path)
    assert backbone.dtype == np.float16
    net = head(32)
    net.parameters["0.weight"][:] *= 50  # logits of about 10: rounding shows
    written = backbone.export(net, tmp_path / "both.onnx")
    assert written.tolerance == 0.01
    with pytest.raises(fp.DataError, match="must answer as its network does"):
        backbone.export(net, tmp_path / "strict.onnx", tolerance=1e-9)


@pytest.mark.parametrize("opset", [9, 11, 18])
def test_operators_of_any_version(tmp_path, opset):
    path = export(torch, module(torch), tmp_path / "backbone.onnx", opset=opset)
    written = fp.Backbone(path).export(head(), tmp_path / "both.onnx")
    assert written.format == f"ONNX, opset {max(opset, 13)}"


def test_weights_in_files_beside_it_and_in_bytes(tmp_path):
    path = export(torch, module(torch), tmp_path / "backbone.onnx")
    onnx.save(onnx.load(path), path, save_as_external_data=True, size_threshold=0)
    fp.Backbone(path).export(head(), tmp_path / "both.onnx")
    assert len(list(tmp_path.iterdir())) == 3  # no file beside the new one
    pixels = fp.models.small_cnn((3, 24, 20), 4)
    pixels.fit(IMAGES, np.arange(5) % 4, epochs=1, progress=False)
    pixels.export(tmp_path / "bytes.onnx")
    backbone = fp.Backbone(tmp_path / "bytes.onnx")
    assert backbone.takes_bytes
    for dtype in ("uint8", "float32"):
        net = head(backbone.features_count)
        assert backbone.export(net, tmp_path / "both.onnx", dtype=dtype).difference < 1e-5


def test_what_is_refused(tmp_path):
    backbone = fp.Backbone(export(torch, module(torch), tmp_path / "backbone.onnx"))
    for name in ("both.h", "both.pt2", "both"):
        with pytest.raises(fp.ArgumentError, match="on a backbone is exported to ONNX only"):
            backbone.export(head(), tmp_path / name)
    with pytest.raises(fp.DataError, match=r"must take the 12 features of .*takes 9\."):
        backbone.export(head(9), tmp_path / "both.onnx")
    with pytest.raises(fp.ArgumentError, match="dtype must be one of"):
        backbone.export(head(), tmp_path / "both.onnx", dtype="float16")
    with pytest.raises(fp.DataError, match="must answer as its network does"):
        backbone.export(head(), tmp_path / "both.onnx", tolerance=0)
    assert not (tmp_path / "both.onnx").exists()
