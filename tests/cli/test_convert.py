"""`fencepost convert`: any model, then predicted with, explained and evaluated."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.cli.app import run

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def someones(tmp_path):
    """An ONNX file without anything of ours in it."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(4, 3),
    )  # fmt: skip
    path = tmp_path / "someones.onnx"
    torch.onnx.export(net.eval(), torch.zeros(1, 3, 16, 16), path, dynamo=False)
    return path


def test_a_softmax_at_the_end_is_said(tmp_path, capsys):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 3), torch.nn.Softmax(1))
    path = tmp_path / "a.onnx"
    torch.onnx.export(net.eval(), torch.zeros(1, 3, 4, 4), path, dynamo=False)
    assert run(["convert", str(path), "-o", str(tmp_path / "a.safetensors")]) == 0
    assert "before its last layer, Softmax, which predictions include" in capsys.readouterr().err


def test_then_predict_explain_and_evaluate(someones, tmp_path, write_folder, capsys):
    model = tmp_path / "model.safetensors"
    folder = write_folder(tmp_path / "images", 4, colour=True)
    names = ",".join(sorted(path.name for path in folder.iterdir()))
    asked = ["convert", str(someones), "-o", str(model), "--pixels", "imagenet"]
    assert run([*asked, "--classes", names]) == 0
    assert "Saved" in capsys.readouterr().err
    image = next(folder.rglob("*.png"))
    assert run(["predict", str(model), str(image), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["predictions"][0]["class"] in names.split(",")
    assert run(["evaluate", str(model), "--data", str(folder)]) == 0
    out = tmp_path / "why.png"
    assert run(["explain", str(model), str(image), "-o", str(out)]) == 0
    assert Image.open(out).width > 100


def test_pixels(someones, tmp_path):
    plain, scaled = tmp_path / "plain.st", tmp_path / "scaled.st"
    assert run(["convert", str(someones), "-o", str(plain)]) == 0
    assert run(["convert", str(someones), "-o", str(scaled), "--pixels", "0..1"]) == 0
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16), np.uint8)
    expected = fp.load(plain)(pixels.astype(np.float32) / 255)
    np.testing.assert_allclose(fp.load(scaled)(pixels), expected, rtol=1e-4, atol=1e-5)
    assert fp.load(plain).class_names == ("0", "1", "2")


def test_without_onnx_runtime_it_says_that_nothing_was_compared(
    someones, tmp_path, capsys, monkeypatch
):
    out = str(tmp_path / "model.safetensors")
    assert run(["convert", str(someones), "-o", out]) == 0
    assert "outputs equal to those of" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert run(["convert", str(someones), "-o", out, "--overwrite"]) == 0
    said = capsys.readouterr().err
    assert "not compared with the file" in said and "pip install onnxruntime" in said
    assert fp.load(out).metadata["imported"]["compared"] is False


def test_a_file_of_ours_keeps_its_names_and_normalisation(tmp_path, capsys):
    net = fp.models.lenet5()
    net.normalization, net.class_names = (33.0, 78.0), [f"digit {k}" for k in range(10)]
    net.export(tmp_path / "ours.onnx")
    out = tmp_path / "ours.st"
    assert run(["convert", str(tmp_path / "ours.onnx"), "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 61_706
    again = fp.load(out)
    assert again.class_names == net.class_names and again.normalization.mean == 33
    assert np.array_equal(again.parameter_vector, net.parameter_vector)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pixels", "rgb"], "--pixels must be"),
        (["--input", "3x"], "--input must be"),
        (["--classes", "gone.txt"], "--classes must be"),
        (["--classes", "a,b"], "class_names must be as many"),
    ],
)
def test_refusals(someones, tmp_path, arguments, words, capsys):
    assert run(["convert", str(someones), "-o", str(tmp_path / "m.st"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "m.st").exists()


def test_the_model_is_not_written_over(someones, tmp_path, capsys):
    before = someones.read_bytes()
    copy = tmp_path / "model"
    copy.write_bytes(before)
    for model, out in ((someones, someones), (copy, copy), (someones, tmp_path / "new.h")):
        assert run(["convert", str(model), "-o", str(out)]) == 2
        assert "--out must name a model file of fencepost's" in capsys.readouterr().err
    assert someones.read_bytes() == copy.read_bytes() == before


def test_a_module_needs_the_shape_of_its_input(tmp_path, capsys):
    assert run(["convert", "some.module:Net", "-o", str(tmp_path / "m.st")]) == 2
    assert "--input 3x224x224" in capsys.readouterr().err
