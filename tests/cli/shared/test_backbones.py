"""`--backbone`: a head on cached features is trained, evaluated and predicts with its backbone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from interchange.backbone.models import export, module

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture
def backbone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return export(torch, module(torch), tmp_path / "model.onnx", (1, 3, 16, 16))


def test_train_evaluate_predict(fencepost, folder, tmp_path, backbone):
    base = ["train", "--data", folder, "--backbone", backbone, "--out", "a.st", "--epochs", 40]
    done = fencepost(*base, "--json")
    assert done.status == 0, done.err
    assert "12 features, what enters its last dense layer" in done.err
    assert "Features of 102 images computed." in done.err
    assert done.json["backbone"]["path"] == str(backbone)
    assert done.json["test_accuracy"] > 0.5
    assert (tmp_path / "a.png").is_file()
    again = fencepost(*base, "--plot", "none", "--overwrite")
    assert "Features of 102 images were in the cache." in again.err
    network = fp.load(tmp_path / "a.st")
    assert network.input_shape == (12,) and network.class_names == ("circle", "cross", "square")

    evaluated = fencepost("evaluate", "a.st", "--json")
    assert evaluated.status == 0, evaluated.err
    assert evaluated.json["accuracy"] == done.json["test_accuracy"]
    assert evaluated.json["images"] == 18
    image = folder / "cross" / "003.png"
    predicted = fencepost("predict", "a.st", image, "--json")
    assert predicted.status == 0, predicted.err
    pixels = fp.datasets.image_folder(folder, channels=3).images[43]
    opened = fp.Backbone.from_config(network.metadata["training"]["backbone"])
    (expected,) = network.predict_proba(opened(pixels[None]))
    (prediction,) = predicted.json["predictions"]
    assert prediction["class"] == network.class_names[expected.argmax()]
    assert prediction["probability"] == pytest.approx(expected.max(), abs=1e-5)
    assert "16 × 16 pixels (crop) for the backbone model.onnx" in prediction["prepared"][0]

    refused = fencepost("explain", "a.st", image, "-o", "why.png")
    assert refused.status == 2 and "features of a backbone" in " ".join(refused.err.split())
    backbone.write_bytes(backbone.read_bytes() + b"\x08\x07")
    for command in (("predict", "a.st", image), ("evaluate", "a.st")):
        changed = fencepost(*command)
        assert changed.status == 2 and "is not the file it was trained with" in changed.err


def test_layers_on_features(fencepost, folder, tmp_path, backbone):
    base = ["train", "--data", folder, "--backbone", backbone, "--epochs", 1, "--plot", "none"]
    done = fencepost(*base, "--model", "Linear(8), ReLU", "--backbone-layer", "output")
    assert done.status == 0, done.err
    assert "Added Linear(3)" in done.err and "5 features" in done.err
    assert fp.load(tmp_path / "figures-layers.safetensors").input_shape == (5,)


def test_export_writes_both(fencepost, folder, tmp_path, backbone):
    base = ["train", "--data", folder, "--backbone", backbone, "--epochs", 1, "--plot", "none"]
    assert fencepost(*base, "--out", "a.st").status == 0
    done = fencepost("export", "a.st", "-o", "both.onnx", "--json")
    assert done.status == 0, done.err
    assert done.json["images_of"] == "random images" and done.json["images"] == 5
    assert "model.onnx → 12 features" in done.json["contents"]
    on_data = fencepost(
        "export", "a.st", "-o", "both.onnx", "--verify", folder, "--overwrite", "--json"
    )
    assert on_data.json["images"] == 18 and on_data.json["difference"] < 1e-5
    network = fp.load(tmp_path / "a.st")
    written = network.export(tmp_path / "alone.onnx")
    assert "the backbone, model.onnx, whose features go in" in written.contents
    (tmp_path / "both.onnx").unlink()
    for options, words in (
        (("-o", "both.h"), "on a backbone is exported to ONNX only"),
        (("-o", "both.pt2"), "on a backbone is exported to ONNX only"),
        (("-o", "both.onnx", "--opset", 17), "--opset is for networks without a backbone"),
        (("-o", "both.h", "--int8", folder), "--int8 is for networks without a backbone"),
    ):
        refused = fencepost("export", "a.st", *options)
        assert refused.status == 2 and words in " ".join(refused.err.split())
    backbone.unlink()
    gone = fencepost("export", "a.st", "-o", "both.onnx")
    assert gone.status == 2 and "needs its backbone" in gone.err
    assert not (tmp_path / "both.onnx").exists()


def test_arrays_are_resized(fencepost, tmp_path, backbone):
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 9, 9)).astype(np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(40) % 2)
    done = fencepost("train", "--data", "data.npz", "--backbone", backbone, "--epochs", 1)
    assert done.status == 0, done.err
    evaluated = fencepost("evaluate", "data-head.safetensors")
    assert evaluated.status == 0, evaluated.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "resnet9"), "must be layers on its features"),
        (("--backbone-pixels", "mean"), '--backbone-pixels must be one of "imagenet"'),
        (("--backbone-layer", "nowhere"), "must be the name of an array"),
        (("--size", "9x9"), "takes images of 16 × 16 pixels"),
        (("--augment", "light"), "so images are not augmented. Received: --augment light"),
        (("--augment", "mixup=0.2,shift=1"), "Received: --augment mixup=0.2,shift=1"),
        (("--show-augmentation", "a.png"), "Received: --show-augmentation a.png"),
    ],
)
def test_refusals(fencepost, folder, backbone, options, words):
    refused = fencepost("train", "--data", folder, "--backbone", backbone, *options)
    assert refused.status == 2
    assert words in " ".join(refused.err.split())


@pytest.mark.parametrize("changes", ["none", "mixup=0.2", "noise=0.1"])
def test_changes_of_features(fencepost, folder, backbone, changes):
    """Shifted, each feature would be taken for its neighbour: that is for images and signals."""
    options = ("--backbone", backbone, "--augment", changes, "--epochs", 1)
    done = fencepost("train", "--data", folder, *options)
    assert done.status == 0, done.err


def test_signals_and_lone_options_are_refused(fencepost, folder, signals, backbone):
    refused = fencepost("train", "--data", signals, "--label", "kind", "--backbone", backbone)
    assert refused.status == 2 and "a backbone takes images" in refused.err
    alone = fencepost("train", "--data", folder, "--backbone-pixels", "0-1")
    assert alone.status == 2 and "need --backbone FILE" in alone.err


def test_images_of_16_bits_are_scaled_as_in_training(fencepost, folder, tmp_path, backbone):
    for path in folder.rglob("*.png"):  # 12 bits in files of 16
        pixels = np.asarray(Image.open(path).convert("L")).astype(np.uint16) * 16
        target = tmp_path / "deep" / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(target)
    base = ["train", "--data", "deep", "--backbone", backbone, "--plot", "none", "--epochs", 1]
    done = fencepost(*base, "--out", "a.st")
    assert done.status == 0, done.err
    levels = fp.load(tmp_path / "a.st").metadata["training"]["preparation"]["levels"]
    assert levels is not None
    alone = fencepost("predict", "a.st", tmp_path / "deep" / "cross" / "003.png", "--json")
    whole = fencepost("predict", "a.st", tmp_path / "deep" / "cross", "--json").json["predictions"]
    (one,) = alone.json["predictions"]
    same = next(each for each in whole if str(each["image"]).endswith("003.png"))
    assert one["probability"] == pytest.approx(same["probability"], abs=1e-6)
    shallow = fencepost("predict", "a.st", folder / "cross" / "003.png", "--json")
    assert one["probability"] == pytest.approx(
        shallow.json["predictions"][0]["probability"], abs=0.05
    )
