"""Backbones: what is found in files of PyTorch, and features against PyTorch's own."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from interchange.backbone.models import export, module

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
IMAGES = np.random.default_rng(0).integers(0, 256, (19, 3, 24, 20)).astype(np.uint8)
SHARES = IMAGES / 255.0


def of_pytorch(model, values, last=False):
    x = torch.tensor(values, dtype=torch.float32)
    with torch.no_grad():
        return model.features(x.permute(0, 2, 3, 1) if last else x).flatten(1).numpy()


@pytest.mark.parametrize("free", [("n",), ()])
@pytest.mark.parametrize(
    ("settings", "pixels", "said"),
    [
        ({}, "imagenet", "what enters its last dense layer (Gemm)"),
        ({"head": "conv"}, "imagenet", "what enters its last layer (a convolution"),
        ({"head": None}, "imagenet", "its output"),
        ({"scale": "0-255"}, "0-255", "last dense layer"),
        ({"scale": "0-1"}, "0-1", "last dense layer"),
        ({"last": True}, "-1-1", "channels last"),
    ],
)
def test_features_are_those_of_pytorch(tmp_path, settings, pixels, said, free):
    model = module(torch, **settings)
    last = settings.get("last", False)
    shape = (1, 24, 20, 3) if last else (1, 3, 24, 20)
    backbone = fp.Backbone(export(torch, model, tmp_path / "model.onnx", shape, free))
    assert backbone.normalization == pixels
    assert (backbone.size, backbone.channels, backbone.features_count) == ((24, 20), 3, 12)
    assert said in str(backbone) and f"pixels {pixels}" in str(backbone)
    assert ("not stated in the file" in str(backbone)) == ("scale" not in settings)
    values = {
        "imagenet": (SHARES - MEAN[:, None, None]) / STD[:, None, None],
        "0-255": IMAGES,
        "0-1": SHARES,
        "-1-1": 2 * SHARES - 1,
    }[pixels]
    expected = of_pytorch(model, values, last)
    np.testing.assert_allclose(backbone(IMAGES), expected, rtol=1e-4, atol=1e-5)
    done = []
    backbone(IMAGES[:17], done.append)
    assert done[-1] == 17


def test_what_is_given_comes_before_what_is_found(tmp_path):
    model = module(torch)
    path = export(torch, model, tmp_path / "model.onnx", free=("n", "c", "h", "w"))
    with pytest.raises(fp.ArgumentError, match=r"takes images of any size.*size=\(224, 224\)"):
        fp.Backbone(path)
    backbone = fp.Backbone(path, size=(24, 20), normalization="0-1", layer="output")
    assert backbone.features_count == 5
    with torch.no_grad():
        expected = model(torch.tensor(SHARES, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(backbone(IMAGES), expected, rtol=1e-4, atol=1e-5)


def test_images_of_another_size_and_of_one_channel(tmp_path):
    backbone = fp.Backbone(export(torch, module(torch, scale="0-255"), tmp_path / "model.onnx"))
    flat = np.full((2, 3, 60, 50), 100, np.uint8)
    expected = backbone(np.full((2, 3, 24, 20), 100, np.uint8))
    np.testing.assert_allclose(backbone(flat), expected, rtol=1e-5)
    np.testing.assert_allclose(backbone(flat[:, :1]), expected, rtol=1e-5)
    grey = module(torch, channels=1, scale="0-255")
    one = fp.Backbone(export(torch, grey, tmp_path / "grey.onnx", (1, 1, 24, 20)))
    luma = (IMAGES * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(one(IMAGES), of_pytorch(grey, luma), rtol=1e-4, atol=1e-4)


def test_features_are_cached_for_the_same_images_and_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = export(torch, module(torch), tmp_path / "model.onnx")
    backbone = fp.Backbone(path)
    features, there = backbone.cached(IMAGES)
    assert not there
    again, there = fp.Backbone(path).cached(IMAGES)
    assert there
    np.testing.assert_array_equal(features, again)
    for other, images in (
        (backbone, IMAGES[:-1]),
        (backbone, IMAGES[:, :, ::-1]),
        (fp.Backbone(path, normalization="0-1"), IMAGES),
        (fp.Backbone(path, layer="output"), IMAGES),
    ):
        assert not other.cached(images)[1]
    for file in (tmp_path / "cache").rglob("*.npy"):
        file.write_bytes(file.read_bytes()[:90])  # cut off
    repaired, there = backbone.cached(IMAGES)
    assert not there
    np.testing.assert_array_equal(repaired, features)


def test_without_a_cache_that_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    backbone = fp.Backbone(export(torch, module(torch), tmp_path / "model.onnx"))
    assert backbone.cached(IMAGES)[0].shape == (19, 12)
    assert not backbone.cached(IMAGES)[1]


def test_opened_again_it_must_be_the_same_file(tmp_path):
    path = export(torch, module(torch), tmp_path / "model.onnx")
    backbone = fp.Backbone(path)
    config = backbone.config()
    np.testing.assert_array_equal(fp.Backbone.from_config(config)(IMAGES), backbone(IMAGES))
    beside = tmp_path / "elsewhere"
    beside.mkdir()
    path.rename(beside / "model.onnx")
    with pytest.raises(fp.DataError, match=r"needs its backbone, .*model.onnx, which is not there"):
        fp.Backbone.from_config(config)
    assert fp.Backbone.from_config(config, beside).sha256 == backbone.sha256
    export(torch, module(torch, head=None), path)
    assert fp.Backbone.from_config(config, beside).path == beside / "model.onnx"
    with pytest.raises(fp.DataError, match="is not the file it was trained with"):
        fp.Backbone.from_config(config)


def test_what_is_no_backbone(tmp_path):
    with pytest.raises(fp.DataError, match="the backbone cannot be read: No such file"):
        fp.Backbone(tmp_path / "none.onnx")
    for content in (b"", b"not a model at all", bytes(100)):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(fp.DataError, match="a backbone must be an ONNX file"):
            fp.Backbone(tmp_path / "bad.onnx")
    flat = torch.nn.Linear(4, 2).eval()
    with pytest.raises(fp.DataError, match="must take images, an array of 4 axes"):
        fp.Backbone(export(torch, flat, tmp_path / "flat.onnx", (1, 4)))
    five = torch.nn.Conv2d(5, 2, 3).eval()
    with pytest.raises(fp.DataError, match=r"images of 1 or 3 channels\. Received: 5"):
        fp.Backbone(export(torch, five, tmp_path / "five.onnx", (1, 5, 8, 8)))
    two, names = torch.nn.PairwiseDistance().eval(), {"input_names": ["x", "y"]}
    inputs = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    torch.onnx.export(two, inputs, tmp_path / "two.onnx", dynamo=False, **names)
    with pytest.raises(fp.DataError, match=r"must have one input, the images\. Received: 'x' and"):
        fp.Backbone(tmp_path / "two.onnx")
    path = export(torch, module(torch), tmp_path / "model.onnx")
    with pytest.raises(fp.ArgumentError, match=r"layer must be the name of an array.*'nowhere'"):
        fp.Backbone(path, layer="nowhere")
    with pytest.raises(fp.ArgumentError, match="normalization must be one of"):
        fp.Backbone(path, normalization="mean")
    with pytest.raises(fp.ArgumentError, match=r"takes images of 24 × 20 pixels. Received.*9 × 9"):
        fp.Backbone(path, size=(9, 9))
    backbone = fp.Backbone(path)
    with pytest.raises(fp.DataError, match=r"takes images of shape \(N, C, H, W\)"):
        backbone(np.zeros((4, 2, 8, 8), np.uint8))
    with pytest.raises(fp.DataError, match="features must be finite"):
        fp.Backbone(path, normalization="0-255")(np.full((1, 3, 24, 20), 3.4e38, np.float32))
